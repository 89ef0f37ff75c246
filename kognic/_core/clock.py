"""Clock, sleep and random numbers in one value, so that tests of waiting are fast and deterministic."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import attrs


@attrs.frozen
class Clock:
    """Source of time and chance for everything that waits.

    Attributes:
        now: Monotonic seconds, for measuring.
        wall: Seconds since the Unix epoch, for dates of others (HTTP dates, expiry of URLs).
        sleep: Waits so many seconds.
        chance: A number in [0, 1), for jitter.
    """

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    # Spreads waits; nothing depends on it being unpredictable.
    chance: Callable[[], float] = random.random

    def interrupted_by(self, event: threading.Event) -> Clock:
        """Return the same clock, whose sleep ends when an event is set."""
        if self.sleep is not time.sleep:
            return self

        def sleep(seconds: float) -> None:
            event.wait(seconds)

        return attrs.evolve(self, sleep=sleep)


SYSTEM = Clock()
