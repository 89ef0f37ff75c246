"""An event loop that runs in a thread of its own, or one that somebody else runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class LoopThread:
    """Waits for awaitables from any thread but the loop's own.

    Args:
        loop: A loop that is running elsewhere and is to be used instead; it is not stopped here.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        if loop is None:
            # A daemon: a forgotten close() must not keep the program from ending.
            self._thread = threading.Thread(
                target=_serve, args=(self._loop,), name="kognic-async-sources", daemon=True
            )
            self._thread.start()

    def run(self, awaitable: Awaitable[T]) -> T:
        """Wait for the result of an awaitable."""

        async def wait() -> T:
            return await awaitable

        future = asyncio.run_coroutine_threadsafe(wait(), self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Stop the loop if it is this object's own."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
