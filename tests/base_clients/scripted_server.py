"""A small HTTP server on a real socket that does what a test tells it, misbehaviour included."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """What came in."""

    method: str
    target: str
    headers: dict[str, str]
    connection: int
    body: bytes = b""
    complete: bool = False

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Exchange:
    """One request while it is being answered."""

    def __init__(self, server: ScriptedServer, sock: socket.socket, reader: Any, request: Request) -> None:
        self.server = server
        self.sock = sock
        self.request = request
        self.keep = True
        self._reader = reader
        self._read = False

    def read_body(self) -> None:
        if self._read:
            return
        self._read = True
        request = self.request
        if request.headers.get("expect", "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if request.headers.get("transfer-encoding") == "chunked":
            parts = []
            while (line := self._reader.readline()) and (size := int(line.split(b";")[0], 16)):
                parts.append(self._reader.read(size))
                self._reader.readline()
            request.body = b"".join(parts)
            if not line:
                return
            self._reader.readline()
        else:
            length = int(request.headers.get("content-length", "0"))
            request.body = self._reader.read(length)
            if len(request.body) < length:
                return
        request.complete = True

    def discard_body(self, block: int = 1 << 16) -> None:
        """Read a body of known length without keeping it."""
        self._read = True
        buffer = memoryview(bytearray(block))
        left = int(self.request.headers["content-length"])
        while left and (count := self._reader.readinto(buffer[: min(left, block)])):
            left -= count
        self.request.complete = not left

    def answer(
        self, status: int = 200, body: bytes | str | Any = b"", length: int | None = None, **headers: str
    ) -> None:
        if not isinstance(body, (bytes, str)):
            body, headers = json.dumps(body), {"Content-Type": "application/json", **headers}
        data = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Odd')}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines.append(f"Content-Length: {len(data) if length is None else length}")
        self.sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data)

    def reset(self) -> None:
        """Close with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        self.keep = False
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        self.sock.close()


Step = Callable[[Exchange], None]

REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    409: "Conflict",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def answer(status: int = 200, body: Any = b"", **headers: str) -> Step:
    """Read the request and answer it."""

    def step(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.answer(status, body, **headers)

    return step


def raw(*parts: bytes, close: bool = False) -> Step:
    """Read the request and answer with these bytes."""

    def step(exchange: Exchange) -> None:
        exchange.read_body()
        for part in parts:
            exchange.sock.sendall(part)
        if close:
            exchange.close()

    return step


def reset_unread(exchange: Exchange) -> None:
    """Reset the connection without reading the body."""
    exchange.reset()


def reset_after_reading(exchange: Exchange) -> None:
    """Take the whole request, then reset the connection: was it done or not?"""
    exchange.read_body()
    exchange.reset()


def hang_up(exchange: Exchange) -> None:
    """Take the whole request and close the connection properly, without an answer."""
    exchange.read_body()
    exchange.close()


def truncated(body: bytes, missing: int = 10) -> Step:
    """Announce more than is sent."""

    def step(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.answer(200, body, length=len(body) + missing, Content_Type="application/json")
        exchange.close()

    return step


def silent(exchange: Exchange) -> None:
    """Take the request and say nothing until the test is over."""
    exchange.read_body()
    exchange.server.over.wait()
    exchange.keep = False


def deaf(exchange: Exchange) -> None:
    """Neither read nor answer until the test is over."""
    exchange.server.over.wait()
    exchange.keep = False


@dataclass
class ScriptedServer:
    """Serves scripted steps by path; after them, and elsewhere, `default`.

    `requests` holds what came in, complete or not, in order of arrival; `connections` counts connections.
    """

    default: Step = field(default_factory=lambda: answer(200, {"data": {}}))
    context: ssl.SSLContext | None = None
    name: str = "127.0.0.1"
    port: int = 0
    address: str = "127.0.0.1"

    def __post_init__(self) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.over = threading.Event()
        self._steps: dict[str, deque[Step]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        self._listener = socket.create_server((self.address, self.port), family=family, backlog=256)
        self.port = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    @property
    def url(self) -> str:
        return f"{'https' if self.context else 'http'}://{self.name}:{self.port}"

    def on(self, path: str, *steps: Step) -> None:
        """Do these steps, in order, for requests to a path."""
        self._steps[path].extend(steps)

    def of(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def close(self) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _spawn(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._spawn(self._serve, sock, self.connections)

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            if self.context is not None:
                sock = self.context.wrap_socket(sock, server_side=True)
            self._open.add(sock)
            reader = sock.makefile("rb", 1 << 16)
            while not self.over.is_set() and self._exchange(sock, reader, number):
                pass
        except (OSError, ValueError):
            pass
        finally:
            self._open.discard(sock)
            sock.close()

    def _exchange(self, sock: socket.socket, reader: Any, number: int) -> bool:
        first = reader.readline()
        if not first.strip():
            return False
        method, target, _ = first.decode("latin-1").split(" ", 2)
        headers = {}
        while line := reader.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        request = Request(method, target, headers, number)
        exchange = Exchange(self, sock, reader, request)
        with self._lock:
            self.requests.append(request)
            steps = self._steps[request.path]
            step = steps.popleft() if steps else self.default
        step(exchange)
        return exchange.keep and exchange._read
