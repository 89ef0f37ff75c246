"""Whether to retry a call, and how long to wait first.

Everything here is a value or a pure function: no clock, no socket. `attempts` carries the decisions out (with
tenacity), `limits` holds what the calls of a client share, `client` and `cloud_storage` do the sending.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import attrs
import requests

from kognic.auth import RETRY_STATUS_CODES
from kognic.auth.errors import TokenError
from kognic.base_clients.errors import (
    ApiError,
    BadRequestError,
    ConflictError,
    ConnectionFailedError,
    IntegrityError,
    RequestTimeoutError,
    ResponseDecodeError,
    SignedUrlExpiredError,
)
from kognic.base_clients.http.limits import RETRY_TOKENS
from kognic.base_clients.http.operations import Effect
from kognic.base_clients.util import RETRYABLE_STATUS_CODES, get_wait_time

# 507 and 509 pass when somebody makes room; 598 and 599 are timeouts of some proxies. Of the other codes
# that the official client retries, none passes by waiting (501, 505, 506, 508, 510, 511).
TRANSIENT_STATUSES = frozenset({408, 429, 500, 502, 503, 504, 507, 509, 598, 599})
# The only error statuses that prove the platform did not begin the work.
REFUSED_STATUSES = frozenset({429, 503})


TOKEN_STATUSES = TRANSIENT_STATUSES - frozenset(RETRY_STATUS_CODES)
# A second answer that is not JSON comes from a page that stays, such as a gateway's login form. Corrupt bytes
# are rarer and of many causes, so they get one attempt more.
DECODE_ATTEMPTS = 2
# The first attempt and three more.
INTEGRITY_ATTEMPTS = 4


class Outcome(Enum):
    """What a failure proves about the request."""

    NOTHING_DONE = "nothing done"
    """It did not reach the platform, or was rejected before any work: a retry is safe for every effect."""
    MAYBE_DONE = "maybe done"
    """The platform may have done the work and lost the answer."""
    PERMANENT = "permanent"
    """A retry would fail in the same way."""


class Verdict(Enum):
    """What to do after a failure."""

    AGAIN = "again"
    LOOK_UP = "look up"
    DOUBT = "doubt"
    STOP = "stop"


@attrs.frozen
class Failure:
    """A failed attempt, as far as a retry is concerned.

    Attributes:
        outcome: What the failure proves about the request.
        retry_after: The `Retry-After` header as it came, or None.
        date: The `Date` header of the same response, or None.
        rate_limited: All calls of the client should slow down (429).
        timed_out: The attempt took a whole timeout; such retries cost more of the budget.
        away: The platform gave no usable answer; counts towards the circuit breaker.
        max_attempts: Attempts in all that this kind of failure deserves; None for those of the policy.
    """

    outcome: Outcome
    retry_after: str | None = None
    date: str | None = None
    rate_limited: bool = False
    timed_out: bool = False
    away: bool = False
    max_attempts: int | None = None


def decide(effect: Effect, outcome: Outcome) -> Verdict:
    """Decide about a request with this effect after a failure with this outcome."""
    if outcome is Outcome.PERMANENT:
        return Verdict.STOP
    if outcome is Outcome.NOTHING_DONE or effect in (Effect.READ, Effect.IDEMPOTENT):
        return Verdict.AGAIN
    return Verdict.LOOK_UP if effect is Effect.LOOKED_UP else Verdict.DOUBT


def status_outcome(status: int) -> Outcome:
    """Return what an error status proves about the request."""
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
            status_outcome(status),
            error.response.headers.get("Retry-After"),
            error.response.headers.get("Date"),
            rate_limited=status == 429,
            away=status >= 500,
        )
    if isinstance(error, (ConnectionFailedError, RequestTimeoutError)):
        timed_out = isinstance(error, RequestTimeoutError)
        if error.permanent:
            return Failure(Outcome.PERMANENT)
        outcome = Outcome.MAYBE_DONE if error.sent else Outcome.NOTHING_DONE
        return Failure(outcome, timed_out=timed_out, away=True)
    if isinstance(error, TokenError):
        # The request that needed the token was not sent. Broken connections and the statuses of a gateway
        # have been retried where the token is fetched: four token requests in all, not four for each of
        # eleven attempts. What is left to retry here are the statuses of the auth server itself.
        again = error.transient and error.status_code in TOKEN_STATUSES
        wait = None if error.retry_after is None else str(error.retry_after)
        return Failure(Outcome.NOTHING_DONE if again else Outcome.PERMANENT, wait, away=error.transient)
    if isinstance(error, ResponseDecodeError):
        return Failure(Outcome.MAYBE_DONE, away=True, max_attempts=DECODE_ATTEMPTS)
    if isinstance(error, IntegrityError):
        return Failure(Outcome.MAYBE_DONE, max_attempts=INTEGRITY_ATTEMPTS)
    response = error.response if isinstance(error, requests.HTTPError) else None
    if response is not None and response.status_code in TRANSIENT_STATUSES:
        # Not our ApiError: a foreign session failed to get its token, so the request itself was never sent.
        headers = response.headers
        return Failure(Outcome.NOTHING_DONE, headers.get("Retry-After"), headers.get("Date"), away=True)
    return Failure(Outcome.PERMANENT)


def says_already_exists(error: BaseException) -> bool:
    """Whether the platform refused a creation because the object exists (409, or 400 with such a text)."""
    if isinstance(error, ConflictError):
        return True
    return isinstance(error, BadRequestError) and "already" in error.message.lower()


def _at_least_one(_: object, attribute: attrs.Attribute[int], value: int) -> None:
    if value < 1:
        raise ValueError(f"{attribute.name} is {value}, must be at least 1")


def _not_negative(_: object, attribute: attrs.Attribute[Any], value: float | None) -> None:
    if value is not None and not value >= 0:
        raise ValueError(f"{attribute.name} is {value}, must be 0 or more")


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How persistent a client is.

    A failed request is retried if that is safe (see `decide`), after a growing, jittered wait or the one that
    `Retry-After` asks for, until attempts, time or the budget run out.

    Attributes:
        max_attempts: Attempts in all, the first included.
        first_wait: Seconds before the second attempt; doubled for each later one.
        max_wait: Longest wait of the client's own choosing, seconds.
        max_retry_after: Longest wait that `Retry-After` can ask for, seconds.
        deadline: Seconds after its start at which a call gives up, its token request and look-ups included;
            None for no limit. It does not bind file transfers, which take as long as their size needs, nor
            streams that have begun.
        lookup_window: Seconds for which the client polls for the object of a creation whose response was
            lost.
        budget: Tokens that all calls of a client share for retries (5 each, 10 after a timeout; successes
            refund them), so that an outage ends in quick, clear failures; None for no limit.
        careful: Whether the effect of a call decides. False retries every call after every failure, also
            creations that may have happened, and so can create duplicates.
    """

    # Ten retries, as the official client. With these waits they take two minutes (docs/reliability.md), which
    # is longer than a service takes to restart.
    max_attempts: int = attrs.field(default=11, validator=_at_least_one)
    # A gateway that drops one connection takes the next.
    first_wait: float = attrs.field(default=0.5, validator=_not_negative)
    # Longer waits, such as the official client's 60 s, waste the end of an outage.
    max_wait: float = attrs.field(default=30.0, validator=_not_negative)
    # A choice: rate limits are counted by the minute; a header that asks for hours must not hang a program.
    max_retry_after: float = attrs.field(default=120.0, validator=_not_negative)
    # A choice: a third of what the official client takes if nothing answers (docs/reliability.md). A program
    # that may wait longer says so.
    deadline: float | None = attrs.field(default=300.0, validator=_not_negative)
    # A choice: many times what a new object takes to appear in lists. A longer one delays the error if it was
    # never created; a shorter one can miss it and ends in doubt.
    lookup_window: float = attrs.field(default=30.0, validator=_not_negative)
    budget: int | None = attrs.field(default=RETRY_TOKENS, validator=_not_negative)
    careful: bool = True

    @classmethod
    def official(cls, *, max_retries: int = 10, max_wait: float = 60.0) -> RetryPolicy:
        """Retry as the official client does: every call up to eleven times, whatever it does.

        It ignores `Retry-After`, has no deadline and no budget, and repeats creations that may have
        happened: one call can create more than one object.
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
        """Make the policy of a single attempt."""
        return cls(max_attempts=1)

    def verdict(self, effect: Effect, error: BaseException) -> Verdict:
        """Decide about this error, attempts and time aside."""
        if self.careful:
            return decide(effect, failure_of(error).outcome)
        if isinstance(error, ApiError):
            return Verdict.AGAIN if error.status_code in RETRYABLE_STATUS_CODES else Verdict.STOP
        transport = isinstance(error, (ConnectionFailedError, RequestTimeoutError))
        return Verdict.AGAIN if transport else Verdict.STOP

    def wait(self, attempt: int, retry_after: float | None, chance: float) -> float:
        """Return the seconds to wait after the attempt of this number (from 1).

        Args:
            attempt: Number of the attempt that failed.
            retry_after: Seconds that the platform asked for, or None.
            chance: A random number in [0, 1).
        """
        if not self.careful:
            return get_wait_time(attempt, self.max_wait, chance)
        # Half of the wait is random, so that calls that failed together do not return together.
        own = min(self.first_wait * 2.0 ** min(attempt - 1, 60), self.max_wait) * (0.5 + chance / 2)
        if retry_after is None:
            return own
        asked = min(retry_after, self.max_retry_after)
        return max(asked + min(own, 1.0) * chance, own if asked == 0 else 0.0)
