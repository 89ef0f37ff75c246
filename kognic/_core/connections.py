"""Connections of requests and urllib3 that the watchdog can see, and that parse headers quickly."""

from __future__ import annotations

import logging
import socket
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import Retry, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from kognic._core import http_heads, quick_exchange, watchdog

_URLLIB3_LOG = logging.getLogger("urllib3.connectionpool")

# The hosts of a platform and of its storage, through one or two proxies.
POOLS_KEPT = 64


class _Watched:
    """Reports the socket and the steps of a connection to the guard of the thread that uses it."""

    sock: Any
    response_class: Any = http_heads.Response

    def putheader(self, header: Any, *values: Any) -> None:
        """As in urllib3, which takes more than twice as long for a field of plain text."""
        if len(values) == 1 and http_heads.is_plain(header, values[0]):
            self._output(f"{header}: {values[0]}".encode("ascii"))  # type: ignore[attr-defined]
        else:
            super().putheader(header, *values)  # type: ignore[misc]

    def _new_conn(self) -> socket.socket:
        sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        guard = watchdog.current()
        if guard is not None:
            guard.watch_unfinished(sock)
            # From here to the end of `connect`: the proxy's answer and TLS.
            guard.begin()
        return sock

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        finally:
            guard = watchdog.current()
            if guard is not None:
                guard.finish()
                guard.watch(self.sock)

    def request(self, *args: Any, **kwargs: Any) -> None:
        guard = watchdog.current()
        if guard is not None and self.sock is not None:
            guard.watch(self.sock)
        super().request(*args, **kwargs)  # type: ignore[misc]

    def getresponse(self) -> Any:
        guard = watchdog.current()
        if guard is None:
            return super().getresponse()  # type: ignore[misc]
        guard.watch(self.sock)
        guard.begin()
        try:
            return super().getresponse()  # type: ignore[misc]
        finally:
            guard.finish()


class WatchedConnection(_Watched, HTTPConnection):
    """A plain connection under the watchdog."""


class WatchedTlsConnection(_Watched, HTTPSConnection):
    """A TLS connection under the watchdog."""


class _Quick:
    """Makes the usual exchange at the least cost, and any other as urllib3 does."""

    def urlopen(  # as it is called by requests
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Any = None,
        retries: Any = None,
        **options: Any,
    ) -> Any:
        """As in urllib3."""
        if (
            (body is None or type(body) is bytes)
            and method in quick_exchange.METHODS
            and _is_usual(headers, retries, **options)
        ):
            try:
                answer = quick_exchange.exchange(self, method, url, headers, body, options["timeout"])  # type: ignore[arg-type]
            except HTTPError as error:
                # Raises what becomes of the error: there are no retries.
                retries.increment(method, url, error=error, _pool=self, _stacktrace=error.__traceback__)
                raise
            if answer is not None:
                return answer.as_response() if isinstance(answer, quick_exchange.Answer) else answer
        return super().urlopen(method, url, body, headers, retries, **options)  # type: ignore[misc]


def _is_usual(
    headers: Any,
    retries: Any,
    *,
    timeout: Any = None,
    redirect: bool = True,
    assert_same_host: bool = True,
    preload_content: bool = True,
    decode_content: bool = True,
    chunked: bool = False,
    **others: Any,
) -> bool:
    """Whether nothing but a single exchange is asked for, whose body the caller reads."""
    more = redirect or assert_same_host or preload_content or decode_content or chunked or others
    return (
        not more
        and headers is not None
        and isinstance(retries, Retry)
        # False and 0, but not None, which stands for any number.
        and retries.total in (0, False)
        and not retries.status_forcelist
        and isinstance(timeout, Timeout)
        and timeout.total is None
        and timeout.read_timeout != 0
        # Users who look at what urllib3 logs see every request.
        and not _URLLIB3_LOG.isEnabledFor(logging.DEBUG)
    )


class Pool(_Quick, HTTPConnectionPool):  # type: ignore[misc]  # fewer names of arguments
    """A pool of plain connections under the watchdog."""

    ConnectionCls = WatchedConnection  # pyright: ignore[reportAssignmentType]


class TlsPool(_Quick, HTTPSConnectionPool):  # type: ignore[misc]
    """A pool of TLS connections under the watchdog."""

    ConnectionCls = WatchedTlsConnection  # pyright: ignore[reportAssignmentType]


@cache
def _with_traits(pool: type[HTTPConnectionPool], traits: tuple[type, ...]) -> type[HTTPConnectionPool]:
    """A class of pools like this one, whose connections have these traits as well."""
    connection = type(pool.ConnectionCls.__name__, (*traits, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


@lru_cache(maxsize=64)
def _encoding_of(content_type: str | None) -> str | None:
    headers = CaseInsensitiveDict({} if content_type is None else {"content-type": content_type})
    return requests.utils.get_encoding_from_headers(headers)


class WatchedAdapter(HTTPAdapter):
    """The adapter of requests, with connections under the watchdog.

    Attributes:
        pools: The classes of connection pools, by scheme.
        traits: What connections through SOCKS proxies have beside urllib3's own class for them, which exists
            only if the package for SOCKS is installed.
    """

    pools: dict[str, type[HTTPConnectionPool]] = {"http": Pool, "https": TlsPool}
    traits: tuple[type, ...] = (_Watched,)

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """As in requests; the pool of a host is remembered, because finding it takes a while."""
        key = (*urlsplit(request.url)[:2], verify, cert, *(proxies or {}).items())
        pool = self._found.get(key)
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
            if len(self._found) >= POOLS_KEPT:
                self._found.clear()
            self._found[key] = pool
        return pool

    def request_url(self, request: Any, proxies: Any) -> str:
        """As in requests, which first looks for a proxy."""
        url: str = request.path_url
        # Older versions of requests shorten a path that begins with two slashes.
        return super().request_url(request, proxies) if proxies or url.startswith("//") else url

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """As in requests; the headers of a short answer are copied only once."""
        if type(resp) is not quick_exchange.ShortResponse:
            return super().build_response(req, resp)
        response, answer = requests.Response(), resp.answer
        response.status_code, response.reason = answer.status, answer.reason
        response.headers = answer.headers
        response.encoding = _encoding_of(response.headers.get("content-type"))
        response.raw, response.url, response.request = resp, req.url, req
        response.connection = self
        return response

    def close(self) -> None:
        """As in requests; the connections of a pool are closed once nobody holds the pool any more."""
        self._found.clear()
        super().close()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As in requests."""
        super().init_poolmanager(*args, **kwargs)
        self._found: dict[Any, Any] = {}
        self.poolmanager.pool_classes_by_scheme = self.pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """As in requests; connections of their own kind lead to SOCKS proxies."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = (
            {
                scheme: _with_traits(pool, self.traits)
                for scheme, pool in type(manager).pool_classes_by_scheme.items()
            }
            if proxy.lower().startswith("socks")
            else self.pools
        )
        return manager
