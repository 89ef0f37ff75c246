"""Reading answers: whole but limited in size, or as a stream of lines in constant memory.

The rules about what an answer may be are here, once, for the API and for storage: no web page where data is
expected, no encoding but those asked for, no expansion beyond reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import requests
import urllib3

from kognic._core import watchdog
from kognic._core.quick_exchange import ShortResponse
from kognic.base_clients import fast_json
from kognic.base_clients.errors import RequestTimeoutError, ResponseDecodeError, ResponseTooLargeError

MAX_WHOLE = 512 << 20
"""Largest answer that is read whole, bytes after decompression."""
MAX_ERROR = 1 << 20
"""Error bodies are cut here; the message is shorter."""
MAX_LINE = 64 << 20
"""Longest line of a streamed answer, bytes."""
# Bytes; urllib3's own default for streams.
BLOCK = 1 << 16

# Annotations and scenes as JSON compress 10 to 60 times; gzip reaches 1032 times with zeros alone. Below the
# allowance no ratio is checked, because short answers of one repeated word are harmless.
MAX_RATIO = 250
# Bytes. Nothing runs out of memory below them.
RATIO_ALLOWANCE = 16 << 20
# What the client asks for in Accept-Encoding; servers may answer with the old name of gzip as well.
ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
# Enough of a body to recognise a page by.
_START = 512


def in_time() -> bool:
    """Return the deadline check of callers without a deadline."""
    return False


def read_whole(
    response: requests.Response,
    limit: int = MAX_WHOLE,
    *,
    what: str,
    cut: bool = False,
    late: Callable[[], bool] = in_time,
) -> None:
    """Read the body of a streamed response into `response.content`.

    Args:
        response: Made with `stream=True`.
        limit: Bytes.
        what: Method and address, for the message.
        cut: Keep the beginning of a body that is too large or too slow, instead of raising.
        late: Returns whether the deadline has passed; called after each piece.

    Raises:
        ResponseTooLargeError: It is larger, or expands too much.
        RequestTimeoutError: It was late.
        ResponseDecodeError: Its encoding is none that the client asked for.
    """
    if getattr(response, "_content", False) is not False:
        return
    parts, size = [], 0
    for part in _pieces(response, what=what):
        parts.append(part)
        size += len(part)
        if late():
            break
        if size > limit:
            response.close()
            if not cut:
                raise ResponseTooLargeError(
                    f"{what}: the answer is larger than {limit} bytes, the most that is read at once",
                    response=response,
                )
            break
    if late():
        # Also after the last piece: without a length, a closed connection looks like the end of the body.
        response.close()
        if not cut:
            raise RequestTimeoutError(f"{what}: the answer did not end within the deadline", sent=True)
    # requests offers no way to hand over a body that was read under a limit.
    vars(response).update(_content=b"".join(parts)[:limit], _content_consumed=True)


def discard(response: requests.Response, *, what: str, late: Callable[[], bool] = in_time) -> None:
    """Ignore a body, but read it if it is short, so that the connection can be reused.

    Raises:
        ResponseDecodeError: It is a web page: a gateway answered instead of the platform.
    """
    start, size = b"", 0
    try:
        for part in _pieces(response, what=what):
            start = start if len(start) >= _START else start + part
            size += len(part)
            if size >= MAX_ERROR or late():
                break
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
        pass  # The status has said all that matters.
    finally:
        response.close()
    refuse_web_page(response.headers.get("Content-Type"), start, what=f"{what}: {response.status_code}")


def is_web_page(content_type: str | None, start: bytes) -> bool:
    """Whether a body is HTML; an empty one is not, whatever its header says.

    Args:
        content_type: The header.
        start: The first bytes of the body, decompressed.
    """
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:_START].lower()
    if text.startswith((b"<!doctype html", b"<html")):
        # No sensor data and no JSON begins like this, so a wrong header does not matter.
        return True
    kind = (content_type or "").partition(";")[0].strip().lower()
    return kind in {"text/html", "application/xhtml+xml"} and text[:1] == b"<"


def refuse_web_page(content_type: str | None, start: bytes, *, what: str) -> None:
    """Raise an error for a page of a gateway or login, which is never data.

    Raises:
        ResponseDecodeError: It is one.
    """
    if is_web_page(content_type, start):
        raise ResponseDecodeError(
            f"{what}, but the answer is a web page ({start[:60].decode('utf-8', 'replace')!r}). Check whether"
            " a proxy or login page stands between you and the platform",
            "",
            0,
        )


def not_a_page(blocks: Iterable[bytes], response: requests.Response, *, what: str) -> Iterator[bytes]:
    """Pass the blocks of a body on, unless it is a web page.

    Raises:
        ResponseDecodeError: It is one.
    """
    first = True
    for block in blocks:
        if first:
            first = False
            kind = response.headers.get("Content-Type")
            refuse_web_page(kind, block, what=f"{what}: {response.status_code}")
        yield block


def check_encoding(encoding: str | None, *, what: str) -> None:
    """Reject nested and unknown content encodings, which the client does not request.

    Raises:
        ResponseDecodeError: It is one of them.
    """
    if (encoding or "").strip().lower() not in ENCODINGS:
        raise ResponseDecodeError(
            f"{what}: the answer has Content-Encoding {encoding!r}, must be gzip or deflate, once", "", 0
        )


def check_expansion(unpacked: int, packed: int, *, what: str) -> None:
    """Reject a response that decompresses to many times its size.

    Raises:
        ResponseTooLargeError: It does.
    """
    if unpacked > RATIO_ALLOWANCE + MAX_RATIO * packed:
        raise ResponseTooLargeError(
            f"{what}: {packed} bytes of the answer unpack to more than {unpacked} bytes, over {MAX_RATIO}"
            " times as many"
        )


def decode(response: requests.Response, *, what: str) -> Any:
    """Decode the JSON of a body that has been read.

    Raises:
        ResponseDecodeError: It is not JSON.
    """
    try:
        return fast_json.loads(response.content)
    except (ValueError, RecursionError) as error:
        kind = response.headers.get("Content-Type", "no content type")
        start = response.content[:80].decode("utf-8", "replace")
        text = f"{what}: {response.status_code}, but the body is not JSON ({kind}): {start!r}"
        raise ResponseDecodeError(text, "", 0) from error


def _pieces(response: requests.Response, *, what: str) -> Iterator[bytes]:
    """The body as it comes in; in full blocks if the session has answers of its own kind."""
    check_encoding(response.headers.get("Content-Encoding"), what=what)
    if not isinstance(response.raw, urllib3.HTTPResponse):
        yield from response.iter_content(BLOCK)
        return
    if isinstance(response.raw, ShortResponse) and (whole := response.raw.take()) is not None:
        yield whole
        return
    size, guard = 0, watchdog.current()
    if guard is not None:
        guard.reading()
    for block in as_they_come(response, guard):
        size += len(block)
        if guard is not None:
            guard.moved(len(block))
        check_expansion(size, response.raw.tell(), what=what)
        yield block


def as_they_come(response: requests.Response, guard: watchdog.Guard | None = None) -> Iterator[bytes]:
    """Yield the blocks of an unread body, each as soon as it is there: a slow stream is not held back.

    Args:
        response: The answer.
        guard: Limits each read.
    """
    if guard is None:
        while block := response.raw.read1(BLOCK, decode_content=True):
            yield block
        return
    while True:
        guard.begin()
        try:
            block = response.raw.read1(BLOCK, decode_content=True)
        finally:
            guard.finish()
        if not block:
            return
        yield block


def split_lines(blocks: Iterable[bytes], limit: int = MAX_LINE) -> Iterator[bytes]:
    """Cut a stream into lines, without their ends.

    Raises:
        ResponseTooLargeError: A line is longer than `limit` bytes.
    """
    rest: list[bytes] = []
    size = 0
    for block in blocks:
        if b"\n" not in block:
            rest.append(block)
            size += len(block)
            if size > limit:
                raise ResponseTooLargeError(f"a line of the stream is longer than {limit} bytes")
            continue
        lines = b"".join((*rest, block)).split(b"\n")
        last = lines.pop()
        rest, size = [last], len(last)
        yield from lines
    if size:
        yield b"".join(rest)
