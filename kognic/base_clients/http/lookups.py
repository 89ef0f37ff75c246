"""How to find out whether a creation happened: what a resource tells the engine about its objects."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from kognic.base_clients.http.limits import PlatformClock

# `Date` headers have whole seconds, and servers refresh them once a second.
DATE_TOLERANCE = timedelta(seconds=2)
# How far this machine's clock and the platform's may seem to differ: the same, and what an answer takes.
CLOCKS_AGREE = timedelta(seconds=5)


class Undecided(enum.Enum):
    """What a search for a duplicate returns as long as the platform does not show enough of the object."""

    UNDECIDED = enum.auto()


UNDECIDED = Undecided.UNDECIDED


def no_names(created: Any) -> tuple[str, ...]:  # noqa: ARG001
    """Remember nothing of what was created."""
    return ()


def ids_of(created: Any) -> list[str]:
    """Return the UUIDs of what a creation has answered: one object, or a list of them."""
    found = created if isinstance(created, list) else [created]
    named = [one.get("uuid") or one.get("id") for one in found if isinstance(one, dict)]
    return [str(name) for name in named if name]


@attrs.frozen
class Lookup:
    """Finds the object of a creation whose response was lost.

    Attributes:
        find: Returns the object as the creation would have answered, or None while it is not there. Raises
            `AmbiguousWriteError` if others could be meant as well.
        unique: The platform refuses a second object of this key, so the creation is repeated when nothing
            appears within the window. Otherwise the call ends with `AmbiguousWriteError`.
        duplicate: Searches after "already exists" was the answer to the first attempt, as it is when a proxy
            delivers the request twice. Returns only what this very call would have created, None if that
            does not exist, `UNDECIDED` while it cannot tell. None: such an answer is never searched for.
        names: Names of what an answer says was created. What one call of a client was answered, no other call
            of it takes for a duplicate of its own: then the user has repeated the call.
    """

    find: Callable[[], Any | None]
    unique: bool = False
    duplicate: Callable[[], Any | None] | None = None
    names: Callable[[Any], Iterable[str]] = no_names


def as_lookup(lookup: Lookup | Callable[[], Any | None] | None) -> Lookup | None:
    """Return a lookup from either form that `HttpClient.call` takes; None from a bare function is certain."""
    return lookup if lookup is None or isinstance(lookup, Lookup) else Lookup(lookup, unique=True)


@attrs.frozen
class CallStart:
    """When a call began, to be compared with the creation times that the platform gives its objects.

    Creation times are cut to milliseconds; the platform's clock is known to the second, from `Date` headers.
    So an object is certainly older only beyond a tolerance. Whether it is newer is evaluated with the clock
    of this machine, if that agrees with the platform's.

    The platform's time at the start is worked out from its latest answer before the call and from the latest
    one now. The two differ if the machine was suspended in between, which stops its monotonic clock.

    Attributes:
        moment: Monotonic seconds.
        wall: Seconds since the Unix epoch, by this machine.
        platform: What time it is for the platform.
    """

    moment: float
    wall: float
    platform: PlatformClock
    _before: datetime | None = attrs.field(
        init=False, default=attrs.Factory(lambda self: self.platform.at(self.moment), takes_self=True)
    )

    def _starts(self) -> list[datetime]:
        return [start for start in (self._before, self.platform.at(self.moment)) if start is not None]

    def is_after(self, created: object) -> bool:
        """Whether an object existed before the call began, for certain.

        Args:
            created: ISO 8601 text, as the platform writes times.
        """
        start, time = min(self._starts(), default=None), _time(created)
        return start is not None and time is not None and time < start - DATE_TOLERANCE

    def is_before(self, created: object) -> bool:
        """Whether an object was created after the call began, for certain.

        Args:
            created: ISO 8601 text, as the platform writes times.
        """
        time, here = _time(created), datetime.fromtimestamp(self.wall, UTC)
        agree = any(abs(start - here) <= CLOCKS_AGREE for start in self._starts())
        if time is None or not agree:
            return False
        # Clocks that are kept by NTP differ by less than a request takes to reach the platform. If they
        # differ by more, a duplicate may go unnoticed, and the platform's refusal stands.
        return time >= here.replace(microsecond=here.microsecond // 1000 * 1000)


def _time(created: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(created) if isinstance(created, str) else None
    except ValueError:
        return None
    return None if time is None or time.tzinfo is None else time
