"""The pooled connections to storage: plain HTTP without a token, at the least cost per file.

requests decides on proxies, `NO_PROXY` and CA bundles, once per host; its adapter's urllib3 pools then carry
the requests directly, because preparing each of thousands of small uploads from scratch would take longer
than sending it. netrc, cookies and credentials never come into it. A pool blocks when all its connections are
in use, so that there are never more than `max_connections` to a host. `quick_exchange` carries the usual
upload.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs
import requests
import urllib3
from requests.structures import CaseInsensitiveDict
from urllib3.connectionpool import HTTPConnectionPool

from kognic._core import quick_exchange, watchdog
from kognic._core.connections import Pool, TlsPool, WatchedAdapter, WatchedConnection, WatchedTlsConnection
from kognic._core.quick_exchange import MAX_SHORT, Answer
from kognic._core.redaction import every_query_hidden, protect_library_logs, without_passwords
from kognic._core.urls import http_allowed, require_encryption
from kognic.base_clients.cloud_storage.meter import Meter
from kognic.base_clients.cloud_storage.payloads import ChunkPayload, Payload
from kognic.base_clients.cloud_storage.signed_urls import shown
from kognic.base_clients.errors import ClientClosedError, StalledTransferError
from kognic.base_clients.http.bodies import check_expansion
from kognic.base_clients.http.transport_errors import is_transport_error, translate

logger = logging.getLogger(__name__)

HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
    "User-Agent": requests.utils.default_user_agent(),
}
# Hosts whose connections are kept; beyond that, urllib3 closes the pools that we hold on to.
HOSTS = 1024
# What urllib3 makes of `retries=False`, made once.
NO_RETRIES = urllib3.Retry.from_int(False, redirect=False)


class _Body:
    """What urllib3 passes through to our connections: a payload with its meter."""

    def __init__(self, payload: Payload, meter: Meter) -> None:
        self.length = payload.length
        self._payload = payload
        self._meter = meter

    def __iter__(self) -> Iterator[_Body]:
        # urllib3 takes an iterable and hands its items to `send`.
        yield self

    def transmit(self, sock: socket.socket) -> None:
        self._meter.uses(sock)
        self._payload.transmit(sock, self._meter)


class _SendsPayloads:
    """What a connection needs to send a payload."""

    sock: Any

    def send(self, data: Any) -> None:
        if isinstance(data, _Body):
            data.transmit(self.sock)
        else:
            super().send(data)  # type: ignore[misc]


class _Connection(_SendsPayloads, WatchedConnection):
    pass


class _TlsConnection(_SendsPayloads, WatchedTlsConnection):
    pass


class _Pool(Pool):
    ConnectionCls = _Connection  # pyright: ignore[reportAssignmentType]


class _TlsPool(TlsPool):
    ConnectionCls = _TlsConnection  # pyright: ignore[reportAssignmentType]


class _Adapter(WatchedAdapter):
    """The adapter of requests, with connections that can send payloads."""

    pools = {"http": _Pool, "https": _TlsPool}
    traits = (_SendsPayloads, *WatchedAdapter.traits)


@attrs.frozen(eq=False)
class Address:
    """Where one request goes.

    Attributes:
        url: The signed URL.
        route: The way to its host.
        target: What stands in the first line of the request.
    """

    url: str
    route: Route
    target: str


@attrs.define(eq=False)
class Route:
    """The way to one host.

    Attributes:
        pool: Its connections.
        prefix: What comes before the path in the first line of a request: the host, if a proxy forwards it.
        checksum: The algorithm of the checksums that it reports, once that is known.
    """

    pool: HTTPConnectionPool
    prefix: str = ""
    checksum: str | None = None


def closed() -> ClientClosedError:
    """Return the error of a client that was closed."""
    return ClientClosedError("The client is closed. Create a new one, or do the work inside its `with` block")


class Transport:
    """Sends single requests to storage. Thread-safe; knows no retries.

    Args:
        max_connections: At most so many connections per host.
        timeout: Seconds to connect, and seconds without any progress.
        proxies: As in requests; instead of the environment's.
        verify: As in requests; instead of the environment's.
        allow_http: Whether signed URLs of other machines may be plain http; None to ask the environment.
    """

    def __init__(
        self,
        max_connections: int,
        timeout: float,
        *,
        proxies: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        allow_http: bool | None = None,
    ) -> None:
        self.timeout = timeout
        self._allow_http = http_allowed(allow_http)
        self._urllib3_timeout = urllib3.Timeout(connect=timeout, read=timeout)
        self._max_connections = max_connections
        self._proxies = without_passwords(proxies)
        self._verify = verify
        self._closed = False
        protect_library_logs()
        self._start()

    def _start(self) -> None:
        self._session = requests.Session()
        # Proxies and CA bundles come from the environment through it; netrc and cookies would come in only by
        # its own request methods, which nothing here uses.
        self._adapter = _Adapter(HOSTS, self._max_connections, max_retries=0, pool_block=True)
        self._routes: dict[tuple[str, str], Route] = {}
        self._lock = threading.Lock()
        self._process = os.getpid()

    def address(self, url: str) -> Address:
        """Return the way to a URL; the settings of its host are determined once.

        Raises:
            requests.exceptions.InvalidURL: It is not an HTTP address.
            InsecureUrlError: It is plain http to another machine.
        """
        self.ensure_open()
        parts = urlsplit(url)
        if os.getpid() != self._process:
            # A forked child must not write into its parent's connections.
            self._start()
        key = (parts.scheme, parts.netloc)
        route = self._routes.get(key)
        if route is None:
            with self._lock:
                if key not in self._routes:
                    self._routes[key] = self._find(parts.scheme, parts.netloc)
                route = self._routes[key]
        query = f"?{parts.query}" if parts.query else ""
        return Address(url, route, f"{route.prefix}{parts.path or '/'}{query}")

    def _find(self, scheme: str, netloc: str) -> Route:
        if scheme not in _Adapter.pools or not netloc:
            raise requests.exceptions.InvalidURL(f"a signed URL is http(s)://host/..., not {scheme}:")
        # Anybody who reads a signed URL on its way can use it.
        require_encryption(f"{scheme}://{netloc}/", allow_http=self._allow_http)
        root = f"{scheme}://{netloc.rpartition('@')[2]}/"
        prepared = requests.Request("PUT", root).prepare()
        settings = self._session.merge_environment_settings(
            root, dict(self._proxies), False, self._verify, None
        )
        proxies, verify = settings["proxies"], settings["verify"]
        pool = self._adapter.get_connection_with_tls_context(prepared, verify, proxies=proxies)
        target = self._adapter.request_url(prepared, proxies)
        return Route(pool, prefix=target.rstrip("/"))

    def send(
        self,
        method: str,
        address: Address,
        headers: Mapping[str, str],
        payload: Payload | ChunkPayload | None = None,
        *,
        meter: Meter,
    ) -> urllib3.BaseHTTPResponse | Answer:
        """Send one request; the body of the answer is unread, and the caller releases the connection.

        A short answer to an upload may have been read already, and its connection released.

        Raises:
            ConnectionFailedError: No answer.
            RequestTimeoutError: No answer in time, or the transfer stalled.
        """
        sent = {**HEADERS, **headers}
        try:
            answer = self._send_quickly(method, address, sent, payload, meter)
            return self._send(method, address, sent, payload, meter) if answer is None else answer
        except Exception as error:
            self._explain(error, method, address.url)
            raise

    @staticmethod
    def _send_quickly(
        method: str,
        address: Address,
        sent: Mapping[str, str],
        payload: Payload | ChunkPayload | None,
        meter: Meter,
    ) -> urllib3.BaseHTTPResponse | Answer | None:
        if method != "PUT" or not isinstance(payload, Payload) or address.route.prefix:
            return None
        answer = quick_exchange.exchange(
            address.route.pool, method, address.target, sent, _Body(payload, meter), partial=True
        )
        if answer is not None:
            logger.debug("%s: %d", meter.name, answer.status)
        return answer

    def _send(
        self,
        method: str,
        address: Address,
        sent: dict[str, str],
        payload: Payload | ChunkPayload | None,
        meter: Meter,
    ) -> urllib3.BaseHTTPResponse:
        body: Any = None
        if isinstance(payload, ChunkPayload):
            body = payload.chunks(meter)
        elif payload is not None:
            sent["Content-Length"] = str(payload.length)
            body = _Body(payload, meter) if payload.length else None
        with every_query_hidden():
            answer = address.route.pool.urlopen(
                method,
                address.target,
                body=body,
                headers=sent,
                retries=NO_RETRIES,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
                chunked=isinstance(payload, ChunkPayload),
                timeout=self._urllib3_timeout,
            )
        guard = watchdog.current()
        if guard is not None and guard.fired:
            # Headers that end because the socket was closed look complete to http.client.
            answer.close()
            raise TimeoutError(guard.fired)
        return answer

    def blocks(
        self, response: urllib3.BaseHTTPResponse, url: str, meter: Meter, size: int, *, decode: bool = False
    ) -> Iterator[bytes]:
        """Yield the body of an answer in pieces of at most `size` bytes, as they come in.

        Raises:
            ConnectionFailedError: It broke off.
            RequestTimeoutError: It stalled.
        """
        what, guard = f"GET {shown(url)}", watchdog.current() or watchdog.Guard(None, None)
        try:
            while True:
                guard.begin()
                try:
                    block = response.read1(size, decode_content=decode)
                finally:
                    guard.finish()
                if not block:
                    break
                meter.moved(len(block), block)
                if decode:
                    check_expansion(meter.size, response.tell(), what=what)
                yield block
            if guard.fired:
                # Without a length, a closed connection looks like the end of the file.
                raise TimeoutError(guard.fired)
            response.release_conn()
        except Exception as error:
            self._explain(error, "GET", url)
            raise
        finally:
            # Does nothing after release_conn; otherwise the unread rest would pass for the next answer.
            response.close()

    def finish(self, response: urllib3.BaseHTTPResponse | Answer) -> bytes:
        """Read the short body of an answer that does not matter, so that the connection can be used again."""
        if isinstance(response, Answer):
            return response.body
        body, guard = b"", watchdog.current() or watchdog.Guard(None, None)
        guard.begin()
        try:
            if response.length_remaining is not None and response.length_remaining <= MAX_SHORT:
                body = response.read()
            else:
                body = response.read1(MAX_SHORT)
                response.close()
            response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError):
            response.close()
        finally:
            guard.finish()
        return body

    def error_response(self, response: urllib3.BaseHTTPResponse | Answer, url: str) -> requests.Response:
        """Make a `requests.Response` without secrets of an answer, its body read as far as it may matter."""
        if isinstance(response, Answer):
            response = response.as_response()
        answer = requests.Response()
        answer.status_code = response.status
        answer.reason = response.reason or ""
        answer.headers = CaseInsensitiveDict(response.headers)
        answer.url = shown(url)
        answer.encoding = requests.utils.get_encoding_from_headers(answer.headers) or "utf-8"
        try:
            content = response.read(MAX_SHORT, decode_content=True)
        except (urllib3.exceptions.HTTPError, OSError):
            content = b""
        vars(answer).update(_content=content, _content_consumed=True)
        if not response.closed:
            # There is more of it, which would be taken for the next answer.
            response.close()
        response.release_conn()
        return answer

    def ensure_open(self) -> None:
        """Raise an error after `close`.

        Raises:
            ClientClosedError: It was called.
        """
        if self._closed:
            raise closed()

    def close(self) -> None:
        """Close idle connections; those in use are closed when they are done."""
        self._closed = True
        self._adapter.close()
        # The adapter forgets its pools without closing them, and the routes still hold them.
        with self._lock:
            for route in self._routes.values():
                route.pool.close()
        self._session.close()

    def _explain(self, error: Exception, method: str, url: str) -> None:
        """Raise our error for one of the connection; others are left to the caller's `raise`."""
        guard = watchdog.current()
        if guard is not None and guard.fired and is_transport_error(error):
            text = f"{method} {shown(url)}: the transfer stalled: {guard.fired}; the connection was closed"
            raise StalledTransferError(text, sent=True) from error
        if is_transport_error(error):
            raise translate(error, method=method, url=shown(url), seconds=self.timeout) from error
