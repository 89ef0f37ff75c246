"""From the exceptions of requests and urllib3 to ours: what failed, on what, and what to do.

The one place that knows how those libraries nest their exceptions.
"""

from __future__ import annotations

import re
import ssl
from urllib.parse import urlsplit

import requests
from urllib3 import exceptions as urllib3

from kognic._core.error_text import chain_of, innermost
from kognic._core.errors import KognicError
from kognic.base_clients.errors import (
    ConnectionFailedError,
    ConnectTimedOutError,
    RequestTimeoutError,
    StalledTransferError,
)

_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: 4\d\d")
_NOT_CONNECTED = (urllib3.NewConnectionError, urllib3.ConnectTimeoutError, requests.ConnectTimeout)
_PROXY = (urllib3.ProxyError, requests.exceptions.ProxyError)
_TIMEOUT = (requests.Timeout, urllib3.TimeoutError, TimeoutError)

Transport = (requests.RequestException, urllib3.HTTPError, OSError)
"""Everything that a broken connection can raise."""


def is_transport_error(error: BaseException) -> bool:
    """Whether an exception is about the connection and not about how it was used."""
    if isinstance(error, KognicError):
        return False
    if isinstance(error, requests.RequestException):
        # Bad URLs and headers are mistakes of the caller; HTTPError has an answer.
        return not isinstance(error, (ValueError, requests.HTTPError, requests.TooManyRedirects))
    if isinstance(error, urllib3.HTTPError):
        return not isinstance(error, urllib3.LocationValueError)
    return isinstance(error, (ConnectionError, TimeoutError, ssl.SSLError))


def translate(
    error: BaseException, *, method: str, url: str, seconds: float | None = None, elsewhere: bool = False
) -> ConnectionFailedError | RequestTimeoutError:
    """Make our error of a transport error; the caller raises it `from` the original.

    Args:
        error: From requests, urllib3 or the socket.
        method: The HTTP method.
        url: The address to show, without secrets.
        seconds: The time-out that applied, for the text.
        elsewhere: Whether another call failed on the way (fetching the token), so that this one was not sent.
    """
    chain = list(chain_of(error))
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    call = f"{method} {url}"
    if _any(chain, ssl.SSLCertVerificationError):
        return ConnectionFailedError(
            f"{call}: the TLS certificate of {host} is not trusted ({innermost(chain)}). Behind a proxy with "
            "a certificate of its own, name its CA in REQUESTS_CA_BUNDLE or `verify`",
            sent=False,
            permanent=True,
        )
    if _any(chain, _PROXY):
        reason = innermost(chain)
        return ConnectionFailedError(
            f"{call}: the proxy did not connect ({reason}). Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
            sent=False,
            permanent=bool(_TUNNEL_REFUSED.search(reason)),
        )
    # urllib3 derives every failure to connect from its time-outs.
    timed_out = _any([e for e in chain if not isinstance(e, urllib3.NewConnectionError)], _TIMEOUT)
    within = f" within {seconds:g} s" if seconds else ""
    if _any(chain, _NOT_CONNECTED):
        kind = ConnectTimedOutError if timed_out else ConnectionFailedError
        return kind(
            f"{call}: no connection to {host}{within if timed_out else ''} ({innermost(chain)})", sent=False
        )
    if timed_out:
        return RequestTimeoutError(f"{call}: no answer{within}", sent=not elsewhere)
    return ConnectionFailedError(f"{call}: the connection broke ({innermost(chain)})", sent=not elsewhere)


def stalled(method: str, url: str, *, rate: float, floor: float, window: float) -> StalledTransferError:
    """A transfer moved less than `floor` bytes per second over `window` seconds."""
    return StalledTransferError(
        f"{method} {url}: {rate:.0f} bytes/s over the last {window:.0f} s, "
        f"below {floor:.0f} bytes/s: the transfer stalled",
        sent=True,
    )


def _any(chain: list[BaseException], kinds: type[BaseException] | tuple[type[BaseException], ...]) -> bool:
    return any(isinstance(error, kinds) for error in chain)
