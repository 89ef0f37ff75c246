"""The usual call over a connection that is open: nobody can tell it from one that requests has made alone."""

from __future__ import annotations

import contextlib
import gzip
import logging
import pickle
import select
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import trustme
from urllib3.connectionpool import HTTPConnectionPool

from kognic._core import watchdog
from kognic._core.quick_exchange import MAX_SHORT, ShortResponse
from kognic.auth.requests._transport import GuardedSession
from tests.base_clients.scripted_server import (
    Exchange,
    ScriptedServer,
    Step,
    answer,
    hang_up,
    raw,
    reset_after_reading,
    reset_unread,
    silent,
)

Outcome = tuple[Any, ...]


def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
    request.headers["Authorization"] = "Bearer token-1"
    return request


@pytest.fixture(autouse=True)
def _no_ambient_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer(default=answer(200, {"data": {"ok": True}}))
    yield server
    server.close()


@pytest.fixture
def plain() -> Iterator[requests.Session]:
    """requests alone, to compare with."""
    with requests.Session() as session:
        session.auth = sign
        yield session


@pytest.fixture
def ours() -> Iterator[GuardedSession]:
    with GuardedSession() as session:
        session.auth = sign
        session.configure(timeout=20)
        yield session


@pytest.fixture
def quick(ours: GuardedSession, server: ScriptedServer) -> GuardedSession:
    """The session with an open connection."""
    assert ours.get(f"{server.url}/opens").ok
    server.requests.clear()
    return ours


REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/v1/projects", {}),
    ("GET", "", {}),
    ("GET", "/", {}),
    ("GET", "/v1/a?b=c", {}),
    ("GET", "/v1/a?b=c", {"params": [("d", "e f/ö+&"), ("d", "~-._"), ("empty", "")]}),
    ("GET", "/v1/a", {"params": {"one": 1, "none": None, "list": [1, 2]}}),
    ("GET", "/v1/projekt ö/ä", {}),
    ("GET", "/v1/%c3%a4/%41/%2F/%7e", {}),
    ("GET", "/v1/../a/./b", {}),
    ("GET", "//a//b", {}),
    ("GET", "/.hidden/..a", {}),
    ("GET", "/a;b=c:d@e/$!'()*,", {}),
    ("GET", "/a#fragment", {}),
    ("HEAD", "/v1/a", {}),
    ("OPTIONS", "/v1/a", {}),
    ("DELETE", "/v1/a", {}),
    ("DELETE", "/v1/a", {"json": {"a": 1}}),
    ("POST", "/v1/a", {}),
    ("POST", "/v1/a", {"data": b'{"a": 1}', "headers": {"Content-Type": "application/json"}}),
    ("POST", "/v1/a", {"data": b"x" * 300_000}),
    ("POST", "/v1/a", {"data": "text ö"}),
    ("POST", "/v1/a", {"data": {"form": "ö"}}),
    ("POST", "/v1/a", {"json": {"a": "ö"}}),
    ("POST", "/v1/a", {"data": iter([b"one", b"two"])}),
    ("PUT", "/v1/a", {"data": b"x", "headers": {"Content-Length": "7"}}),
    ("PATCH", "/v1/a", {"data": b"", "headers": {"Content-Length": "0"}}),
    ("get", "/v1/a", {}),
    ("GET", "/v1/a", {"headers": {"X-Dryrun": "", "x-lower": "1", "User-Agent": "mine"}}),
    ("GET", "/v1/a", {"headers": {"User-Agent": None, "Accept-Encoding": None}}),
    ("GET", "/v1/a", {"headers": {"X-Bytes": b"b", "X_Under": "u", "X-Latin": "\xe9".encode("latin-1")}}),
    ("GET", "/v1/a", {"headers": {"Host": "elsewhere.example"}}),
    ("GET", "/v1/a", {"headers": {"Authorization": "Basic mine"}}),
    ("GET", "/v1/a", {"cookies": {"a": "b"}}),
    ("GET", "/v1/a", {"auth": ("user", "word")}),
]


@pytest.mark.parametrize(("method", "target", "options"), REQUESTS)
def test_requests_are_those_of_requests(
    method: str,
    target: str,
    options: dict[str, Any],
    plain: requests.Session,
    quick: GuardedSession,
    server: ScriptedServer,
) -> None:
    """The same line, the same headers in the same order, the same body."""
    body = list(options["data"]) if isinstance(options.get("data"), Iterator) else None
    for session in (plain, quick):
        given = {**options, "data": iter(body)} if body is not None else options
        session.request(method, server.url + target, **given)
    theirs, own = server.requests

    assert own.target == theirs.target
    assert [*own.headers.items()] == [*theirs.headers.items()]
    assert (own.method, own.body, own.complete) == (theirs.method, theirs.body, theirs.complete)


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/a", {"X": " leads with a space"}),
        ("/a", {"X": "a\r\nY: 1"}),
        ("/a", {"X": "a\nb"}),
        ("/a", {"X:": "colon"}),
        ("/a", {"X\nY": "1"}),
        ("/a", {"X": "\N{SNOWMAN}"}),
        ("/a", {"X": 5}),
    ],
)
def test_what_requests_refuses(
    target: str,
    headers: Any,
    plain: requests.Session,
    quick: GuardedSession,
    server: ScriptedServer,
) -> None:
    """Headers that requests refuses are refused here as well, and nothing is sent."""
    kinds = []
    for session in (plain, quick):
        with pytest.raises((requests.RequestException, UnicodeEncodeError)) as caught:
            session.get(server.url + target, headers=headers)
        kinds.append(type(caught.value))

    assert kinds[0] is kinds[1]
    assert not server.requests


class TestSession:
    def test_urllib3_is_not_asked(
        self, quick: GuardedSession, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The usual call is a quick one."""
        monkeypatch.setattr(HTTPConnectionPool, "urlopen", lambda *_, **__: pytest.fail("urllib3 was asked"))

        assert quick.post(f"{server.url}/v1/a", data=b"{}").json() == {"data": {"ok": True}}
        assert server.connections == 1

    def test_settings_of_the_session(
        self, plain: requests.Session, quick: GuardedSession, server: ScriptedServer
    ) -> None:
        """Headers, parameters, cookies and hooks that a user has added to a session hold for its calls."""
        seen = []
        for session in (plain, quick):
            session.headers.update({"X-Mine": "1", "accept": "text/plain"})
            session.params = {"of": "session"}
            session.cookies.set("c", "d")
            session.hooks["response"] = [lambda response, **_: seen.append(response.status_code)]
            session.get(f"{server.url}/a", params={"of": "call"}, headers={"X-Mine": None})
            session.params = {}
            session.get(f"{server.url}/a")
        theirs, own = server.requests[:2], server.requests[2:]

        assert [(r.target, [*r.headers.items()]) for r in own] == [
            (r.target, [*r.headers.items()]) for r in theirs
        ]
        assert own[1].headers["x-mine"] == "1"
        assert own[1].headers["cookie"] == "c=d"
        assert seen == [200] * 4

    def test_headers_can_be_changed(self, quick: GuardedSession, server: ScriptedServer) -> None:
        """In all ways that the headers of requests offer, by auth objects and in responses."""

        def sign_in_pairs(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers.update([("Authorization", "Bearer token-2")], mine="1")
            return request

        quick.auth = sign_in_pairs
        response = quick.get(f"{server.url}/a")
        response.headers.update([("X-Seen", "1")], other="2")

        assert isinstance(response.raw, ShortResponse)
        assert server.requests[0].headers["authorization"] == "Bearer token-2"
        assert server.requests[0].headers["mine"] == "1"
        assert (response.headers["x-seen"], response.headers["Other"]) == ("1", "2")

    def test_headers_of_another_kind(self, quick: GuardedSession, server: ScriptedServer) -> None:
        """A user may put a dict in place of the session's headers."""
        quick.headers = {"User-Agent": "mine"}
        quick.get(f"{server.url}/a")

        assert server.requests[0].headers["user-agent"] == "mine"

    def test_cookies_of_the_server(self, quick: GuardedSession, server: ScriptedServer) -> None:
        """A cookie is kept by the session, and sent with the next call."""
        server.on("/a", answer(200, Set_Cookie="k=v; Path=/"), answer(200), answer(302, Location="/b"))
        responses = [quick.get(f"{server.url}/a") for _ in range(3)]

        assert responses[0].cookies.get_dict() == {"k": "v"}
        assert [request.headers.get("cookie") for request in server.requests] == [None, "k=v", "k=v", "k=v"]
        assert server.connections == 1

    def test_redirects(self, quick: GuardedSession, server: ScriptedServer) -> None:
        """They are followed as in requests, the answers in between kept."""
        server.on("/a", answer(302, Location="/b?c=d"), answer(307, Location="/e"))
        followed = quick.get(f"{server.url}/a")
        stopped = quick.post(f"{server.url}/a", data=b"x", allow_redirects=False)

        assert (followed.url, [r.status_code for r in followed.history]) == (f"{server.url}/b?c=d", [302])
        assert stopped.is_redirect
        assert stopped.next is not None
        assert stopped.next.url == f"{server.url}/e"

    def test_an_adapter_of_ones_own(self, quick: GuardedSession, server: ScriptedServer) -> None:
        """It is the one that sends."""

        class Adapter(requests.adapters.HTTPAdapter):
            sent = 0

            def send(self, *args: Any, **kwargs: Any) -> requests.Response:
                self.sent += 1
                return super().send(*args, **kwargs)

        adapter = Adapter()
        quick.mount(server.url, adapter)

        assert [quick.get(f"{server.url}/a").status_code for _ in range(2)] == [200, 200]
        assert adapter.sent == 2

    def test_logs_of_urllib3(
        self, quick: GuardedSession, server: ScriptedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Who has urllib3 log its requests sees all of them."""
        with caplog.at_level(logging.DEBUG, logger="urllib3.connectionpool"):
            quick.get(f"{server.url}/logged")

        assert "/logged" in caplog.text

    def test_environment_of_another_kind(
        self, quick: GuardedSession, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Tests of users replace the whole environment."""
        monkeypatch.setattr("os.environ", {"http_proxy": "http://127.0.0.1:9"})
        with pytest.raises(requests.exceptions.ProxyError):
            quick.get(f"{server.url}/a")

    def test_tls(self) -> None:
        """The same over TLS."""
        authority = trustme.CA()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(context)
        server = ScriptedServer(context=context, name="localhost")
        with authority.cert_pem.tempfile() as bundle, GuardedSession() as session:
            session.configure(verify=bundle)
            answers = [session.post(f"{server.url}/a", data=b"x" * 100_000) for _ in range(3)]
        server.close()

        assert isinstance(answers[2].raw, ShortResponse)
        assert [len(request.body) for request in server.requests] == [100_000] * 3
        assert server.connections == 1

    def test_ipv6(self, ours: GuardedSession) -> None:
        """An address in brackets."""
        server = ScriptedServer(address="::1", name="[::1]")
        answers = [ours.get(f"{server.url}/a").status_code for _ in range(2)]
        server.close()

        assert answers == [200, 200]
        assert {request.headers["host"] for request in server.requests} == {f"[::1]:{server.port}"}

    def test_a_connection_that_the_server_closed(self, quick: GuardedSession, server: ScriptedServer) -> None:
        """An idle connection may have ended; then a new one is used."""

        def last(exchange: Exchange) -> None:
            exchange.read_body()
            exchange.answer(200)
            exchange.close()

        server.on("/a", last)
        quick.get(f"{server.url}/a")
        adapter: Any = quick.get_adapter(server.url)
        [pool] = adapter._found.values()
        idle = pool.pool.queue[-1]
        assert select.select([idle.sock], [], [], 20)[0]

        assert quick.post(f"{server.url}/a", data=b"x").ok
        assert server.connections == 2


BODY = b'{"data": [1, 2, 3]}'
ZIPPED = gzip.compress(BODY)


def head(*lines: str, status: str = "200 OK", version: str = "1.1") -> bytes:
    return "".join(f"{line}\r\n" for line in (f"HTTP/{version} {status}", *lines, "")).encode("latin-1")


LENGTH = f"Content-Length: {len(BODY)}"
ANSWERS: dict[str, tuple[bytes, ...]] = {
    "usual": (head(LENGTH, "Content-Type: application/json", "Date: Sun, 29 Nov 2026 06:00:00 GMT") + BODY,),
    "in two parts": (head(LENGTH), BODY),
    "in many parts": (b"HTTP/1.1 2", b"00 OK\r\nConte", b"nt-Length: 2\r\n\r", b"\n", b"o", b"k"),
    "chunked": (head("Transfer-Encoding: chunked") + b"13\r\n" + BODY + b"\r\n0\r\n\r\n",),
    "chunked, with a trailer": (head("Transfer-Encoding: chunked") + b"2\r\nok\r\n0\r\nX: y\r\n\r\n",),
    "compressed": (head(f"Content-Length: {len(ZIPPED)}", "Content-Encoding: gzip") + ZIPPED,),
    "compressed and chunked": (
        head("Transfer-Encoding: chunked", "Content-Encoding: gzip")
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(ZIPPED), ZIPPED),
    ),
    "nothing": (head("Content-Length: 0"),),
    "204": (head(status="204 No Content"),),
    "304": (head("ETag: x", status="304 Not Modified"),),
    "error": (head(LENGTH, status="404 Not Found") + BODY,),
    "100 first": (head(status="100 Continue") + head(LENGTH) + BODY,),
    "no reason": (head(LENGTH, status="200") + BODY,),
    "odd status": (head(LENGTH, status="299 Odd") + BODY,),
    "headers of one name": (head("X-A: 1", "x-a: 2", LENGTH) + BODY,),
    "headers in other letters": (head("X-Name: J\xf6rg", LENGTH) + BODY,),
    "empty header": (head("X-A:", "X-B:  b  ", LENGTH) + BODY,),
    "latin text": (head("Content-Length: 1", "Content-Type: text/plain") + b"\xe9",),
    "charset": (head("Content-Length: 2", "Content-Type: text/plain; charset=utf-8") + b"\xc3\xa9",),
    "longest of the short": (head(f"Content-Length: {MAX_SHORT}") + b"x" * MAX_SHORT,),
    "long": (head("Content-Length: 300000") + b"x" * 300_000,),
    "line feeds alone": (f"HTTP/1.1 200 OK\n{LENGTH}\n\n".encode() + BODY,),
    "length twice": (head(LENGTH, LENGTH) + BODY,),
}
LAST_ANSWERS: dict[str, tuple[bytes, ...]] = {
    "connection: close": (head(LENGTH, "Connection: close") + BODY,),
    "HTTP/1.0": (head(LENGTH, version="1.0") + BODY,),
    "until the end": (head("Content-Type: text/plain") + BODY,),
}


def outcome(response: requests.Response, *, read: bool = True) -> Outcome:
    body = (response.content, response.text) if read else ()
    return (
        *body,
        response.status_code, response.reason, [*response.headers.items()],
        response.encoding, response.url, response.ok, response.raw.status,
        [*response.raw.headers.items()], response.cookies.get_dict(), response.raw.version,
    )  # fmt: skip


class TestAnswer:
    @pytest.mark.parametrize("name", ANSWERS)
    @pytest.mark.parametrize("stream", [False, True])
    def test_is_that_of_requests(
        self, name: str, stream: bool, plain: requests.Session, quick: GuardedSession, server: ScriptedServer
    ) -> None:
        """Whatever form it has, it is read to its end: the next one comes over the same connection."""
        server.on("/a", *[raw(*ANSWERS[name])] * 4)
        found = []
        for session in (plain, quick):
            for _ in range(2):
                response = session.get(f"{server.url}/a", stream=stream)
                pieces = b"".join(response.iter_content(1000)) if stream else response.content
                found.append((pieces, *outcome(response, read=not stream)))
            session.get(f"{server.url}/next")

        assert found[2] == found[3] == found[0]
        assert server.connections == 2

    @pytest.mark.parametrize("name", LAST_ANSWERS)
    def test_may_be_the_last(
        self, name: str, plain: requests.Session, quick: GuardedSession, server: ScriptedServer
    ) -> None:
        """An answer that ends the connection: the next call opens another one."""
        server.on("/a", *[raw(*LAST_ANSWERS[name], close=True)] * 2)
        theirs, own = (outcome(session.get(f"{server.url}/a")) for session in (plain, quick))

        assert own == theirs
        assert quick.get(f"{server.url}/next").ok
        assert server.connections == 3

    @pytest.mark.parametrize(
        "read",
        [
            lambda response: response.raw.read(),
            lambda response: response.raw.read(7) + response.raw.read1(5) + response.raw.read(),
            lambda response: b"".join(response.raw.stream(4)),
            lambda response: b"".join(response.iter_content(4)),
            lambda response: b"\n".join(response.iter_lines()),
            lambda response: pickle.loads(pickle.dumps(response)).content,
            lambda response: response.raw.data,
        ],
    )
    def test_as_a_stream(
        self, read: Callable[[requests.Response], bytes], quick: GuardedSession, server: ScriptedServer
    ) -> None:
        """The body of a stream can be read in every way that requests and urllib3 offer."""
        server.on("/a", raw(*ANSWERS["usual"]))
        response = quick.get(f"{server.url}/a", stream=True)

        assert isinstance(response.raw, ShortResponse)
        assert read(response) == BODY

    def test_that_nobody_reads(self, quick: GuardedSession, server: ScriptedServer) -> None:
        """A stream that is closed unread is closed, and its connection is used again."""
        server.on("/a", raw(*ANSWERS["usual"]))
        response = quick.get(f"{server.url}/a", stream=True)
        response.close()

        assert response.raw.closed
        assert response.raw.status == 200
        assert quick.get(f"{server.url}/a").ok
        assert server.connections == 1

    def test_that_comes_slowly_is_not_held_back(self, quick: GuardedSession, server: ScriptedServer) -> None:
        """What has come of a stream can be read before the rest of it is there."""
        parts = [b"first", b"later"]

        def slowly(exchange: Exchange) -> None:
            exchange.read_body()
            exchange.sock.sendall(head("Content-Length: 10") + parts[0])
            exchange.server.over.wait(20 if not read.wait(20) else 0)
            exchange.sock.sendall(parts[1])

        read = threading.Event()
        server.on("/a", slowly)
        response = quick.get(f"{server.url}/a", stream=True)
        begin = response.raw.read1(5)
        read.set()

        assert [begin, response.raw.read()] == parts

    def test_more_than_announced(self, quick: GuardedSession, server: ScriptedServer) -> None:
        """Bytes behind an answer are not taken for the next one."""
        forged = head("Content-Length: 6") + b"forged"
        server.on("/a", raw(head("Content-Length: 2") + b"ok" + forged))

        assert quick.get(f"{server.url}/a").content == b"ok"
        assert quick.get(f"{server.url}/b").json() == {"data": {"ok": True}}

    def test_folded_header(self, quick: GuardedSession, server: ScriptedServer) -> None:
        """A value of two lines becomes one (RFC 9112, 5.2), with any version of urllib3."""
        server.on("/a", raw(head("X-A: 1\r\n  2", LENGTH) + BODY))

        assert quick.get(f"{server.url}/a").headers["x-a"] == "1 2"
        assert server.connections == 1

    def test_head_has_no_body(self, quick: GuardedSession, server: ScriptedServer) -> None:
        """The length that an answer to HEAD announces is not waited for."""
        server.on("/a", raw(head("Content-Length: 1000")))

        assert quick.head(f"{server.url}/a").headers["content-length"] == "1000"
        assert quick.get(f"{server.url}/b").ok


def garbage(exchange: Exchange) -> None:
    exchange.read_body()
    exchange.sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    exchange.close()


def broken_body(exchange: Exchange) -> None:
    exchange.read_body()
    exchange.sock.sendall(head("Content-Length: 100") + b"not all")
    exchange.close()


def endless_head(exchange: Exchange) -> None:
    exchange.read_body()
    exchange.keep = False
    with contextlib.suppress(OSError):
        exchange.sock.sendall(head()[:-2] + b"X: y\r\n" * 100_000)


def early_refusal(exchange: Exchange) -> None:
    exchange.answer(413, b"too large", Connection="close")
    exchange.discard_body()
    exchange.close()


class TestFailure:
    @pytest.mark.parametrize(
        "step",
        [hang_up, reset_after_reading, reset_unread, garbage, broken_body, endless_head, silent],
    )
    def test_is_that_of_requests(
        self, step: Step, plain: requests.Session, quick: GuardedSession, server: ScriptedServer
    ) -> None:
        """The same exception for the same trouble, and the connection is not used again."""
        plain.get(f"{server.url}/opens")
        server.on("/a", step, step)
        kinds = []
        for session in (plain, quick):
            with pytest.raises(requests.RequestException) as caught:
                session.post(f"{server.url}/a", data=b"x" * 2000, timeout=(20, 0.2))
            kinds.append(type(caught.value))

        assert kinds[0] is kinds[1]
        assert quick.get(f"{server.url}/b").ok
        assert server.connections == 3

    def test_headers_that_break_off(self, quick: GuardedSession, server: ScriptedServer) -> None:
        """http.client takes what came before the connection broke for all headers; here they are an error."""
        server.on("/a", raw(b"HTTP/1.1 200 OK\r\nContent-Le", close=True))
        with pytest.raises(requests.ConnectionError):
            quick.get(f"{server.url}/a")

    def test_a_refusal_before_everything_was_read(
        self, quick: GuardedSession, server: ScriptedServer
    ) -> None:
        """The answer is what counts, not that the server stopped to read."""
        server.on("/a", early_refusal)

        assert quick.post(f"{server.url}/a", data=b"x" * (8 << 20)).status_code == 413

    def test_shows_no_secret(self, quick: GuardedSession, server: ScriptedServer) -> None:
        """The token does not stand in the local variables of a traceback."""
        server.on("/a", hang_up)
        with pytest.raises(requests.ConnectionError) as caught:
            quick.post(f"{server.url}/a", data=b"x")
        report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)

        assert "token-1" not in "".join(report.format())

    def test_a_late_deadline_leaves_the_connection_alone(
        self, quick: GuardedSession, server: ScriptedServer
    ) -> None:
        """When an exchange is over, its deadline must not end the next one on the same connection."""
        with watchdog.guarded(60, 60) as guard:
            quick.get(f"{server.url}/a")
            guard.check(guard.end + 1 if guard.end else 0)

        assert quick.get(f"{server.url}/b").ok
        assert server.connections == 1
