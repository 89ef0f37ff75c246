"""The usual exchange at the least cost: a request over an open connection, and a short answer.

urllib3 and http.client take more processor time for a request than the system takes to move a file of 100 KB,
and threads that compete for the interpreter wait for that time as well. Connections are still theirs: this
module borrows an open one from the pool, writes request line and headers at once, and reads the answer
itself. What is not usual is left to them: opening connections, proxies, odd addresses and headers, cookies,
and answers that are chunked, long, preliminary or not plain. Calls and file transfers both pass through it.
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
from typing import Any, NamedTuple, Protocol

import attrs
import urllib3
from urllib3.connectionpool import HTTPConnectionPool

from kognic._core import http_heads, watchdog
from kognic._core.errors import KognicError

MAX_SHORT = 1 << 16
"""Bytes. A choice: to read an answer of this size costs less than a new TLS connection; a longer one is
dropped with its connection."""

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
"""HEAD has answers of its own form."""
# Without a body, http.client announces the length of 0 for the others.
_WITHOUT_BODY = frozenset({"GET", "DELETE"})

# What urllib3 sends unchanged (its `_encode_target`): no letter that must be encoded, and no escape in small
# letters.
_SAFE = r"[A-Za-z0-9\-._~!$&'()*+,;=:@/]*"
_TARGET = re.compile(rf"/{_SAFE}(?:%[0-9A-F]{{2}}{_SAFE})*(?:\?{_SAFE}(?:(?:%[0-9A-F]{{2}}|\?){_SAFE})*)?")
_HOST = re.compile(r"[A-Za-z0-9.-]+")
_STATUS = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2})(?: ([\x20-\x7e]*))?\r\n")
_FIELDS = re.compile(rf"(?:{http_heads.FIELD.pattern})*")
# A folded header value (RFC 9112, 5.2); urllib3 replaces the line break in the same way.
_FOLD = re.compile(r"\r?\n[ \t]+")
# Where headers end, also those of a server that writes line feeds alone.
_END = re.compile(rb"\n\r?\n")
_UNUSUAL = frozenset({"transfer-encoding", "set-cookie", "set-cookie2"})
# macOS says EPROTOTYPE.
_CLOSED_BY_SERVER = (errno.EPIPE, errno.ECONNRESET, errno.EPROTOTYPE)
# Bytes of one read: any usual answer comes whole.
_READ = 1 << 14


class Sender(Protocol):
    """A body that writes itself.

    Attributes:
        length: Bytes.
    """

    length: int

    def transmit(self, sock: socket.socket) -> None:
        """Write the whole body to a connected socket."""
        ...


Body = bytes | Sender | None


@attrs.frozen(eq=False)
class Answer:
    """A short answer, read to its end.

    Attributes:
        status: Its status.
        reason: The text beside it.
        fields: Names and values of its headers as they came.
        body: As it came; shorter than announced if the connection broke.
    """

    status: int
    reason: str
    fields: list[tuple[str, str]]
    body: bytes

    @property
    def headers(self) -> http_heads.Fields:
        """The headers by name; values of one name are joined by commas."""
        store: dict[str, tuple[str, str]] = {}
        for name, value in self.fields:
            key = name.lower()
            before = store.get(key)
            store[key] = (name, value) if before is None else (before[0], f"{before[1]}, {value}")
        return http_heads.Fields(store)

    def as_response(self) -> ShortResponse:
        """Return it as an answer of urllib3 whose body is unread."""
        return ShortResponse(self)


class ShortResponse(urllib3.HTTPResponse):
    """A short answer as one of urllib3, which is set up when somebody looks at it: few do.

    Args:
        answer: What came.
    """

    # What others look at in every answer: for cookies, and for the connection, which is back in its pool.
    _original_response = None
    _pool = None
    _connection = None
    # For copies, which come into being without a constructor.
    _is_set_up = True

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self._unread = answer.body
        self._is_set_up = self._is_closed = False

    def __getattr__(self, name: str) -> Any:
        if self._is_set_up:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self._is_set_up = True
        super().__init__(
            BytesIO(self._unread),
            headers=urllib3.HTTPHeaderDict(self.answer.fields),
            status=self.answer.status,
            version=11,
            reason=self.answer.reason,
            preload_content=False,
            decode_content=False,
            enforce_content_length=False,
        )
        if self._is_closed:
            super().close()
        return getattr(self, name)

    def take(self) -> bytes | None:
        """Read the body at once; None if it is encoded, or has been looked at as an answer of urllib3."""
        if self._is_set_up or any(name.lower() == "content-encoding" for name, _ in self.answer.fields):
            return None
        body, self._unread = self._unread, b""
        return body

    @property
    def closed(self) -> bool:
        """As of urllib3."""
        return super().closed if self._is_set_up else self._is_closed

    def close(self) -> None:
        """As of urllib3."""
        self._is_closed = True
        if self._is_set_up:
            super().close()


def exchange(
    pool: HTTPConnectionPool,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: Body = None,
    timeout: urllib3.Timeout | None = None,
    *,
    partial: bool = False,
) -> Answer | urllib3.BaseHTTPResponse | None:
    """Send a request over an open connection of a pool.

    Args:
        pool: Where the connection comes from, and where it returns to.
        method: One of `METHODS`.
        target: Path and query.
        headers: All but `Host`. `Content-Length` is added for a `Sender`.
        body: What to send.
        timeout: To send, and to wait for the answer; None for that of the connection.
        partial: Read on until the body of a short answer is complete, and take what has come of it if the
            connection breaks: for callers that need no more than the status.

    Returns:
        The answer; as urllib3 gives it if it is not a usual one, or if its body has not come with its
        headers. None if nothing was sent, because this is not a usual case.

    Raises:
        urllib3.exceptions.HTTPError: As from urllib3.
        KognicError: As from `body`.
    """
    if not _TARGET.fullmatch(target):
        return None
    fields = _fields(method, headers, body)
    if fields is None:
        return None
    connection: Any = pool._get_conn()
    try:
        host = _host_of(connection)
        if host is None:
            pool._put_conn(connection)
            return None
        head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n"
        return _exchange(pool, connection, method, head.encode("ascii"), body, timeout, partial)
    except BaseException as error:
        connection.close()
        pool._put_conn(None)
        _explain(error, pool, target)
        raise


def _host_of(connection: Any) -> str | None:
    """The `Host` of a request; None for a connection that is not an open and usual one."""
    usual = (
        type(connection.sock) in (socket.socket, ssl.SSLSocket)
        and connection.proxy is None
        and connection.debuglevel == 0
        and _HOST.fullmatch(connection.host) is not None
    )
    if not usual:
        return None
    return (
        connection.host
        if connection.port == connection.default_port
        else f"{connection.host}:{connection.port}"
    )


def _fields(method: str, headers: Mapping[str, str], body: Body) -> str | None:
    """The header fields of a request, without its host; None if http.client would write others, or refuse."""
    pairs = headers.pairs() if isinstance(headers, http_heads.Fields) else list(headers.items())
    length = _framing(tuple([name for name, _ in pairs]))
    if length is None or not http_heads.are_plain_values([value for _, value in pairs]):
        return None
    lines = "".join([f"{name}: {value}\r\n" for name, value in pairs])
    if body is not None and not isinstance(body, bytes):
        return f"{lines}Content-Length: {body.length}\r\n" if length < 0 else None
    if length < 0:
        return lines if body is None and method in _WITHOUT_BODY else None
    return lines if pairs[length][1] == str(len(body or b"")) else None


@lru_cache(maxsize=256)
def _framing(names: tuple[str, ...]) -> int | None:
    """Where in the headers the length of the body stands, or -1; None if the names are not the usual ones."""
    if not http_heads.are_plain_names(names):
        return None
    lower = [name.lower() for name in names]
    unusual = {"host", "transfer-encoding", "expect", "te", "upgrade"}.intersection(lower)
    # http.client and urllib3 add these two if they are missing.
    complete = {"accept-encoding", "user-agent"}.issubset(lower)
    if unusual or not complete or lower.count("content-length") > 1:
        return None
    return lower.index("content-length") if "content-length" in lower else -1


def _exchange(
    pool: HTTPConnectionPool,
    connection: Any,
    method: str,
    head: bytes,
    body: Body,
    timeout: urllib3.Timeout | None,
    partial: bool,
) -> Answer | urllib3.BaseHTTPResponse:
    sock, guard = connection.sock, watchdog.current() or watchdog.Guard(None, None)
    guard.watch(sock)
    complete = _send(sock, head, body, timeout)
    guard.begin()
    try:
        data = _head_of(sock)
        if guard.fired:
            # Headers that end because the socket was closed look complete.
            raise TimeoutError(guard.fired)
        plain = _plain(data)
        if plain is None or not (partial or len(data) >= plain.start + plain.size):
            return _as_urllib3(pool, connection, method, data)
    finally:
        guard.finish()
    rest, whole = _rest(sock, guard, data[plain.start :], plain.size)
    # From here on it may be another exchange's.
    guard.watch(None)
    if guard.fired or plain.closes or not (whole and complete):
        connection.close()
    pool._put_conn(connection)
    return Answer(plain.status, plain.reason, plain.fields, rest)


def _send(sock: socket.socket, head: bytes, body: Body, timeout: urllib3.Timeout | None) -> bool:
    """Write a request; whether the server has taken all of it. Then the socket waits as long as it may."""
    if timeout is not None:
        _set_timeout(sock, timeout.connect_timeout)
    try:
        if body is None or isinstance(body, bytes):
            sock.sendall(head + body if body else head)
        else:
            sock.sendall(head)
            body.transmit(sock)
    except OSError as error:
        # The server may answer before it has read everything; as urllib3 does, look for the answer.
        if isinstance(error, KognicError) or error.errno not in _CLOSED_BY_SERVER:
            raise
        return False
    finally:
        if timeout is not None:
            _set_timeout(sock, timeout.read_timeout)
    return True


def _set_timeout(sock: socket.socket, seconds: Any) -> None:
    # Which is a call of the system.
    if sock.gettimeout() != seconds:
        sock.settimeout(seconds)


def _head_of(sock: socket.socket) -> bytes:
    """Read until the headers are complete, or longer than usual."""
    data = b""
    while _END.search(data) is None and len(data) < MAX_SHORT:
        block = sock.recv(_READ)
        if not block:
            raise http.client.RemoteDisconnected("Remote end closed connection without response")
        data = data + block if data else block
    return data


class _Plain(NamedTuple):
    """The status line and headers of a plain answer.

    Attributes:
        status: Its status.
        reason: The text beside it.
        fields: Names and values as they came.
        size: The length of the body.
        start: Where it begins.
        closes: Whether the connection ends with it.
    """

    status: int
    reason: str
    fields: list[tuple[str, str]]
    size: int
    start: int
    closes: bool


def _plain(data: bytes) -> _Plain | None:
    """Read the head of an answer; None if anything in it is not plain."""
    first = _STATUS.match(data)
    end = data.find(b"\r\n\r\n") + 2
    if first is None or end < 2:
        return None
    text = data[first.end() : end].decode("iso-8859-1")
    if _FIELDS.fullmatch(text) is None:
        return None
    fields = http_heads.FIELD.findall(text)
    framing = {name.lower(): value for name, value in fields}
    status = int(first[1])
    # An answer of 204 has no body, and mostly no length; one with both is left to http.client.
    length = framing.get("content-length", "0" if status == http.HTTPStatus.NO_CONTENT else "")
    if len(framing) < len(fields) and sum(name.lower() == "content-length" for name, _ in fields) > 1:
        return None
    # Cookies are for those who know http.client. Up to five digits: more than MAX_SHORT has, and no work to
    # turn into a number.
    if not _UNUSUAL.isdisjoint(framing) or not length.isdecimal() or len(length) > 5:
        return None
    if int(length) > (0 if status in (204, 304) else MAX_SHORT):
        return None
    closes = framing.get("connection", "").lower() not in ("", "keep-alive")
    return _Plain(status, (first[2] or b"").decode(), fields, int(length), end + 2, closes)


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


def _as_urllib3(
    pool: HTTPConnectionPool, connection: Any, method: str, data: bytes
) -> urllib3.BaseHTTPResponse:
    """Let http.client and urllib3 read an answer that is not usual; `data` is what has come of it."""
    response: Any = http_heads.Response(_Resumed(connection.sock, data), method=method)  # type: ignore[arg-type]
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
        headers=urllib3.HTTPHeaderDict(
            [(name, _FOLD.sub(" ", value)) for name, value in response.msg.items()]
        ),
        status=response.status,
        version=response.version,
        reason=response.reason,
        preload_content=False,
        decode_content=False,
        original_response=response,
        pool=pool,
        connection=connection,
        request_method=method,
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
