"""Servers that misbehave on command, and clocks that do not wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kognic._core.clock import Clock
from kognic.auth.requests._transport import GuardedSession
from kognic.base_clients.cloud_storage import FileResourceClient
from kognic.base_clients.http.client import HttpClient
from tests.base_clients.scripted_server import ScriptedServer, Step


class FakeTime:
    """A clock whose sleep takes no time; `sleeps` says what was slept."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.sleeps: list[float] = []
        self._lock = threading.Lock()
        self.clock = Clock(
            now=lambda: self.time, wall=lambda: self.time, sleep=self.sleep, chance=lambda: 0.5
        )

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.sleeps.append(seconds)
            self.time += seconds


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture(autouse=True)
def _no_ambient_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own proxy and CA settings are not part of a test."""
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def make_server() -> Iterator[Callable[..., ScriptedServer]]:
    servers: list[ScriptedServer] = []

    def make(**options: Any) -> ScriptedServer:
        servers.append(ScriptedServer(**options))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def server(make_server: Callable[..., ScriptedServer]) -> ScriptedServer:
    return make_server()


@pytest.fixture
def http(server: ScriptedServer, fake_time: FakeTime) -> Iterator[HttpClient]:
    """A client of the server on a session of ours, without a token and without real waiting."""
    with GuardedSession() as session:
        session.auth = lambda request: request
        session.configure()
        yield HttpClient(server.url, session=session, clock=fake_time.clock, timeout=30)


@pytest.fixture
def files(fake_time: FakeTime) -> Iterator[FileResourceClient]:
    with FileResourceClient(clock=fake_time.clock, timeout=30, max_connections=4) as client:
        yield client


__all__ = ["FakeTime", "Step"]
