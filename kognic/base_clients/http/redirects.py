"""The one place that follows redirects: of writes to the API, and of transfers to and from signed URLs.

requests follows those of API reads by itself, and removes the token where they leave the host. It would turn
most redirected writes into a GET, which looks like success.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import attrs
import requests

# The platform and storage redirect once. RFC 9110 sets no limit; more than a few are a loop.
MAX_REDIRECTS = 5
# The statuses that keep method and body, and those after which only a GET follows (RFC 9110, 15.4).
KEEPING = frozenset({307, 308})
# With 303 (see other), and the two old ones that are followed like it.
ALL = frozenset({301, 302, 303, 307, 308})

T = TypeVar("T")


@attrs.frozen
class Moved:
    """An answer that names another address.

    Attributes:
        url: The full address.
    """

    url: str = attrs.field(repr=False)


def follow(send: Callable[[str], T | Moved], url: str, *, name: str) -> T:
    """Send to an address, and to those that the answers name instead.

    Args:
        send: Sends once.
        url: The first address.
        name: Method and URL for the message, without secrets.

    Raises:
        requests.TooManyRedirects: There were more than `MAX_REDIRECTS`.
    """
    for _ in range(MAX_REDIRECTS + 1):
        answer = send(url)
        if not isinstance(answer, Moved):
            return answer
        url = answer.url
    raise requests.TooManyRedirects(f"{name}: more than {MAX_REDIRECTS} redirects")


def moved(
    method: str, status: int, location: str | None, url: str, *, same_origin: bool = False
) -> Moved | None:
    """Return where a redirect leads, if it may be followed.

    Args:
        method: The method of the request; only a GET follows the statuses that do not keep method and body.
        status: The status of the answer.
        location: Its `Location` header.
        url: The address that was called.
        same_origin: Stay at scheme, host and port, as anything with a token must.

    Returns:
        None for any other answer, and where following is rejected: from TLS to plain text, to no HTTP
        address.
    """
    if location is None or status not in (ALL if method == "GET" else KEEPING):
        return None
    target = full_address(url, location)
    if target is None or (same_origin and origin(target) != origin(url)):
        return None
    downgrade = urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https"
    return None if downgrade else Moved(target)


def full_address(url: str, location: str) -> str | None:
    """Return the URL in a `Location` header; None if it is not an HTTP address with a host."""
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return target if usable else None


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
