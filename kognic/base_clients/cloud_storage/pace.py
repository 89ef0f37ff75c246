"""How many small files to move at once: as many as the line can use, at most one per connection.

Threads of Python run one at a time. Where storage answers at once, two or three of them keep it busy, and ten
would only wait for each other, which costs three times the processor time. Where storage is far away, each
thread waits for it, and all of them are needed. So a transfer of small files begins with a few threads and
adds more for as long as they leave the processor idle.
"""

from __future__ import annotations

import threading
import time

FEW = 2
"""Threads that begin: while one waits for storage, the other works."""
LOOK = 0.01
"""Seconds between two decisions: a third of the round trip to a platform in the same country."""
BUSY = 0.7
"""Processor seconds per second from which on another thread would not help. Measured with nginx on the same
machine: two threads reach 0.8, and more threads did not make it faster."""
IDLE = 0.2
"""The same, below which all threads are needed: they wait nearly all of the time."""


class Pace:
    """What the threads of a client's transfers use, and what follows from it. Thread-safe.

    Only their own processor time counts, so that other work of the process does not look like theirs.

    Attributes:
        wide: Whether the last transfer waited for storage, so that the next one begins with all threads.
    """

    def __init__(self) -> None:
        self.wide = False
        self._spent: dict[int, float] = {}

    def spend(self, seconds: float) -> None:
        """Add processor time of the calling thread."""
        # Each thread writes its own entry only, so that no lock is needed.
        me = threading.get_ident()
        self._spent[me] = self._spent.get(me, 0.0) + seconds

    def spent(self) -> float:
        """Return the processor seconds of all threads that have moved a file."""
        return sum(list(self._spent.values()))


class Watch:
    """The use of the processor from one look to the next."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._when, self._spent = time.monotonic(), pace.spent()

    def look(self) -> float:
        """Return the processor seconds per second since the last look."""
        when, spent = time.monotonic(), self._pace.spent()
        busy = (spent - self._spent) / max(when - self._when, 1e-9)
        self._when, self._spent = when, spent
        return busy
