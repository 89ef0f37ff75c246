"""When to try a call again, and how long to wait first.

Everything here is a value or a pure function: no clock, no socket. `attempts` does the waiting (with
tenacity), `limits` holds what the calls of a client share, `http_client` and `cloud_storage` do the sending.
"""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

import attrs
import requests

from kognic.auth.errors import TokenError
from kognic.base_clients.errors import (
    ApiError,
    ConnectionFailedError,
    IntegrityError,
    RequestTimeoutError,
    ResponseDecodeError,
    SignedUrlExpiredError,
)
from kognic.base_clients.http.operations import Effect
from kognic.base_clients.util import RETRYABLE_STATUS_CODES, get_wait_time

TRANSIENT_STATUSES = frozenset({408, 429, 500, 502, 503, 504, 598, 599})
# The only error statuses that say the call was turned away at the door.
REFUSED_STATUSES = frozenset({429, 503})


class Outcome(Enum):
    """What a failure tells about the call."""

    NOTHING_DONE = "nothing done"
    """It did not reach the platform, or was turned away: repeating is safe whatever the call does."""
    MAYBE_DONE = "maybe done"
    """The platform may have done the work and lost the answer."""
    PERMANENT = "permanent"
    """It would fail in the same way again."""


class Verdict(Enum):
    """What to do after a failure."""

    AGAIN = "again"
    LOOK_UP = "look up"
    DOUBT = "doubt"
    STOP = "stop"


@attrs.frozen
class Failure:
    """A failed attempt, as far as repeating it is concerned.

    Attributes:
        outcome: What the failure tells about the call.
        retry_after: The `Retry-After` header as it came, or None.
        rate_limited: Whether all calls of the client should slow down (429).
        timed_out: Whether it took a whole time-out; such retries cost more of the budget.
    """

    outcome: Outcome
    retry_after: str | None = None
    rate_limited: bool = False
    timed_out: bool = False


def decide(effect: Effect, outcome: Outcome) -> Verdict:
    """Whether a call with this effect is sent again after a failure with this outcome."""
    if outcome is Outcome.PERMANENT:
        return Verdict.STOP
    if outcome is Outcome.NOTHING_DONE or effect in (Effect.READ, Effect.IDEMPOTENT):
        return Verdict.AGAIN
    return Verdict.LOOK_UP if effect is Effect.LOOKED_UP else Verdict.DOUBT


def status_outcome(status: int) -> Outcome:
    """What an error status tells about the call."""
    if status in REFUSED_STATUSES:
        return Outcome.NOTHING_DONE
    return Outcome.MAYBE_DONE if status in TRANSIENT_STATUSES else Outcome.PERMANENT


def failure_of(error: BaseException) -> Failure:
    """Classify the error of an attempt."""
    if isinstance(error, SignedUrlExpiredError):
        return Failure(Outcome.PERMANENT)
    if isinstance(error, ApiError):
        status = error.status_code
        return Failure(
            status_outcome(status), error.response.headers.get("Retry-After"), rate_limited=status == 429
        )
    if isinstance(error, (ConnectionFailedError, RequestTimeoutError)):
        timed_out = isinstance(error, RequestTimeoutError)
        if error.permanent:
            return Failure(Outcome.PERMANENT)
        return Failure(Outcome.MAYBE_DONE if error.sent else Outcome.NOTHING_DONE, timed_out=timed_out)
    if isinstance(error, TokenError):
        # The call that needed the token was not sent.
        wait = None if error.retry_after is None else str(error.retry_after)
        return Failure(Outcome.NOTHING_DONE if error.transient else Outcome.PERMANENT, wait)
    if isinstance(error, (ResponseDecodeError, IntegrityError)):
        return Failure(Outcome.MAYBE_DONE)
    response = error.response if isinstance(error, requests.HTTPError) else None
    if response is not None and response.status_code in TRANSIENT_STATUSES:
        # Not our ApiError: a foreign session failed to get its token, so the call itself was never sent.
        return Failure(Outcome.NOTHING_DONE, response.headers.get("Retry-After"))
    return Failure(Outcome.PERMANENT)


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait according to a `Retry-After` header: seconds, or an HTTP date.

    Args:
        value: The header.
        now: Seconds since the Unix epoch.

    Returns:
        Seconds, 0 or more; None when the header is absent or unreadable.
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value)
            # HTTP's dates are in GMT, the old forms without a zone included.
            seconds = until.replace(tzinfo=until.tzinfo or UTC).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
    # NaN is neither above nor below anything.
    return max(0.0, seconds) if seconds == seconds and seconds != float("inf") else None


def _at_least_one(_: object, attribute: attrs.Attribute[int], value: int) -> None:
    if value < 1:
        raise ValueError(f"{attribute.name} is {value}, must be at least 1")


def _not_negative(_: object, attribute: attrs.Attribute[Any], value: float | None) -> None:
    if value is not None and not value >= 0:
        raise ValueError(f"{attribute.name} is {value}, must be 0 or more")


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How stubborn a client is.

    A call that failed is sent again if that is safe (see `decide`), after a growing, jittered wait or what
    `Retry-After` asks for, until attempts, time or the budget run out.

    Attributes:
        max_attempts: Attempts in all, the first included.
        first_wait: Seconds before the second attempt; doubled for each one after it.
        max_wait: Longest wait of its own choosing, seconds.
        max_retry_after: Longest wait that `Retry-After` can ask for, seconds.
        deadline: Seconds after its start at which a call gives up; None for no limit. It does not bind file
            transfers, which take as long as their size needs, nor streams that have begun. Getting a new
            token has time limits of its own, and so has looking for what a lost answer left behind.
        lookups: How often, with waits between, an object must be missing before its creation is repeated.
        budget: Tokens that all calls of a client share for retries (5 each, 10 after a time-out; successes
            give back), so that an outage ends in quick, clear failures; None for no limit.
        careful: Whether what a call does decides. False repeats every call on every failure, also creations
            that may have been carried out, and so can make objects twice.
    """

    max_attempts: int = attrs.field(default=11, validator=_at_least_one)
    first_wait: float = attrs.field(default=0.5, validator=_not_negative)
    max_wait: float = attrs.field(default=30.0, validator=_not_negative)
    max_retry_after: float = attrs.field(default=120.0, validator=_not_negative)
    deadline: float | None = attrs.field(default=300.0, validator=_not_negative)
    lookups: int = attrs.field(default=2, validator=_at_least_one)
    budget: int | None = attrs.field(default=500, validator=_not_negative)
    careful: bool = True

    @classmethod
    def official(cls, *, max_retries: int = 10, max_wait: float = 60.0) -> RetryPolicy:
        """What the official client does: every call eleven times, also after permanent errors, blindly.

        It ignores `Retry-After`, has no deadline and no budget, and repeats creations that may have been
        carried out: one call can make several objects.
        """
        return cls(
            max_attempts=max_retries + 1,
            max_wait=max_wait,
            max_retry_after=0.0,
            deadline=None,
            budget=None,
            careful=False,
        )

    @classmethod
    def none(cls) -> RetryPolicy:
        """One attempt."""
        return cls(max_attempts=1)

    def verdict(self, effect: Effect, error: BaseException) -> Verdict:
        """What to do after this error, attempts and time aside."""
        if self.careful:
            return decide(effect, failure_of(error).outcome)
        if isinstance(error, ApiError):
            return Verdict.AGAIN if error.status_code in RETRYABLE_STATUS_CODES else Verdict.STOP
        transport = isinstance(error, (ConnectionFailedError, RequestTimeoutError))
        return Verdict.AGAIN if transport else Verdict.STOP

    def wait(self, attempt: int, retry_after: float | None, chance: float) -> float:
        """Seconds to wait after the attempt of this number (from 1).

        Args:
            attempt: Number of the attempt that failed.
            retry_after: Seconds that the platform asked for, or None.
            chance: A random number in [0, 1).
        """
        if not self.careful:
            return get_wait_time(attempt, self.max_wait, chance)
        # Half of the wait is random: calls that failed together do not come back together.
        own = min(self.first_wait * 2.0 ** min(attempt - 1, 60), self.max_wait) * (0.5 + chance / 2)
        if retry_after is None:
            return own
        asked = min(retry_after, self.max_retry_after)
        return max(asked + min(own, 1.0) * chance, own if asked == 0 else 0.0)
