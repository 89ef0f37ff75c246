"""The rounds of a waiting loop: how often to ask, and when to give up."""

from __future__ import annotations

from collections.abc import Callable, Iterator


def rounds(
    timeout: float | None,
    poll_interval: float,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], object],
) -> Iterator[None]:
    """Yield once per round, with a pause between two; end when the time is up.

    The last pause ends with the time, so that one more round follows it.

    Args:
        timeout: Seconds in total; None for no limit.
        poll_interval: Seconds between two rounds.
        clock: Seconds since some moment.
        sleep: Waits for that many seconds.
    """
    deadline = None if timeout is None else clock() + timeout
    while True:
        yield
        left = None if deadline is None else deadline - clock()
        if left is not None and left <= 0:
            return
        sleep(poll_interval if left is None else min(poll_interval, left))
