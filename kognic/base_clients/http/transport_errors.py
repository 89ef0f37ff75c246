"""From the exceptions of requests and urllib3 to the errors of this package."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

import requests
from urllib3 import exceptions as urllib3

from kognic._core.broken_connections import explain
from kognic._core.errors import KognicError
from kognic.base_clients.errors import (
    ConnectionFailedError,
    ConnectTimedOutError,
    RequestTimeoutError,
    StalledTransferError,
)

Transport = (requests.RequestException, urllib3.HTTPError, OSError)
"""Everything that a broken connection can raise."""


def is_transport_error(error: BaseException) -> bool:
    """Whether an exception is about the connection and not about how it was used."""
    if isinstance(error, KognicError):
        return False
    if isinstance(error, requests.RequestException):
        if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error):
            return True
        # Bad URLs and headers are mistakes of the caller; HTTPError has an answer.
        return not isinstance(error, (ValueError, requests.HTTPError, requests.TooManyRedirects))
    if isinstance(error, urllib3.HTTPError):
        return not isinstance(error, urllib3.LocationValueError)
    return isinstance(error, (ConnectionError, TimeoutError, ssl.SSLError))


def translate(
    error: BaseException, *, method: str, url: str, seconds: float | None = None, elsewhere: bool = False
) -> ConnectionFailedError | RequestTimeoutError:
    """Translate a transport error; the caller raises the result `from` the original.

    Args:
        error: From requests, urllib3 or the socket.
        method: The HTTP method.
        url: The address to show, without secrets.
        seconds: The timeout that applied, for the text.
        elsewhere: Whether another call failed on the way (fetching the token), so that this one was not sent.
    """
    host = urlsplit(url).netloc.rpartition("@")[2]
    why = explain(error, host=host, seconds=seconds)
    kind: type[ConnectionFailedError | RequestTimeoutError] = ConnectionFailedError
    if why.timed_out:
        kind = RequestTimeoutError if why.connected else ConnectTimedOutError
    return kind(f"{method} {url}: {why.text}", sent=why.sent and not elsewhere, permanent=why.permanent)


def stalled(method: str, url: str, *, rate: float, floor: float, window: float) -> StalledTransferError:
    """Make the error of a transfer that moved less than `floor` bytes per second over `window` seconds."""
    return StalledTransferError(
        f"{method} {url}: {rate:.0f} bytes/s over the last {window:.0f} s, "
        f"below {floor:.0f} bytes/s: the transfer stalled",
        sent=True,
    )
