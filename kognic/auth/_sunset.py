"""Notices the header with which the platform announces the end of an endpoint."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from kognic._core.redaction import redact_url

log = logging.getLogger(__name__)

SUNSET_HEADER = "sunset-date"
DATETIME_FMT = "%Y-%m-%dT%H:%M:%S.%fZ"
_WITHOUT_FRACTION = "%Y-%m-%dT%H:%M:%SZ"

# Days, of the official client: two weeks are a sprint in which to move to the successor.
ERROR_BELOW_DAYS = 14

SunsetHandler = Callable[[datetime, str, str], None]
"""Called with the date (UTC), the HTTP method and the URL without query."""


class LogSunset:
    """Logs that an endpoint will end: a warning, or an error when little time is left."""

    def __init__(self, threshold_days: int = ERROR_BELOW_DAYS) -> None:
        self._threshold = timedelta(days=threshold_days)

    def __call__(self, date: datetime, method: str, url: str) -> None:
        soon = date - datetime.now(UTC) <= self._threshold
        log.log(
            logging.ERROR if soon else logging.WARNING,
            "%s %s will end on %s; look for its successor",
            method,
            url,
            date.isoformat(),
        )


DEFAULT_SUNSET_HANDLER: SunsetHandler = LogSunset()


def default_sunset_handler(threshold_days: int = ERROR_BELOW_DAYS) -> SunsetHandler:
    """Return a handler that logs a warning, or an error when `threshold_days` or less are left."""
    return LogSunset(threshold_days)


class _Request(Protocol):
    @property
    def method(self) -> Any: ...
    @property
    def url(self) -> Any: ...


class _Response(Protocol):
    @property
    def headers(self) -> Any: ...
    @property
    def request(self) -> _Request: ...


def handle_sunset(response: _Response, handler: SunsetHandler | None = DEFAULT_SUNSET_HANDLER) -> None:
    """Call the handler if an answer announces the end of its endpoint.

    Args:
        response: An answer of requests or httpx; dates in it of other forms than the documented are ignored.
        handler: What to call; None for nothing.
    """
    date = parse_sunset(response.headers.get(SUNSET_HEADER))
    if date is not None and handler is not None:
        handler(date, str(response.request.method), without_query(str(response.request.url)))


def parse_sunset(value: str | None) -> datetime | None:
    """Return the date in the header; None if there is none that can be read."""
    for form in (DATETIME_FMT, _WITHOUT_FRACTION):
        try:
            return datetime.strptime(value or "", form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def without_query(url: str) -> str:
    """Return a URL fit to be shown in a log."""
    parts = urlsplit(redact_url(url))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
