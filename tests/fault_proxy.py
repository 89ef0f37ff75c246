"""A reverse proxy that stands between a client and the sandbox and does harm on command.

The client is given the proxy's address; API and storage both pass through it, because the sandbox signs URLs
for the host that it was called by. Each rule fits a method and path and is used a number of times; requests
that fit no rule pass unharmed.

    with FaultProxy(sandbox.url) as proxy, proxy.client(sandbox) as client:
        proxy.rule("GET /v1/projects", drip_headers)
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from kognic.io.client import KognicIOClient
from kognic.sandbox import Sandbox


@dataclass
class Exchange:
    """One request on its way.

    Attributes:
        method: HTTP method.
        target: Path and query.
        head: Request line and headers as they came.
        body: The body as it came, chunks included.
        client: The socket of the client.
        proxy: The proxy.
    """

    method: str
    target: str
    head: bytes
    body: bytes
    client: socket.socket
    proxy: FaultProxy

    def forward(self) -> bytes:
        """Send the request on and return the whole answer as it came."""
        address = urlsplit(self.proxy.upstream)
        with socket.create_connection((str(address.hostname), address.port or 80), timeout=30) as sock:
            sock.sendall(re.sub(rb"(?im)^connection:[^\r]*\r\n", b"", self.head)[:-2])
            sock.sendall(b"Connection: close\r\n\r\n" + self.body)
            parts = []
            while block := sock.recv(1 << 16):
                parts.append(block)
        return b"".join(parts)

    def send(self, data: bytes) -> None:
        """Send to the client."""
        self.client.sendall(data)

    def drip(self, data: Callable[[int], bytes]) -> None:
        """Send small pieces for as long as the client listens."""
        number = 0
        with contextlib.suppress(OSError):
            while not self.proxy.over.is_set():
                self.client.sendall(data(number))
                number += 1
                time.sleep(0.05)


Fault = Callable[[Exchange], None]
"""Answers the client in place of the platform; the connection is closed afterwards."""


def drip_headers(exchange: Exchange) -> None:
    """A status line, and then a header that comes a byte at a time and never ends."""
    exchange.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    exchange.drip(lambda _: b"x")


def endless_headers(exchange: Exchange) -> None:
    """Header after header, each complete; few enough that no library counts to its limit first."""
    exchange.send(b"HTTP/1.1 200 OK\r\n")
    exchange.drip(lambda number: b"" if number > 60 else b"X-%d: 1\r\n" % number)


def endless_continue(exchange: Exchange) -> None:
    """Nothing but `100 Continue`."""
    exchange.drip(lambda _: b"HTTP/1.1 100 Continue\r\n\r\n")


def drip_chunk_size(exchange: Exchange) -> None:
    """A body whose first chunk never says how long it is."""
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    exchange.drip(lambda _: b"x")


def drip_body(exchange: Exchange) -> None:
    """A body that comes a byte at a time and never ends."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    exchange.drip(lambda _: b" ")


def drip_short_body(exchange: Exchange) -> None:
    """A body that is short, and would still take a minute."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1200\r\n\r\n")
    exchange.drip(lambda _: b" ")


def drip_trailers(exchange: Exchange) -> None:
    """A complete body, and then trailers without end."""
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    exchange.drip(lambda number: b"T%d: x\r\n" % number)


def web_page(exchange: Exchange) -> None:
    """The login page of a gateway, as a success."""
    page = b"<!DOCTYPE html><html><body>Please log in</body></html>"
    exchange.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
        % (len(page), page)
    )


def deliver_twice(exchange: Exchange) -> None:
    """The request arrives twice; the client gets the second answer."""
    exchange.forward()
    exchange.send(exchange.forward())


def lose_answer(exchange: Exchange) -> None:
    """The platform does the work, and the answer is lost."""
    exchange.forward()


@dataclass
class Rule:
    """Harm for some requests.

    Attributes:
        route: Method and a pattern of the path.
        fault: What happens.
        times: How often; None for always.
    """

    route: str
    fault: Fault
    times: int | None

    def fits(self, exchange: Exchange) -> bool:
        method, _, pattern = self.route.partition(" ")
        path = exchange.target.partition("?")[0]
        return method in ("*", exchange.method) and re.fullmatch(pattern, path) is not None


class FaultProxy:
    """The proxy; a context manager.

    Args:
        upstream: Address of the sandbox; may be set later, for a sandbox that signs URLs for the proxy.
        context: Of TLS, which later connections use as it is then; None for plain connections.

    Attributes:
        url: Its address.
        calls: Method and path of every request that came.
    """

    def __init__(self, upstream: str = "", context: ssl.SSLContext | None = None) -> None:
        self.upstream = upstream
        self.context = context
        self.over = threading.Event()
        self.calls: list[str] = []
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{'http' if context is None else 'https'}://127.0.0.1:{self._listener.getsockname()[1]}"

    def rule(self, route: str, fault: Fault, times: int | None = 1) -> None:
        """Harm the next requests of a route, such as `POST /v1/calibrations` or `* /.*`."""
        with self._lock:
            self._rules.append(Rule(route, fault, times))

    def clear(self) -> None:
        """Let everything pass from now on."""
        with self._lock:
            self._rules.clear()

    def client(self, sandbox: Sandbox, **options: Any) -> KognicIOClient:
        """A client of the sandbox whose every request passes here."""
        return sandbox.client(**{**dict.fromkeys(sandbox.hosts(), self.url), **options})

    def __enter__(self) -> FaultProxy:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        # Closing alone does not wake a thread that waits in `accept`.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(30)
        with contextlib.suppress(OSError), sock, self._secured(sock) as plain, plain.makefile("rb") as reader:
            exchange = self._read(plain, reader)
            if exchange is None:
                return
            fault = self._fault(exchange)
            if fault is not None:
                fault(exchange)
            else:
                exchange.send(exchange.forward())

    def _secured(self, sock: socket.socket) -> socket.socket:
        return sock if self.context is None else self.context.wrap_socket(sock, server_side=True)

    def _read(self, sock: socket.socket, reader: Any) -> Exchange | None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = reader.readline()
            if not line:
                return None
            head += line
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        length = re.search(rb"(?im)^content-length: *(\d+)", head)
        body = reader.read(int(length[1])) if length else b""
        if re.search(rb"(?im)^transfer-encoding: *chunked", head):
            body = self._chunks(reader)
        return Exchange(method, target, head, body, sock, self)

    @staticmethod
    def _chunks(reader: Any) -> bytes:
        body = b""
        while True:
            line = reader.readline()
            size = int(line.split(b";")[0], 16)
            body += line + reader.read(size + 2)
            if size == 0:
                return body

    def _fault(self, exchange: Exchange) -> Fault | None:
        with self._lock:
            self.calls.append(f"{exchange.method} {exchange.target.partition('?')[0]}")
            for rule in self._rules:
                if rule.fits(exchange) and (rule.times is None or rule.times > 0):
                    if rule.times is not None:
                        rule.times -= 1
                    return rule.fault
        return None
