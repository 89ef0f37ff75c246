"""One event loop in a thread of its own, for the coroutines of async callbacks and generators.

It works inside Jupyter and below any running loop, because it never uses the caller's thread.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

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
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def run(self, awaitable: Awaitable[T]) -> T:
        """Wait for the result of an awaitable; not to be called on the loop's own thread."""
        # asyncio takes long to import, and most uploads never need it.
        import asyncio

        async def wait() -> T:
            return await awaitable

        future = asyncio.run_coroutine_threadsafe(wait(), self._running())
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

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
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._given is not None:
            return self._given
        import asyncio

        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # A daemon: a forgotten close() must not keep the program from ending.
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name="kognic-async-sources", daemon=True
                )
                self._thread.start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
