"""Downloads from signed URLs: into memory under a limit, or into a file that is complete when it appears."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

import urllib3

from kognic._core import watchdog
from kognic._core.quick_exchange import Answer
from kognic._core.retrying import server_time
from kognic.base_clients import fast_json
from kognic.base_clients.cloud_storage import checksums, signed_urls
from kognic.base_clients.cloud_storage.meter import Meter
from kognic.base_clients.cloud_storage.payloads import BLOCK
from kognic.base_clients.cloud_storage.results import DownloadResult
from kognic.base_clients.cloud_storage.upload import Tools
from kognic.base_clients.errors import (
    IntegrityError,
    ResponseDecodeError,
    ResponseTooLargeError,
    SignedUrlExpiredError,
    api_error,
)
from kognic.base_clients.http import redirects
from kognic.base_clients.http.attempts import Attempts
from kognic.base_clients.http.bodies import MAX_WHOLE, check_encoding, refuse_web_page
from kognic.base_clients.http.operations import Effect
from kognic.base_clients.serialization.documents import RawJson

T = TypeVar("T")

_umask_lock = threading.Lock()


def get_bytes(url: str, tools: Tools, limit: int = MAX_WHOLE) -> bytes:
    """Get the whole object."""
    name = f"GET {signed_urls.shown(url)}"
    return Download(url, tools, lambda blocks: _joined(blocks, limit, name), decode=True).run()


def get_json(url: str, tools: Tools, limit: int = MAX_WHOLE) -> Any:
    """Get the decoded JSON of an object."""
    name = f"GET {signed_urls.shown(url)}"

    def parse(blocks: Iterable[bytes]) -> Any:
        content = _joined(blocks, limit, name)
        try:
            return fast_json.loads(content)
        except (ValueError, RecursionError) as error:
            text = f"{name}: the content is not JSON: {content[:80].decode('utf-8', 'replace')!r}"
            raise ResponseDecodeError(text, "", 0) from error

    return Download(url, tools, parse, decode=True).run()


def get_document(url: str, tools: Tools, limit: int = MAX_WHOLE) -> RawJson:
    """Get the JSON object behind a URL, not decoded yet; anything else is rejected."""
    name = f"GET {signed_urls.shown(url)}"

    def look(blocks: Iterable[bytes]) -> RawJson:
        content = _joined(blocks, limit, name)
        if not (content[:1] == b"{" and content.rstrip()[-1:] == b"}"):
            # A gateway's page, or half a document: worth another attempt, which decoding later is not.
            text = f"{name}: the content is not a JSON object: {content[:80].decode('utf-8', 'replace')!r}"
            raise ResponseDecodeError(text, "", 0)
        return RawJson(content)

    return Download(url, tools, look, decode=True).run()


def download(url: str, path: str | os.PathLike[str], tools: Tools) -> DownloadResult:
    """Fetch an object into a file, which appears, or is replaced, only when it is complete and on disk."""
    target, started = Path(path), tools.clock.now()

    def save(blocks: Iterable[bytes]) -> int:
        with appearing(target) as file:
            return sum(file.write(block) for block in blocks)

    work = Download(url, tools, save)
    size = work.run()
    return DownloadResult(
        path=target,
        size=size,
        seconds=tools.clock.now() - started,
        attempts=work.attempts,
        checksum=work.checksum,
    )


class Download(Generic[T]):
    """One GET of a signed URL, with its attempts.

    Args:
        url: The signed URL.
        tools: Connections, policy and clock of the client.
        consume: Makes the result of the blocks; called anew for each attempt. The blocks raise when what came
            is not what storage holds, so that nothing is to be made final before they have ended.
        decode: Whether storage may compress what it sends.
    """

    def __init__(
        self, url: str, tools: Tools, consume: Callable[[Iterable[bytes]], T], *, decode: bool = False
    ) -> None:
        self.attempts = 0
        self.checksum: str | None = None
        self._url = url
        self._tools = tools
        self._consume = consume
        self._decode = decode

    def run(self) -> T:
        """Fetch it.

        Raises:
            KognicError: It could not be fetched.
        """
        attempts = Attempts(
            lambda _: self._attempt(),
            policy=self._tools.policy,
            effect=Effect.READ,
            limits=self._tools.limits,
            name=f"GET {signed_urls.shown(self._url)}",
            clock=self._tools.clock,
            is_transfer=True,
        )
        try:
            return attempts.run()
        finally:
            self.attempts = attempts.made

    def _attempt(self) -> T:
        name = f"GET {signed_urls.shown(self._url)}"
        with watchdog.guarded(None, self._tools.transport.timeout):
            return redirects.follow(self._get, self._url, name=name)

    def _get(self, url: str) -> T | redirects.Moved:
        """Fetch from one address, or say where the object is instead."""
        tools = self._tools
        headers = {} if self._decode else {"Accept-Encoding": "identity"}
        meter = Meter(f"GET {signed_urls.shown(url)}", window=tools.transport.timeout, clock=tools.clock)
        answer = tools.transport.send("GET", tools.transport.address(url), headers, meter=meter)
        assert not isinstance(answer, Answer)  # which only uploads get
        if 200 <= answer.status < 300:
            return self._consume(self._checked(answer, url, meter))
        response = tools.transport.error_response(answer, url)
        moved = redirects.moved("GET", answer.status, response.headers.get("location"), url)
        if moved is not None:
            return moved
        now = server_time(response.headers.get("Date"), tools.clock.wall())
        expired = signed_urls.has_expired(url, answer.status, response.text, now)
        kind = SignedUrlExpiredError if expired else None
        raise api_error(response, method="GET", url=signed_urls.shown(url), kind=kind)

    def _checked(self, answer: urllib3.BaseHTTPResponse, url: str, meter: Meter) -> Iterator[bytes]:
        """The body; raises at its end if it is not what storage says it holds."""
        said = checksums.reported(answer.headers)
        if said is not None:
            meter.algorithm, meter.hasher = said.algorithm, checksums.new_hasher(said.algorithm)
        length = checksums.size_in(answer.headers.get("content-length", ""))
        if self._decode:
            check_encoding(answer.headers.get("content-encoding"), what=meter.name)
        first = True
        for block in self._tools.transport.blocks(answer, url, meter, BLOCK, decode=self._decode):
            if first:
                first = False
                kind = answer.headers.get("content-type")
                refuse_web_page(kind, block, what=f"{meter.name}: {answer.status}")
            yield block
        encoded = answer.headers.get("content-encoding", "identity") != "identity"
        if length is not None and not encoded and meter.size != length:
            raise IntegrityError(f"{meter.name}: {meter.size} bytes came, {length} were announced")
        if said is not None and meter.hasher is not None:
            ours = checksums.Checksum(said.algorithm, meter.hasher.digest())
            if ours != said:
                raise IntegrityError(f"{meter.name}: other bytes came ({ours}) than storage holds ({said})")
            self.checksum = str(ours)


@contextmanager
def appearing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that gets its name when the context ends without an error."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _like_other_files(temporary)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    _sync_folder(path.parent)


def _like_other_files(path: str) -> None:
    """Give a temporary file, private at first, the permissions of new files."""
    # It can only be read by setting it; two threads at once would leave it set.
    with _umask_lock:
        umask = os.umask(0o077)
        os.umask(umask)
    Path(path).chmod(0o666 & ~umask)


def _sync_folder(folder: Path) -> None:
    """Make a new name durable; Windows does that by itself and knows no such call."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _joined(blocks: Iterable[bytes], limit: int, name: str) -> bytes:
    parts, size = [], 0
    for block in blocks:
        parts.append(block)
        size += len(block)
        if size > limit:
            raise ResponseTooLargeError(f"{name}: larger than {limit} bytes; download it to a file instead")
    return b"".join(parts)
