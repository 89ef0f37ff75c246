"""The one loop that retries: tenacity drives it, a pure decision steers it, sync and async alike.

Calls, file transfers, token requests and the base API clients all pass through `retry` or `retry_async`. What
a failure means is their decision; here is only how to carry it out, and how to read `Retry-After`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import tenacity

T = TypeVar("T")
Decision = Callable[[BaseException, int], float | None]
"""Seconds to wait before the next attempt, given the failure and how many attempts were made; None gives
up."""


def retry(call: Callable[[], T], decide: Decision, sleep: Callable[[float], None]) -> T:
    """Call until it succeeds or the decision is to give up; then the last failure is raised.

    Args:
        call: One attempt.
        decide: Called once for each failure.
        sleep: Waits so many seconds.
    """
    try:
        return call()
    except Exception as error:  # the decision says what becomes of it
        wait = decide(error, 1)
        if wait is None:
            # Without frames of tenacity in the traceback.
            raise
        first = _First(error)
    loop = _import_tenacity().Retrying(sleep=sleep, **_steps(decide, wait))
    result: T = loop(first.then(call))
    return result


async def retry_async(
    call: Callable[[], Awaitable[T]], decide: Decision, sleep: Callable[[float], Awaitable[None]]
) -> T:
    """`retry` for coroutines."""
    try:
        return await call()
    except Exception as error:  # the decision says what becomes of it
        wait = decide(error, 1)
        if wait is None:
            raise
        first = _First(error)

    async def again() -> T:
        first.raise_once()
        return await call()

    loop = _import_tenacity().AsyncRetrying(sleep=sleep, **_steps(decide, wait))
    result: T = await loop(again)
    return result


class _First:
    """Hands the failure of the first attempt to tenacity, which most calls never need to load."""

    def __init__(self, error: Exception) -> None:
        self._error: Exception | None = error

    def raise_once(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def then(self, call: Callable[[], T]) -> Callable[[], T]:
        def again() -> T:
            self.raise_once()
            return call()

        return again


def _steps(decide: Decision, first_wait: float) -> dict[str, Any]:
    waits: list[float] = []

    def goes_on(state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome is not None else None
        if not isinstance(error, Exception):
            return False
        wait = first_wait if state.attempt_number == 1 else decide(error, state.attempt_number)
        waits[:] = [] if wait is None else [wait]
        return wait is not None

    # tenacity asks `retry` first and raises the failure itself when the answer is no.
    return {"retry": goes_on, "wait": lambda _: waits[0], "reraise": True}


def _import_tenacity() -> Any:
    # It loads asyncio, which takes as long as everything else a client needs for its first call.
    import tenacity

    return tenacity


def parse_date(value: str | None) -> datetime | None:
    """Return the point in time of an HTTP date, such as a `Date` header; None if there is none."""
    try:
        date = parsedate_to_datetime(value or "")
    except (ValueError, TypeError, OverflowError):
        return None
    # HTTP's dates are in GMT, the old forms without a zone included.
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def server_time(date: str | None, here: float) -> float:
    """Return what time it is for the sender of a response, seconds since the Unix epoch.

    Dates of a server are compared with its own clock: this machine's may be wrong, or have been set.

    Args:
        date: The response's `Date` header.
        here: The time of this machine, for a response without that header.
    """
    there = parse_date(date)
    return here if there is None else there.timestamp()


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds to wait according to a `Retry-After` header: seconds, or an HTTP date.

    Args:
        value: The header.
        now: Seconds since the Unix epoch, see `server_time`.

    Returns:
        Seconds, 0 or more; None when the header is absent or unreadable.
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        until = parse_date(value)
        if until is None:
            return None
        seconds = until.timestamp() - now
    # NaN is neither above nor below anything.
    return max(0.0, seconds) if seconds == seconds and seconds != float("inf") else None
