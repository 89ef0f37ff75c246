"""The asynchronous clients read proxies from the environment as requests does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kognic.auth.httpx import BaseAsyncApiClient
from kognic.auth.httpx._transport import EnvironmentTransport, with_environment
from kognic.auth.requests import RequestsAuthSession
from tests.auth.auth_server import CLIENT_ID, CLIENT_SECRET, AuthServer

PAIR = (CLIENT_ID, CLIENT_SECRET)


class Witness(BaseHTTPRequestHandler):
    """A proxy that refuses, and remembers what it was asked."""

    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self.send_response(502)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *args: object) -> None:
        """Be quiet."""


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The addresses that the proxy of the environment was asked for."""
    seen: list[str] = []
    handler = type("Handler", (Witness,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "no_proxy", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
        yield seen
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "no_proxy", ["127.0.0.0/8", "[::1],fe80::/10,127.0.0.1", "localhost,127.0.0.1", " 127.0.0.1 , x"]
)
async def test_hosts_that_are_excepted(
    no_proxy: str, proxy: list[str], server: AuthServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Address ranges, IPv6 in brackets: both clients go straight, token requests included."""
    monkeypatch.setenv("no_proxy", no_proxy)
    with RequestsAuthSession(auth=PAIR, host=server.url) as straight:
        assert straight.request("GET", f"{server.url}/a").status_code == 200
    async with BaseAsyncApiClient(auth=PAIR, auth_host=server.url) as client:
        session = await client.session
        assert (await session.get(f"{server.url}/a")).status_code == 200
    assert proxy == []


@pytest.mark.parametrize(
    ("no_proxy", "host", "is_straight"),
    [
        ("127.0.0.1:{port}", "127.0.0.1", None),
        ("127.0.0.1:1", "127.0.0.1", False),
        ("*", "127.0.0.1", True),
        ("127.0.0.1/32", "127.0.0.1", True),
        ("127.0.0.0/33,10.0.0.0/8", "127.0.0.1", False),
        ("127.0.0", "127.0.0.1", False),
        ("LOCALHOST", "localhost", True),
        (".localhost", "localhost", True),
        ("*.localhost", "localhost", None),
        ("host,localhost:{port}", "localhost", True),
        ("127.0.0.1", "localhost", False),
        ("::1,[::1]:{port},fe80::/10", "127.0.0.1", False),
        (" , ,, ", "127.0.0.1", False),
        ("", "127.0.0.1", False),
    ],
)
async def test_both_clients_read_no_proxy_alike(
    no_proxy: str,
    host: str,
    is_straight: bool | None,
    proxy: list[str],
    server: AuthServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ports, wildcards, dots, letter case, ranges, gaps; None where the reading of requests is its own."""
    port = server.url.rpartition(":")[2]
    url = f"http://{host}:{port}"
    monkeypatch.setenv("no_proxy", no_proxy.format(port=port))

    ways = []
    with RequestsAuthSession(auth=PAIR, host=url) as session:
        try:
            session.request("GET", f"{url}/a")
        except Exception:  # the proxy refuses
            assert proxy
        ways.append(not proxy)
    proxy.clear()
    async with BaseAsyncApiClient(auth=PAIR, auth_host=url) as client:
        try:
            await (await client.session).get(f"{url}/a")
        except Exception:  # as above
            assert proxy
        ways.append(not proxy)

    assert ways[0] == ways[1]
    assert is_straight in (None, ways[0])


async def test_other_hosts_go_through_the_proxy(
    proxy: list[str], server: AuthServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "10.0.0.0/8,[::1]")
    async with BaseAsyncApiClient(auth=PAIR, auth_host=server.url) as client:
        with pytest.raises(Exception, match="502"):
            await client.session
    assert set(proxy) == {f"{server.url}/v1/auth/oauth/token"}
    assert server.received == []


@pytest.mark.parametrize("options", [{"proxy": "http://p"}, {"trust_env": False}])
def test_a_way_that_the_user_chose_stays(options: dict[str, object]) -> None:
    assert with_environment(options) == options
    assert isinstance(with_environment({})["transport"], EnvironmentTransport)
