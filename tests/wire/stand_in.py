"""A stand-in for the platform that answers as it did when an exchange was recorded.

A real HTTP server on a loopback port, one thread per connection. It knows no API: a request gets the answer
that was recorded for the same method, path and query, in the recorded order, and the last one again when they
are used up. Everything that arrives is kept for the comparison. Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.wire.placeholders import Placeholders, token_text

TOKEN_PATH = "/v1/auth/oauth/token"
STORAGE = "/_storage/"
# Of connections, not of calls; or derived from the body.
_IGNORED_HEADERS = {"host", "connection", "keep-alive", "content-length", "transfer-encoding"}
# What an installed optional library adds to the encodings that it accepts.
_OPTIONAL_ENCODINGS = {"br", "zstd"}

_STATUS_OF_PRE_ANNOTATIONS = ("GET", "/v2/pre-annotations")

Key = tuple[str, str, tuple[tuple[str, str], ...]]


class StandIn:
    """The server; a context manager."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._tokens = 0
        self._answers: dict[Key, list[dict[str, Any]]] = {}
        self._used_up: dict[Key, dict[str, Any]] = {}
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"stand_in": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def load(self, requests: list[dict[str, Any]], placeholders: Placeholders) -> None:
        """Take the recorded answers; what has arrived so far is forgotten."""
        answers: dict[Key, list[dict[str, Any]]] = defaultdict(list)
        for request in requests:
            query = tuple(map(tuple, placeholders.expand(request.get("query", []))))
            key = (request["method"], placeholders.expand(request["path"]), query)
            answers[key].append(placeholders.expand({k: request.get(k) for k in ("json", "response")}))
        with self._lock:
            self.received, self._tokens, self._used_up = [], 0, {}
            self._answers = dict(answers)

    def take(self, request: dict[str, Any]) -> dict[str, Any]:
        """Keep a request, and find its answer."""
        with self._lock:
            self.received.append(request)
            answer = self._next_answer(request)
            if request["path"] == TOKEN_PATH and "access_token" in answer.get("json", {}):
                self._tokens += 1
                answer = {**answer, "json": {**answer["json"], "access_token": token_text(self._tokens)}}
            return answer

    def _next_answer(self, request: dict[str, Any]) -> dict[str, Any]:
        key = (request["method"], request["path"], tuple(map(tuple, request.get("query", []))))
        left = self._answers.get(key, [])
        if not left and key[:2] == _STATUS_OF_PRE_ANNOTATIONS and (wanted := dict(key[2]).get("uuids")):
            # This client waits for a pre-annotation before it creates an input; the recorded one does not.
            found = [{"id": uuid, "status": "available"} for uuid in wanted.split(",")]
            return {"status": 200, "json": {"data": found, "metadata": {"hasNext": False}}}
        if not left:
            return self._used_up.get(key, {"status": 404, "json": {"message": f"Not recorded: {key}"}})
        # Calls that run concurrently may arrive in any order; what they ask for tells them apart.
        same = [a for a in left if a["json"] == request.get("json")]
        answer = (same or left)[0]
        left.remove(answer)
        self._used_up[key] = answer["response"]
        return answer["response"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A client that is still connected when the case is over must not hold the server up.
    block_on_close = False
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave together: apart, the second would wait for the first to be acknowledged.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    stand_in: StandIn

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def _answer(self) -> None:
        answer = self.stand_in.take(describe(self.command, self.path, self.headers, self._body()))
        content, headers = b"", dict(answer.get("headers", {}))
        if "json" in answer:
            content = json.dumps(answer["json"]).encode()
            headers["Content-Type"] = "application/json"
        elif "text" in answer:
            content = answer["text"].encode()
            headers["Content-Type"] = "text/plain"
        self.send_response(answer["status"])
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 (the names http.server calls)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)


def describe(method: str, target: str, headers: Any, body: bytes) -> dict[str, Any]:
    """A request in the form of the recordings, with the values of this run."""
    url = urlsplit(target)
    request: dict[str, Any] = {"method": method, "path": unquote(url.path), "headers": _headers(headers)}
    if url.query:
        request["query"] = [list(pair) for pair in sorted(parse_qsl(url.query, keep_blank_values=True))]
    bearer = headers.get("Authorization", "").partition("Bearer access-token-")[2]
    if bearer:
        request["token"] = int(bearer)
    content_type = headers.get("Content-Type", "")
    if request["path"].startswith(STORAGE) and method == "PUT":
        request["upload"] = _upload(body)
    elif content_type.startswith("application/x-www-form-urlencoded"):
        request["form"] = [list(pair) for pair in sorted(parse_qsl(body.decode()))]
    elif body:
        request["json"] = json.loads(body)
    return request


def _headers(headers: Any) -> dict[str, str]:
    kept = {k.lower(): v for k, v in headers.items() if k.lower() not in _IGNORED_HEADERS}
    if "authorization" in kept:
        kept["authorization"] = kept["authorization"].split(" ")[0]
    if "accept-encoding" in kept:
        encodings = {e.strip() for e in kept["accept-encoding"].split(",")} - _OPTIONAL_ENCODINGS
        kept["accept-encoding"] = ", ".join(sorted(encodings))
    if headers.get("Transfer-Encoding"):
        kept["framing"] = headers["Transfer-Encoding"].lower()
    elif "Content-Length" in headers:
        kept["framing"] = "content-length"
    return kept


def _upload(body: bytes) -> dict[str, Any]:
    """Size and hash; for JSON its value too, as how it is written does not matter."""
    upload: dict[str, Any] = {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    try:
        upload["json"] = json.loads(body)
    except ValueError:
        return upload
    return upload
