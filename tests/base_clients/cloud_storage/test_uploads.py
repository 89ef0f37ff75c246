"""Uploads over real sockets: what arrives, what is repeated, what is said when it fails."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import os
import socket
import threading
import traceback
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import Any

import pytest
import requests

from kognic.base_clients import errors
from kognic.base_clients.cloud_storage import FileResourceClient, UploadResult, UploadSpec, checksums
from kognic.base_clients.cloud_storage.coroutines import EventLoopThread
from kognic.base_clients.cloud_storage.payloads import BLOCK
from kognic.base_clients.http.limits import SharedLimits
from kognic.base_clients.http.retry import RetryPolicy
from tests.base_clients.conftest import FakeTime
from tests.base_clients.scripted_server import (
    Exchange,
    ScriptedServer,
    Step,
    answer,
    deaf,
    hang_up,
    reset_after_reading,
    reset_unread,
    silent,
    truncated,
)

CONTENT = bytes(range(256)) * 2000
SECRET = "s3cr3t"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.jpg"
    file.write_bytes(CONTENT)
    return file


@pytest.fixture
def storage(server: ScriptedServer) -> ScriptedServer:
    server.default = answer(200)
    return server


def spec(server: ScriptedServer, name: str = "a", **options: Any) -> UploadSpec:
    return UploadSpec(f"{server.url}/bucket/{name}?X-Goog-Signature={SECRET}", "image/jpeg", **options)


def upload(files: FileResourceClient, server: ScriptedServer, **options: Any) -> UploadResult:
    return files.upload_files({"a": spec(server, **options)})["a"]


class Silent(RawIOBase):
    """A pipe that has ended: it cannot seek, and gives nothing."""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return b""

    def seekable(self) -> bool:
        return False


class TestRequest:
    def test_what_goes_out(self, files: FileResourceClient, storage: ScriptedServer, path: Path) -> None:
        """A length, no chunks, no token, the query untouched."""
        upload(files, storage, filename=str(path))
        request = storage.requests[0]

        assert (request.method, request.target) == ("PUT", f"/bucket/a?X-Goog-Signature={SECRET}")
        assert request.body == CONTENT
        assert request.headers == {
            "host": f"127.0.0.1:{storage.port}",
            "accept": "*/*",
            "accept-encoding": "gzip, deflate",
            "connection": "keep-alive",
            "user-agent": f"python-requests/{requests.__version__}",
            "content-type": "image/jpeg",
            "content-length": str(len(CONTENT)),
        }

    def test_no_credentials_whatever_lies_about(
        self,
        files: FileResourceClient,
        storage: ScriptedServer,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Neither a .netrc nor a password in the URL becomes an Authorization header."""
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password word\n")
        (tmp_path / ".netrc").chmod(0o600)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        url = f"http://me:word@127.0.0.1:{storage.port}/bucket/a"
        files.upload_files({"a": UploadSpec(url, "image/jpeg", data=b"x")})

        assert "authorization" not in storage.requests[0].headers
        assert storage.requests[0].headers["host"] == f"127.0.0.1:{storage.port}"

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            bytearray(),
            BytesIO,
            Silent,
            list,
            lambda: [b"", b""],
            lambda: (b for b in [b""]),
            "file",
            "callback",
        ],
    )
    def test_nothing_is_not_sent(
        self, content: Any, files: FileResourceClient, storage: ScriptedServer, tmp_path: Path
    ) -> None:
        """No sensor file has 0 bytes: whatever gives none has gone wrong, and `create` must not succeed."""
        (tmp_path / "empty.jpg").touch()
        options = {
            "file": {"filename": str(tmp_path / "empty.jpg")},
            "callback": {"filename": "n.jpg", "callback": lambda name: b""},
        }.get(content if isinstance(content, str) else "")
        if options is None:
            options = {"data": content() if callable(content) else content}
        with pytest.raises(errors.UploadError, match="is empty: 0 bytes would be uploaded") as raised:
            upload(files, storage, **options)
        assert isinstance(raised.value.cause, errors.SourceError)
        assert storage.requests == []

    def test_unknown_length_is_sent_in_chunks(
        self, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        result = upload(files, storage, data=(block for block in [b"abc", b"", b"de"]))

        assert storage.requests[0].body == b"abcde"
        assert storage.requests[0].headers["transfer-encoding"] == "chunked"
        assert "content-length" not in storage.requests[0].headers
        assert result.size == 5

    def test_path_and_query_are_sent_as_signed(
        self, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        target = "/bucket/a%20b%2Fc.jpg?sig=a%2Bb%3D&x=%7E~"
        files.upload_files({"a": UploadSpec(storage.url + target, "image/jpeg", data=b"x")})
        assert storage.requests[0].target == target

    @pytest.mark.parametrize("status", [200, 201, 204])
    def test_any_success_will_do(
        self, status: int, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        storage.default = answer(status, b"" if status == 204 else b"whatever")
        upload(files, storage, data=b"x")

    def test_answers_of_any_length(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        """A long one costs its connection, a cut one as well; both are successes."""
        storage.on("/bucket/a", answer(200, b"x" * (1 << 20)), answer(200, b"x" * 100), truncated(b"x"))
        for _ in range(4):
            upload(files, storage, data=b"x")
        assert storage.connections == 3

    @pytest.mark.parametrize("size", [0, 100, 1 << 20])
    @pytest.mark.parametrize("chunked", [False, True])
    def test_error_answers_of_any_length(
        self, size: int, chunked: bool, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        """What is left of one is never taken for the next answer."""

        def refuse(exchange: Exchange) -> None:
            exchange.read_body()
            if not chunked:
                exchange.answer(404, b"x" * size)
                return
            head = b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
            body = b"%x\r\n%b\r\n" % (size, b"x" * size) if size else b""
            exchange.sock.sendall(head + body + b"0\r\n\r\n")

        storage.on("/bucket/a", refuse, answer(200), refuse, answer(200))
        for _ in range(2):
            with pytest.raises(errors.UploadError, match="404"):
                upload(files, storage, data=b"x")
            upload(files, storage, data=b"x")
        assert storage.connections == (3 if size > 1 << 16 else 1)

    @pytest.mark.parametrize("url", ["ftp://h/a", "/only/a/path", "https:///a", ""])
    def test_addresses_that_are_none(self, url: str, files: FileResourceClient) -> None:
        with pytest.raises(errors.UploadError, match="a signed URL is http"):
            files.upload_files({"a": UploadSpec(url, "image/jpeg", data=b"x")})

    def test_plain_http_to_another_machine_is_refused(
        self, files: FileResourceClient, fake_time: FakeTime
    ) -> None:
        """Anyone who can read a signed URL in transit can use it."""
        spec = UploadSpec("http://storage.invalid/a?sig=1", "image/jpeg", data=b"x")
        with pytest.raises(errors.UploadError, match="plain http to another machine"):
            files.upload_files({"a": spec})
        with (
            FileResourceClient(allow_http=True, clock=fake_time.clock, max_retry_attempts=0) as trusting,
            pytest.raises(errors.UploadError, match=r"no connection to storage\.invalid"),
        ):
            trusting.upload_files({"a": spec})

    def test_header_injection_is_refused(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        bad = UploadSpec(f"{storage.url}/a", "image/jpeg\r\nX-Evil: 1", data=b"x")
        with pytest.raises(errors.UploadError, match="Invalid header value"):
            files.upload_files({"a": bad})


class TestMany:
    def test_results_in_the_order_of_the_specs(
        self, files: FileResourceClient, storage: ScriptedServer, path: Path
    ) -> None:
        specs = {
            "file": spec(storage, "file", filename=str(path)),
            "bytes": spec(storage, "bytes", data=b"bytes"),
            "stream": spec(storage, "stream", data=BytesIO(b"stream")),
            "callback": spec(storage, "callback", filename="n", callback=lambda name: name.encode()),
        }
        results = files.upload_files(specs)

        assert list(results) == list(specs)
        assert {request.path.rpartition("/")[2]: request.body for request in storage.requests} == {
            "file": CONTENT,
            "bytes": b"bytes",
            "stream": b"stream",
            "callback": b"n",
        }
        assert all(r.attempts == 1 and r.seconds >= 0 for r in results.values())
        assert [r.size for r in results.values()] == [len(CONTENT), 5, 6, 1]

    def test_nothing(self, files: FileResourceClient) -> None:
        assert files.upload_files({}) == {}

    def test_no_more_connections_than_allowed(
        self, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        """Also when several threads upload at once through one client."""
        specs = {str(n): spec(storage, str(n), data=b"x") for n in range(100)}
        threads = [threading.Thread(target=files.upload_files, args=(specs,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(storage.requests) == 300
        assert storage.connections <= files.max_connections

    def test_files_are_sent_at_the_same_time(
        self, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        """As many as there are connections: none of them is answered before all are there."""
        together = threading.Barrier(4, timeout=30)

        def meet(exchange: Exchange) -> None:
            exchange.read_body()
            together.wait()
            exchange.answer(200)

        storage.default = meet
        files.upload_files({str(n): spec(storage, str(n), data=b"x") for n in range(8)})
        assert storage.connections == 4

    def test_one_connection_only(self, storage: ScriptedServer) -> None:
        with FileResourceClient(max_connections=1) as files:
            files.upload_files({str(n): spec(storage, str(n), data=b"x") for n in range(10)})
        assert storage.connections == 1

    @pytest.mark.slow
    @pytest.mark.parametrize("hashed", [False, True])
    def test_memory_is_that_of_the_workers(
        self, storage: ScriptedServer, tmp_path: Path, hashed: bool
    ) -> None:
        """However large the files are, also where they pass through memory to be hashed."""
        size = 16 << 20
        with (tmp_path / "large").open("wb") as file:
            file.truncate(size)
        digest = hashlib.md5(b"\0" * size).digest()

        def take(exchange: Exchange) -> None:
            exchange.discard_body()
            known = {"X_Goog_Hash": f"md5={base64.b64encode(digest).decode()}"} if hashed else {}
            exchange.answer(200, **known)

        storage.default = take
        specs = {str(n): spec(storage, str(n), filename=str(tmp_path / "large")) for n in range(8)}
        with FileResourceClient(max_connections=4) as files:
            files.upload_files(specs)
            tracemalloc.start()
            try:
                files.upload_files(specs)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()

        assert peak < 4 * BLOCK + (2 << 20)

    def test_callbacks_may_upload_themselves(
        self, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        """With all threads busy; the calling thread does the work then."""

        def callback(name: str) -> bytes:
            files.upload_files({f"{name}{n}": spec(storage, f"{name}-{n}", data=b"y") for n in range(3)})
            return b"x"

        specs = {str(n): spec(storage, str(n), filename=str(n), callback=callback) for n in range(8)}
        files.upload_files(specs)
        assert len(storage.requests) == 32

    def test_async_callbacks_share_one_loop(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        loops: list[int] = []

        async def callback(name: str) -> bytes:
            await asyncio.sleep(0)
            loops.append(id(asyncio.get_running_loop()))
            return name.encode()

        specs = {str(n): spec(storage, str(n), filename=str(n), callback=callback) for n in range(20)}
        files.upload_files(specs)
        assert len(set(loops)) == 1
        assert sorted(request.body for request in storage.requests) == sorted(b"%d" % n for n in range(20))

    async def test_inside_a_running_loop(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        """As in a notebook."""

        async def callback(name: str) -> AsyncIterator[bytes]:
            async def blocks() -> AsyncIterator[bytes]:
                yield b"a"
                await asyncio.sleep(0)
                yield b"b"

            return blocks()

        upload(files, storage, filename="n", callback=callback)
        assert storage.requests[0].body == b"ab"

    def test_file_objects_are_closed(
        self, files: FileResourceClient, storage: ScriptedServer, path: Path
    ) -> None:
        file = path.open("rb")
        files.upload_files({"a": spec(storage, data=file), "b": spec(storage, "b", data=file)})
        assert file.closed
        assert [request.body for request in storage.requests] == [CONTENT, CONTENT]

    def test_fork(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        """A forked child opens its own connections instead of writing into its parent's."""
        upload(files, storage, data=b"parent")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                files.upload_files({str(n): spec(storage, str(n), data=b"child") for n in range(3)})
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        upload(files, storage, data=b"parent")

        connections = {request.body: request.connection for request in storage.requests}
        assert len(storage.requests) == 5
        assert connections[b"child"] != connections[b"parent"] == 1


FAULTS: dict[str, Step] = {
    "429": answer(429, Retry_After="1"),
    "500": answer(500),
    "502": answer(502, b"<html>bad gateway</html>"),
    "503": answer(503, b"busy"),
    "reset unread": reset_unread,
    "reset": reset_after_reading,
    "hang-up": hang_up,
}


def contents(path: Path) -> dict[str, Callable[[], dict[str, Any]]]:
    async def coroutine(name: str) -> bytes:
        return CONTENT

    return {
        "file": lambda: {"filename": str(path)},
        "bytes": lambda: {"data": CONTENT},
        "open file": lambda: {"data": path.open("rb")},
        "memory": lambda: {"data": BytesIO(CONTENT)},
        "blocks": lambda: {"data": [CONTENT[:7], CONTENT[7:]]},
        "callback": lambda: {"filename": "n", "callback": lambda name: CONTENT},
        "generator from callback": lambda: {"filename": "n", "callback": lambda name: iter([CONTENT])},
        "coroutine": lambda: {"filename": "n", "callback": coroutine},
    }


class TestRetries:
    @pytest.mark.parametrize("fault", FAULTS)
    @pytest.mark.parametrize("content", contents(Path()))
    def test_the_whole_content_is_sent_again(
        self, fault: str, content: str, files: FileResourceClient, storage: ScriptedServer, path: Path
    ) -> None:
        """Never an empty or partial second attempt, whatever the source."""
        storage.on("/bucket/a", FAULTS[fault], FAULTS[fault])
        result = upload(files, storage, **contents(path)[content]())

        assert storage.requests[-1].body == CONTENT
        assert (result.attempts, result.size) == (3, len(CONTENT))

    def test_generators_are_not_sent_twice(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        storage.on("/bucket/a", answer(503))
        message = r"503 .*not tried again, because its generator can be read only once; pass a callback"
        with pytest.raises(errors.UploadError, match=message):
            upload(files, storage, data=(block for block in [b"a"]))
        assert len(storage.requests) == 1

    def test_generators_that_were_not_begun_are_sent(
        self, fake_time: FakeTime, storage: ScriptedServer
    ) -> None:
        """When there was no connection, nothing of it is gone."""
        refused = socket.socket()
        refused.bind(("127.0.0.1", 0))
        port = refused.getsockname()[1]
        url = f"http://127.0.0.1:{port}/a"
        started: list[ScriptedServer] = []

        def sleep(seconds: float) -> None:
            refused.close()
            listener = ScriptedServer(default=answer(200), port=port)
            started.append(listener)

        clock = type(fake_time.clock)(now=lambda: 0.0, sleep=sleep)
        with FileResourceClient(clock=clock) as files:
            files.upload_files({"a": UploadSpec(url, "x/y", data=iter([b"a"]))})
        assert started[0].requests[0].body == b"a"
        started[0].close()

    def test_as_often_as_asked_for_plus_once(self, fake_time: FakeTime, storage: ScriptedServer) -> None:
        storage.default = answer(502, b"bad gateway")
        with (
            FileResourceClient(max_retry_attempts=4, max_retry_wait_time=0, clock=fake_time.clock) as files,
            pytest.raises(errors.UploadError, match=r"502 .*tried 5 times") as raised,
        ):
            upload(files, storage, data=b"x")
        assert len(storage.requests) == 5
        assert raised.value.response is not None
        assert raised.value.response.status_code == 502

    @pytest.mark.parametrize("status", [400, 403, 404, 411, 501])
    def test_refusals_are_final(
        self, status: int, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        storage.default = answer(status, b"<Error>SignatureDoesNotMatch</Error>")
        with pytest.raises(errors.UploadError, match="SignatureDoesNotMatch") as raised:
            upload(files, storage, data=b"x")
        assert isinstance(raised.value.cause, errors.ApiError)
        assert raised.value.cause is raised.value.__cause__
        assert raised.value.cause.status_code == status
        assert len(storage.requests) == 1

    @pytest.mark.parametrize("body", ["<Code>ExpiredToken</Code>", "<Message>Request has expired</Message>"])
    def test_an_expired_url_has_its_own_error(
        self, body: str, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        storage.default = answer(403, body)
        with pytest.raises(errors.UploadError) as raised:
            upload(files, storage, data=b"x")
        assert isinstance(raised.value.cause, errors.SignedUrlExpiredError)

    @pytest.mark.parametrize(
        ("date", "expired"),
        [("Sat, 31 Jan 2026 12:30:00 GMT", False), ("Sat, 31 Jan 2026 13:30:00 GMT", True)],
    )
    def test_the_clock_of_storage_decides(
        self, files: FileResourceClient, storage: ScriptedServer, date: str, expired: bool
    ) -> None:
        """Whether a URL that was signed for an hour has expired does not depend on this machine's time."""
        storage.default = answer(403, "SignatureDoesNotMatch", Date=date)
        url = f"{storage.url}/bucket/a?X-Amz-Date=20260131T120000Z&X-Amz-Expires=3600"
        with pytest.raises(errors.UploadError) as raised:
            files.upload_files({"a": UploadSpec(url, "image/jpeg", data=b"x")})
        assert isinstance(raised.value.cause, errors.SignedUrlExpiredError) is expired

    def test_an_answer_before_the_end_of_the_body(
        self, files: FileResourceClient, storage: ScriptedServer, tmp_path: Path
    ) -> None:
        """Storage refuses a large file while it is still being sent: its reason is what is reported."""

        def refuse(exchange: Exchange) -> None:
            exchange.answer(403, b"too large", Connection="close")
            exchange.sock.shutdown(socket.SHUT_WR)
            while exchange.sock.recv(1 << 16):
                pass
            exchange.keep = False

        storage.default = refuse
        large = tmp_path / "large"
        large.write_bytes(b"x" * (4 << 20))
        with pytest.raises(errors.UploadError, match="too large"):
            upload(files, storage, filename=str(large))

    def test_redirects_are_followed_with_the_body(
        self, files: FileResourceClient, storage: ScriptedServer, make_server: Callable[..., ScriptedServer]
    ) -> None:
        other = make_server(default=answer(200))
        storage.on("/bucket/a", answer(307, Location=f"{other.url}/b?sig=2"))
        result = upload(files, storage, data=BytesIO(CONTENT))

        assert [request.body for request in other.requests] == [CONTENT]
        assert (result.attempts, result.size) == (1, len(CONTENT))

    @pytest.mark.parametrize("status", [301, 302, 303])
    def test_redirects_that_would_drop_the_body_are_errors(
        self, status: int, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        storage.default = answer(status, Location="/elsewhere")
        with pytest.raises(errors.UploadError, match=str(status)):
            upload(files, storage, data=b"x")

    def test_endless_redirects_end(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        storage.default = answer(308, Location="/bucket/a")
        with pytest.raises(errors.UploadError, match="more than 5 redirects"):
            upload(files, storage, data=b"x")

    @pytest.mark.parametrize("step", [silent, deaf])
    def test_storage_that_hangs(self, step: Step, storage: ScriptedServer, tmp_path: Path) -> None:
        """It neither answers nor reads on: a time-out, not an hour of waiting."""
        storage.default = step
        large = tmp_path / "large"
        large.write_bytes(b"x" * (32 << 20))
        with (
            FileResourceClient(timeout=0.2, retry=RetryPolicy.none()) as files,
            pytest.raises(errors.UploadError) as raised,
        ):
            upload(files, storage, filename=str(large))
        assert isinstance(raised.value.cause, errors.RequestTimeoutError)

    def test_budget_is_shared(self, fake_time: FakeTime, storage: ScriptedServer) -> None:
        storage.default = answer(503)
        limits = SharedLimits(50)
        with FileResourceClient(clock=fake_time.clock, limits=limits, max_connections=2) as files:
            for _ in range(5):
                with pytest.raises(errors.UploadError):
                    upload(files, storage, data=b"x")
        assert len(storage.requests) == 5 + 10

    def test_a_web_page_is_no_success(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        """A gateway has answered in place of storage; an empty body labelled so, as Google's, is fine."""
        storage.on("/bucket/a", answer(200, b"\n<html>Please log in</html>", Content_Type="text/html"))
        storage.default = answer(200, Content_Type="text/html; charset=UTF-8")
        assert upload(files, storage, data=b"x").attempts == 2


class TestFailure:
    def test_what_the_error_tells(self, fake_time: FakeTime, storage: ScriptedServer) -> None:
        """The first failure ends the whole; nothing is left unsaid about any file."""
        storage.on("/bucket/2", answer(403, b"no"))
        with (
            FileResourceClient(clock=fake_time.clock, max_connections=1) as files,
            pytest.raises(errors.UploadError) as raised,
        ):
            files.upload_files({str(n): spec(storage, str(n), data=b"x") for n in range(5)})
        error = raised.value

        assert error.resource_id == "2"
        assert list(error.uploaded) == ["0", "1"]
        assert list(error.failures) == ["2"]
        assert error.not_started == ("3", "4")
        assert "2 could not be uploaded: 403 Client Error" in str(error)
        assert "Of 5 files 2 were uploaded, 1 failed, 2 were not started" in str(error)
        assert len(storage.requests) == 3

    def test_what_is_in_flight_is_finished(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        """A transfer is not broken off because another one failed."""
        over = threading.Event()
        waiting = threading.Barrier(4, timeout=30)

        def slow(exchange: Exchange) -> None:
            exchange.read_body()
            waiting.wait()
            over.wait(30)
            exchange.answer(200)

        def fail(exchange: Exchange) -> None:
            exchange.read_body()
            waiting.wait()
            exchange.answer(403)

        for name in "abc":
            storage.on(f"/bucket/{name}", slow)
        storage.on("/bucket/d", fail)
        with pytest.raises(errors.UploadError) as raised:
            files.upload_files_with(
                {name: spec(storage, name, data=b"x") for name in "abcdef"}, EventLoopThread(), over
            )

        assert list(raised.value.uploaded) == ["a", "b", "c"]
        assert raised.value.resource_id == "d"
        assert raised.value.not_started == ("e", "f")

    def test_retries_of_others_end_as_well(self, storage: ScriptedServer) -> None:
        """A file that waits for its next attempt does not hold up the error."""
        waits = threading.Event()

        def busy(exchange: Exchange) -> None:
            exchange.read_body()
            exchange.answer(503, Retry_After="100")
            waits.set()

        def fail(exchange: Exchange) -> None:
            exchange.read_body()
            waits.wait(30)
            exchange.answer(403)

        storage.on("/bucket/a", busy)
        storage.on("/bucket/b", fail)
        with FileResourceClient(max_connections=2) as files, pytest.raises(errors.UploadError) as raised:
            files.upload_files({name: spec(storage, name, data=b"x") for name in "ab"})

        assert set(raised.value.failures) == {"a", "b"}
        assert len(storage.requests) == 2

    def test_missing_files_are_found_before_anything_is_sent(
        self, files: FileResourceClient, storage: ScriptedServer, path: Path, tmp_path: Path
    ) -> None:
        specs = {
            "a": spec(storage, "a", filename=str(path)),
            "b": spec(storage, "b", filename=str(tmp_path / "nowhere")),
            "c": spec(storage, "c", filename=str(tmp_path)),
        }
        with pytest.raises(errors.UploadError, match="nowhere") as raised:
            files.upload_files(specs)

        assert isinstance(raised.value.cause, errors.MissingFileError)
        assert set(raised.value.failures) == {"b", "c"}
        assert raised.value.not_started == ("a",)
        assert storage.requests == []

    def test_what_is_no_content_is_found_before_anything_is_sent(
        self, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        specs = {"a": spec(storage, "a", data=b"x"), "b": spec(storage, "b", data=5)}
        with pytest.raises(errors.UploadError, match="the content of b is int, must be bytes") as raised:
            files.upload_files(specs)
        assert raised.value.resource_id == "b"
        assert storage.requests == []

    def test_callbacks_that_raise(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        """A RuntimeError that names the file, caused by the original; not repeated."""
        asked: list[str] = []

        def callback(name: str) -> bytes:
            asked.append(name)
            raise KeyError("no such frame")

        with pytest.raises(RuntimeError, match=r"the callback for front\.jpg raised KeyError") as raised:
            upload(files, storage, filename="front.jpg", callback=callback)

        assert isinstance(raised.value, errors.UploadCallbackError)
        assert isinstance(raised.value.__cause__, KeyError)
        shown = "".join(traceback.format_exception(raised.value))
        assert 'raise KeyError("no such frame")' in shown
        assert asked == ["front.jpg"]
        assert storage.requests == []

    def test_generators_that_raise_in_the_middle(
        self, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        """The request is broken off: storage must not take what came for the whole."""

        def blocks() -> Iterator[bytes]:
            yield b"a" * 100
            raise KeyError("no such frame")

        with pytest.raises(errors.UploadCallbackError):
            upload(files, storage, data=blocks())
        assert not any(request.complete for request in storage.requests)

    def test_a_file_that_changes_meanwhile(
        self, files: FileResourceClient, storage: ScriptedServer, path: Path
    ) -> None:
        def change(exchange: Exchange) -> None:
            exchange.read_body()
            path.write_bytes(CONTENT + b"more")
            exchange.answer(200)

        storage.on("/bucket/a", change)
        with pytest.raises(errors.UploadError, match="changed while it was being sent") as raised:
            upload(files, storage, filename=str(path))
        assert isinstance(raised.value.cause, errors.SourceChangedError)
        assert len(storage.requests) == 1

    def test_everything_is_closed_all_the_same(
        self, files: FileResourceClient, storage: ScriptedServer, path: Path
    ) -> None:
        storage.default = answer(403)
        opened = [path.open("rb") for _ in range(8)]
        with pytest.raises(errors.UploadError):
            files.upload_files({str(n): spec(storage, str(n), data=file) for n, file in enumerate(opened)})
        assert all(file.closed for file in opened)

    def test_the_client_works_on_after_a_failure(
        self, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        storage.on("/bucket/a", answer(403))
        with pytest.raises(errors.UploadError):
            upload(files, storage, data=b"x")
        assert upload(files, storage, data=b"x").size == 1

    @pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
    def test_the_end_of_the_program_is_not_an_upload_error(
        self, stop: type[BaseException], files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        def callback(name: str) -> bytes:
            raise stop

        specs = {str(n): spec(storage, str(n), filename="n", callback=callback) for n in range(4)}
        with pytest.raises(stop):
            files.upload_files(specs)

    def test_interrupt_breaks_off_what_is_in_flight(self, storage: ScriptedServer, path: Path) -> None:
        """Ctrl-C does not wait for storage that hangs."""
        hanging = threading.Event()

        def hang(exchange: Exchange) -> None:
            exchange.read_body()
            hanging.set()
            exchange.server.over.wait()

        def interrupt(name: str) -> bytes:
            hanging.wait(30)
            raise KeyboardInterrupt

        storage.on("/bucket/a", hang)
        specs = {
            "a": spec(storage, "a", filename=str(path)),
            "b": spec(storage, "b", filename="n", callback=interrupt),
        }
        with FileResourceClient(timeout=600, max_connections=2) as files, pytest.raises(KeyboardInterrupt):
            files.upload_files(specs)


def google(content: bytes, **more: str) -> Step:
    crc32c = base64.b64encode(checksums.checksum_of(content, "crc32c").digest).decode()
    return answer(200, X_Goog_Hash=f"crc32c={crc32c}", **more)


def etag(content: bytes) -> Step:
    return answer(200, ETag=f'"{hashlib.md5(content).hexdigest()}"')


class TestIntegrity:
    @pytest.mark.parametrize("report", [google, etag])
    @pytest.mark.parametrize("content", contents(Path()))
    def test_what_storage_reports_is_compared(
        self,
        report: Callable[[bytes], Step],
        content: str,
        files: FileResourceClient,
        storage: ScriptedServer,
        path: Path,
    ) -> None:
        """The first time after the fact, then while the bytes pass; nothing is added to the request."""
        storage.default = report(CONTENT)
        first, second = (upload(files, storage, **contents(path)[content]()) for _ in range(2))
        expected = "crc32c:" if report is google else "md5:"

        # A stream is gone once it is sent: the first can only have been hashed for the cheapest algorithm.
        if report is google or content in {"file", "bytes", "open file", "callback", "coroutine"}:
            assert str(first.checksum).startswith(expected)
        assert str(second.checksum).startswith(expected)
        assert "content-md5" not in storage.requests[0].headers
        assert "x-goog-hash" not in storage.requests[0].headers

    @pytest.mark.parametrize("report", [google, etag])
    def test_other_bytes_are_sent_again(
        self,
        report: Callable[[bytes], Step],
        files: FileResourceClient,
        storage: ScriptedServer,
        path: Path,
    ) -> None:
        storage.on("/bucket/a", report(CONTENT[:-1]), report(CONTENT[1:]))
        storage.default = report(CONTENT)
        result = upload(files, storage, filename=str(path))
        assert result.attempts == 3

    def test_bytes_that_stay_different_are_an_error(
        self, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        storage.default = google(b"something else")
        with pytest.raises(errors.UploadError, match="storage holds other bytes") as raised:
            upload(files, storage, data=CONTENT)
        assert isinstance(raised.value.cause, errors.IntegrityError)

    def test_size_is_compared(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        storage.default = answer(200, X_Goog_Stored_Content_Length="3")
        with pytest.raises(errors.UploadError, match=f"storage holds 3 bytes, {len(CONTENT)} were sent"):
            upload(files, storage, data=CONTENT)

    def test_an_etag_that_is_no_digest_is_not_compared(
        self, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        storage.default = answer(200, ETag='"0x8D4BCC2E4835CD0"')
        assert upload(files, storage, data=CONTENT).checksum is None


class Recorder:
    """A custom progress callback."""

    def __init__(self) -> None:
        self.size = 0
        self.expected = 0
        self.lowest = 0
        self.done: list[str] = []
        self.closed = 0
        self._lock = threading.Lock()

    def add(self, files: int, size: int) -> None:
        self.expected += size

    def moved(self, size: int) -> None:
        with self._lock:
            self.size += size
            self.lowest = min(self.lowest, self.size)

    def finished(self, resource_id: str) -> None:
        self.done.append(resource_id)

    def close(self) -> None:
        self.closed += 1


def test_progress_ends_at_the_sum_of_the_sizes(
    storage: ScriptedServer, path: Path, fake_time: FakeTime
) -> None:
    """Failed attempts do not count."""
    storage.on("/bucket/a", answer(503), reset_after_reading)
    progress = Recorder()
    with FileResourceClient(progress=progress, clock=fake_time.clock) as files:
        files.upload_files(
            {"a": spec(storage, "a", filename=str(path)), "b": spec(storage, "b", data=b"bytes")}
        )
    assert progress.size == progress.expected == len(CONTENT) + 5
    assert (sorted(progress.done), progress.closed, progress.lowest) == (["a", "b"], 1, 0)


class TestJson:
    def test_upload_json(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        files.upload_json([{"timestamp": 1648200140000500001}], f"{storage.url}/imu?sig=1")
        request = storage.requests[0]
        assert request.json == [{"timestamp": 1648200140000500001}]
        assert request.headers["content-type"] == "application/json"

    def test_retries(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        storage.on("/imu", answer(503), reset_after_reading)
        files.upload_json([], f"{storage.url}/imu")
        assert len(storage.requests) == 3

    def test_nan_is_refused_before_sending(self, files: FileResourceClient, storage: ScriptedServer) -> None:
        with pytest.raises(errors.RequestBodyError, match=r"\[0\].x is nan"):
            files.upload_json([{"x": float("nan")}], f"{storage.url}/imu")
        assert storage.requests == []

    def test_errors_are_of_the_common_family(
        self, files: FileResourceClient, storage: ScriptedServer
    ) -> None:
        storage.default = answer(404)
        with pytest.raises(requests.HTTPError):
            files.upload_json([], f"{storage.url}/imu")


def test_no_secret_is_left_behind(
    storage: ScriptedServer, caplog: pytest.LogCaptureFixture, fake_time: FakeTime, path: Path
) -> None:
    """The signature stands in no log line at any level, no error, no traceback with variables."""
    caplog.set_level(logging.DEBUG)
    storage.on("/bucket/a", answer(503), reset_after_reading, answer(403, b"no"))
    with FileResourceClient(clock=fake_time.clock) as files:
        specs = {"a": spec(storage, filename=str(path))}
        with pytest.raises(errors.UploadError) as raised:
            files.upload_files(specs)
        files.upload_files(specs)
        assert SECRET not in repr(files)
    error = raised.value
    captured = "".join(
        traceback.TracebackException(type(error), error, error.__traceback__, capture_locals=True).format()
    )

    assert SECRET in storage.requests[0].target
    assert SECRET not in caplog.text
    assert "PUT" in caplog.text
    assert SECRET not in str(error) + repr(error) + repr(error.cause) + repr(vars(error))
    assert "upload_files" in captured
    assert SECRET not in captured
    assert SECRET not in str(error.cause.response.url)  # type: ignore[attr-defined]


def test_closing(storage: ScriptedServer) -> None:
    """Twice is no mistake; using it afterwards is one."""
    files = FileResourceClient()
    upload(files, storage, data=b"x")
    files.close()
    files.close()
    with pytest.raises(errors.ClientClosedError, match="The client is closed"):
        upload(files, storage, data=b"x")
    with pytest.raises(errors.ClientClosedError):
        files.get_json(f"{storage.url}/a")
    with pytest.raises(errors.ClientClosedError):
        list(files.get_json_many([f"{storage.url}/a"]))


@pytest.mark.parametrize("connections", [0, -1])
def test_max_connections_is_checked(connections: int) -> None:
    with pytest.raises(ValueError, match=f"max_connections is {connections}, must be at least 1"):
        FileResourceClient(max_connections=connections)
