"""Runs the platform: a listening socket and uvicorn around the application, in a thread or in front."""

from __future__ import annotations

import asyncio
import socket
import threading

import uvicorn

from kognic.sandbox.bounded_http import BoundedHttp
from kognic.sandbox.platform.app import create_app
from kognic.sandbox.platform.platform import Platform

BACKLOG = 1024
# nginx's default: a connection survives the pauses of a test, as it does the platform's gateway.
KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 1


class PlatformServer:
    """One platform on one port.

    The socket listens from the start: who connects before the loop runs waits instead of failing.
    """

    def __init__(self, platform: Platform, host: str, port: int) -> None:
        self._socket = _listen(host, port)
        self._app = create_app(platform)
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            backlog=BACKLOG,
            ws="none",
            http=BoundedHttp,
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.host = host
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """Base URL for callers on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # nosec B104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name=f"kognic-sandbox-{self.port}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving; calls in flight get a second to finish, then their connections are cut."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(SHUTDOWN_SECONDS)
            while self._thread.is_alive():
                if self._loop is not None:
                    self._loop.call_soon_threadsafe(self._app.cut_off)
                self._thread.join(SHUTDOWN_SECONDS)
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._socket])


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as exc:
        listening.close()
        raise OSError(exc.errno, f"the sandbox cannot listen on {host}:{port}: {exc.strerror}") from None
    return listening
