"""Which hosts are this machine, and which URLs can be a base."""

from __future__ import annotations

import pytest

from kognic._core.errors import InsecureUrlError
from kognic._core.urls import checked_base_url, http_allowed, is_this_machine, require_encryption


@pytest.mark.parametrize(
    ("host", "this"),
    [
        *[(h, True) for h in ("localhost", "api.localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0")],
        *[
            (h, False)
            for h in ("localhost.example.com", "10.0.0.1", "192.168.0.1", "app.kognic.com", "", "fe80::1")
        ],
    ],
)
def test_is_this_machine(host: str, this: bool) -> None:
    """Loopback addresses and names that resolve to them by definition."""
    assert is_this_machine(host) is this


@pytest.mark.parametrize(
    "url", ["https://app.kognic.com", "http://localhost:1/x", "http://[::1]:8000", "http://127.0.0.1"]
)
def test_what_is_safe(url: str) -> None:
    """Encrypted, or not leaving the machine."""
    require_encryption(url, allow_http=False)


def test_the_refusal_shows_no_password() -> None:
    """Nor a signature."""
    with pytest.raises(InsecureUrlError) as caught:
        require_encryption("http://u:p4ss@example.com/x?sig=s1g", allow_http=False)
    assert "p4ss" not in str(caught.value)
    assert "s1g" not in str(caught.value)
    require_encryption("http://example.com", allow_http=True)


@pytest.mark.parametrize(
    ("argument", "variable", "allowed"),
    [
        (None, None, False),
        (None, "0", False),
        (None, "", False),
        (None, "1", True),
        (None, " TRUE ", True),
        (False, "1", False),
        (True, None, True),
    ],
)
def test_http_allowed(
    argument: bool | None, variable: str | None, allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument, else the environment, else not."""
    if variable is not None:
        monkeypatch.setenv("KOGNIC_ALLOW_HTTP", variable)
    assert http_allowed(argument) is allowed


@pytest.mark.parametrize("url", ["https://h", "https://h/", "http://h:80/p//"])
def test_base_urls_lose_trailing_slashes(url: str) -> None:
    """So that paths can be appended."""
    assert checked_base_url(url, "host") == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "h",
        "h:80",
        "ftp://h",
        "https://",
        "https://h:x",
        "https://h:99999",
        "https://h?q",
        "https://h#f",
        None,
        5,
        b"https://h",
        "http://[x",
    ],
)
def test_other_urls_are_refused_by_name(url: object) -> None:
    """With an example of a good one."""
    with pytest.raises(ValueError, match=r"^auth_host is .*, must be a URL like https://"):
        checked_base_url(url, "auth_host")
