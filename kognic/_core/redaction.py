"""Keeps secrets out of logs, messages, reprs and tracebacks.

Secrets are access and refresh tokens, client secrets, passwords in URLs, and the query of a signed URL.
Everything that is logged or put into an error and may hold one goes through `redact` or `redact_url`; a value
that must be carried around in the clear is a `Secret`, which no repr shows; `forget_frames` drops the library
frames of a traceback, whose local variables hold requests in the clear.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import Any, ParamSpec, SupportsIndex, TypeVar
from urllib.parse import urlsplit, urlunsplit

P = ParamSpec("P")
T = TypeVar("T")

MASK = "***"

_LIBRARIES = frozenset(
    {"anyio", "authlib", "h11", "h2", "http", "httpcore", "httpx"}
    | {"requests", "socket", "ssl", "tenacity", "urllib3"}
)
# What does their work with the same local variables.
_EXCHANGES = frozenset({"kognic._core.connections", "kognic._core.quick_exchange"})

# Query parameters that make a URL a secret, in the spelling of the three big clouds and of OAuth.
_SECRET_PARAMETER = re.compile(
    r"""(?:^|[&;?])(?:x-goog-(?:signature|credential)|x-amz-(?:signature|credential|security-token)
        |googleaccessid|awsaccesskeyid|signature|sig|access_token|refresh_token|client_secret|token
        |upload_id|password)=""",
    re.IGNORECASE | re.VERBOSE,
)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>\\]+", re.IGNORECASE)
_TARGET = re.compile(r"(?<=[\s\"'])(/[^\s\"'?]*)\?([^\s\"']+)")
_ANY_QUERY = re.compile(r"(/[^\s\"'?]*)\?[^\s\"']+")
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_AUTHORIZATION = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{4,}", re.IGNORECASE)
_FIELD = re.compile(
    r"""(?P<name>["']?\b(?:client_?secret|access_?token|refresh_?token|password|assertion)["']?)
        (?P<between>\s*[:=]\s*b?)(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s&,;}\])"']+)""",
    re.IGNORECASE | re.VERBOSE,
)
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


class Secret(str):
    """Text that no repr shows, so that tracebacks with local variables do not either."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)

    def __getitem__(self, key: SupportsIndex | slice) -> Secret:
        # What shows long texts shows the beginning of them.
        return Secret(super().__getitem__(key))


def redact_url(url: str) -> str:
    """Return a URL fit to be shown: no password, and no query if that makes it a signed URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    host = parts.netloc
    if "@" in host:
        host = f"{MASK}@{host.rpartition('@')[2]}"
    query = MASK if _SECRET_PARAMETER.search(parts.query) else parts.query
    fragment = MASK if _SECRET_PARAMETER.search(parts.fragment) else parts.fragment
    return urlunsplit((parts.scheme, host, parts.path, query, fragment))


def without_passwords(proxies: Mapping[str, str] | None) -> dict[str, str]:
    """Proxies as requests takes them; those with a password are `Secret`."""
    return {name: Secret(url) if "@" in url else url for name, url in (proxies or {}).items()}


def redact(text: str) -> str:
    """Return the text with every secret in it masked, wherever it came from."""
    text = _URL.sub(lambda found: redact_url(found[0]), text)
    text = _TARGET.sub(lambda found: found[1] + "?" + _shown_query(found[2]), text)
    text = _USERINFO.sub(f"{MASK}@", text)
    text = _AUTHORIZATION.sub(rf"\1 {MASK}", text)
    text = _FIELD.sub(lambda found: found["name"] + found["between"] + MASK, text)
    return _JWT.sub(MASK, text)


def _shown_query(query: str) -> str:
    return MASK if _SECRET_PARAMETER.search(query) else query


def forget_frames(error: BaseException) -> None:
    """Drop all frames of an error and of what led to it, for code whose local variables are secrets."""
    for current in _with_causes(error):
        current.__traceback__ = None


def forget_library_frames(error: BaseException, *more: str) -> None:
    """Drop the frames of HTTP libraries, whose local variables hold headers and bodies, from a caught error.

    Types, messages and the frames of everybody else stay, such as those of a generator that was being sent.
    The caller's own frame is dropped too, because raising the error again adds it.

    Args:
        error: The error.
        *more: Other top-level packages whose frames are to go.
    """
    unwanted = _LIBRARIES.union(more)
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next
    for current in _with_causes(error):
        kept = [frame for frame in _frames(current.__traceback__) if not _is_from(frame, unwanted)]
        rest: TracebackType | None = None
        for frame in reversed(kept):
            frame.tb_next = rest
            rest = frame
        current.__traceback__ = rest


def _frames(first: TracebackType | None) -> Iterator[TracebackType]:
    while first is not None:
        yield first
        first = first.tb_next


def _is_from(entry: TracebackType, packages: frozenset[str]) -> bool:
    name: str = entry.tb_frame.f_globals.get("__name__", "")
    return name in _EXCHANGES or name.partition(".")[0] in packages


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        current = todo.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        # requests and urllib3 hand the original error on as an argument.
        todo += [current.__cause__, current.__context__, *_errors_in(current)]


def _errors_in(error: BaseException) -> list[BaseException]:
    reason = getattr(error, "reason", None)
    return [e for e in (*error.args, reason) if isinstance(e, BaseException)]


def opaque(function: Callable[P, T]) -> Callable[P, T]:
    """Make the traceback of a function's errors end at its call, so that it shows no local variables."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except Exception as exc:  # every error passes on; only its frames do not
            forget_frames(exc)
            error = exc
        finally:
            # The arguments may be secrets, and this frame is part of the traceback.
            del args, kwargs
        try:
            raise error
        finally:
            del error  # it refers to this frame

    return call


_is_storage: ContextVar[bool] = ContextVar("is_storage", default=False)


@contextlib.contextmanager
def every_query_hidden() -> Iterator[None]:
    """Mask every query in what HTTP libraries log meanwhile: that of a storage URL is always a secret."""
    token = _is_storage.set(True)
    try:
        yield
    finally:
        _is_storage.reset(token)


def _redact_line(text: str) -> str:
    return redact(_ANY_QUERY.sub(rf"\1?{MASK}", text) if _is_storage.get() else text)


class _LogFilter(logging.Filter):
    """Masks secrets in the records of an HTTP library, which logs every address that it asks for."""

    def filter(self, record: logging.LogRecord) -> bool:
        arguments: Any = record.args
        if isinstance(arguments, tuple):
            record.args = tuple(_redact_line(a) if isinstance(a, str) else a for a in arguments)
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            return True  # logging itself reports a format that does not fit
        shown = _redact_line(text)
        if shown != text:
            record.msg, record.args = shown, ()
        return True


class RedactingFormatter(logging.Formatter):
    """Masks secrets in everything that a handler writes."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return redact(super().format(record))


_LOG_FILTER = _LogFilter()
# A logger's filter does not see what the loggers below it log.
_LIBRARY_LOGGERS = (
    "urllib3.connection", "urllib3.connectionpool", "urllib3.poolmanager", "urllib3.response",
    "urllib3.util.retry", "httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2",
    "httpcore.proxy", "httpcore.socks",
)  # fmt: skip


def protect_library_logs() -> None:
    """Mask secrets in what the HTTP libraries log, at any level; may be called any number of times."""
    for name in _LIBRARY_LOGGERS:
        logging.getLogger(name).addFilter(_LOG_FILTER)
