"""The calls that are being answered: to be waited for, or cut off.

A caller who has lost patience is gone, while its call may still be on its way through the platform. Who looks
at the platform afterwards has to wait for such calls.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class InFlight:
    """Calls from their arrival until nothing of them is left. Safe to use from several threads."""

    def __init__(self) -> None:
        self._calls: set[asyncio.Task[Any]] = set()
        self._changed = threading.Condition()

    @contextmanager
    def current(self) -> Iterator[None]:
        """Count the task that runs as a call meanwhile."""
        call = asyncio.current_task()
        assert call is not None
        with self._changed:
            self._calls.add(call)
        try:
            yield
        finally:
            with self._changed:
                self._calls.discard(call)
                self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Wait until no call is in flight; whether that came to pass within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._calls, timeout)

    def cut_off(self) -> None:
        """End the calls in flight by cutting their connections; work that has begun is finished."""
        with self._changed:
            for call in self._calls:
                call.get_loop().call_soon_threadsafe(call.cancel)
