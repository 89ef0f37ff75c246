"""environments.json: read, searched, changed in one step."""

from __future__ import annotations

import json
import multiprocessing
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.auth.env_config import (
    Environment,
    KognicEnvConfig,
    load_kognic_env_config,
    resolve_environment,
)
from kognic.auth.errors import EnvironmentConfigError, EnvironmentFileError, MissingEnvironmentKeyError
from kognic.auth.registration import register_environment, unregister_environment

PRODUCTION = Environment("production", "app.kognic.com", "https://auth.app.kognic.com")
STAGING = Environment("staging", "staging.kognic.com", "https://auth.staging.kognic.com", scopes=["api:read"])
SANDBOX = Environment("sandbox", "127.0.0.1", "http://127.0.0.1:8765", "/c.json", [], "http://127.0.0.1:8765")
OTHER = Environment("other", "127.0.0.1", "http://127.0.0.1:9999", None, [], "http://127.0.0.1:9999/prefix")
ALL = {e.name: e for e in (PRODUCTION, STAGING, SANDBOX, OTHER)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An environments file."""
    path = tmp_path / "config" / "environments.json"
    path.parent.mkdir()
    content = {
        "default_environment": "production",
        "environments": {
            "production": {
                "host": "app.kognic.com",
                "auth_server": "https://auth.app.kognic.com",
                "credentials": "~/credentials.json",
                "scopes": ["api:read"],
            },
            "demo": {
                "host": "demo.kognic.com",
                "auth_server": "https://auth.demo.kognic.com",
                "credentials": "keyring://demo",
                "note": "kept",
            },
            "sandbox": {"url": "http://localhost:8765/base/"},
        },
        "comment": "kept",
    }
    path.write_text(json.dumps(content))
    return path


def test_load(file: Path) -> None:
    """`~` is expanded in paths, not in keyring addresses; a `url` stands for host and auth server."""
    config = load_kognic_env_config(file)

    assert config == KognicEnvConfig(
        environments={
            "production": Environment(
                "production",
                "app.kognic.com",
                "https://auth.app.kognic.com",
                str(Path.home() / "credentials.json"),
                ["api:read"],
            ),
            "demo": Environment("demo", "demo.kognic.com", "https://auth.demo.kognic.com", "keyring://demo"),
            "sandbox": Environment(
                "sandbox", "localhost", "http://localhost:8765/base/", url="http://localhost:8765/base"
            ),
        },
        default_environment="production",
    )
    assert list(config.environments) == ["production", "demo", "sandbox"]


def test_missing_file_is_empty(tmp_path: Path) -> None:
    """So is an empty object."""
    assert load_kognic_env_config(tmp_path / "none.json") == KognicEnvConfig({}, None)
    (tmp_path / "empty.json").write_text("{}")
    assert load_kognic_env_config(tmp_path / "empty.json") == KognicEnvConfig()


@pytest.mark.parametrize(
    ("environment", "service", "url"),
    [
        (PRODUCTION, "input", "https://input.app.kognic.com"),
        (STAGING, "order-execution", "https://order-execution.staging.kognic.com"),
        (SANDBOX, "input", "http://127.0.0.1:8765"),
    ],
)
def test_service_url(environment: Environment, service: str, url: str) -> None:
    """A host for each service, or one address for all."""
    assert environment.service_url(service) == url


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://app.kognic.com/x", "production"),
        ("https://input.app.kognic.com/x?y", "production"),
        ("https://INPUT.app.Kognic.com", "production"),
        ("https://a.b.staging.kognic.com:8443/x", "staging"),
        ("http://127.0.0.1:8765/v1/x", "sandbox"),
        ("http://127.0.0.1:8765", "sandbox"),
        ("http://127.0.0.1:9999/prefix/v1/x", "other"),
        ("http://127.0.0.1:9999/prefixed", "sandbox"),
        ("http://127.0.0.1:1", "sandbox"),
        ("https://evilapp.kognic.com.example.com/x", "default"),
        ("https://notapp.kognic.com", "default"),
        ("nonsense", "default"),
        ("http://[broken", "default"),
        ("", "default"),
    ],
)
def test_resolve_by_url(url: str, name: str) -> None:
    """The longest address, the host, a parent domain; else the public platform."""
    assert resolve_environment(KognicEnvConfig(ALL), url).name == name


def test_exact_host_wins_over_parent_domain() -> None:
    """Whatever the order in the file."""
    inner = Environment("inner", "input.app.kognic.com", "https://auth.inner")
    config = KognicEnvConfig({"production": PRODUCTION, "inner": inner})
    assert resolve_environment(config, "https://input.app.kognic.com/x") is inner


def test_resolve_by_name_and_default() -> None:
    """A name decides alone; the default is for URLs that belong nowhere, if it exists."""
    config = KognicEnvConfig(ALL, "staging")
    assert resolve_environment(config, "https://app.kognic.com", "sandbox") is SANDBOX
    assert resolve_environment(config, "https://example.com") is STAGING
    builtin = Environment("default", "app.kognic.com", "https://auth.app.kognic.com")
    assert resolve_environment(KognicEnvConfig(ALL, "gone"), "https://example.com") == builtin
    assert resolve_environment(KognicEnvConfig(), "https://example.com") == builtin


def test_unknown_name(file: Path) -> None:
    """The error names the file and what it has."""
    with pytest.raises(ValueError, match=f"Unknown environment 'x'; '{file}' has: production, demo, sandbox"):
        resolve_environment(load_kognic_env_config(file), "", "x")
    with pytest.raises(ValueError, match="the environments file has: none"):
        resolve_environment(KognicEnvConfig(), "", "x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{\n bad}", "is not JSON: .* at line 2, column 2; correct it"),
        ("", "is empty"),
        ("[]", "the whole is of type list, must be an object"),
        ('{"environments": []}', "environments is of type list, must be an object of environments"),
        ('{"environments": {"a": 5}}', "environments.a is 5, must be an object"),
        ('{"default_environment": 5}', "default_environment is 5, must be the name"),
        (
            '{"environments": {"a": {"auth_server": "https://h"}}}',
            "has no 'environments.a.host'; add it, or a 'url'",
        ),
        ('{"environments": {"a": {"host": "h"}}}', "has no 'environments.a.auth_server'"),
        (
            '{"environments": {"a": {"host": 1, "auth_server": "https://h"}}}',
            "environments.a.host is 1, must be text",
        ),
        (
            '{"environments": {"a": {"host": "h", "auth_server": "h"}}}',
            "auth_server is 'h', must be a URL like",
        ),
        ('{"environments": {"a": {"url": "ftp://h"}}}', "environments.a.url is 'ftp://h', must be a URL"),
        (
            '{"environments": {"a": {"url": "http://h", "scopes": "s"}}}',
            "environments.a.scopes is 's', must be a list",
        ),
        (
            '{"environments": {"a": {"url": "http://h", "credentials": {}}}}',
            "credentials is of type dict, must be text",
        ),
    ],
)
def test_malformed_files(tmp_path: Path, content: str, message: str) -> None:
    """File, key and hint are named, and the file is left alone by those who would change it."""
    path = tmp_path / "e.json"
    path.write_text(content)
    for action in (
        lambda: load_kognic_env_config(path),
        lambda: register_environment(SANDBOX, path),
        lambda: unregister_environment("sandbox", path),
    ):
        with pytest.raises(EnvironmentConfigError, match=message) as caught:
            action()
        assert str(path) in str(caught.value)
    assert path.read_text() == content


def test_malformed_files_raise_what_they_did(tmp_path: Path) -> None:
    """A JSONDecodeError for JSON, a KeyError for a missing key."""
    path = tmp_path / "e.json"
    path.write_text("{\n bad}")
    with pytest.raises(json.JSONDecodeError) as caught:
        load_kognic_env_config(path)
    assert isinstance(caught.value, EnvironmentFileError)
    assert (caught.value.lineno, caught.value.colno, caught.value.doc) == (2, 2, "")
    path.write_text('{"environments": {"a": {"host": "h"}}}')
    with pytest.raises(KeyError) as missing:
        load_kognic_env_config(path)
    assert isinstance(missing.value, MissingEnvironmentKeyError)


def test_register_keeps_the_rest_of_the_file(file: Path) -> None:
    """Also what this package does not know."""
    before = json.loads(file.read_text())

    register_environment(SANDBOX, file)

    after = json.loads(file.read_text())
    assert after["environments"].pop("sandbox") == {
        "host": "127.0.0.1",
        "auth_server": "http://127.0.0.1:8765",
        "credentials": "/c.json",
        "url": "http://127.0.0.1:8765",
    }
    before["environments"].pop("sandbox")
    assert after == before
    assert load_kognic_env_config(file).environments["sandbox"] == SANDBOX


def test_register_makes_a_private_file(tmp_path: Path) -> None:
    """With its folders."""
    path = tmp_path / "new" / "environments.json"
    register_environment(STAGING, path, make_default=True)
    assert load_kognic_env_config(path) == KognicEnvConfig({"staging": STAGING}, "staging")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_unregister(file: Path) -> None:
    """The default goes with it; what is not there, or belongs to somebody else by now, is left."""
    register_environment(SANDBOX, file, make_default=True)
    assert not unregister_environment("unknown", file)
    assert not unregister_environment("sandbox", file, url="http://127.0.0.1:1")
    assert unregister_environment("sandbox", file, url=SANDBOX.url)
    assert not unregister_environment("sandbox", file)

    config = load_kognic_env_config(file)
    assert (list(config.environments), config.default_environment) == (["production", "demo"], None)
    assert not unregister_environment("x", file.with_name("missing.json"))


def _register(path: Path, number: int) -> None:
    for i in range(8):
        register_environment(Environment(f"e-{number}-{i}", "h", "https://a"), path)


@pytest.mark.slow
def test_processes_that_register_take_turns(tmp_path: Path) -> None:
    """No registration is lost."""
    path = tmp_path / "e.json"
    other = multiprocessing.get_context("spawn").Process(target=_register, args=(path, 1))
    other.start()
    _register(path, 2)
    other.join(60)
    assert len(load_kognic_env_config(path).environments) == 16


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["environments", "default_environment", "host", "auth_server", "url", "scopes", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_content_gives_a_value_or_a_typed_error(content: Any) -> None:
    """No file does anything else."""
    path = Path.home() / "fuzz.json"
    path.write_text(json.dumps(content))
    try:
        config = load_kognic_env_config(path)
    except EnvironmentConfigError:
        return
    assert isinstance(resolve_environment(config, "https://x"), Environment)


def test_a_shell_with_the_variables_of_a_stopped_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables of `kognic sandbox env` outlive it: the folder and the way back are named."""
    monkeypatch.setenv("KOGNIC_ENVIRONMENT", "sandbox")
    monkeypatch.setenv("KOGNIC_CREDENTIALS", str(tmp_path / "credentials.json"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with pytest.raises(EnvironmentConfigError) as caught:
        resolve_environment(KognicEnvConfig({}, None), "", "sandbox")
    assert str(caught.value) == (
        f"The sandbox of this shell ({tmp_path}) has stopped; start it again with "
        "'kognic sandbox serve' and run 'eval \"$(kognic sandbox env)\"'"
    )
    monkeypatch.delenv("KOGNIC_CREDENTIALS")
    with pytest.raises(EnvironmentConfigError, match="Unknown environment 'sandbox'"):
        resolve_environment(KognicEnvConfig({}, None), "", "sandbox")
