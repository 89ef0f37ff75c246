"""Counts the bytes of one attempt as they move: progress, hash, stalls, and whether to go on at all."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from kognic._core.clock import Clock
from kognic.base_clients.cloud_storage.checksums import Buffer, new_hasher
from kognic.base_clients.errors import StalledTransferError
from kognic.base_clients.http.transport_errors import stalled

MIN_RATE = 1024.0
"""Bytes per second below which a transfer counts as stalled, over as many seconds as the timeout has."""


class Cancelled(BaseException):
    """The whole transfer was called off; not an error of this file."""


class Meter:
    """One attempt at moving one body.

    Args:
        name: Method and redacted URL, for messages.
        window: Seconds over which the rate is taken; also how long a socket may block.
        clock: Time.
        algorithm: Of the checksum to compute from the bytes as they pass through memory; None for none.
        on_bytes: Called with the number of bytes that moved.
        cancelled: Whether the transfer has been called off already.
    """

    def __init__(
        self,
        name: str,
        *,
        window: float,
        clock: Clock,
        algorithm: str | None = None,
        on_bytes: Callable[[int], None] | None = None,
        cancelled: bool = False,
    ) -> None:
        self.name = name
        self.window = window
        self.algorithm = algorithm
        self.hasher = new_hasher(algorithm) if algorithm else None
        self.size = 0
        self._clock = clock
        self._on_bytes = on_bytes
        self._cancelled = cancelled
        self._sock: socket.socket | None = None
        self._since = 0.0
        self._size_then = 0

    def uses(self, sock: socket.socket) -> None:
        """Remember what the bytes move through, for `interrupt`."""
        self._sock = sock

    def interrupt(self) -> None:
        """Cancel the transfer from another thread: whatever waits for the socket fails at once."""
        self._cancelled = True
        if self._sock is not None:
            # It may be closed by now, which is as good.
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)

    def moved(self, size: int, data: Buffer | None = None) -> None:
        """Count bytes.

        Args:
            size: How many.
            data: The bytes themselves, where they are available.

        Raises:
            StalledTransferError: Too few over the last `window` seconds.
            Cancelled: The transfer has been called off.
        """
        if self._cancelled:
            raise Cancelled
        self.size += size
        if self.hasher is not None and data is not None:
            self.hasher.update(data)
        if self._on_bytes is not None:
            self._on_bytes(size)
        self._check_rate()

    def take_back(self) -> None:
        """Subtract the bytes of this attempt from the progress."""
        if self._on_bytes is not None and self.size:
            self._on_bytes(-self.size)

    def stalled(self, seconds: float, size: int = 0) -> StalledTransferError:
        """Return the error of a transfer that moved `size` bytes in so many seconds."""
        method, _, url = self.name.partition(" ")
        return stalled(method, url, rate=size / max(seconds, 1e-9), floor=MIN_RATE, window=seconds)

    def _check_rate(self) -> None:
        now = self._clock.now()
        if not self._since:
            self._since = now
        elif (seconds := now - self._since) >= self.window:
            size = self.size - self._size_then
            if size < MIN_RATE * seconds:
                raise self.stalled(seconds, size)
            self._since, self._size_then = now, self.size
