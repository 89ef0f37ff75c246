"""Shows a scene in the browser, frame by frame, from a server on this machine.

    with ViewServer(source) as server:
        webbrowser.open(server.link)

Other users of the machine must not see the scene: the link holds a random key, which becomes a cookie;
without it the server answers 403. The `Host` of each request must be this machine's, so that a page elsewhere
cannot reach the server under a name of its own (DNS rebinding).
"""

from __future__ import annotations

import hashlib
import hmac
import http.server
import json
import re
import secrets
import threading
from collections import OrderedDict
from functools import cached_property
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from kognic.viewer.document import Frame, Scene
from kognic.viewer.frames import FAST, frame_bytes, scene_bytes
from kognic.viewer.page import SERVED_HEADERS, bundle, served_page

# Memory for packed frames: some 50 of 5 MB, so that playing back and forth does not pack them again.
CACHE_BYTES = 256 * 2**20
_ENCODERS = 2
# Between checks for the end: closing takes this long, and with socketserver's default half a second.
_POLL_SECONDS = 0.05
_FRAME = re.compile(r"/data/(?P<version>[0-9a-f]{16})/frames/(?P<index>[0-9]{1,7})")
_SCENE = re.compile(r"/data/(?P<version>[0-9a-f]{16})/scene")
_ASSET = re.compile(r"/assets/[0-9a-f]{16}/viewer\.(?P<kind>js|css)")
_NEVER = {"Cache-Control": "no-store"}
_FOREVER = "private, max-age=31536000, immutable"
_ASSET_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}


class Source(Protocol):
    """A scene and its frames; `SceneSource` is one."""

    @property
    def scene(self) -> Scene:
        """What is the same for all frames."""
        ...

    def frame(self, index: int) -> Frame:
        """Read a frame, by its position in `scene.frames`."""
        ...


class FramePackets:
    """Packets of frames, kept as long as they fit; safe to use from many threads.

    Args:
        source: The scene.
        limit: Bytes to keep.
    """

    def __init__(self, source: Source, limit: int = CACHE_BYTES) -> None:
        self._source = source
        self._limit = limit
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._encoding = threading.BoundedSemaphore(_ENCODERS)

    def get(self, index: int) -> bytes:
        """Return the packet of a frame. At most two frames are read at a time."""
        found = self._known(index)
        if found is not None:
            return found
        with self._encoding:
            found = self._known(index)
            if found is None:
                found = frame_bytes(self._source.frame(index), self._source.scene, level=FAST)
                self._keep(index, found)
        return found

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        with self._lock:
            return sum(map(len, self._kept.values()))

    def _known(self, index: int) -> bytes | None:
        with self._lock:
            found = self._kept.get(index)
            if found is not None:
                self._kept.move_to_end(index)
            return found

    def _keep(self, index: int, packet: bytes) -> None:
        with self._lock:
            self._kept[index] = packet
            while sum(map(len, self._kept.values())) > self._limit and len(self._kept) > 1:
                self._kept.popitem(last=False)


class ViewServer:
    """Serves one scene on 127.0.0.1; a context manager.

    Args:
        source: The scene.
        port: 0 takes a free one.
        state: What the page shows first, as its address has it after `#`, for example `cam=FRONT`.

    Raises:
        ViewerMissingError: This installation was built without the viewer.
        OSError: The port is taken.
    """

    def __init__(self, source: Source, *, port: int = 0, state: str = "") -> None:
        bundle()
        self.source = source
        self.packets = FramePackets(source)
        self._key = secrets.token_urlsafe(24)
        self._state = state
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="kognic-view", daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def link(self) -> str:
        """Opens the page once; the key in it becomes a cookie."""
        state = f"#{self._state}" if self._state else ""
        return f"http://127.0.0.1:{self.port}/?key={self._key}{state}"

    @property
    def cookie_name(self) -> str:
        """Cookies are shared by all ports of a host, hence the port."""
        return f"kognic_view_{self.port}"

    @cached_property
    def head(self) -> bytes:
        """The packet of the scene."""
        return scene_bytes(self.source.scene, level=FAST)

    @cached_property
    def version(self) -> str:
        """Names the content, so that the browser may keep what it got."""
        return hashlib.sha256(self.head + self._key.encode()).hexdigest()[:16]

    def __enter__(self) -> ViewServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def is_key(self, given: str) -> bool:
        """Whether a key is that of the link, in a time that tells nothing."""
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._key.encode())

    def is_own_host(self, host: str) -> bool:
        """Whether a `Host` header names this server."""
        return host in {f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        return type("Handler", (_Handler,), {"owner": self})


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    owner: ViewServer
    server_version = "kognic-view"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """Route a request."""
        parts = urlsplit(self.path)
        if not self.owner.is_own_host(self.headers.get("Host", "")):
            self._say(HTTPStatus.MISDIRECTED_REQUEST, "This server does not answer to that name.")
        elif parts.path == "/" and "key" in parse_qs(parts.query):
            self._sign_in(parse_qs(parts.query)["key"][0])
        elif not self._is_signed_in():
            self._say(HTTPStatus.FORBIDDEN, "Open the link that kognic view printed; it holds the key.")
        else:
            self._answer(parts.path)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the key is in the first request's address."""

    def _sign_in(self, key: str) -> None:
        if not self.owner.is_key(key):
            self._say(HTTPStatus.FORBIDDEN, "This link has expired; start kognic view again.")
            return
        # Lax, not Strict: browsers drop a strict cookie in the redirect that follows.
        cookie = f"{self.owner.cookie_name}={key}; HttpOnly; SameSite=Lax; Path=/"
        self._send(HTTPStatus.SEE_OTHER, b"", "text/plain", {"Location": "/", "Set-Cookie": cookie})

    def _is_signed_in(self) -> bool:
        try:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(self.owner.cookie_name)
        except CookieError:
            return False
        return found is not None and self.owner.is_key(found.value)

    def _answer(self, path: str) -> None:
        if path == "/":
            assets = f"/assets/{bundle().digest[:16]}/"
            title = self.owner.source.scene.title
            html = served_page(title=title, source=f"/data/{self.owner.version}/", assets=assets)
            self._send(
                HTTPStatus.OK, html.encode(), "text/html; charset=utf-8", {"Cache-Control": "no-store"}
            )
        elif (asset := _ASSET.fullmatch(path)) is not None:
            built = bundle()
            text = built.script if asset["kind"] == "js" else built.style
            self._send(HTTPStatus.OK, text.encode(), _ASSET_TYPES[asset["kind"]], {"Cache-Control": _FOREVER})
        elif (scene := _SCENE.fullmatch(path)) is not None and scene["version"] == self.owner.version:
            self._send_packet(self.owner.head)
        elif (frame := _FRAME.fullmatch(path)) is not None and frame["version"] == self.owner.version:
            self._answer_frame(int(frame["index"]))
        else:
            self._say(HTTPStatus.NOT_FOUND, "There is nothing here.")

    def _answer_frame(self, index: int) -> None:
        if index >= len(self.owner.source.scene.frames):
            self._say(HTTPStatus.NOT_FOUND, "There is no such frame.")
            return
        try:
            packet = self.owner.packets.get(index)
        except Exception as exc:  # one frame that cannot be read must not end the view of the others
            self._say(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(exc).__name__}: {exc}")
            return
        self._send_packet(packet)

    def _send_packet(self, packet: bytes) -> None:
        self._send(HTTPStatus.OK, packet, "application/octet-stream", {"Cache-Control": _FOREVER})

    def _say(self, status: HTTPStatus, message: str) -> None:
        body = json.dumps({"message": message}).encode()
        self._send(status, body, "application/json", _NEVER)

    def _send(self, status: HTTPStatus, body: bytes, content_type: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**SERVED_HEADERS, **headers, "Content-Type": content_type}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True  # frames that were skipped over are given up
