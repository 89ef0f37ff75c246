"""Coroutines of async callbacks and generators, run on one event loop in a thread of its own.

It works inside Jupyter and below any running loop, because it never uses the caller's thread.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from kognic.base_clients.cloud_storage import event_loop

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")
_END = object()


class EventLoopThread:
    """Runs awaitables from any thread on one loop, which starts with the first of them.

    Args:
        loop: A loop that is running elsewhere and is to be used instead; it is not stopped here.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._given = loop
        self._running: event_loop.LoopThread | None = None
        self._lock = threading.Lock()

    def run(self, awaitable: Awaitable[T]) -> T:
        """Wait for the result of an awaitable; not to be called on the loop's own thread."""
        with self._lock:
            if self._running is None:
                self._running = event_loop.LoopThread(self._given)
            running = self._running
        return running.run(awaitable)

    def iterate(self, blocks: AsyncIterator[T]) -> Iterator[T]:
        """Iterate over an async iterator, one step at a time."""

        async def step() -> Any:
            try:
                return await blocks.__anext__()
            except StopAsyncIteration:
                return _END

        while (block := self.run(step())) is not _END:
            yield block

    def close(self) -> None:
        """Stop the loop if it is this object's own."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            running.close()
