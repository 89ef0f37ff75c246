"""A real auth server, time that moves when told, and a machine without credentials of its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kognic.auth import _tokens
from tests.auth.auth_server import CLIENT_ID, CLIENT_SECRET, AuthServer, Clock
from tests.auth.memory_keyring import MemoryKeyring


@pytest.fixture(autouse=True)
def _clean_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings, no proxies, no credentials; a home folder of the test's own."""
    settings = ("KOGNIC_", "ANNOTELL_", "XDG_", "REQUESTS_", "CURL_", "SSL_CERT")
    for name in os.environ:
        if name.startswith(settings) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture(autouse=True)
def keyring_backend() -> Iterator[MemoryKeyring]:
    """A system keyring in memory, which ends with the test; test machines have none."""
    import keyring

    before = keyring.get_keyring()
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time by which tokens expire, for the client and the server."""
    clock = Clock()
    monkeypatch.setattr(_tokens, "time", SimpleNamespace(time=clock.time, monotonic=clock.time))
    return clock


@pytest.fixture
def server(clock: Clock) -> Iterator[AuthServer]:
    """An auth server with an API."""
    with AuthServer(clock) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once."""
    from kognic.auth import _api_retries, _token_flow

    for module in (_api_retries, _token_flow):
        monkeypatch.setattr(module, "RETRY_WAITS", (0.0, 0.0, 0.0))


@pytest.fixture
def credentials() -> dict[str, Any]:
    """The content of a credentials file that the server accepts."""
    return {
        "clientId": CLIENT_ID,
        "clientSecret": CLIENT_SECRET,
        "email": "someone@example.com",
        "userId": 42,
        "issuer": "auth.app.kognic.com",
    }


@pytest.fixture
def unprivileged() -> Callable[[], AbstractContextManager[None]]:
    """A context in which file permissions count; for the root user they do not."""

    @contextlib.contextmanager
    def as_nobody() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)

    return as_nobody
