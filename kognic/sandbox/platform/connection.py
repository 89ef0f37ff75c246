"""The TCP connection under an ASGI call: cutting it, which ASGI has no message for.

uvicorn hands out `send` as a bound method of the object that holds the transport.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any

from starlette.types import Receive, Scope, Send

KEY = "kognic.sandbox.transport"
# SO_LINGER with a timeout of zero makes close() send RST instead of FIN: a connection reset.
NO_LINGER = struct.pack("ii", 1, 0)


def remember_transport(scope: Scope, send: Send) -> None:
    """Keep the transport of a call for `reset` and `hang_up`."""
    scope[KEY] = getattr(getattr(send, "__self__", None), "transport", None)


async def reset(scope: Scope, receive: Receive) -> None:
    """Cut the connection at once: the peer gets a reset, not an orderly end."""
    transport = _transport(scope)
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None:
        # A caller that has lost patience is gone already, and the socket is closed.
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    transport.abort()
    await _until_gone(receive)


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection in order once what was sent is on its way."""
    _transport(scope).close()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    """Wait until the server has noticed, so that it does not try to answer."""
    while (await receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)


def _transport(scope: Scope) -> Any:
    transport = scope.get(KEY)
    if transport is None:
        raise RuntimeError("this server does not let its connections be cut; run the sandbox with uvicorn")
    return transport
