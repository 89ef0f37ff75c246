"""The usual upload at the least cost: a PUT over an open connection, and a short answer.

urllib3 and http.client take more processor time for a request than the system takes to move a file of 100 KB,
and threads that compete for the interpreter wait for that time as well. Connections are still theirs: this
module borrows an open one from the pool, writes request line and headers at once, and reads the answer
itself. What is not usual is left to them: opening connections, proxies, odd addresses, and answers that are
chunked, long, preliminary or not plain.
"""

from __future__ import annotations

import errno
import http.client
import re
import socket
import ssl
from collections.abc import Mapping
from functools import lru_cache
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any

import attrs
import urllib3
from urllib3.connectionpool import HTTPConnectionPool

from kognic._core import http_heads, watchdog
from kognic._core.connections import WatchedConnection, WatchedTlsConnection
from kognic._core.errors import KognicError
from kognic.base_clients.cloud_storage.meter import Meter
from kognic.base_clients.cloud_storage.payloads import Payload

MAX_SHORT = 1 << 16
"""Bytes. A choice: to read an answer of this size costs less than a new TLS connection; a longer one is
dropped with its connection."""

# What urllib3 sends unchanged (its `_encode_target`): no letter that must be encoded, and no escape in small
# letters.
_SAFE = r"[A-Za-z0-9\-._~!$&'()*+,;=:@/]*"
_TARGET = re.compile(rf"/{_SAFE}(?:%[0-9A-F]{{2}}{_SAFE})*(?:\?{_SAFE}(?:(?:%[0-9A-F]{{2}}|\?){_SAFE})*)?")
_HOST = re.compile(r"[A-Za-z0-9.-]+")
_STATUS = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2})(?: ([\x20-\x7e]*))?\r\n")
_FIELD = re.compile(r"([A-Za-z0-9_-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?|)\r\n")
# Where headers end, also those of a server that writes line feeds alone.
_END = re.compile(rb"\n\r?\n")
# macOS says EPROTOTYPE.
_CLOSED_BY_STORAGE = (errno.EPIPE, errno.ECONNRESET, errno.EPROTOTYPE)
# Bytes of one read: any usual answer comes whole.
_READ = 1 << 14


@attrs.frozen(eq=False)
class Answer:
    """A short answer, read to its end.

    Attributes:
        status: Its status.
        reason: The text beside it.
        headers: By name in small letters; values of one name are joined by commas.
        body: As it came; shorter than announced if the connection broke.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    def as_response(self) -> urllib3.HTTPResponse:
        """Return it as an answer of urllib3 whose body is unread."""
        return urllib3.HTTPResponse(
            BytesIO(self.body),
            headers=self.headers,
            status=self.status,
            reason=self.reason,
            preload_content=False,
        )


def put(
    pool: HTTPConnectionPool,
    target: str,
    headers: Mapping[str, str],
    payload: Payload,
    meter: Meter,
) -> Answer | urllib3.BaseHTTPResponse | None:
    """Send a file over an open connection of a pool.

    Args:
        pool: Where the connection comes from, and where it returns to.
        target: Path and query.
        headers: All but `Host` and `Content-Length`; the same few mappings again and again.
        payload: The body.
        meter: Counts it.

    Returns:
        The answer; as urllib3 gives it if it is not a usual one. None if nothing was sent, because this is
        not a usual case.

    Raises:
        urllib3.exceptions.HTTPError: As from urllib3.
        KognicError: As from `payload`.
    """
    if not _TARGET.fullmatch(target):
        return None
    connection: Any = pool._get_conn()
    try:
        fields = _fields_for(connection, headers)
        if fields is None:
            pool._put_conn(connection)
            return None
        head = b"PUT %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n" % (target.encode(), fields, payload.length)
        return _exchange(pool, connection, head, payload, meter)
    except BaseException as error:
        connection.close()
        pool._put_conn(None)
        _explain(error, pool, target)
        raise


def _fields_for(connection: Any, headers: Mapping[str, str]) -> bytes | None:
    """The header fields of a request; None for a connection that is not a usual one."""
    usual = (
        isinstance(connection, (WatchedConnection, WatchedTlsConnection))
        and type(connection.sock) in (socket.socket, ssl.SSLSocket)
        and connection.proxy is None
    )
    if not usual:
        return None
    port = "" if connection.port == connection.default_port else f":{connection.port}"
    return _fields(f"{connection.host}", port, tuple(headers.items()))


@lru_cache(maxsize=256)
def _fields(host: str, port: str, headers: tuple[tuple[str, str], ...]) -> bytes | None:
    if not _HOST.fullmatch(host) or not all(http_heads.is_plain(*pair) for pair in headers):
        return None
    lines = [("Host", host + port), *headers]
    return "".join(f"{name}: {value}\r\n" for name, value in lines).encode("ascii")


def _exchange(
    pool: HTTPConnectionPool, connection: Any, head: bytes, payload: Payload, meter: Meter
) -> Answer | urllib3.BaseHTTPResponse:
    sock, guard, complete = connection.sock, watchdog.current() or watchdog.Guard(None, None), True
    guard.watch(sock)
    try:
        sock.sendall(head)
        meter.uses(sock)
        payload.transmit(sock, meter)
    except OSError as error:
        # Storage may answer before it has read everything; as urllib3 does, look for the answer.
        if isinstance(error, KognicError) or error.errno not in _CLOSED_BY_STORAGE:
            raise
        complete = False
    guard.begin()
    try:
        data = _head_of(sock)
        if guard.fired:
            # Headers that end because the socket was closed look complete.
            raise TimeoutError(guard.fired)
        plain = _plain(data)
        if plain is None:
            return _as_urllib3(pool, connection, data)
    finally:
        guard.finish()
    status, reason, fields, size, start = plain
    body, whole = _rest(sock, guard, data[start:], size)
    if not (whole and complete) or fields.get("connection", "").lower() not in ("", "keep-alive"):
        connection.close()
    pool._put_conn(connection)
    return Answer(status, reason, fields, body)


def _head_of(sock: socket.socket) -> bytes:
    """Read until the headers are complete, or longer than usual."""
    data = b""
    while _END.search(data) is None and len(data) < MAX_SHORT:
        block = sock.recv(_READ)
        if not block:
            raise http.client.RemoteDisconnected("Remote end closed connection without response")
        data = data + block if data else block
    return data


def _plain(data: bytes) -> tuple[int, str, dict[str, str], int, int] | None:
    """Status, reason, headers, length of the body and where it begins; None if anything is not plain."""
    first = _STATUS.match(data)
    end = data.find(b"\r\n\r\n") + 2
    if first is None or end < 2:
        return None
    text, position = data[:end].decode("iso-8859-1"), first.end()
    fields: dict[str, str] = {}
    while (found := _FIELD.match(text, position)) is not None:
        name, position = found[1].lower(), found.end()
        fields[name] = f"{fields[name]}, {found[2]}" if name in fields else found[2]
    status = int(first[1])
    # An answer of 204 has no body, and mostly no length; one with both is left to http.client.
    length = fields.get("content-length", "0" if status == http.HTTPStatus.NO_CONTENT else "")
    # Up to five digits: more than MAX_SHORT has, and no work to turn into a number.
    if position != end or "transfer-encoding" in fields or not length.isdecimal() or len(length) > 5:
        return None
    if int(length) > (0 if status in (204, 304) else MAX_SHORT):
        return None
    return status, (first[2] or b"").decode(), fields, int(length), end + 2


def _rest(sock: socket.socket, guard: watchdog.Guard, body: bytes, size: int) -> tuple[bytes, bool]:
    """The body, and whether just that has come: the status says what counts, so a broken body is no error."""
    if len(body) < size:
        guard.begin()
        try:
            while len(body) < size and (block := sock.recv(size - len(body))):
                body += block
        except OSError:
            return body, False
        finally:
            guard.finish()
    return body[:size], len(body) == size and not guard.fired


class _Resumed(RawIOBase):
    """A socket whose first bytes have been read already."""

    def __init__(self, sock: socket.socket, data: bytes) -> None:
        self._data = data
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if not self._data:
            return self._raw.readinto(buffer)
        count = min(len(buffer), len(self._data))
        buffer[:count], self._data = self._data[:count], self._data[count:]
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()

    def makefile(self, _mode: str) -> BufferedReader:
        """As of a socket, for http.client."""
        return BufferedReader(self)


def _as_urllib3(pool: HTTPConnectionPool, connection: Any, data: bytes) -> urllib3.BaseHTTPResponse:
    """Let http.client and urllib3 read an answer that is not plain; `data` is what has come of it."""
    response: Any = http_heads.Response(_Resumed(connection.sock, data), method="PUT")  # type: ignore[arg-type]
    try:
        response.begin()
    except BaseException:
        response.close()
        raise
    guard = watchdog.current()
    if guard is not None and guard.fired:
        response.close()
        raise TimeoutError(guard.fired)
    if response.will_close:
        connection.close()
    return urllib3.HTTPResponse(
        response,
        headers=urllib3.HTTPHeaderDict(response.msg.items()),
        status=response.status,
        version=response.version,
        reason=response.reason,
        preload_content=False,
        decode_content=False,
        original_response=response,
        pool=pool,
        connection=connection,
        request_method="PUT",
    )


def _explain(error: BaseException, pool: HTTPConnectionPool, target: str) -> None:
    """Raise what urllib3 raises for an error of the connection."""
    if isinstance(error, KognicError):
        return
    if isinstance(error, TimeoutError):
        raise urllib3.exceptions.ReadTimeoutError(pool, target, "Read timed out.") from error
    if isinstance(error, ssl.SSLError):
        raise urllib3.exceptions.SSLError(error) from error
    if isinstance(error, (OSError, http.client.HTTPException)):
        raise urllib3.exceptions.ProtocolError("Connection aborted.", error) from error
