"""A small auth server with an API behind it, on a real socket, one thread per connection.

It checks what it is sent: client id and secret, refresh tokens, expiry by a clock that tests move. Everything
that arrives is kept. What it should do otherwise is scripted by path.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import ssl
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN_PATH = "/v1/auth/oauth/token"
CLIENT_ID = "client-4711"
CLIENT_SECRET = "tHe-ClIeNt/SeCrEt+0815="


@dataclasses.dataclass
class Clock:
    """Time that moves when told."""

    now: float = 1_800_000_000.25

    def time(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclasses.dataclass
class Received:
    """A request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    peer: int = 0

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def bearer(self) -> str | None:
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind == "Bearer" else None


@dataclasses.dataclass
class Answer:
    """What to send back; `drop` closes the connection without a word."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    drop: bool = False

    @property
    def content(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Script = Answer | Callable[[Received], Answer | None]


class AuthServer:
    """The server; a context manager.

    Attributes:
        received: All requests in the order of their arrival.
        lifetime: `expires_in` of the tokens that it issues; None to leave it out.
        refresh_lifetime: Seconds that refresh tokens live; None to issue none.
    """

    def __init__(self, clock: Clock, tls: ssl.SSLContext | None = None) -> None:
        self.clock = clock
        self.received: list[Received] = []
        self.lifetime: int | None = 3600
        self.refresh_lifetime: float | None = None
        self.client_ids = {CLIENT_ID: CLIENT_SECRET}
        self.revoked: set[str] = set()
        self._lock = threading.Lock()
        self._tokens: dict[str, float] = {}
        self._refresh_tokens: dict[str, float] = {}
        self._scripts: dict[str, list[Script]] = defaultdict(list)
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"auth_server": self}))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https" if tls else "http"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> AuthServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def token_requests(self) -> list[Received]:
        return [r for r in self.received if r.path == TOKEN_PATH]

    @property
    def api_requests(self) -> list[Received]:
        return [r for r in self.received if r.path != TOKEN_PATH]

    def script(self, path: str, *answers: Script) -> None:
        """Responses for the next requests of a path; later requests are handled as usual."""
        self._scripts[path] += answers

    def revoke_all(self) -> None:
        """Refuse every access token issued so far."""
        with self._lock:
            self.revoked |= set(self._tokens)

    def answer(self, request: Received) -> Answer:
        with self._lock:
            self.received.append(request)
            script = self._scripts[request.path].pop(0) if self._scripts[request.path] else None
        scripted = script(request) if callable(script) else script
        if scripted is not None:
            return scripted
        with self._lock:
            return self._token(request) if request.path == TOKEN_PATH else self._api(request)

    def issue(self) -> dict[str, Any]:
        """A new token."""
        number = len(self._tokens) + 1
        token = jwt({"sub": "user-1", "number": number})
        self._tokens[token] = self.clock.time() + (1e9 if self.lifetime is None else self.lifetime)
        answer: dict[str, Any] = {"access_token": token, "token_type": "Bearer"}
        if self.lifetime is not None:
            answer["expires_in"] = self.lifetime
        if self.refresh_lifetime is not None:
            answer["refresh_token"] = f"refresh-token-{number}"
            self._refresh_tokens[answer["refresh_token"]] = self.clock.time() + self.refresh_lifetime
        return answer

    def _token(self, request: Received) -> Answer:
        form = request.form
        client = form.get("client_id", "")
        if not form.get("client_secret") or self.client_ids.get(client) != form["client_secret"]:
            return Answer(401, {"error": "invalid_client", "error_description": f"Unknown client {client}"})
        if form.get("grant_type") == "refresh_token":
            expires = self._refresh_tokens.pop(form.get("refresh_token", ""), 0)
            if expires <= self.clock.time():
                return Answer(
                    401, {"error": "invalid_token", "error_description": "Refresh token has expired"}
                )
        elif form.get("grant_type") != "client_credentials":
            return Answer(400, {"error": "unsupported_grant_type"})
        return Answer(200, self.issue())

    def _api(self, request: Received) -> Answer:
        expires = self._tokens.get(request.bearer or "", 0)
        if expires <= self.clock.time() or request.bearer in self.revoked:
            return Answer(401, {"message": "Token is not valid"})
        return Answer(200, {"data": {"method": request.method, "body": request.body.decode("latin-1")}})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; a mistake of the server is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    auth_server: AuthServer

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def _handle(self) -> None:
        url = urlsplit(self.path)
        headers = {k.lower(): v for k, v in self.headers.items()}
        request = Received(
            self.command, url.path, dict(parse_qsl(url.query)), headers, self._body(), self.client_address[1]
        )
        answer = self.auth_server.answer(request)
        if answer.drop:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _handle  # noqa: N815

    def _line(self) -> bytes:
        line = self.rfile.readline()
        if not line:
            raise ConnectionResetError("the client gave up")
        return line

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self._line().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self._line()
        self.rfile.readline()
        return b"".join(chunks)


def jwt(payload: dict[str, Any]) -> str:
    """An unsigned token of the right shape."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=")
        for p in ({"alg": "none"}, payload)
    ]
    return ".".join([*parts, "c2lnbmF0dXJl"])
