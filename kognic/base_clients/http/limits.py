"""What all calls of a client share: retry budget, circuit breaker, the pause after "too many requests".

Also what they have learnt: the platform's time, and the names of what was created. One object per client,
thread-safe. It knows neither calls nor errors.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from kognic._core.clock import SYSTEM, Clock
from kognic._core.retrying import parse_date
from kognic.base_clients.http.breaker import Breaker

# The numbers of botocore's standard retry mode: the costs, and the tokens that a client starts with.
RETRY_COST = 5
TIMEOUT_RETRY_COST = 10
RETRY_TOKENS = 500  # 100 retries, or 50 after time-outs, while nothing succeeds
# Names of created objects that a client remembers: enough for a proxy that repeats a request, at 1 MB.
REMEMBERED = 10_000


class RetryBudget:
    """A token bucket for retries, like the standard mode of botocore.

    Each retry takes tokens; a success after it gives them back, a success at once one more, up to the
    capacity. In an outage the bucket runs empty and calls fail at their first failure instead of multiplying
    the load.
    """

    def __init__(self, capacity: int | None = RETRY_TOKENS) -> None:
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

    def wait(
        self, clock: Clock = SYSTEM, end: float | None = None, is_over: Callable[[], object] | None = None
    ) -> bool:
        """Wait until calls may begin.

        Args:
            clock: Time.
            end: Until when at most, by the clock; None for as long as it takes.
            is_over: Whether nobody needs the call any more; its clock does not sleep then.

        Returns:
            Whether they may; False, at once, when that would be after `end`, or if the call is over.
        """
        while self._opens > 0.0 and (left := self._opens - clock.now()) > 0:
            if (end is not None and self._opens >= end) or (is_over is not None and is_over()):
                return False
            # Spread the restart: all threads at once would be too many again.
            clock.sleep(left + min(1.0, left) * clock.chance() / 2)
        return True


class PlatformClock:
    """What time it is for the platform, from the `Date` header of its latest answer."""

    def __init__(self) -> None:
        self._latest: tuple[str, float] | None = None

    def note(self, date: str | None, moment: float) -> None:
        """Remember an answer's `Date` header (RFC 9110 6.6.1) and the monotonic second it came at."""
        if date is not None:
            self._latest = date, moment

    def at(self, moment: float) -> datetime | None:
        """Return the platform's time at a second of the monotonic clock; None if it is not known."""
        if self._latest is None:
            return None
        text, came = self._latest
        date = parse_date(text)
        return None if date is None else date - timedelta(seconds=came - moment)


class CreatedNames:
    """Names of the objects that the platform has answered creations with, the latest ones."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}
        self._lock = threading.Lock()

    def add(self, names: Iterable[str]) -> None:
        """Remember names."""
        with self._lock:
            self._names.update(dict.fromkeys(names))
            while len(self._names) > REMEMBERED:
                del self._names[next(iter(self._names))]

    def has_any(self, names: Iterable[str]) -> bool:
        """Whether one of them is remembered."""
        with self._lock:
            return any(name in self._names for name in names)


class SharedLimits:
    """The retry budget, the pause after a 429, the circuit breaker and the end of one client.

    Attributes:
        platform_clock: What time it is for the platform.
        created: What the calls of the client have created.
        is_closed: The client was closed, so its services refuse further requests; a closed
            `requests.Session` would quietly open new connections.

    Args:
        budget: Tokens for retries; None for no limit.
        clock: Time, replaced by tests.
    """

    def __init__(self, budget: int | None = RETRY_TOKENS, *, clock: Clock = SYSTEM) -> None:
        self.budget = RetryBudget(budget)
        self.gate = Gate()
        self.breaker = Breaker(clock=clock)
        self.platform_clock = PlatformClock()
        self.created = CreatedNames()
        self.is_closed = False
