"""Reading answers: whole but limited in size, or as a stream of lines in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import requests
import urllib3

from kognic.base_clients import fast_json
from kognic.base_clients.errors import RequestTimeoutError, ResponseDecodeError, ResponseTooLargeError

MAX_WHOLE = 512 << 20
"""Largest answer that is read whole, bytes after decompression."""
MAX_ERROR = 1 << 20
"""Error bodies are cut here; the message is shorter."""
MAX_LINE = 64 << 20
"""Longest line of a streamed answer, bytes."""
BLOCK = 1 << 16
STREAM_BLOCK = 1 << 16


def in_time() -> bool:
    """The answer to whether it is too late, for who has no deadline."""
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
        what: The call, for the message.
        cut: Take the beginning of a body that is too large or too slow, instead of failing.
        late: Asked after each piece whether it takes too long.

    Raises:
        ResponseTooLargeError: It is larger.
        RequestTimeoutError: It was late.
    """
    if getattr(response, "_content", False) is not False:
        return
    parts, size = [], 0
    for part in _pieces(response):
        parts.append(part)
        size += len(part)
        if late():
            response.close()
            if not cut:
                raise RequestTimeoutError(f"{what}: the answer did not end within the deadline", sent=True)
            break
        if size > limit:
            response.close()
            if not cut:
                raise ResponseTooLargeError(
                    f"{what}: the answer is larger than {limit} bytes, which is more than is read at once",
                    response=response,
                )
            break
    # requests offers no way to hand over a body that was read under a limit.
    vars(response).update(_content=b"".join(parts)[:limit], _content_consumed=True)


def discard(response: requests.Response, *, what: str, late: Callable[[], bool] = in_time) -> None:
    """Forget a body, reading it if it is short, so that the connection can be used again.

    Raises:
        ResponseDecodeError: It is a web page: a gateway has answered in the platform's place.
    """
    start, size = b"", 0
    try:
        for part in _pieces(response):
            start = start or part
            size += len(part)
            if size >= MAX_ERROR or late():
                break
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
        pass  # The status has said all that matters.
    finally:
        response.close()
    if is_web_page(response.headers.get("Content-Type"), start):
        raise ResponseDecodeError(f"{what}: {response.status_code}, but the answer is a web page", "", 0)


def is_web_page(content_type: str | None, start: bytes) -> bool:
    """Whether a body is HTML; an empty one is not, whatever its header says."""
    return (content_type or "").lower().startswith("text/html") and start.lstrip()[:1] == b"<"


def decode(response: requests.Response, *, what: str) -> Any:
    """The JSON of a body that has been read.

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


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes in; in full blocks where a session has answers of its own kind."""
    return (
        as_they_come(response)
        if isinstance(response.raw, urllib3.HTTPResponse)
        else response.iter_content(BLOCK)
    )


def as_they_come(response: requests.Response) -> Iterator[bytes]:
    """The blocks of an unread body, each as soon as there is one: a slow stream is not held back."""
    while block := response.raw.read1(STREAM_BLOCK, decode_content=True):
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
