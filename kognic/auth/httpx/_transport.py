"""How the asynchronous clients reach a host: with the proxies of the environment, read as requests reads
them.

httpx reads `NO_PROXY` in its own way (no address ranges, no IPv6 brackets), so the same environment would
send the requests of two clients of one program, tokens included, along different ways.
"""

from __future__ import annotations

from typing import Any

from requests.utils import get_environ_proxies, select_proxy

from kognic.auth.httpx._library import httpx

# The options of an httpx client that decide about the connection.
_CONNECTION = ("verify", "cert", "http1", "http2", "limits", "trust_env")
# With one of these the user has chosen the way.
_OWN_WAY = ("transport", "proxy", "proxies")
# Options that a token request shares with the user's requests; the others (headers, hooks, cookies, ...) are
# for the platform only.
SHARED = (*_CONNECTION, *_OWN_WAY, "mounts", "timeout")


class EnvironmentTransport(httpx.AsyncBaseTransport):
    """Sends each request directly or through the proxy that the environment names for its URL."""

    def __init__(self, **options: Any) -> None:
        """Create one.

        Args:
            **options: As for `httpx.AsyncHTTPTransport`.
        """
        self._options = options
        self._ways: dict[str | None, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        url = str(request.url)
        proxy = select_proxy(url, get_environ_proxies(url))
        if proxy is not None and "://" not in proxy:
            proxy = f"http://{proxy}"  # as requests completes it
        way = self._ways.get(proxy)
        if way is None:
            try:
                way = httpx.AsyncHTTPTransport(proxy=proxy, **self._options)
            except ImportError as exc:
                # httpx[socks] is missing; as an error of the connection it gets the same hint as elsewhere.
                raise httpx.ProxyError(str(exc), request=request) from exc
            self._ways[proxy] = way
        return await way.handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        ways, self._ways = self._ways, {}
        for way in ways.values():
            await way.aclose()


def with_environment(options: dict[str, Any]) -> dict[str, Any]:
    """Options of an httpx client, with proxies of the environment as requests understands them."""
    if not options.get("trust_env", True) or any(options.get(name) is not None for name in _OWN_WAY):
        return options
    connection = {name: options[name] for name in _CONNECTION if name in options}
    return {**options, "transport": EnvironmentTransport(**connection)}
