"""Which URLs may be given, and which of them a secret may be sent to."""

from __future__ import annotations

import functools
import ipaddress
import os
from urllib.parse import urlsplit

from kognic._core.errors import InsecureUrlError
from kognic._core.redaction import redact_url

ALLOW_HTTP_VARIABLE = "KOGNIC_ALLOW_HTTP"


def http_allowed(allow_http: bool | None) -> bool:
    """Whether plain http may carry secrets to other machines: as given, else as the environment says."""
    if allow_http is not None:
        return allow_http
    return os.environ.get(ALLOW_HTTP_VARIABLE, "").strip().lower() in {"1", "true", "yes", "on"}


def require_encryption(url: str, *, allow_http: bool) -> None:
    """Raise an error instead of sending a secret unencrypted to another machine.

    Raises:
        InsecureUrlError: The URL is plain http, its host is not this machine, and http is not allowed.
    """
    parts = urlsplit(url)
    if allow_http or parts.scheme != "http" or is_this_machine(parts.hostname or ""):
        return
    raise InsecureUrlError(
        f"Refused to send credentials to {redact_url(url)}: plain http to another machine can be read on "
        f"its way. Use https; or, in a network that you trust, set {ALLOW_HTTP_VARIABLE}=1"
    )


@functools.lru_cache(256)
def is_this_machine(host: str) -> bool:
    """Whether a host name is a loopback address or localhost."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def checked_base_url(url: object, name: str) -> str:
    """Return a base URL without trailing slash.

    Raises:
        ValueError: It is not an http(s) URL with a host, or holds a user name.
    """
    if isinstance(url, str) and is_base_url(url):
        return url.rstrip("/")
    shown = redact_url(url) if isinstance(url, str) else url
    raise ValueError(f"{name} is {shown!r}, must be a URL like https://auth.app.kognic.com")


def is_base_url(url: str) -> bool:
    """Whether it is an http(s) URL with a host, without query or password (which would not be sent)."""
    try:
        parts = urlsplit(url)
        valid_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_http = parts.scheme in {"http", "https"} and bool(parts.hostname)
    return is_http and valid_port and not parts.query and not parts.fragment and "@" not in parts.netloc
