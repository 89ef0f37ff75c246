"""Calls that outlast an outage: what may be one, how long to wait for its end, and a loop that does it.

A retry budget protects the platform from a storm of retries, so during an outage single calls fail early.
Work on many objects, and loops that wait for the platform anyway, use the client's circuit breaker instead of
ending for that reason: they wait until the platform answers, and repeat the call.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol, TypeVar

import attrs

from kognic._core.clock import SYSTEM, Clock
from kognic._core.moments import duration, moment
from kognic.auth.errors import CredentialsError, TokenConnectionError, TokenError
from kognic.base_clients.errors import (
    AmbiguousWriteError,
    AuthenticationError,
    ConnectionFailedError,
    IntegrityError,
    PlatformAwayError,
    RequestTimeoutError,
    UploadCallbackError,
    UploadError,
)
from kognic.base_clients.http.breaker import Breaker
from kognic.base_clients.http.retry import Outcome, failure_of

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOKOUT_GLANCE = 1.0
"""Seconds between two looks at whether the platform is away. A choice: people read of it within seconds."""


class Client(Protocol):
    """A client that knows whether the platform answers: a `KognicIOClient`."""

    @property
    def breaker(self) -> Breaker:
        """The circuit breaker that all its calls feed."""
        ...

    def probe(self) -> object:
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
    # Seconds: most outages end within minutes, and a probe is one small request. A choice: longer wastes the
    # end of an outage.
    max_wait: float = attrs.field(default=30.0, validator=_not_negative)

    @classmethod
    def of(cls, patience: Patience | float | None) -> Patience:
        """Return a patience as it is, and seconds, or None, as the limit of one."""
        return patience if isinstance(patience, Patience) else cls(limit=patience)

    def pause(self, number: int, chance: float) -> float:
        """Return the seconds to wait after probe `number` (from 0).

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


def is_shut_out(error: BaseException | None) -> bool:
    """Whether there is no connection, and waiting does not help.

    The certificate of the server is not trusted, or a proxy rejects the client.
    """
    if isinstance(error, UploadError) and not isinstance(error, UploadCallbackError):
        return all(map(is_shut_out, error.failures.values()))
    if isinstance(error, ConnectionFailedError):
        return error.permanent and not error.sent
    return isinstance(error, TokenConnectionError) and not error.transient


def is_lockout(error: BaseException | None) -> bool:
    """Whether every later call would fail, too: the credentials are rejected, or `is_shut_out`."""
    if isinstance(error, TokenError) and not is_shut_out(error):
        # Not what is no answer of an auth server at all, such as a page of a gateway.
        return not error.transient and error.status_code in {400, 401, 403}
    return is_shut_out(error) or isinstance(error, (AuthenticationError, CredentialsError))


def ends_all(error: BaseException | None) -> bool:
    """Whether an error ends work on many objects: an outage outlasted the patience, or a lockout."""
    return isinstance(error, PlatformAwayError) or is_lockout(error)


def is_of_storage(error: BaseException) -> bool:
    """Whether files could not be stored: the storage may be away while the platform answers."""
    return isinstance(error, UploadError)


class Lookout:
    """Reports an outage within seconds, and its end, while other threads retry or wait; a context manager.

    A call in an outage may retry for minutes, wait for a token that another thread asks for, or for a host
    name: none of them can report anything meanwhile. Of more than one lookout of a client, one reports.

    Args:
        breaker: Knows how long calls have been without an answer.
        notice: Called with a sentence, in a thread of its own; logged by default.
        limit: Seconds that the work waits, for the sentence; None for no limit.
        clock: Time.
    """

    def __init__(
        self,
        breaker: Breaker,
        notice: Callable[[str], object] | None = None,
        *,
        limit: float | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self._breaker = breaker
        self._notice = notice or logger.warning
        self._limit = limit
        self._clock = clock
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        # When it was reported, and when it began.
        self._reported: tuple[float, float] | None = None

    def __enter__(self) -> Lookout:
        if self._breaker.lookout.acquire(blocking=False):
            self._thread = threading.Thread(target=self._watch, name="kognic-lookout", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is None:
            return
        self._over.set()
        try:
            self._thread.join()
            if error is None:
                # What was waited for has just arrived: the last glance may have been before.
                self.glance()
        finally:
            # Ctrl-C, or an exception of the user's own, must not keep later lookouts from reporting.
            self._thread = None
            self._breaker.lookout.release()

    def _watch(self) -> None:
        while not self._over.wait(LOOKOUT_GLANCE):
            self.glance()

    def glance(self) -> None:
        """Report what has changed."""
        now = self._clock.now()
        if self._reported is None:
            silence = self._breaker.silence()
            if silence is None:
                return
            self._reported = now, silence.began
            until = "until it answers again" if self._limit is None else f"for up to {duration(self._limit)}"
            began = moment(datetime.fromtimestamp(silence.since, UTC))
            self._notice(
                f"The platform has not answered since {began}: {silence.reason}. Waiting {until}; the work "
                "resumes by itself"
            )
        elif self._breaker.answered_since(self._reported[0]) and self._breaker.silence() is None:
            self._notice(f"The platform answers again after {duration(now - self._reported[1])}; resuming")
            self._reported = None


class Outlast:
    """Repeats calls until an outage is over; shared by the threads of one piece of work.

    It reports nothing; work that lasts does so with a `Lookout`.

    Args:
        client: Its circuit breaker says whether the platform answers, and probes.
        patience: How long to wait.
        clock: Time and chance.
        stopped: Ends all waiting when it is set.
        retries: Failures of one call while the platform answers, before its error is raised.
        asks: Probe the platform after a call that may have met an outage, even if the circuit breaker has
            not seen enough failures to open, as at the start of a program.
    """

    def __init__(
        self,
        client: Client,
        patience: Patience,
        *,
        clock: Clock = SYSTEM,
        stopped: threading.Event | None = None,
        retries: int = 3,  # a choice: the platform answers, so the call itself may be what fails
        asks: bool = False,
    ) -> None:
        self._client = client
        self._patience = patience
        self._clock = clock if stopped is None else clock.interrupted_by(stopped)
        self._stopped = stopped or threading.Event()
        self._retries = retries
        self._asks = asks

    def call(self, function: Callable[[], T], *, quickly: bool = False) -> T:
        """Call a function, again after each outage.

        Args:
            function: What to do; safe to repeat.
            quickly: Make one attempt only the first time, so that the patience begins at once if the platform
                is away already.

        Raises:
            PlatformAwayError: The outage lasts longer than the patience allows.
            Exception: What the function raises for another reason, or again and again while the platform
                answers.
        """
        retries = 0
        while True:
            try:
                with self._client.breaker.single_attempts() if quickly else nullcontext():
                    return function()
            except Exception as error:  # only what may be an outage is repeated
                quickly = False
                if self._stopped.is_set() or not is_outage(error):
                    raise
                if not self._wait():
                    # The platform answers: what failed may be this call alone.
                    if retries >= self._retries:
                        raise
                    retries += 1
                    self._clock.sleep(self._patience.pause(retries - 1, self._clock.chance()))

    def _wait(self) -> bool:
        """Wait until the platform answers; whether it was away."""
        if self._asks and not self._client.breaker.is_open:
            self._ask()
        return self._client.breaker.wait_until_back(
            self._client.probe,
            patience=self._patience.limit,
            cancelled=self._stopped,
        )

    def _ask(self) -> None:
        """Find out whether the platform is away."""
        try:
            with self._client.breaker.single_attempts():
                self._client.probe()
        except Exception as error:  # what is no outage, the repeated call meets again
            if is_outage(error):
                self._client.breaker.confirm(in_a_line(error))


def outlast(
    client: Client,
    query: Callable[[], T],
    patience: Patience,
    notice: Callable[[str], object] | None = None,
) -> T:
    """Make a query that work begins with, again when an outage is over, which is reported once.

    Args:
        client: What makes the query.
        query: Safe to repeat.
        patience: How long to wait.
        notice: See `Lookout`.

    Raises:
        PlatformAwayError: The outage lasts longer than the patience allows.
        Exception: What the query raises for another reason.
    """
    with Lookout(client.breaker, notice, limit=patience.limit):
        return Outlast(client, patience, asks=True).call(query, quickly=True)


def in_a_line(error: BaseException) -> str:
    """Return what an error says, in one line of at most 200 characters."""
    text = " ".join((getattr(error, "message", None) or str(error) or type(error).__name__).split())
    # A line of a terminal or log.
    return text if len(text) <= 200 else text[:200] + "..."
