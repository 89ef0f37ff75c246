"""Outlast an outage of the platform: recognise it, wait with backoff, report it once, resume.

A retry budget protects the platform from a storm of retries, so during an outage single calls fail early.
Work on many objects must not end for that reason: it starts nothing new, keeps what it has begun, and probes
the platform with growing pauses until it answers. Threads that only wait use
`kognic.base_clients.http.outages`; a loop that must stay responsive, and that watches the storage, too, uses
`Outage`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from kognic._core.clock import SYSTEM, Clock
from kognic._core.moments import duration, moment
from kognic.base_clients.errors import PlatformAwayError
from kognic.base_clients.http.breaker import Silence
from kognic.base_clients.http.outages import Patience, in_a_line

logger = logging.getLogger(__name__)


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

    def suspect(self, silence: Silence | None = None) -> None:
        """Note that a call has failed; the first probe is due at once.

        Args:
            silence: What the client's circuit breaker says, by the same clock; None if it begins now.
        """
        if self._since is None:
            now = self._clock.now()
            self._since, since = now, self._clock.wall()
            if silence is not None:
                self._since, since = silence.began, silence.since
            self._since_date = datetime.fromtimestamp(since, UTC)
            self._probes, self.next_probe = 0, now

    def failed(self, error: BaseException) -> None:
        """Note that a probe has failed; the next one is due after a pause.

        Raises:
            PlatformAwayError: The outage has lasted longer than the patience allows.
        """
        self.suspect()
        self._still_away(in_a_line(error), error)
        self.probe_later()

    def unanswered(self, reason: str) -> None:
        """Note that a probe has been without an answer for some seconds; it may still get one.

        Raises:
            PlatformAwayError: See `failed`.
        """
        self.suspect()
        self._still_away(reason)

    def _still_away(self, reason: str, error: BaseException | None = None) -> None:
        """Report the outage once, and end the work when it has lasted too long."""
        assert self._since is not None
        now, limit = self._clock.now(), self._patience.limit
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

    def probe_later(self) -> None:
        """Have the next probe made after a pause, which grows with each one."""
        self.next_probe = self._clock.now() + self._patience.pause(self._probes, self._clock.chance())
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
