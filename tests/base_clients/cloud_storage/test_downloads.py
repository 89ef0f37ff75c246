"""Downloads over real sockets: whole, checked, atomic."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import logging
import os
import pickle
import stat
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from kognic.base_clients import errors
from kognic.base_clients.cloud_storage import (
    DownloadResult,
    FileResourceClient,
    UploadSpec,
    checksums,
    downloads,
)
from kognic.base_clients.http.retry import RetryPolicy
from tests.base_clients.conftest import FakeTime
from tests.base_clients.scripted_server import (
    Exchange,
    ScriptedServer,
    Step,
    answer,
    hang_up,
    reset_after_reading,
    reset_unread,
    silent,
    truncated,
)

CONTENT = bytes(range(256)) * 8000
DOCUMENT = {"openlabel": {"metadata": {"schema_version": "1.0.0"}, "t": 1648200140000500001}}
ENCODED = json.dumps(DOCUMENT).encode()


def url_of(server: ScriptedServer, name: str = "a") -> str:
    return f"{server.url}/bucket/{name}?X-Goog-Signature=s3cr3t"


def google(content: bytes, said_of: bytes | None = None) -> Step:
    digest = checksums.checksum_of(content if said_of is None else said_of, "crc32c").digest
    return answer(200, content, X_Goog_Hash=f"crc32c={base64.b64encode(digest).decode()}")


FAULTS: dict[str, Step] = {
    "429": answer(429, Retry_After="1"),
    "500": answer(500),
    "503": answer(503),
    "reset unread": reset_unread,
    "reset": reset_after_reading,
    "hang-up": hang_up,
    "truncated": truncated(ENCODED[:20], missing=30),
    "other bytes": google(ENCODED, said_of=b"other"),
}


class Urls:
    """Gives signed URLs that no local variable of a test holds."""

    def __init__(self, url: str) -> None:
        self._url = url

    def one(self) -> str:
        return self._url

    def many(self) -> Iterator[str]:
        yield self._url

    def broken(self) -> Iterator[str]:
        raise ZeroDivisionError
        yield self._url


def shown(error: BaseException) -> str:
    """What error reporters see: messages, causes, all frames below the test with their local variables."""
    assert error.__traceback__ is not None
    below = error.__traceback__.tb_next
    report = traceback.TracebackException(type(error), error, below, capture_locals=True)
    return "".join(report.format()) + repr(error) + repr(vars(error))


class TestJson:
    def test_request(self, files: FileResourceClient, server: ScriptedServer) -> None:
        server.default = answer(200, ENCODED)
        assert files.get_json(url_of(server)) == DOCUMENT

        request = server.requests[0]
        assert request.target == "/bucket/a?X-Goog-Signature=s3cr3t"
        assert request.headers == {
            "host": f"127.0.0.1:{server.port}",
            "accept": "*/*",
            "accept-encoding": "gzip, deflate",
            "connection": "keep-alive",
            "user-agent": f"python-requests/{requests.__version__}",
        }

    def test_compressed(self, files: FileResourceClient, server: ScriptedServer) -> None:
        """What storage says of the compressed object does not apply to what comes out."""
        server.default = answer(
            200, gzip.compress(ENCODED), Content_Encoding="gzip", ETag=f'"{hashlib.md5(ENCODED).hexdigest()}"'
        )
        assert files.get_json(url_of(server)) == DOCUMENT
        assert files.get_bytes(url_of(server)) == ENCODED

    @pytest.mark.parametrize("fault", FAULTS)
    def test_faults_are_survived(self, fault: str, files: FileResourceClient, server: ScriptedServer) -> None:
        server.on("/bucket/a", FAULTS[fault], FAULTS[fault])
        server.default = google(ENCODED)
        assert files.get_json(url_of(server)) == DOCUMENT
        assert len(server.requests) == 3

    def test_html_instead_of_json_is_survived(
        self, files: FileResourceClient, server: ScriptedServer
    ) -> None:
        server.on("/bucket/a", answer(200, b"<html>gateway</html>"))
        server.default = answer(200, ENCODED)
        assert files.get_json(url_of(server)) == DOCUMENT

    def test_what_never_is_json(self, fake_time: FakeTime, server: ScriptedServer) -> None:
        server.default = answer(200, b"\xff\xfe\x00")
        with (
            FileResourceClient(max_retry_attempts=1, clock=fake_time.clock) as files,
            pytest.raises(requests.exceptions.JSONDecodeError, match="the content is not JSON"),
        ):
            files.get_json(url_of(server))

    def test_errors(self, files: FileResourceClient, server: ScriptedServer) -> None:
        server.on("/bucket/a", answer(404, b"<Code>NoSuchKey</Code>"), answer(403, b"Request has expired"))
        with pytest.raises(requests.HTTPError, match="NoSuchKey") as raised:
            files.get_json(url_of(server))
        assert isinstance(raised.value, errors.NotFoundError)
        assert "s3cr3t" not in str(raised.value)
        with pytest.raises(errors.SignedUrlExpiredError):
            files.get_json(url_of(server))

    @pytest.mark.parametrize(
        ("date", "expired"),
        [("Sat, 31 Jan 2026 12:30:00 GMT", False), ("Sat, 31 Jan 2026 13:30:00 GMT", True)],
    )
    def test_the_clock_of_storage_decides(
        self, files: FileResourceClient, server: ScriptedServer, date: str, expired: bool
    ) -> None:
        """Whether a URL that was signed for an hour has expired does not depend on this machine's time."""
        server.default = answer(403, b"SignatureDoesNotMatch", Date=date)
        with pytest.raises(errors.ApiError) as raised:
            files.get_json(f"{server.url}/bucket/a?X-Amz-Date=20260131T120000Z&X-Amz-Expires=3600")
        assert isinstance(raised.value, errors.SignedUrlExpiredError) is expired

    def test_redirects(
        self, files: FileResourceClient, server: ScriptedServer, make_server: Callable[..., ScriptedServer]
    ) -> None:
        other = make_server(default=answer(200, ENCODED))
        server.on("/bucket/a", answer(302, Location=f"{other.url}/x"))
        assert files.get_json(url_of(server)) == DOCUMENT
        server.default = answer(302, Location="/bucket/a")
        with pytest.raises(requests.TooManyRedirects):
            files.get_json(url_of(server))

    @pytest.mark.parametrize(
        "location", ["ftp://h/a", "http://[broken/a", "https://h:99999999/a", "https:///a"]
    )
    def test_redirects_that_lead_nowhere(
        self, location: str, files: FileResourceClient, server: ScriptedServer
    ) -> None:
        server.default = answer(302, Location=f"{location}?Signature=s3cr3t")
        with pytest.raises(errors.ApiError, match="302 Client Error") as caught:
            files.get_json(url_of(server))
        assert len(server.requests) == 1
        assert b"s3cr3t" not in pickle.dumps(caught.value)

    def test_a_length_that_no_object_has(self, files: FileResourceClient, server: ScriptedServer) -> None:
        """Python refuses to make a number of it, which must not pass for an error of the caller."""

        def absurd(exchange: Exchange) -> None:
            exchange.read_body()
            exchange.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{}")
            exchange.close()

        server.default = absurd
        assert files.get_json(url_of(server)) == {}

    def test_size_is_limited(
        self, files: FileResourceClient, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Counted after decompression."""
        monkeypatch.setattr(downloads.get_json, "__defaults__", (1 << 20,))
        server.default = answer(200, gzip.compress(b" " * (8 << 20)), Content_Encoding="gzip")
        with pytest.raises(errors.ResponseTooLargeError, match="larger than 1048576 bytes"):
            files.get_json(url_of(server))

    def test_connection_is_reused(self, files: FileResourceClient, server: ScriptedServer) -> None:
        server.default = answer(200, ENCODED)
        for _ in range(5):
            files.get_json(url_of(server))
        assert server.connections == 1

    def test_storage_that_hangs(self, server: ScriptedServer) -> None:
        server.default = silent
        with (
            FileResourceClient(timeout=0.1, retry=RetryPolicy.none()) as files,
            pytest.raises(errors.RequestTimeoutError, match=r"no answer within 0.1 s"),
        ):
            files.get_json(url_of(server))

    def test_a_body_that_stops_coming(self, server: ScriptedServer) -> None:
        def begin(exchange: Exchange) -> None:
            exchange.read_body()
            exchange.answer(200, ENCODED[:10], length=len(ENCODED))
            exchange.server.over.wait()

        server.default = begin
        with (
            FileResourceClient(timeout=0.1, retry=RetryPolicy.none()) as files,
            pytest.raises(errors.RequestTimeoutError),
        ):
            files.get_json(url_of(server))


class TestMany:
    def test_in_order(self, files: FileResourceClient, server: ScriptedServer) -> None:
        """The order of the URLs, whichever answer comes first."""
        first = threading.Event()

        def late(exchange: Exchange) -> None:
            exchange.read_body()
            first.wait(30)
            exchange.answer(200, b'"late"')

        def early(exchange: Exchange) -> None:
            exchange.read_body()
            exchange.answer(200, b'"early"')
            first.set()

        server.on("/bucket/a", late)
        server.on("/bucket/b", early)
        assert list(files.get_json_many([url_of(server, "a"), url_of(server, "b")])) == ["late", "early"]

    def test_look_ahead_is_bounded(self, files: FileResourceClient, server: ScriptedServer) -> None:
        """URLs are taken as needed, not all at once: there may be a hundred thousand."""
        server.default = answer(200, b"1")
        taken: list[int] = []

        def urls() -> Iterator[str]:
            for n in range(100):
                taken.append(n)
                yield url_of(server, str(n))

        documents = files.get_json_many(urls())
        assert taken == []
        next(documents)
        assert len(taken) <= 2 * files.max_connections
        assert sum(documents) == 99
        assert server.connections <= files.max_connections

    def test_error_surfaces_in_its_place(self, files: FileResourceClient, server: ScriptedServer) -> None:
        server.default = answer(200, b"1")
        server.on("/bucket/2", answer(404))
        documents = files.get_json_many(url_of(server, str(n)) for n in range(50))

        assert [next(documents), next(documents)] == [1, 1]
        with pytest.raises(errors.NotFoundError):
            next(documents)

    def test_a_web_page_among_the_documents(self, files: FileResourceClient, server: ScriptedServer) -> None:
        """It is fetched again; a page that stays is an error in its place."""
        server.default = answer(200, b"1")
        server.on("/bucket/1", answer(200, b"<html>"))
        assert list(files.get_json_many(url_of(server, str(n)) for n in range(3))) == [1, 1, 1]
        server.on("/bucket/2", *[answer(200, b"<html>")] * 99)
        documents = files.get_json_many(url_of(server, str(n)) for n in range(3))
        assert [next(documents), next(documents)] == [1, 1]
        with pytest.raises(errors.ResponseDecodeError, match="the answer is a web page"):
            next(documents)

    def test_stopping_early(self, files: FileResourceClient, server: ScriptedServer) -> None:
        server.default = answer(200, b"1")
        documents = files.get_json_many(url_of(server, str(n)) for n in range(1000))
        next(documents)
        documents.close()  # type: ignore[attr-defined]
        files.close()
        assert len(server.requests) <= 3 * files.max_connections

    def test_consumers_help_themselves_when_all_threads_are_busy(
        self, files: FileResourceClient, server: ScriptedServer
    ) -> None:
        """Otherwise a callback of an upload that reads from storage would wait for itself."""
        server.default = answer(200, b"7")

        def callback(name: str) -> bytes:
            return b"%d" % sum(files.get_json_many([url_of(server)] * 5))

        specs = {
            str(n): UploadSpec(f"{server.url}/up{n}", "x/y", str(n), callback=callback) for n in range(12)
        }
        files.upload_files(specs)
        assert {request.body for request in server.requests if request.method == "PUT"} == {b"35"}

    def test_documents_are_not_decoded(self, files: FileResourceClient, server: ScriptedServer) -> None:
        """Their text is handed on, in order; what does not look like a JSON object is asked for again."""
        server.default = answer(200, ENCODED)
        server.on("/bucket/b", answer(200, b"<html>"), answer(200, b'{"later": decoded}'))
        assert files.get_document(url_of(server)).decode("it") == DOCUMENT

        found = list(files.get_document_many([url_of(server, "a"), url_of(server, "b")]))
        assert [document.content for document in found] == [ENCODED, b'{"later": decoded}']

    def test_bytes(self, files: FileResourceClient, server: ScriptedServer) -> None:
        server.default = answer(200, ENCODED)
        assert list(files.get_bytes_many([url_of(server)] * 3)) == [ENCODED] * 3


class TestFiles:
    def test_download(self, files: FileResourceClient, server: ScriptedServer, tmp_path: Path) -> None:
        server.default = google(CONTENT)
        result = files.download(url_of(server), tmp_path / "a.las")

        assert isinstance(result, DownloadResult)
        assert (tmp_path / "a.las").read_bytes() == CONTENT
        assert (result.path, result.size, result.attempts) == (tmp_path / "a.las", len(CONTENT), 1)
        assert str(result.checksum).startswith("crc32c:")
        assert server.requests[0].headers["accept-encoding"] == "identity"
        assert [file.name for file in tmp_path.iterdir()] == ["a.las"]

    def test_permissions_are_those_of_new_files(
        self, files: FileResourceClient, server: ScriptedServer, tmp_path: Path
    ) -> None:
        before = os.umask(0o027)
        try:
            files.download(url_of(server), tmp_path / "a")
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640

    @pytest.mark.parametrize("fault", FAULTS)
    def test_faults_are_survived(
        self, fault: str, files: FileResourceClient, server: ScriptedServer, tmp_path: Path
    ) -> None:
        server.on("/bucket/a", FAULTS[fault])
        server.default = answer(200, CONTENT)
        assert files.download(url_of(server), tmp_path / "a").attempts == 2
        assert (tmp_path / "a").read_bytes() == CONTENT

    @pytest.mark.parametrize(
        "step", [answer(404), truncated(CONTENT), google(CONTENT, said_of=b"x")], ids=["404", "cut", "other"]
    )
    def test_failure_leaves_what_was_there(
        self, step: Step, fake_time: FakeTime, server: ScriptedServer, tmp_path: Path
    ) -> None:
        """Never half a file, never a temporary one."""
        (tmp_path / "a").write_bytes(b"old")
        server.default = step
        with (
            FileResourceClient(max_retry_attempts=1, clock=fake_time.clock) as files,
            pytest.raises(errors.KognicError),
        ):
            files.download(url_of(server), tmp_path / "a")
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"a": b"old"}

    def test_folder_that_does_not_exist(
        self, files: FileResourceClient, server: ScriptedServer, tmp_path: Path
    ) -> None:
        with pytest.raises(FileNotFoundError):
            files.download(url_of(server), tmp_path / "nowhere" / "a")

    def test_disk_that_is_full(
        self,
        files: FileResourceClient,
        server: ScriptedServer,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Not taken for a failure of the network: no second attempt."""

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left on device"):
            files.download(url_of(server), tmp_path / "a")
        assert len(server.requests) == 1
        assert list(tmp_path.iterdir()) == []


def test_unknown_kinds_of_url(files: FileResourceClient) -> None:
    bad: Any = "file:///etc/passwd"
    with pytest.raises(requests.exceptions.InvalidURL, match="a signed URL is http"):
        files.get_json(bad)


class TestSecrecy:
    """The query of a signed URL is in no log line, and in no traceback with local variables."""

    @pytest.fixture
    def urls(self, server: ScriptedServer) -> Urls:
        return Urls(url_of(server))

    def test_malformed_headers(
        self, files: FileResourceClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """urllib3 warns of them with the whole address."""
        caplog.set_level(logging.DEBUG)

        def malformed(exchange: Exchange) -> None:
            exchange.read_body()
            exchange.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno colon\r\nX: y\r\n\r\n{}")

        server.default = malformed
        assert files.get_json(url_of(server)) == {}
        assert "Failed to parse headers" in caplog.text
        assert "s3cr3t" not in caplog.text

    def test_a_folder_that_is_not_there(
        self, files: FileResourceClient, server: ScriptedServer, urls: Urls, tmp_path: Path
    ) -> None:
        server.default = answer(200, ENCODED)
        with pytest.raises(FileNotFoundError) as caught:
            files.download(urls.one(), tmp_path / "missing" / "a")
        assert "s3cr3t" not in shown(caught.value)

    def test_endless_redirects(self, files: FileResourceClient, server: ScriptedServer, urls: Urls) -> None:
        server.default = answer(302, Location=urls.one())
        with pytest.raises(requests.TooManyRedirects) as caught:
            files.get_json(urls.one())
        assert "s3cr3t" not in shown(caught.value)

    @pytest.mark.parametrize("method", ["get_json_many", "get_bytes_many", "get_document_many"])
    def test_many(self, method: str, files: FileResourceClient, server: ScriptedServer, urls: Urls) -> None:
        server.default = answer(404)
        with pytest.raises(errors.NotFoundError) as caught:
            next(getattr(files, method)(urls.many()))
        assert "s3cr3t" not in shown(caught.value)

    def test_frames_of_the_user_stay(self, files: FileResourceClient, urls: Urls) -> None:
        with pytest.raises(ZeroDivisionError) as caught:
            next(files.get_json_many(urls.broken()))
        frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert frames[-1] == "broken"


def test_the_umask_survives_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can only be read by setting it: downloads that end together must not leave it changed."""
    reading, known = threading.Barrier(2), os.umask
    before = known(0o022)

    def slow(mask: int) -> int:
        found = known(mask)
        if mask == 0o077:
            with contextlib.suppress(threading.BrokenBarrierError):
                reading.wait(0.2)  # The other thread, if nothing keeps it out.
        return found

    monkeypatch.setattr(os, "umask", slow)
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        file.touch()
    threads = [threading.Thread(target=downloads._like_other_files, args=[file]) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert known(before) == 0o022
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o644, 0o644]
