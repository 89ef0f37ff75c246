"""The usual upload, over a connection that is open: the same request, and no answer misread."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from kognic._core import quick_exchange
from kognic.base_clients import errors
from kognic.base_clients.cloud_storage import FileResourceClient, UploadResult, UploadSpec
from kognic.base_clients.http.retry import RetryPolicy
from tests.base_clients.conftest import FakeTime
from tests.base_clients.scripted_server import Exchange, ScriptedServer, answer, raw

CONTENT = bytes(range(256)) * 400


@pytest.fixture
def files(fake_time: FakeTime) -> Any:
    policy = RetryPolicy(max_attempts=2)
    with FileResourceClient(max_connections=1, timeout=5, retry=policy, clock=fake_time.clock) as client:
        yield client


@pytest.fixture
def put(files: FileResourceClient, server: ScriptedServer) -> Callable[..., UploadResult]:
    """Upload one file after another over one connection."""
    server.default = answer(200)

    def one(target: str = "/a?sig=s", data: bytes = CONTENT) -> UploadResult:
        return files.upload_files({"a": UploadSpec(server.url + target, "image/jpeg", data=data)})["a"]

    return one


class TestRequest:
    @pytest.mark.parametrize(
        "target",
        [
            "/a?X-Goog-Signature=00ff&X-Goog-Date=20260101T000000Z",
            "/a%2Fb/c?X-Amz-Credential=me%2F20260101%2Feu&q=1+2",
            "/a%2fb?sig=%2f%3d",
            "/blob?se=2026-01-01T00:00:00Z&sig=a/b?c=",
            "/å ä?sig=ö",
            "/",
            "/?sig",
            "//a//b?",
        ],
    )
    def test_the_second_request_is_as_the_first(
        self, target: str, put: Callable[..., UploadResult], server: ScriptedServer
    ) -> None:
        """urllib3 writes the first request of a connection, this client the others: nobody can tell."""
        put(target)
        put(target)
        first, second = server.requests

        assert server.connections == 1
        assert (second.target, [*second.headers.items()]) == (first.target, [*first.headers.items()])
        assert first.body == second.body == CONTENT

    def test_the_usual_case_is_quick(
        self,
        put: Callable[..., UploadResult],
        files: FileResourceClient,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """From the second file of a connection on, urllib3 has nothing to do."""
        put()
        monkeypatch.setattr(
            "kognic.base_clients.cloud_storage.transport.Transport._send",
            lambda *_: pytest.fail("urllib3 was asked"),
        )

        assert put().size == len(CONTENT)

    def test_tls(self, make_server: Callable[..., ScriptedServer], fake_time: FakeTime) -> None:
        """The same over TLS."""
        import ssl

        import trustme

        authority = trustme.CA()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(context)
        server = make_server(context=context, name="localhost", default=answer(200))
        with authority.cert_pem.tempfile() as bundle, FileResourceClient(
            max_connections=1, verify=bundle, clock=fake_time.clock
        ) as files:  # fmt: skip
            for _ in range(3):
                files.upload_files({"a": UploadSpec(f"{server.url}/a?s=s", "image/jpeg", data=CONTENT)})

        assert [request.body == CONTENT for request in server.requests] == [True] * 3
        assert server.connections == 1


class TestAnswer:
    @pytest.mark.parametrize(
        "data",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok",
            b"HTTP/1.1 204 No Content\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 3\r\n\r\nabc",
            b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60_000,
        ],
    )
    def test_read_to_its_end(
        self, data: bytes, put: Callable[..., UploadResult], server: ScriptedServer
    ) -> None:
        """Whatever form an answer has, the next one is read from where it ends, on the same connection."""
        server.on("/a", answer(200), raw(data), raw(data), answer(503), answer(200))

        results = [put() for _ in range(4)]

        assert [result.attempts for result in results] == [1, 1, 1, 2]
        assert server.connections == 1

    @pytest.mark.parametrize(
        "data",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
            b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70_000,
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
            b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        ],
    )
    def test_then_the_connection_is_closed(
        self, data: bytes, put: Callable[..., UploadResult], server: ScriptedServer
    ) -> None:
        """An answer that ends the connection, or whose rest nobody reads, leaves nothing to the next one."""
        server.on("/a", answer(200), raw(data, close=True))

        results = [put() for _ in range(3)]

        assert [result.attempts for result in results] == [1, 1, 1]
        assert server.connections == 2

    def test_more_than_announced(self, put: Callable[..., UploadResult], server: ScriptedServer) -> None:
        """Bytes behind an answer are not taken for the next one."""
        forged = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        server.on("/a", answer(200), raw(forged + forged), answer(503), answer(503))
        put()
        put()

        with pytest.raises(errors.UploadError, match="503"):
            put()

    @pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\n"])
    def test_none_is_no_success(
        self, data: bytes, put: Callable[..., UploadResult], server: ScriptedServer
    ) -> None:
        """A connection that breaks within the headers has confirmed nothing: the client retries."""
        server.on("/a", answer(200), raw(data, close=True))
        put()

        assert put().attempts == 2

    def test_an_early_refusal(self, put: Callable[..., UploadResult], server: ScriptedServer) -> None:
        """Storage that refuses before it has read the file, and closes: its reason is what is reported."""

        def refuse(exchange: Exchange) -> None:
            exchange.answer(403, b"<Code>AccessDenied</Code>", Connection="close")
            exchange.discard_body()
            exchange.close()

        server.on("/a", answer(200), refuse)
        put()

        with pytest.raises(errors.UploadError, match="AccessDenied"):
            put(data=b"x" * (4 << 20))

    def test_a_web_page(self, put: Callable[..., UploadResult], server: ScriptedServer) -> None:
        """A gateway's page is no confirmation, whichever request of a connection meets it."""
        page = answer(200, b"<html><body>Sign in</body></html>", Content_Type="text/html")
        server.on("/a", answer(200), page, page)
        put()

        with pytest.raises(errors.UploadError, match="web page"):
            put()

    def test_repeated_headers(self, put: Callable[..., UploadResult], server: ScriptedServer) -> None:
        """Google reports two checksums in two headers of one name; a wrong one is found in either."""
        wrong = b"HTTP/1.1 200 OK\r\nx-goog-hash: crc32c=\r\nx-goog-hash: md5=AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        server.on("/a", answer(200), *[raw(wrong + b"Content-Length: 0\r\n\r\n")] * 2)
        put()

        with pytest.raises(errors.UploadError, match="other bytes"):
            put()

    @pytest.mark.parametrize(
        ("begin", "attempts"),
        [
            ("", 2),
            ("HTTP/1.1 200 OK\r\nX-Slow: ", 2),
            # The status has confirmed the file.
            ("HTTP/1.1 200 OK\r\nContent-Length: 1200\r\n\r\n", 1),
        ],
    )
    def test_drips(self, begin: str, attempts: int, server: ScriptedServer) -> None:
        """An answer that comes a byte at a time ends with its step, not with its last byte."""

        def slowly(exchange: Exchange) -> None:
            exchange.read_body()
            exchange.keep = False
            exchange.sock.sendall(begin.encode())
            with contextlib.suppress(OSError):
                while not exchange.server.over.wait(0.05):
                    exchange.sock.sendall(b"x")

        server.on("/a", answer(200), slowly)
        server.default = answer(200)
        with FileResourceClient(max_connections=1, timeout=0.5, max_retry_wait_time=0) as files:
            spec = UploadSpec(f"{server.url}/a?s=s", "image/jpeg", data=CONTENT)
            files.upload_files({"a": spec})

            assert files.upload_files({"a": spec})["a"].attempts == attempts


def test_longest_answer() -> None:
    """Five digits are enough for the length of a short answer."""
    assert len(str(quick_exchange.MAX_SHORT)) == 5
