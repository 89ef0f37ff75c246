"""Proxies, certificates, pools and retries of the sessions: as requests does it, without its traps."""

from __future__ import annotations

import contextlib
import gc
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import proxy
import pytest
import requests
import trustme

from kognic.auth.errors import TokenConnectionError
from kognic.auth.requests import RequestsAuthSession, _transport
from kognic.auth.requests._transport import GuardedSession
from tests.auth.auth_server import CLIENT_ID, CLIENT_SECRET, TOKEN_PATH, Answer, AuthServer, Clock


@pytest.fixture(scope="module")
def forward_proxy() -> Iterator[str]:
    """A real forward proxy, which puts its name into the `Via` header."""
    options = ["--hostname", "127.0.0.1", "--port", "0", "--num-workers", "1", "--num-acceptors", "1"]
    with proxy.Proxy([*options, "--log-level", "CRITICAL"]) as running:
        yield f"http://127.0.0.1:{running.flags.port}"


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that nobody listens on."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@contextlib.contextmanager
def https_server(clock: Clock, folder: Path) -> Iterator[tuple[AuthServer, str]]:
    """A server with a certificate of an authority of its own; the server, and the authority's file."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    bundle = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with AuthServer(clock, tls=context) as server:
        yield server, str(bundle)


def call(server: AuthServer, **options: object) -> int:
    """The status of a signed call by a new session."""
    with RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url, **options) as session:  # type: ignore[arg-type]
        return session.request("GET", f"{server.url}/a").status_code


def went_through_proxy(server: AuthServer) -> list[bool]:
    # The proxy names itself in the first request of a connection only.
    proxied = {r.peer for r in server.received if "proxy.py" in r.headers.get("via", "")}
    return [r.peer in proxied for r in server.received]


def test_proxy_of_the_environment_carries_token_and_calls(
    server: AuthServer, forward_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY is for both; NO_PROXY is honoured."""
    monkeypatch.setenv("http_proxy", forward_proxy)
    assert call(server) == 200
    assert went_through_proxy(server) == [True, True]

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server.received.clear()
    assert call(server) == 200
    assert went_through_proxy(server) == [False, False]


def test_proxy_of_the_environment_changes_under_a_session(
    server: AuthServer, forward_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment said is remembered for some seconds, but not when one of its variables changes."""
    with RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url) as session:
        for variable, value in (("http_proxy", forward_proxy), ("NO_PROXY", "127.0.0.1"), ("NO_PROXY", "")):
            session.request("GET", f"{server.url}/a")
            monkeypatch.setenv(variable, value)
        session.request("GET", f"{server.url}/a")
    assert went_through_proxy(server) == [False, False, True, False, True]


def test_closed_connections_are_opened_again(server: AuthServer) -> None:
    """The pool that a session remembers for a host is not one that has been closed."""
    with RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url) as session:
        session.request("GET", f"{server.url}/a")
        session.close()
        assert session.request("GET", f"{server.url}/a").status_code == 200


def test_close_closes_idle_connections() -> None:
    """The session's memory of where a host's connections are does not keep them open."""
    with socket.create_server(("127.0.0.1", 0)) as listener, GuardedSession() as session:
        session.configure()
        listener.settimeout(20)

        def serve() -> bytes:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(20)
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                return connection.recv(1)

        with ThreadPoolExecutor(1) as pool:
            rest = pool.submit(serve)
            assert session.get(f"http://127.0.0.1:{listener.getsockname()[1]}/").ok
            assert not rest.done()
            session.close()
            assert rest.result() == b""


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "\N{SNOWMAN}"])
def test_header_that_is_none(server: AuthServer, value: str) -> None:
    """A line break does not end a header, and what cannot be sent is refused."""
    with (
        RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url) as session,
        pytest.raises((requests.exceptions.InvalidHeader, UnicodeEncodeError)),
    ):
        session.request("GET", f"{server.url}/a", headers={"X-Note": value})


def test_given_proxies_win_over_the_environment(
    server: AuthServer, forward_proxy: str, dead_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which requests alone would not do for a session."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{dead_port}")

    assert call(server, proxies={"http": forward_proxy}) == 200
    assert went_through_proxy(server) == [True, True]


def test_proxy_of_one_call_wins(server: AuthServer, forward_proxy: str) -> None:
    """As with requests."""
    with RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url) as session:
        session.ensure_token()
        session.request("GET", f"{server.url}/a", proxies={"http": forward_proxy})
    assert went_through_proxy(server) == [False, True]


def test_dead_proxy_is_an_error_without_its_password(server: AuthServer, dead_port: int) -> None:
    """It names the proxy, not what it is given."""
    with pytest.raises(TokenConnectionError, match="proxy") as caught:
        call(server, proxies={"http": f"http://user:pass-word-1@127.0.0.1:{dead_port}"})
    assert "pass-word-1" not in str(caught.value)


def test_certificates_are_verified(clock: Clock, tmp_path: Path) -> None:
    """An unknown authority is an error that is not tried again."""
    with https_server(clock, tmp_path) as (server, _):
        with pytest.raises(requests.ConnectionError, match="CERTIFICATE_VERIFY_FAILED") as caught:
            call(server)
        assert isinstance(caught.value, TokenConnectionError)
        assert not caught.value.transient
        assert server.received == []


def test_ca_bundle_of_the_environment(clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """REQUESTS_CA_BUNDLE is for token and calls."""
    with https_server(clock, tmp_path) as (server, bundle):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        assert call(server) == 200


def test_given_ca_bundle_wins_over_the_environment(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which requests alone would not do for a session; a path object will do."""
    with https_server(clock, tmp_path) as (server, bundle):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
        assert call(server, verify=Path(bundle)) == 200


def test_missing_ca_bundle_is_a_clear_error(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the file."""
    with https_server(clock, tmp_path) as (server, _):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
        with pytest.raises(TokenConnectionError, match=r"/nowhere\.pem"):
            call(server)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_verification_is_off_only_when_asked_for(clock: Clock, tmp_path: Path) -> None:
    """By `False` and nothing else."""
    with https_server(clock, tmp_path) as (server, _):
        assert call(server, verify=False) == 200


def test_nothing_but_the_token_request_is_retried(server: AuthServer) -> None:
    """What an error means for a call is for others to judge."""
    server.script("/a", Answer(503), Answer(drop=True))
    with RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url) as session:
        assert session.request("GET", f"{server.url}/a").status_code == 503
        with pytest.raises(requests.ConnectionError):
            session.request("GET", f"{server.url}/a")
    assert len(server.api_requests) == 2


def test_connections_are_kept_for_every_thread(server: AuthServer, caplog: pytest.LogCaptureFixture) -> None:
    """32 threads open no more connections than they are, and throw none away."""
    gate = threading.Barrier(32)

    with RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url) as session:

        def work(_: int) -> None:
            gate.wait(30)
            for _ in range(5):
                assert session.request("GET", f"{server.url}/a", stream=True).json()

        with ThreadPoolExecutor(32) as pool:
            list(pool.map(work, range(32)))

    assert len({request.peer for request in server.received}) <= 33
    assert "Connection pool is full" not in caplog.text


def test_timeout_of_the_session_and_of_one_call(server: AuthServer) -> None:
    """The session's is for calls that give none."""
    finish = threading.Event()
    server.script("/a", lambda _: finish.wait(30) and None, lambda _: finish.wait(30) and None)
    with RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url, timeout=30) as session:
        session.ensure_token()
        with pytest.raises(requests.ReadTimeout):
            session.request("GET", f"{server.url}/a", timeout=(5, 0.01))
    with (
        RequestsAuthSession(
            auth=(CLIENT_ID, CLIENT_SECRET), host=server.url, timeout=(5, 0.01), initial_token=server.issue()
        ) as session,
        pytest.raises(requests.ReadTimeout),
    ):
        session.request("GET", f"{server.url}/a")
    finish.set()


@pytest.mark.slow
def test_sessions_are_collected_when_nobody_has_them(server: AuthServer) -> None:
    """Neither locks nor registers keep them alive."""
    session = RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url)
    session.request("GET", f"{server.url}/a")
    del session
    gc.collect()

    assert not [o for o in gc.get_objects() if isinstance(o, (RequestsAuthSession, GuardedSession))]


def test_adapters_of_ones_own_survive_a_fork(server: AuthServer) -> None:
    """Only the session's own connections are given up in the child."""
    own = requests.adapters.HTTPAdapter()
    with RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url) as session:
        http = session.oauth_session
        http.mount("http://own.example.com", own)
        before = dict(http.adapters)
        _transport._after_fork()
        assert http.adapters["http://own.example.com"] is own
        assert http.adapters["http://"] is not before["http://"]
        assert session.request("GET", f"{server.url}/a").ok


@pytest.mark.slow
def test_token_endpoint_is_not_followed_elsewhere(server: AuthServer, clock: Clock) -> None:
    """A redirect would hand the client secret to another host."""
    with AuthServer(clock) as other:
        server.script(TOKEN_PATH, Answer(307, None, {"Location": f"{other.url}{TOKEN_PATH}"}))
        with pytest.raises(requests.HTTPError, match="307"):
            call(server)
        assert other.received == []
