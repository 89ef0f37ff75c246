"""Runs a call until it succeeds, must not be repeated, or time, attempts or the budget are used up.

`retry` decides, tenacity waits; what a call sends is its own business.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import requests

from kognic._core.clock import SYSTEM, Clock
from kognic._core.errors import KognicError
from kognic.base_clients.errors import AmbiguousWriteError, RequestTimeoutError
from kognic.base_clients.http.limits import RETRY_COST, TIMEOUT_RETRY_COST, SharedLimits
from kognic.base_clients.http.operations import Effect
from kognic.base_clients.http.retry import (
    Outcome,
    RetryPolicy,
    Verdict,
    failure_of,
    parse_retry_after,
)

if TYPE_CHECKING:
    import tenacity

logger = logging.getLogger(__name__)

T = TypeVar("T")
Lookup = Callable[[], Any]


class Attempts(Generic[T]):
    """The attempts of one call.

    Args:
        attempt: Sends once. Given the seconds that are left, or None; raises what `failure_of` classifies.
        policy: How stubborn to be.
        effect: What the call does.
        limits: Shared with the other calls of the client.
        name: What the call is, for logs and messages; without secrets.
        lookup: Finds the object of a `LOOKED_UP` creation; None when it is certainly not there.
        clock: Time and chance.
        why_not_again: Asked before each repetition; a reason ends the call.
    """

    def __init__(
        self,
        attempt: Callable[[float | None], T],
        *,
        policy: RetryPolicy,
        effect: Effect,
        limits: SharedLimits,
        name: str,
        lookup: Lookup | None = None,
        clock: Clock = SYSTEM,
        why_not_again: Callable[[], str | None] | None = None,
    ) -> None:
        self._attempt = attempt
        self._policy = policy
        self._effect = effect
        self._limits = limits
        self._name = name
        self._lookup = lookup
        self._clock = clock
        self._why_not_again = why_not_again
        self._started = clock.now()
        self._spent = 0
        self._first_failure: BaseException | None = None
        self._last_failure: BaseException | None = None
        self._in_doubt = False
        self.made = 0

    def run(self) -> T:
        """The result of the call, or its last error."""
        try:
            result = self._once()
        except (KognicError, requests.RequestException) as error:
            if not self._repeatable(error):
                raise
            self._first_failure = error
        else:
            self._limits.budget.give_back(1)
            return result
        try:
            result = self._tenacity()(self._again)
        except KognicError as error:
            vars(error).update(attempts=self.made, maybe_done=self._in_doubt)
            raise
        self._limits.budget.give_back(self._spent)
        return result

    def _once(self) -> T:
        deadline = self._policy.deadline
        if not self._limits.gate.wait(self._clock, None if deadline is None else self._started + deadline):
            raise RequestTimeoutError(
                f"{self._name}: not sent, because the platform asked this client to slow down (429), for"
                f" longer than the deadline of {deadline:g} s allows",
                sent=False,
                permanent=True,
            ) from self._last_failure
        self.made += 1
        try:
            return self._attempt(self._left())
        except (KognicError, requests.RequestException) as error:
            self._last_failure = error
            verdict = self._verdict(error)
            if verdict is Verdict.DOUBT or (verdict is Verdict.LOOK_UP and self._lookup is None):
                raise self._doubt(error) from error
            if verdict is Verdict.LOOK_UP and (found := self._look_up(error)) is not None:
                logger.info("%s: found what it had made before its answer was lost", self._name)
                return found
            raise

    def _verdict(self, error: BaseException) -> Verdict:
        was_in_doubt = self._in_doubt
        if failure_of(error).outcome is Outcome.MAYBE_DONE:
            self._in_doubt = True
        verdict = self._policy.verdict(self._effect, error)
        looks_up = self._effect is Effect.LOOKED_UP and self._policy.careful
        if verdict is Verdict.STOP and was_in_doubt and looks_up:
            # Refused the second time: perhaps because the first attempt was carried out after all, and late.
            return Verdict.LOOK_UP
        return verdict

    def _again(self) -> T:
        # tenacity takes over at the first failure: calls that succeed at once do not load it.
        failure, self._first_failure = self._first_failure, None
        if failure is not None:
            raise failure
        if self._last_failure is not None and self._why_not_again is not None and self._why_not_again():
            # It was woken from its wait because the whole is over.
            raise self._last_failure
        return self._once()

    def _tenacity(self) -> tenacity.Retrying:
        import tenacity

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._repeatable),
            wait=self._wait,
            stop=self._stop,
            sleep=self._clock.sleep,
            reraise=True,
        )

    def _repeatable(self, error: BaseException) -> bool:
        if isinstance(error, AmbiguousWriteError):
            return False
        return self._policy.verdict(self._effect, error) in (Verdict.AGAIN, Verdict.LOOK_UP)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = self._error(state)
        failure = failure_of(error)
        asked = parse_retry_after(failure.retry_after, self._clock.wall())
        wait = self._policy.wait(self.made, asked, self._clock.chance())
        if failure.rate_limited and self._policy.careful:
            self._limits.gate.close_for(wait, self._clock)
        return wait

    def _stop(self, state: tenacity.RetryCallState) -> bool:
        error, wait = self._error(state), state.upcoming_sleep
        reason = self._reason_to_stop(error, wait)
        if reason:
            logger.warning(
                "%s: giving up after attempt %d (%s): %s", self._name, self.made, reason, _brief(error)
            )
        else:
            logger.warning(
                "%s: attempt %d of %d failed, next in %.1f s: %s",
                *(self._name, self.made, self._policy.max_attempts, wait, _brief(error)),
            )
        return bool(reason)

    def _reason_to_stop(self, error: BaseException, wait: float) -> str | None:
        if self.made >= self._policy.max_attempts:
            return "no attempts left"
        left = self._left()
        if left is not None and left <= wait:
            return f"would take longer than the deadline of {self._policy.deadline:g} s"
        if self._why_not_again is not None and (reason := self._why_not_again()):
            return reason
        cost = TIMEOUT_RETRY_COST if failure_of(error).timed_out else RETRY_COST
        if not self._limits.budget.spend(cost):
            return "too many calls of this client have failed"
        self._spent = cost
        return None

    def _left(self) -> float | None:
        if self._policy.deadline is None:
            return None
        return self._started + self._policy.deadline - self._clock.now()

    def _look_up(self, error: BaseException) -> T | None:
        """Look for the object, more than once: the platform may still be making it."""
        assert self._lookup is not None
        for number in range(1, self._policy.lookups + 1):
            self._clock.sleep(self._policy.wait(number, None, self._clock.chance()))
            try:
                found: T | None = self._lookup()
            except AmbiguousWriteError as doubt:
                # The lookup itself has found out why it cannot be told, and says it better.
                raise doubt from error
            except (KognicError, requests.RequestException) as trouble:
                logger.warning("%s: looking for its result failed as well: %s", self._name, _brief(trouble))
                raise self._doubt(error) from error
            if found is not None:
                return found
        return None

    def _doubt(self, error: BaseException) -> AmbiguousWriteError:
        doubt = AmbiguousWriteError(
            f"{self._name} may or may not have been carried out ({_brief(error)}), and that could not be "
            "looked up. Check on the platform before repeating it: it may make a second object",
            operation=self._name,
            response=getattr(error, "response", None),
        )
        doubt.attempts = self.made
        return doubt

    @staticmethod
    def _error(state: tenacity.RetryCallState) -> BaseException:
        error = state.outcome.exception() if state.outcome is not None else None
        assert error is not None
        return error


def _brief(error: BaseException) -> str:
    """One line about an error."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text if len(text) <= 300 else text[:300] + '...'}"
