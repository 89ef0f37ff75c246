"""Why a connection failed, and what to do about it: one explanation for calls, transfers and token requests.

The one place that knows how requests, urllib3 and httpx nest their exceptions.
"""

from __future__ import annotations

import re
import ssl

import attrs
import requests
from urllib3 import exceptions as urllib3

from kognic._core.error_text import chain_of, innermost

_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: 4\d\d|^4\d\d ")
_NOT_CONNECTED = (urllib3.NewConnectionError, urllib3.ConnectTimeoutError, requests.ConnectTimeout)
_PROXY = (urllib3.ProxyError, requests.exceptions.ProxyError)
_TIMEOUT = (requests.Timeout, urllib3.TimeoutError, TimeoutError)
# httpx need not be installed, so its classes are known by name.
_HTTPX_NOT_CONNECTED = frozenset({"ConnectError", "ConnectTimeout"})
_HTTPX_TIMEOUTS = frozenset({"ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout"})


@attrs.frozen
class Explanation:
    """Why a connection failed.

    Attributes:
        text: The reason and what to do, in one line.
        sent: Whether the request may have arrived.
        permanent: Whether a retry would fail in the same way.
        timed_out: Whether a timeout passed.
        connected: Whether there was a connection at all.
    """

    text: str
    sent: bool = True
    permanent: bool = False
    timed_out: bool = False
    connected: bool = True


def explain(error: BaseException, *, host: str, seconds: float | None = None) -> Explanation:
    """Explain a transport error.

    Args:
        error: From requests, httpx, urllib3 or the socket.
        host: Host and port of the server, without a password.
        seconds: The timeout that applied, for the text.
    """
    chain = list(chain_of(error))
    names = {type(each).__name__ for each in chain if type(each).__module__.startswith("http")}
    permanent = _misconfigured(error, chain, names, host)
    if permanent is not None:
        return permanent
    # urllib3 derives every failure to connect from its timeouts.
    rest = [each for each in chain if not isinstance(each, urllib3.NewConnectionError)]
    timed_out = _any(rest, _TIMEOUT) or bool(names & _HTTPX_TIMEOUTS)
    within = f" within {seconds:g} s" if seconds else ""
    if _any(chain, _NOT_CONNECTED) or names & _HTTPX_NOT_CONNECTED:
        text = f"no connection to {host}{within if timed_out else ''} ({innermost(chain)})"
        return Explanation(text, sent=False, timed_out=timed_out, connected=False)
    if timed_out:
        return Explanation(f"no answer{within}", timed_out=True)
    return Explanation(f"the connection broke ({innermost(chain)})")


def _misconfigured(
    error: BaseException, chain: list[BaseException], names: set[str], host: str
) -> Explanation | None:
    """Explain what settings of the machine can mend: certificates and proxies."""
    if _any(chain, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
        text = (
            f"the TLS certificate of {host} is not trusted ({innermost(chain)}). Behind a proxy with a"
            " certificate of its own, set REQUESTS_CA_BUNDLE or `verify` to the file of its CA"
        )
        return Explanation(text, sent=False, permanent=True, connected=False)
    if "SOCKS" in str(error) and ("Missing dependencies" in str(error) or "socksio" in str(error)):
        text = (
            "a SOCKS proxy is set, but the package for SOCKS is not installed: pip install 'requests[socks]'"
            " (for the asynchronous clients 'httpx[socks]'), or unset ALL_PROXY"
        )
        return Explanation(text, sent=False, permanent=True, connected=False)
    if _any(chain, _PROXY) or "ProxyError" in names:
        reason = innermost(chain) if _any(chain, _PROXY) else str(error)
        text = f"the proxy did not connect ({reason}). Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"
        refused = bool(_TUNNEL_REFUSED.search(reason))
        return Explanation(text, sent=False, permanent=refused, connected=False)
    return None


def _any(chain: list[BaseException], kinds: type[BaseException] | tuple[type[BaseException], ...]) -> bool:
    return any(isinstance(error, kinds) for error in chain)
