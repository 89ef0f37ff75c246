"""Work the platform does by itself, later: processing scenes, telling other services.

A few threads take jobs from a heap ordered by due time. Jobs can be held, so that a test can look at a state
that is otherwise over in milliseconds, and waited for, so that nobody needs to sleep.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Jobs:
    """A small scheduler with its own threads, which start with the first job."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._running = 0
        self._held = False
        self._closed = False

    def add(self, job: Callable[[], None], delay: float = 0) -> None:
        """Run a job after `delay` seconds."""
        with self._changed:
            if self._closed:
                return
            heapq.heappush(self._heap, (time.monotonic() + delay, next(self._order), job))
            if len(self._threads) < self._workers:
                thread = threading.Thread(
                    target=self._work, name=f"sandbox-job-{len(self._threads)}", daemon=True
                )
                self._threads.append(thread)
                thread.start()
            self._changed.notify_all()

    def hold(self, held: bool) -> None:
        """Stop taking jobs, or go on; what runs already is finished."""
        with self._changed:
            self._held = held
            self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Wait until nothing is due or running; whether that came to pass within `timeout` seconds.

        Jobs that wait for a later time count: this waits for them too.
        """
        with self._changed:
            return self._changed.wait_for(lambda: not self._heap and not self._running, timeout)

    def clear(self) -> None:
        """Forget the jobs that have not begun and wait for those that have."""
        with self._changed:
            self._heap.clear()
            self._held = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._running)

    def close(self) -> None:
        """Stop the threads; jobs that have not begun are dropped."""
        with self._changed:
            self._closed = True
            self._heap.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception:
                # A job must not end its thread: the platform would stand still without a word.
                logger.exception("a background job of the sandbox failed")
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._closed:
                due = self._heap[0][0] - time.monotonic() if self._heap and not self._held else None
                if due is not None and due <= 0:
                    self._running += 1
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(due)
        return None
