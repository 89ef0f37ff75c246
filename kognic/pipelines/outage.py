"""Outlast an outage of the platform: recognise it, wait with backoff, report it once, resume.

A retry budget protects the platform from a storm of retries, so during an outage single calls fail early.
Work on many objects must not end for that reason: it starts nothing new, keeps what it has begun, and probes
the platform with growing pauses until it answers. Threads that only wait use the client's circuit breaker
(`Outlast`); a loop that must stay responsive, and that watches the storage, too, uses `Outage`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import attrs

from kognic._core.clock import SYSTEM, Clock
from kognic._core.moments import duration, moment
from kognic.base_clients.errors import (
    AmbiguousWriteError,
    IntegrityError,
    PlatformAwayError,
    RequestTimeoutError,
    UploadCallbackError,
    UploadError,
)
from kognic.base_clients.http.breaker import Breaker, BreakerState
from kognic.base_clients.http.retry import Outcome, failure_of

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Client(Protocol):
    """A client that knows whether the platform answers: a `KognicIOClient`."""

    @property
    def breaker(self) -> Breaker:
        """The circuit breaker that all its calls feed."""
        ...

    def probe(self) -> None:
        """Call the platform once; raises what the call raises."""


def _not_negative(_: object, attribute: attrs.Attribute[Any], value: float | None) -> None:
    if value is not None and not value >= 0:
        raise ValueError(f"{attribute.name} is {value}, must be 0 or more, or None for no limit")


@attrs.frozen(kw_only=True)
class Patience:
    """How long to wait for a platform that does not answer, and how often to try.

    Attributes:
        limit: Seconds of an outage after which the work stops; None waits without limit.
        first_wait: Seconds between the first two probes; doubled after each one.
        max_wait: Longest pause between two probes, seconds.
    """

    limit: float | None = attrs.field(default=3600.0, validator=_not_negative)
    first_wait: float = attrs.field(default=1.0, validator=_not_negative)
    max_wait: float = attrs.field(default=30.0, validator=_not_negative)

    def pause(self, number: int, chance: float) -> float:
        """Seconds to wait after probe `number` (from 0).

        Args:
            number: How many probes have failed before.
            chance: A random number in [0, 1); a quarter of the pause is random, so that clients that lost the
                platform together do not all return at the same moment.
        """
        pause: float = min(self.max_wait, self.first_wait * 2.0 ** min(number, 30))
        return pause * (0.75 + chance / 4)


def is_outage(error: BaseException | None) -> bool:
    """Whether an error may come from an outage rather than from the object that was being worked on."""
    if error is None or isinstance(error, (UploadCallbackError, IntegrityError)):
        return False
    if isinstance(error, UploadError):
        return all(map(is_outage, error.failures.values()))
    if isinstance(error, AmbiguousWriteError):
        # Its cause does not survive pickling, as from a worker process; without one it is worth a look.
        return error.__cause__ is None or is_outage(error.__cause__)
    if isinstance(error, RequestTimeoutError):
        # Also those that are permanent for one call: the platform asked for a pause beyond its deadline.
        return True
    failure = failure_of(error)
    return failure.away or failure.rate_limited or failure.outcome is not Outcome.PERMANENT


def is_of_storage(error: BaseException) -> bool:
    """Whether files could not be stored: the storage may be away while the platform answers."""
    return isinstance(error, UploadError)


class Outage:
    """One client's view of whether the platform answers. For one thread at a time.

    Args:
        patience: How long to wait.
        notice: Called with a sentence when an outage is certain, and when it has ended.
        clock: Time and chance.
        name: What is watched, for messages.
    """

    def __init__(
        self,
        patience: Patience,
        notice: Callable[[str], object] | None = None,
        clock: Clock = SYSTEM,
        name: str = "The platform",
    ) -> None:
        self._name = name
        self._patience = patience
        self._notice = notice or logger.warning
        self._clock = clock
        self._since: float | None = None
        self._since_date = datetime.now(UTC)
        self._reported = False
        self._probes = 0
        self.next_probe = 0.0

    @property
    def is_suspected(self) -> bool:
        """Whether a call has failed in a way that may be an outage, and no probe has answered since."""
        return self._since is not None

    @property
    def is_certain(self) -> bool:
        """Whether a probe has failed, too."""
        return self._reported

    def suspect(self) -> None:
        """Note that a call has failed; the first probe is due at once."""
        if self._since is None:
            self._since, self._since_date = self._clock.now(), datetime.fromtimestamp(self._clock.wall(), UTC)
            self._probes, self.next_probe = 0, self._clock.now()

    def failed(self, error: BaseException) -> None:
        """Note that a probe has failed; the next one is due after a pause.

        Raises:
            PlatformAwayError: The outage has lasted longer than the patience allows.
        """
        self.suspect()
        assert self._since is not None
        now, limit = self._clock.now(), self._patience.limit
        reason = in_a_line(error)
        if limit is not None and now - self._since >= limit:
            lasted = duration(now - self._since)
            raise PlatformAwayError(
                f"{self._name} has not answered since {moment(self._since_date)} ({lasted}): {reason}. "
                "What has been done is kept; start the same work again to resume it",
                since=self._since_date.timestamp(),
            ) from error
        if not self._reported:
            self._reported = True
            until = "until it answers again" if limit is None else f"for up to {duration(limit)}"
            self._notice(
                f"{self._name} has not answered since {moment(self._since_date)}: {reason}. "
                f"Nothing new is started; retrying {until}"
            )
        self.next_probe = now + self._patience.pause(self._probes, self._clock.chance())
        self._probes += 1

    def ended(self) -> float:
        """Note that the platform answers, and return the seconds that the outage took."""
        if self._since is None:
            return 0.0
        took = self._clock.now() - self._since
        if self._reported:
            self._notice(f"{self._name} answers again after {duration(took)}; resuming")
        self._since, self._reported = None, False
        return took


class Outlast:
    """Repeats calls until an outage is over; shared by the threads of one piece of work.

    Args:
        client: Its circuit breaker says whether the platform answers, and probes.
        patience: How long to wait.
        notice: Called with a sentence when a thread begins to wait; logged by default.
        clock: Time and chance.
        stopped: Ends all waiting when it is set.
    """

    RETRIES = 3
    """Failures of one call while the platform answers, before its error is raised."""

    def __init__(
        self,
        client: Client,
        patience: Patience,
        notice: Callable[[str], object] | None = None,
        *,
        clock: Clock = SYSTEM,
        stopped: threading.Event | None = None,
    ) -> None:
        self._client = client
        self._patience = patience
        self._notice = notice or logger.warning
        self._clock = clock if stopped is None else clock.interrupted_by(stopped)
        self._stopped = stopped or threading.Event()
        self._reported: float | None = None

    def call(self, function: Callable[[], T]) -> T:
        """Call a function, again after each outage.

        Args:
            function: What to do; safe to repeat.

        Raises:
            PlatformAwayError: The outage lasts longer than the patience allows.
            Exception: What the function raises for another reason, or again and again while the platform
                answers.
        """
        retries = 0
        while True:
            try:
                return function()
            except Exception as error:  # only what may be an outage is repeated
                if self._stopped.is_set() or retries >= self.RETRIES or not is_outage(error):
                    raise
                if not self._wait():
                    # The platform answers: what failed may be this call alone.
                    retries += 1
                    self._clock.sleep(self._patience.pause(retries - 1, self._clock.chance()))

    def _wait(self) -> bool:
        """Wait until the platform answers; whether it was away."""
        return self._client.breaker.wait_until_back(
            self._client.probe,
            patience=self._patience.limit,
            on_away=self._report,
            cancelled=self._stopped,
        )

    def _report(self, state: BreakerState) -> None:
        # Many threads meet one outage; it is reported once.
        if state.since != self._reported:
            self._reported = state.since
            self._notice(f"Waiting: {state}. Last failure: {state.reason}")


def in_a_line(error: BaseException) -> str:
    """What an error says, in one line of at most 200 characters."""
    text = " ".join((getattr(error, "message", None) or str(error) or type(error).__name__).split())
    return text if len(text) <= 200 else text[:200] + "..."
