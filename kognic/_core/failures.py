"""What a user sees when a command fails: one line on standard error and exit status 1, no traceback.

Only errors that the library, the network or the file system raise on purpose become one line. Anything
else is a bug and keeps its traceback.
"""

from __future__ import annotations

import errno
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from kognic._core.errors import KognicError
from kognic._core.terminal import colours
from kognic._core.visible import visible

LOGGER = logging.getLogger(__name__)
_LOCAL_AND_DOWN = re.compile(r"no connection to (127\.|localhost|\[::1\])")
# What lists the objects of a URL that was not found.
_LISTED_BY = (
    (
        re.compile(r"/projects/[^/]+/batches/[^/]+"),
        "'kognic project list' and 'kognic batch list PROJECT' show yours",
    ),
    (re.compile(r"/projects/[^/]+"), "'kognic project list' shows yours"),
)
_STATUS_LINE = re.compile(r"\d{3} (Client|Server) Error: ")


class CommandFailedError(click.ClickException):
    """A failure to report in one line."""

    exit_code = 1

    def __init__(self, message: str, *, program: str = "kognic", docs_url: str | None = None) -> None:
        super().__init__(message)
        self.program = program
        self.docs_url = docs_url

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message on standard error."""
        # No context, and so no choice of colours, is left when click shows an error.
        how: dict[str, Any] = {"err": file is None, "file": file, "color": colours()}
        click.secho(f"{self.program}: error: ", fg="red", nl=False, **how)
        click.echo(visible(self.message), **how)
        # For people only: programs read one line.
        if self.docs_url is not None and (file or sys.stderr).isatty():
            click.secho(f"More: {self.docs_url}", dim=True, **how)


@contextmanager
def failures_in_one_line(program: str = "kognic", also: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn expected errors into `CommandFailedError`; at debug level their traceback is logged as well.

    Args:
        program: What the line begins with.
        also: Further kinds of errors that are expected.
    """
    try:
        yield
    except Exception as exc:  # unexpected errors are raised again below
        if not isinstance(exc, also) and not _is_expected(exc):
            raise
        LOGGER.debug("The command failed", exc_info=exc)
        raise CommandFailedError(
            in_words(exc), program=program, docs_url=getattr(exc, "docs_url", None)
        ) from exc


def _is_expected(exc: Exception) -> bool:
    import requests

    if isinstance(exc, OSError) and exc.errno == errno.EPIPE:
        return False  # click ends quietly when the reader of a pipe has gone
    return isinstance(exc, KognicError | requests.RequestException | OSError | ValueError)


def in_words(exc: BaseException) -> str:
    """Describe an error in one line; an error that lists `problems` has one line for each.

    An error without a message is described by its class.
    """
    if isinstance(exc, OSError) and not isinstance(exc, KognicError) and exc.strerror and exc.filename:
        return f"{exc.filename}: {exc.strerror}"
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    if getattr(exc, "problems", None):
        return "\n".join(lines)
    lines = _refusal(exc, lines) or lines
    source = getattr(exc, "source", None)
    if getattr(exc, "error", None) and source:
        # The auth server refused a token.
        lines.append(f"The credentials are from {source}; 'kognic auth check' tests them")
    if any(_LOCAL_AND_DOWN.search(line) for line in lines):
        lines.append("Is the sandbox running? 'kognic sandbox serve' starts it")
    return "; ".join(lines) or type(exc).__name__


def _refusal(exc: BaseException, lines: list[str]) -> list[str]:
    """Put the platform's message first where an error response has one; empty for other errors."""
    status, message = getattr(exc, "status_code", None), getattr(exc, "message", None)
    if not status or not message:
        return []
    url = str(getattr(exc, "url", None) or "").partition("?")[0]
    hint = _hint(url) if status == 404 else ""
    # The class of requests starts with status and address; a person wants to know what is wrong.
    notes = [line for line in lines if not _STATUS_LINE.match(line) and message not in line]
    if hint:
        # The request is in the traceback that is logged at debug level.
        return [f"{str(message).rstrip('.')}; {hint}", *notes]
    return [f"{message} ({status} from {getattr(exc, 'method', None) or ''} {url})", *notes]


def _hint(url: str) -> str:
    return next((hint for pattern, hint in _LISTED_BY if pattern.search(url)), "")
