"""Where services are: defaults, an environment, arguments."""

from __future__ import annotations

import pytest

from kognic.auth.env_config import Environment
from kognic.base_clients.http.hosts import find_environment, resolve_hosts

DEFAULTS = {"input": "https://input.default", "auth": "https://auth.default"}
EACH = Environment("each", "example.com", "https://auth.example.com")
ONE = Environment("one", "example.com", "http://127.0.0.1:1/", url="http://127.0.0.1:1")


def test_without_environment() -> None:
    """What was given is what is used."""
    assert resolve_hosts(DEFAULTS, DEFAULTS, None) == DEFAULTS


def test_environments() -> None:
    """A host per service, or one address for all of them; the auth server is named by itself."""
    assert resolve_hosts(DEFAULTS, DEFAULTS, EACH) == {
        "input": "https://input.example.com",
        "auth": "https://auth.example.com",
    }
    assert resolve_hosts(DEFAULTS, DEFAULTS, ONE) == {
        "input": "http://127.0.0.1:1",
        "auth": "http://127.0.0.1:1/",
    }


def test_arguments_win() -> None:
    """Also one that spells out the default."""
    spelt_out = "".join(["https://", "input.default"])

    assert resolve_hosts({**DEFAULTS, "input": "http://mine"}, DEFAULTS, EACH)["input"] == "http://mine"
    assert resolve_hosts({**DEFAULTS, "input": spelt_out}, DEFAULTS, EACH)["input"] == DEFAULTS["input"]


def test_find_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An object is taken as it is; without a name, by argument or variable, there is none."""
    monkeypatch.delenv("KOGNIC_ENVIRONMENT", raising=False)
    assert find_environment(EACH) is EACH
    assert find_environment(None) is None
    monkeypatch.setenv("KOGNIC_ENVIRONMENT", "")
    assert find_environment(None) is None
    monkeypatch.setenv("KOGNIC_ENVIRONMENT", "no such environment")
    with pytest.raises(ValueError, match="Unknown environment 'no such environment'"):
        find_environment(None)
    with pytest.raises(ValueError, match="Unknown environment 'nor this'"):
        find_environment("nor this")
