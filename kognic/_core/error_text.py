"""The text of an error answer, the same for both HTTP libraries, and the reason inside a nested exception."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import requests
from urllib3 import exceptions as urllib3

from kognic._core.files import NotJsonError, decode_json
from kognic._core.redaction import redact, redact_url

# An error answer is read no further than this.
MAX_BYTES = 64 * 1024
# Characters: the sentence of an API is shorter, and the web page of a gateway must not fill a log.
_MAX_TEXT = 500


def error_text(status: int, reason: str, url: str, body: str) -> str:
    """Return two lines: the status and the URL; what the body says, not more than 500 characters of it."""
    line = f"{status_line(status, reason)} for url: {redact_url(url)}"
    return f"{line}\nGot error in response: '{said(body)}'"


def status_line(status: int, reason: str) -> str:
    """Return the status as requests words it."""
    if not 400 <= status < 600:
        return f"{status} Unexpected Answer: {reason}"
    return f"{status} {'Client' if status < 500 else 'Server'} Error: {reason}"


def said(body: str) -> str:
    """Return what a body says to people: its `message`, else all of it."""
    try:
        document = decode_json(body)
    except NotJsonError:
        document = None
    message = document.get("message") if isinstance(document, dict) else None
    return shortened(redact(str(message or body)))


def shortened(text: str) -> str:
    """Return the beginning of a long text."""
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "..."


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what it wraps: in `reason`, in its arguments, as cause or context."""
    todo: list[object] = [error]
    seen: set[int] = set()
    while todo:
        item = todo.pop()
        if isinstance(item, BaseException) and id(item) not in seen:
            seen.add(id(item))
            yield item
            todo += [item.__context__, item.__cause__, getattr(item, "original_error", None)]
            todo += [getattr(item, "reason", None), *reversed(item.args)]


def innermost(chain: Sequence[BaseException]) -> str:
    """Return the innermost reason; outer texts repeat the URL with its query."""
    for error in reversed(chain):
        if isinstance(error, OSError) and not isinstance(
            error, (requests.RequestException, urllib3.HTTPError)
        ):
            return error.strerror or str(error) or type(error).__name__
    return type(chain[-1]).__name__


def connection_trouble(error: BaseException, host: str) -> str:
    """Return what is wrong with a connection, in a few words where nothing answered at all."""
    chain = list(chain_of(error))
    proxy = any(isinstance(e, (urllib3.ProxyError, requests.exceptions.ProxyError)) for e in chain)
    if not proxy and any(isinstance(e, urllib3.NewConnectionError) for e in chain):
        return f"no connection to {host} ({innermost(chain)})"
    return redact(str(error))
