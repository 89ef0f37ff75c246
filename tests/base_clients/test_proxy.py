"""Proxies and CA bundles from the environment: one stack for API calls, token calls and transfers."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from proxy import Proxy

from kognic.auth.requests.auth_session import RequestsAuthSession
from kognic.base_clients import errors
from kognic.base_clients.cloud_storage import FileResourceClient, UploadSpec
from kognic.base_clients.http.client import HttpClient
from kognic.base_clients.http.operations import Effect, Operation
from tests.base_clients import proxy_witness
from tests.base_clients.conftest import FakeTime
from tests.base_clients.scripted_server import Exchange, ScriptedServer, answer
from tests.base_clients.socks_proxy import SocksProxy

READ = Operation("GET", "v1/things", Effect.READ)
TOKEN = "/v1/auth/oauth/token"


class ForwardProxy:
    """A real forward proxy that writes down what it connects to."""

    def __init__(self, port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = log

    def carried(self, server: ScriptedServer) -> list[str]:
        """The method of each connection made to a server."""
        words = [line.split() for line in self._log.read_text().splitlines()]
        return [method for method, address in words if address.endswith(f":{server.port}")]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForwardProxy]:
    log = tmp_path_factory.mktemp("proxy") / "log"
    log.touch()
    options = ["--hostname", "127.0.0.1", "--port", "0", "--num-workers", "1", "--num-acceptors", "1"]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(proxy_witness.FILE, str(log))
        with Proxy(options, plugins=[proxy_witness.Witness]) as running:
            yield ForwardProxy(running.flags.port, log)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


@pytest.fixture
def tls_server(authority: trustme.CA, make_server: Callable[..., ScriptedServer]) -> ScriptedServer:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return make_server(context=context, name="localhost")


def use_all(server: ScriptedServer, **options: Any) -> None:
    """A token call, an API call, an upload and a download."""
    server.on(TOKEN, answer(200, {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 3600}))
    with RequestsAuthSession(auth=("id", "secret"), host=server.url, **options) as session:
        assert HttpClient(server.url, session=session).call(READ) == {}
    with FileResourceClient(max_connections=2, **options) as files:
        files.upload_files(
            {str(n): UploadSpec(f"{server.url}/up?sig=s", "x/y", data=b"x" * n) for n in (3, 7)}
        )
        assert files.get_json(f"{server.url}/down?sig=s") == {"data": {}}


def paths(server: ScriptedServer) -> list[str]:
    return sorted({request.path for request in server.requests})


ALL = sorted(["/down", "/up", TOKEN, "/v1/things"])


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_plain(
    name: str, proxy: ForwardProxy, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every connection is made by the proxy; bodies arrive whole."""
    monkeypatch.setenv(name, proxy.url)
    use_all(server)

    assert paths(server) == ALL
    assert len(proxy.carried(server)) == server.connections
    assert "CONNECT" not in proxy.carried(server)
    assert sorted(request.body for request in server.of("/up")) == [b"xxx", b"xxxxxxx"]
    assert all(request.query == "sig=s" for request in server.of("/up"))
    assert server.of("/v1/things")[0].headers["authorization"] == "Bearer a.b.c"
    assert all("authorization" not in r.headers for r in [*server.of("/up"), *server.of("/down")])


def test_no_proxy(proxy: ForwardProxy, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "example.com,127.0.0.1")
    use_all(server)

    assert paths(server) == ALL
    assert proxy.carried(server) == []


def test_proxies_argument(proxy: ForwardProxy, server: ScriptedServer) -> None:
    use_all(server, proxies={"http": proxy.url})
    assert len(proxy.carried(server)) == server.connections > 0


def test_tunnel(
    proxy: ForwardProxy, tls_server: ScriptedServer, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS end to end through CONNECT, trusting the CA that the environment names."""
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
    use_all(tls_server)

    assert paths(tls_server) == ALL
    assert proxy.carried(tls_server) == ["CONNECT"] * tls_server.connections


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_ca_bundle_of_the_environment(
    name: str, tls_server: ScriptedServer, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, ca_file)
    use_all(tls_server)
    assert paths(tls_server) == ALL


def test_verify_argument(tls_server: ScriptedServer, ca_file: str) -> None:
    use_all(tls_server, verify=ca_file)
    assert paths(tls_server) == ALL


def test_large_files_over_tls(tls_server: ScriptedServer, ca_file: str, tmp_path: Path) -> None:
    """Through memory, block by block, as the kernel cannot encrypt."""
    content = bytes(range(256)) * 20_000
    (tmp_path / "a").write_bytes(content)
    with FileResourceClient(verify=ca_file) as files:
        files.upload_files({"a": UploadSpec(f"{tls_server.url}/a", "x/y", str(tmp_path / "a"))})
        tls_server.on("/b", answer(200, content))
        files.download(f"{tls_server.url}/b", tmp_path / "b")
    assert tls_server.of("/a")[0].body == content
    assert (tmp_path / "b").read_bytes() == content


def test_redirects_do_not_leave_tls(tls_server: ScriptedServer, server: ScriptedServer, ca_file: str) -> None:
    """A signed URL, or content, that went out in the clear could be read by others."""
    tls_server.default = answer(307, Location=f"{server.url}/a?sig=s")
    with FileResourceClient(verify=ca_file) as files:
        with pytest.raises(errors.UploadError, match="307"):
            files.upload_files({"a": UploadSpec(f"{tls_server.url}/a", "x/y", data=b"x")})
        with pytest.raises(errors.ApiError, match="307"):
            files.get_json(f"{tls_server.url}/a")
    assert server.requests == []


def test_untrusted_certificate(tls_server: ScriptedServer, fake_time: FakeTime) -> None:
    """Refused, by API and transfers alike, at once: trying again would not help."""
    with requests.Session() as session:
        client = HttpClient(tls_server.url, session=session, clock=fake_time.clock)
        with pytest.raises(errors.ConnectionFailedError, match=r"certificate of localhost.* is not trusted"):
            client.call(READ)
    with FileResourceClient(clock=fake_time.clock) as files:
        with pytest.raises(errors.ConnectionFailedError, match=r"is not trusted.*REQUESTS_CA_BUNDLE"):
            files.get_json(f"{tls_server.url}/down?sig=s")
        with pytest.raises(errors.UploadError, match="is not trusted"):
            files.upload_files({"a": UploadSpec(f"{tls_server.url}/up", "x/y", data=b"x")})
    assert fake_time.sleeps == []
    assert tls_server.requests == []


@pytest.mark.slow
def test_proxy_that_is_not_there(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, fake_time: FakeTime
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with (
        FileResourceClient(clock=fake_time.clock, max_retry_attempts=1) as files,
        pytest.raises(errors.ConnectionFailedError, match=r"the proxy did not connect.*NO_PROXY"),
    ):
        files.get_json(f"{server.url}/down?sig=s")
    assert server.requests == []


@pytest.mark.slow
def test_password_of_a_proxy(
    make_server: Callable[..., ScriptedServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent to the proxy, in absolute form, and to nobody else."""

    def forward(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.answer(200, b"1")

    fake_proxy = make_server(default=forward)
    monkeypatch.setenv("KOGNIC_ALLOW_HTTP", "1")
    monkeypatch.setenv("HTTP_PROXY", f"http://me:word@127.0.0.1:{fake_proxy.port}")
    with FileResourceClient() as files:
        assert files.get_json("http://storage.invalid/a%2Fb?sig=s") == 1

    request = fake_proxy.requests[0]
    assert request.target == "http://storage.invalid/a%2Fb?sig=s"
    assert request.headers["host"] == "storage.invalid"
    assert request.headers["proxy-authorization"].startswith("Basic ")
    assert "authorization" not in request.headers


@pytest.fixture
def socks() -> Iterator[SocksProxy]:
    proxy = SocksProxy()
    yield proxy
    proxy.close()


@pytest.mark.parametrize("where", ["environment", "argument"])
def test_socks(
    where: str, socks: SocksProxy, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens, calls, files and bytes in memory reach their host through a SOCKS proxy, and arrive whole."""
    options: dict[str, Any] = {}
    if where == "environment":
        monkeypatch.setenv("ALL_PROXY", socks.url)
    else:
        options = {"proxies": {"http": socks.url}}
    use_all(server, **options)
    (tmp_path / "a.bin").write_bytes(b"y" * 300_000)
    with FileResourceClient(**options) as files:
        files.upload_files({"f": UploadSpec(f"{server.url}/up?s=s", "x/y", filename=str(tmp_path / "a.bin"))})

    assert paths(server) == ALL
    assert sorted(len(request.body) for request in server.of("/up")) == [3, 7, 300_000]
    assert len(socks.targets) == server.connections


def test_socks_and_tls(
    socks: SocksProxy, tls_server: ScriptedServer, ca_file: str, fake_time: FakeTime
) -> None:
    """The proxy forwards what it cannot read."""
    use_all(tls_server, proxies={"https": socks.url}, verify=ca_file)

    assert paths(tls_server) == ALL
    assert len(socks.targets) == tls_server.connections


def test_socks_without_target(socks: SocksProxy, server: ScriptedServer, fake_time: FakeTime) -> None:
    """What the proxy cannot connect to is an error of the connection, of which nothing was sent."""
    with FileResourceClient(
        proxies={"http": socks.url}, max_retry_attempts=1, clock=fake_time.clock
    ) as files, pytest.raises(errors.UploadError) as raised:  # fmt: skip
        files.upload_files({"a": UploadSpec("http://127.0.0.1:1/a?s=s", "x/y", data=b"x")})

    assert isinstance(raised.value.cause, errors.ConnectionFailedError)
    assert raised.value.cause.attempts == 2


def test_drips_through_socks(socks: SocksProxy, server: ScriptedServer, fake_time: FakeTime) -> None:
    """The watchdog closes the connection to the proxy as any other."""

    def drip(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.keep = False
        with contextlib.suppress(OSError):
            exchange.sock.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not exchange.server.over.wait(0.05):
                exchange.sock.sendall(b"x")

    server.default = drip
    with FileResourceClient(
        proxies={"http": socks.url}, timeout=0.5, max_retry_attempts=0, clock=fake_time.clock
    ) as files, pytest.raises(errors.UploadError) as raised:  # fmt: skip
        files.upload_files({"a": UploadSpec(f"{server.url}/a?s=s", "x/y", data=b"x")})

    assert isinstance(raised.value.cause, errors.RequestTimeoutError)
