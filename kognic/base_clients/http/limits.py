"""What all calls of a client share: retry budget, circuit breaker, and the pause after "too many requests".

One object per client, thread-safe. It knows neither calls nor errors.
"""

from __future__ import annotations

import threading

from kognic._core.clock import SYSTEM, Clock
from kognic.base_clients.http.breaker import Breaker

RETRY_COST = 5
TIMEOUT_RETRY_COST = 10


class RetryBudget:
    """A token bucket for retries, like the standard mode of botocore.

    Each retry takes tokens; a success after it gives them back, a success at once one more, up to the
    capacity. In an outage the bucket runs empty and calls fail at their first failure instead of multiplying
    the load.
    """

    def __init__(self, capacity: int | None = 500) -> None:
        self.capacity = capacity
        self._tokens = capacity or 0
        self._lock = threading.Lock()

    @property
    def tokens(self) -> int:
        """What is left."""
        return self._tokens

    def spend(self, cost: int) -> bool:
        """Take tokens; False when there are too few."""
        if self.capacity is None:
            return True
        with self._lock:
            if self._tokens < cost:
                return False
            self._tokens -= cost
            return True

    def give_back(self, tokens: int) -> None:
        """Return tokens after a success."""
        # A full bucket is the normal state; looking without the lock keeps successes free of contention.
        if self.capacity is None or self._tokens >= self.capacity:
            return
        with self._lock:
            self._tokens = min(self.capacity, self._tokens + tokens)


class Gate:
    """Pauses all calls of a client after the platform answered 429 (too many requests)."""

    def __init__(self) -> None:
        self._opens = 0.0
        self._lock = threading.Lock()

    def close_for(self, seconds: float, clock: Clock = SYSTEM) -> None:
        """Let no call begin for so many seconds."""
        with self._lock:
            self._opens = max(self._opens, clock.now() + seconds)

    def wait(self, clock: Clock = SYSTEM, end: float | None = None) -> bool:
        """Wait until calls may begin.

        Args:
            clock: Time.
            end: Until when at most, by the clock; None for as long as it takes.

        Returns:
            Whether they may; False, at once, when that would be after `end`.
        """
        while self._opens > 0.0 and (left := self._opens - clock.now()) > 0:
            if end is not None and self._opens >= end:
                return False
            # Spread the restart: all threads at once would be too many again.
            clock.sleep(left + min(1.0, left) * clock.chance() / 2)
        return True


class SharedLimits:
    """The retry budget, the pause after a 429, the circuit breaker and the end of one client.

    Attributes:
        is_closed: The client was closed, so its services refuse further requests; a closed
            `requests.Session` would quietly open new connections.

    Args:
        budget: Tokens for retries; None for no limit.
        clock: Time, replaced by tests.
    """

    def __init__(self, budget: int | None = 500, *, clock: Clock = SYSTEM) -> None:
        self.budget = RetryBudget(budget)
        self.gate = Gate()
        self.breaker = Breaker(clock=clock)
        self.is_closed = False
