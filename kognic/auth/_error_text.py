"""The text of an error answer, the same for both HTTP libraries."""

from __future__ import annotations

from kognic.auth._files import NotJsonError, decode_json
from kognic.auth._redaction import redact, redact_url

# An error answer is read no further than this.
MAX_BYTES = 64 * 1024
_MAX_TEXT = 500


def error_text(status: int, reason: str, url: str, body: str) -> str:
    """Two lines: the status and the URL; what the body says, not more than 500 characters of it."""
    line = f"{status_line(status, reason)} for url: {redact_url(url)}"
    return f"{line}\nGot error in response: '{said(body)}'"


def status_line(status: int, reason: str) -> str:
    """The status as requests words it."""
    if not 400 <= status < 600:
        return f"{status} Unexpected Answer: {reason}"
    return f"{status} {'Client' if status < 500 else 'Server'} Error: {reason}"


def said(body: str) -> str:
    """What a body says to people: its `message`, else all of it."""
    try:
        document = decode_json(body)
    except NotJsonError:
        document = None
    message = document.get("message") if isinstance(document, dict) else None
    return shortened(redact(str(message or body)))


def shortened(text: str) -> str:
    """The beginning of a long text."""
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "..."
