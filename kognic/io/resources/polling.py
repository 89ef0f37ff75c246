"""Polling: when to send the next request, when to give up, and what to do in an outage."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import attrs

from kognic._core import watchdog
from kognic._core.clock import SYSTEM
from kognic.base_clients.errors import PlatformAwayError
from kognic.base_clients.http.breaker import Breaker
from kognic.base_clients.http.outages import Client, Lookout, Outlast, Patience, in_a_line, is_outage

logger = logging.getLogger(__name__)

PROCESSING_TIMEOUT = 1800
"""Seconds for which waiting calls wait by default, as the official client's `create_inputs` does."""
LAST_CALL = 30.0
"""Seconds that a status call may take at least, also at the end of the time: it decides about the outcome."""


@attrs.frozen
class Asker:
    """What a waiting loop needs of a client.

    Attributes:
        breaker: Says whether the platform answers.
        probe: The status call, as a probe.
    """

    breaker: Breaker
    probe: Callable[[], object]


def within(left: float | None) -> AbstractContextManager[None]:
    """Let status calls inside end when the time is up, but give each of them `LAST_CALL` seconds at least."""
    end = None if left is None else SYSTEM.now() + max(left, LAST_CALL)
    return watchdog.deadline(end, SYSTEM)


def ask(call: Callable[[], object], client: Client | None, left: float | None) -> Exception | None:
    """Make a status call; in an outage, wait for its end and repeat the call.

    Args:
        call: Gets the status of something.
        client: Whose circuit breaker counts; None for no waiting.
        left: Seconds that are left for all of this; None for no limit.

    Returns:
        None if the platform answered; the failure if it is away still, or failed in such a way.

    Raises:
        Exception: What the call raises for another reason.
    """
    try:
        with within(left):
            if client is None:
                call()
            else:
                Outlast(client, Patience(limit=left), retries=0).call(call)
    except Exception as error:  # outages are waited for, everything else is raised
        if not (isinstance(error, PlatformAwayError) or is_outage(error)):
            raise
        logger.warning("No status yet, will retry: %s", in_a_line(error))
        return error
    return None


def lookout(client: Client | None, timeout: float | None) -> AbstractContextManager[object]:
    """Report outages while a loop waits; for its whole time.

    Args:
        client: Whose circuit breaker counts; None for no reports.
        timeout: Seconds that the loop waits at most; None for no limit.
    """
    return nullcontext() if client is None else Lookout(client.breaker, limit=timeout)


def last_failure(trouble: Exception | None) -> str:
    """Return what to add to the message of a time-out; empty if the platform answered."""
    return "" if trouble is None else f". The last status request failed: {in_a_line(trouble)}"


def rounds(
    timeout: float | None,
    poll_interval: float,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], object],
) -> Iterator[float | None]:
    """Yield the seconds left once per round, with a pause between rounds, until the timeout.

    The last pause ends at the timeout, and one more round follows.

    Args:
        timeout: Seconds in total; None for no limit.
        poll_interval: Seconds between two rounds.
        clock: Seconds since some moment.
        sleep: Waits for that many seconds.
    """
    deadline = None if timeout is None else clock() + timeout
    while True:
        yield None if deadline is None else max(0.0, deadline - clock())
        left = None if deadline is None else deadline - clock()
        if left is not None and left <= 0:
            return
        sleep(poll_interval if left is None else min(poll_interval, left))
