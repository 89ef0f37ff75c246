"""Whether the platform answers at all: one circuit breaker per client, fed by every call and file transfer.

The breaker never blocks a single call. It is for work that lasts hours (bulk runs, exports, waiting loops):
such work stops drawing new items while the breaker is open, calls `Breaker.wait_until_back`, and resumes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import attrs

from kognic._core.clock import SYSTEM, Clock
from kognic.base_clients.errors import PlatformAwayError

logger = logging.getLogger(__name__)

# A run of ten threads meets one restarted gateway with about ten failures at once, most of which succeed at
# their first retry. Twice that number without a single answer in between is an outage.
FAILURES_UNTIL_OPEN = 20
# The first probe comes soon, because most outages are restarts of seconds; later ones are far enough apart
# that a thousand waiting clients are no load.
FIRST_PROBE = 1.0
# Seconds, see above.
LONGEST_PROBE = 30.0
# How often a waiting thread checks whether another thread has got through.
_GLANCE = 0.5
# Seconds for which all attempts have to fail before that is worth a report. A choice: a gateway that is being
# reloaded takes a second or two.
FAILING = 3.0
# Seconds without any answer, although a call waits for one, that are worth a report. A choice: most calls
# take less than a second, and nobody is harmed by a probe of a slow platform.
SILENT = 4.0
# The same if only files are on their way: a large one takes long to be answered.
SILENT_TRANSFER = 20.0


@attrs.frozen
class BreakerState:
    """What a breaker knows at one moment.

    Attributes:
        open: Whether the platform is considered away.
        since: Time of the first failure in the current row, seconds since the Unix epoch; None if the last
            call got an answer.
        failures: Failed attempts in a row, over all threads of the client.
        reason: The last failure, in one line; empty if there is none.
    """

    open: bool = False
    since: float | None = None
    failures: int = 0
    reason: str = ""

    def __str__(self) -> str:
        if self.since is None:
            return "the platform answers"
        began = datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"no usable answer from the platform since {began} ({self.failures} failures in a row)"


@attrs.frozen
class Silence:
    """A platform that seems to be away.

    Attributes:
        began: Second of the monotonic clock from which on no usable answer has come.
        since: The same moment, seconds since the Unix epoch.
        reason: The last failure, or how long there has been no response; in one line.
    """

    began: float
    since: float
    reason: str


class Breaker:
    """Counts failures in a row; opens when there are too many, closes with the next answer. Thread-safe.

    Args:
        failures_until_open: Failures in a row, over all threads, that open it.
        clock: Time, replaced by tests.
    """

    def __init__(self, failures_until_open: int = FAILURES_UNTIL_OPEN, *, clock: Clock = SYSTEM) -> None:
        self._limit = failures_until_open
        self._clock = clock
        self._lock = threading.Lock()
        self._state = BreakerState()
        self._probing = threading.local()
        self._prober = threading.Lock()
        # Of the first failure in the current row, and of the last answer: seconds of the monotonic clock.
        self._failing = self._answered = float("-inf")
        # Why calls wait without asking, and until when.
        self._pause = "", float("-inf")
        # Calls under way: when each began, and whether it carries files. Without a lock, because every call
        # passes here and single operations of a dictionary are atomic.
        self._waiting: dict[object, tuple[float, bool]] = {}
        self.lookout = threading.Lock()
        """Held by what reports outages for this client, so that each is reported once."""

    @property
    def state(self) -> BreakerState:
        """The state now, as an immutable snapshot."""
        return self._state

    @property
    def is_open(self) -> bool:
        """Whether the platform is considered away."""
        return self._state.open

    @property
    def is_probing(self) -> bool:
        """Whether this thread is inside a probe, whose calls make one attempt only."""
        return getattr(self._probing, "active", False)

    @contextmanager
    def single_attempts(self) -> Iterator[None]:
        """Make one attempt only in calls of this thread, to find out soon whether the platform answers."""
        before, self._probing.active = self.is_probing, True
        try:
            yield
        finally:
            self._probing.active = before

    def begin(self, call: object, *, is_transfer: bool = False) -> None:
        """Note that a call is under way; `end` has to follow.

        Args:
            call: Anything hashable that stands for it.
            is_transfer: It carries files, which may take long to be answered.
        """
        self._waiting[call] = self._clock.now(), is_transfer

    def end(self, call: object) -> None:
        """Note that a call has ended, with whatever result."""
        self._waiting.pop(call, None)

    def silence(self) -> Silence | None:
        """Return what there is to report if the platform seems to be away; None if all is well.

        It notices within seconds what the row of failures shows late or never: calls that are not answered at
        all, that wait for a token or for a host name, or that were told to wait (429).
        """
        now, state, answered = self._clock.now(), self._state, self._answered
        calls = [(max(begun, answered), transfer) for begun, transfer in list(self._waiting.values())]
        began = min((begun for begun, _ in calls), default=now)
        if state.since is not None and (state.open or now - self._failing >= FAILING):
            began = min(began, self._failing)
        elif not any(now - begun >= (SILENT_TRANSFER if transfer else SILENT) for begun, transfer in calls):
            return None
        pause, until = self._pause
        reason = state.reason or (pause if now < until else "") or f"no response for {now - began:.0f} s"
        return Silence(began, self._clock.wall() - (now - began), reason)

    def answered_since(self, moment: float) -> bool:
        """Whether a usable answer has come since a second of the monotonic clock."""
        return self._answered > moment

    def told_to_wait(self, reason: str, seconds: float) -> None:
        """Record that the platform asked the client to send nothing for so many seconds (429)."""
        self._pause = reason, self._clock.now() + seconds

    def succeeded(self) -> None:
        """Record an answer of the platform; an error that is about the call's content is one, too."""
        self._answered = self._clock.now()
        # The normal case must not contend for the lock.
        if self._state.since is None:
            return
        with self._lock:
            before, self._state = self._state, BreakerState()
        if before.open:
            logger.info("The platform answers again")

    def failed(self, reason: str, *, budget_empty: bool = False) -> None:
        """Record an attempt that the platform did not answer usefully.

        Args:
            reason: The failure in one line, without secrets.
            budget_empty: The client's retry budget is used up, which opens the breaker at once.
        """
        with self._lock:
            before = self._state
            failures = before.failures + 1
            if before.since is None:
                self._failing = self._clock.now()
            since = self._clock.wall() if before.since is None else before.since
            opens = before.open or budget_empty or failures >= self._limit
            self._state = BreakerState(opens, since, failures, reason)
        if opens and not before.open:
            logger.warning("The platform is away: %s; last failure: %s", self._state, reason)

    def confirm(self, reason: str) -> None:
        """Record that a call has failed for good, and a probe after it as well; opens at once.

        Args:
            reason: The failure in one line, without secrets.
        """
        # One call that fetches no token ends after very few failures.
        self.failed(reason, budget_empty=True)

    def wait_until_back(
        self,
        probe: Callable[[], object],
        *,
        patience: float | None = 3600.0,
        on_away: Callable[[BreakerState], object] | None = None,
        cancelled: threading.Event | None = None,
    ) -> bool:
        """Return when the platform answers; at once if the breaker is closed.

        Any number of threads may wait; one of them probes at a time, with growing pauses of 1 to 30 seconds.
        An answer to any other call of the client ends the wait as well.

        Args:
            probe: A cheap call through this client, such as `client.workspace.get_workspaces`. Its calls make
                a single attempt while it runs here. Its result does not matter; an error of any kind means
                "not yet" while the breaker stays open.
            patience: Seconds to wait at most; None waits without limit.
            on_away: Called once, by this thread, if it has to wait.
            cancelled: Ends the wait when set.

        Returns:
            Whether this thread had to wait.

        Raises:
            PlatformAwayError: The platform did not come back within `patience`, or `cancelled` was set.
        """
        if not self.is_open:
            return False
        if on_away is not None:
            on_away(self._state)
        clock = self._clock if cancelled is None else self._clock.interrupted_by(cancelled)
        started = clock.now()
        pause, next_probe = FIRST_PROBE, started + FIRST_PROBE * clock.chance()
        while self.is_open:
            waited = clock.now() - started
            if cancelled is not None and cancelled.is_set():
                raise self._away(f"stopped after {waited:.0f} s of waiting for the platform")
            if patience is not None and waited >= patience:
                raise self._away(f"the platform did not come back within {patience:g} s")
            if clock.now() >= next_probe and self._prober.acquire(blocking=False):
                try:
                    self._probe(probe)
                finally:
                    self._prober.release()
                pause = min(pause * 2, LONGEST_PROBE)
                next_probe = clock.now() + pause * (0.5 + clock.chance() / 2)
                continue
            left = _GLANCE if patience is None else min(_GLANCE, patience - waited)
            clock.sleep(max(left, 0.01))
        return True

    def _probe(self, probe: Callable[[], object]) -> None:
        try:
            with self.single_attempts():
                probe()
        except Exception as error:  # a probe may be any call; what it proved has been recorded by the call
            logger.debug("The platform is still away: %s", type(error).__name__)
        else:
            self.succeeded()

    def _away(self, text: str) -> PlatformAwayError:
        state = self._state
        return PlatformAwayError(
            f"{text[0].upper()}{text[1:]}: {state}. Last failure: {state.reason or 'unknown'}",
            since=state.since,
        )
