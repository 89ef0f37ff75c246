"""Objects that exist and cannot be seen yet, as on the real platform, whose services learn of them late.

A scene cannot be queried for a short while after its creation returned; the request of a new batch appears
seconds later. What is hidden is forgotten on restart: the delays are short.
"""

from __future__ import annotations

import threading
import time

from kognic.sandbox.platform.jobs import Jobs


class Visibility:
    """Hides objects for a while. Safe to use from more than one thread."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def hide(self, key: str, seconds: float) -> None:
        """Hide an object for some seconds from now; zero changes nothing.

        Args:
            key: UUID of the object.
            seconds: How long.
        """
        if seconds <= 0:
            return
        with self._lock:
            self._until[key] = time.monotonic() + seconds
        # A job, so that who waits for an idle platform waits for this, too.
        self._jobs.add(lambda: self._reveal(key), seconds)

    def is_hidden(self, key: str) -> bool:
        """Whether an object cannot be seen yet."""
        until = self._until.get(key)
        return until is not None and time.monotonic() < until

    def clear(self) -> None:
        """Show everything."""
        with self._lock:
            self._until.clear()

    def _reveal(self, key: str) -> None:
        with self._lock:
            if self._until.get(key, float("inf")) <= time.monotonic():
                del self._until[key]
