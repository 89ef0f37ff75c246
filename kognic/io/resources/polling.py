"""Polling: when to send the next request, and when to give up."""

from __future__ import annotations

from collections.abc import Callable, Iterator


def rounds(
    timeout: float | None,
    poll_interval: float,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], object],
) -> Iterator[None]:
    """Yield once per round, with a pause between rounds, until the timeout.

    The last pause ends at the timeout, and one more round follows.

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
