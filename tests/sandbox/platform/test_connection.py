"""Cutting connections."""

from __future__ import annotations

import socket
from typing import Any

from kognic.sandbox.platform.connection import KEY, reset


class GoneTransport:
    """The transport of a caller that has hung up: its socket is closed."""

    def __init__(self) -> None:
        self.socket, other = socket.socketpair()
        self.socket.close()
        other.close()
        self.aborted = 0

    def get_extra_info(self, name: str) -> Any:
        return {"socket": self.socket}[name]

    def abort(self) -> None:
        self.aborted += 1


async def test_reset_of_a_caller_that_is_gone() -> None:
    """There is nothing left to reset, and that is no error."""
    transport = GoneTransport()

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    await reset({KEY: transport}, receive)

    assert transport.aborted == 1
