"""Runs a call until it succeeds, must not be retried, or attempts, time or the retry budget run out.

`retry` decides, `kognic._core.retrying` loops (with tenacity), `limits` holds what calls of a client share.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import requests

from kognic._core import watchdog
from kognic._core.clock import SYSTEM, Clock
from kognic._core.errors import KognicError
from kognic._core.retrying import parse_retry_after, retry, server_time
from kognic.base_clients.errors import AmbiguousWriteError, RequestTimeoutError
from kognic.base_clients.http.limits import RETRY_COST, TIMEOUT_RETRY_COST, SharedLimits
from kognic.base_clients.http.lookups import UNDECIDED, Lookup, as_lookup
from kognic.base_clients.http.operations import Effect
from kognic.base_clients.http.retry import (
    Failure,
    Outcome,
    RetryPolicy,
    Verdict,
    failure_of,
    says_already_exists,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")

# A probe of the circuit breaker has to answer soon, or the platform is not back.
PROBE_DEADLINE = 30.0
# Between two look-ups for one object, seconds; a created scene is usually listed within ten.
LONGEST_POLL = 5.0
# Policies without waits, as in tests, must not turn the look-up into a busy loop.
SHORTEST_POLL = 0.1


class Attempts(Generic[T]):
    """The attempts of one call.

    Args:
        attempt: Sends once. Given the seconds that are left, or None; raises what `failure_of` classifies.
        policy: How persistent to be.
        effect: What the call does.
        limits: Shared with the other calls of the client.
        name: Method and URL for logs and messages, without secrets.
        lookup: Finds the object of a `LOOKED_UP` creation.
        clock: Time and chance.
        why_not_again: Called before each retry; a reason ends the call.
        is_transfer: The call carries a file.
    """

    def __init__(
        self,
        attempt: Callable[[float | None], T],
        *,
        policy: RetryPolicy,
        effect: Effect,
        limits: SharedLimits,
        name: str,
        lookup: Lookup | Callable[[], Any | None] | None = None,
        clock: Clock = SYSTEM,
        why_not_again: Callable[[], str | None] | None = None,
        is_transfer: bool = False,
    ) -> None:
        self._is_transfer = is_transfer
        self._attempt = attempt
        self._policy = policy
        self._effect = effect
        self._limits = limits
        self._name = name
        self._lookup = as_lookup(lookup)
        self._clock = clock
        self._why_not_again = why_not_again
        self._spent = 0
        self._last_failure: Exception | None = None
        self._in_doubt = False
        self._stubborn = 0
        self._delivered_twice = False
        self._probing = limits.breaker.is_probing
        deadline = PROBE_DEADLINE if self._probing else policy.deadline
        # A look-up that belongs to another call has that call's deadline, not one of its own.
        outer = watchdog.deadline_of_thread(clock)
        ends = [
            end for end in (outer, None if deadline is None else clock.now() + deadline) if end is not None
        ]
        self._end = min(ends, default=None)
        self.made = 0

    def run(self) -> T:
        """Return the result of the call, or raise its last error."""
        self._limits.breaker.begin(self, is_transfer=self._is_transfer)
        try:
            result = retry(self._once, self._after, self._clock.sleep)
        except KognicError as error:
            if self.made > 1:
                vars(error).update(attempts=self.made, maybe_done=self._in_doubt)
            raise
        finally:
            self._limits.breaker.end(self)
        self._limits.budget.give_back(self._spent or 1)
        return result

    def _once(self) -> T:
        self._stop_if_over()
        if not self._limits.gate.wait(self._clock, self._end, self._why_not_again):
            self._stop_if_over()
            raise RequestTimeoutError(
                f"{self._name}: not sent, because the platform asked this client to slow down (429) for"
                f" longer than the deadline of {self._policy.deadline or PROBE_DEADLINE:g} s allows",
                sent=False,
                permanent=True,
            ) from self._last_failure
        self.made += 1
        try:
            result = self._attempt(self._left())
        except (KognicError, requests.RequestException) as error:
            self._last_failure = error
            return self._recover(error, failure_of(error))
        self._limits.breaker.succeeded()
        return result

    def _stop_if_over(self) -> None:
        if self._last_failure is not None and self._why_not_again is not None and self._why_not_again():
            # The wait ended early because the whole transfer is over.
            raise self._last_failure

    def _recover(self, error: Exception, failure: Failure) -> T:
        """Return what a lost answer was about, or raise why it cannot be had."""
        if failure.away:
            self._limits.breaker.failed(_brief(error))
        else:
            self._limits.breaker.succeeded()
        verdict = self._verdict(error, failure)
        if verdict is Verdict.DOUBT or (verdict is Verdict.LOOK_UP and self._lookup is None):
            raise self._doubt(error) from error
        search = self._find_duplicate if self._delivered_twice else self._look_up
        if verdict is Verdict.LOOK_UP and (found := search(error)) is not None:
            logger.info("%s: found the object that an earlier attempt created", self._name)
            return found
        raise error

    def _verdict(self, error: Exception, failure: Failure) -> Verdict:
        was_in_doubt = self._in_doubt
        if failure.outcome is Outcome.MAYBE_DONE:
            self._in_doubt = True
        verdict = self._policy.verdict(self._effect, error)
        if verdict is Verdict.STOP and self._effect is Effect.LOOKED_UP and self._policy.careful:
            # Refused after a lost answer: perhaps because the earlier attempt was carried out late. Refused
            # as a duplicate at the first attempt: perhaps because a proxy delivered the request twice.
            searches = self._lookup is not None and self._lookup.duplicate is not None
            self._delivered_twice = not was_in_doubt and searches and says_already_exists(error)
            if was_in_doubt or self._delivered_twice:
                return Verdict.LOOK_UP
        return verdict

    def _after(self, error: BaseException, _: int) -> float | None:
        """The one decision after a failed attempt: seconds to wait, or None to give up."""
        if isinstance(error, AmbiguousWriteError) or not isinstance(
            error, (KognicError, requests.RequestException)
        ):
            return None
        if self._policy.verdict(self._effect, error) not in (Verdict.AGAIN, Verdict.LOOK_UP):
            return None
        failure = failure_of(error)
        asked = parse_retry_after(failure.retry_after, server_time(failure.date, self._clock.wall()))
        wait = self._policy.wait(self.made, asked, self._clock.chance())
        if failure.rate_limited and self._policy.careful:
            self._limits.gate.close_for(wait, self._clock)
            self._limits.breaker.told_to_wait(_brief(error), wait)
        reason = self._reason_to_stop(error, failure, wait)
        if reason:
            logger.warning(
                "%s: giving up after attempt %d (%s): %s", self._name, self.made, reason, _brief(error)
            )
            return None
        logger.warning(
            "%s: attempt %d of %d failed, retrying in %.1f s: %s",
            *(self._name, self.made, self._policy.max_attempts, wait, _brief(error)),
        )
        return wait

    def _reason_to_stop(self, error: BaseException, failure: Failure, wait: float) -> str | None:
        if self._probing or self.made >= self._policy.max_attempts:
            return "no attempts left"
        if self._policy.careful and failure.max_attempts is not None:
            self._stubborn += 1
            if self._stubborn >= failure.max_attempts:
                return "it fails in the same way again"
        left = self._left()
        if left is not None and left <= wait:
            return f"a retry would pass the deadline of {self._policy.deadline or left:g} s"
        if self._why_not_again is not None and (reason := self._why_not_again()):
            return reason
        cost = TIMEOUT_RETRY_COST if failure.timed_out else RETRY_COST
        if not self._limits.budget.spend(cost):
            self._limits.breaker.failed(_brief(error), budget_empty=True)
            note = (
                f"not retried, because the retry budget of this client is empty: {self._limits.breaker.state}"
            )
            if isinstance(error, KognicError):
                vars(error).update(gave_up=note)
            return note
        self._spent = cost
        return None

    def _left(self) -> float | None:
        return None if self._end is None else self._end - self._clock.now()

    def _look_up(self, error: Exception) -> T | None:
        """Poll for the object: the platform may still be creating it, or not list it yet.

        Returns:
            The object, or None if it is safe to create it again.
        """
        assert self._lookup is not None
        lost = failure_of(error).outcome is not Outcome.PERMANENT
        # After a refusal the object exists now or never; after a lost answer it may still appear.
        until = self._clock.now() + (self._policy.lookup_window if lost else 0.0)
        if self._end is not None:
            until = min(until, self._end)
        number = 0
        while True:
            number += 1
            if lost:
                wait = self._policy.wait(number, None, self._clock.chance())
                # Long waits would make the last poll miss the end of the window.
                left = max(until - self._clock.now(), 0.0)
                self._clock.sleep(min(max(wait, SHORTEST_POLL), LONGEST_POLL, left))
            found = self._find(error)
            if found is not None or self._clock.now() >= until:
                break
        if found is None and lost and not self._lookup.unique:
            raise self._doubt(
                error, f"and it did not appear within {self._policy.lookup_window:g} s"
            ) from error
        return found

    def _find_duplicate(self, error: Exception) -> T | None:
        """Search for what a first delivery of this request has created; None if it is somebody else's.

        The platform has refused for certain, so nothing is in doubt: without proof the refusal stands.
        """
        assert self._lookup is not None
        assert self._lookup.duplicate is not None
        until = self._clock.now() + self._policy.lookup_window
        if self._end is not None:
            until = min(until, self._end)
        number = 0
        while True:
            number += 1
            found = self._find(error, self._lookup.duplicate)
            if found is not UNDECIDED:
                break
            left = until - self._clock.now()
            if left <= 0:
                return None
            wait = self._policy.wait(number, None, self._clock.chance())
            self._clock.sleep(min(max(wait, SHORTEST_POLL), LONGEST_POLL, left))
        is_mine = found is not None and not self._limits.created.has_any(self._lookup.names(found))
        return found if is_mine else None

    def _find(self, error: Exception, search: Callable[[], Any | None] | None = None) -> Any | None:
        assert self._lookup is not None
        try:
            with watchdog.deadline(self._end, self._clock):
                found = (search or self._lookup.find)()
        except AmbiguousWriteError as doubt:
            # The look-up knows why it cannot tell, and says it better.
            raise doubt from error
        except (KognicError, requests.RequestException) as trouble:
            logger.warning("%s: the look-up of its result failed as well: %s", self._name, _brief(trouble))
            if self._delivered_twice:
                return None  # Nothing is in doubt: the refusal stands, with the cause that it has.
            raise self._doubt(error) from error
        return found

    def _doubt(self, error: Exception, why: str = "and that could not be looked up") -> AmbiguousWriteError:
        doubt = AmbiguousWriteError(
            f"{self._name} may or may not have been carried out ({_brief(error)}), {why}. Check on the"
            " platform before you repeat it: a second call may create a second object",
            operation=self._name,
            response=getattr(error, "response", None),
        )
        doubt.attempts = self.made
        return doubt


def _brief(error: BaseException) -> str:
    """One line about an error."""
    text = " ".join(str(error).split())
    # A choice: a line of a log; the exception has it all.
    return f"{type(error).__name__}: {text if len(text) <= 300 else text[:300] + '...'}"
