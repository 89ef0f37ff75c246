"""Objects that the platform processes, and the items that wait for them; asked for many at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING

from kognic.io.resources.scene.waiting import is_created, is_lost, visible_scenes

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.pipelines.bulk.work import Work

CHUNK = 100
"""Objects per call."""

States = Mapping[str, str | None]
"""By UUID: None if the object is ready, else why it never will be. Absent: not ready yet."""


class Poller:
    """Items that wait for objects of one kind. For one thread; the calls run on a pool.

    Args:
        ask: Gets the states of up to `CHUNK` objects.
        interval: Seconds between two calls.
        timeout: Seconds that an object may take.
    """

    def __init__(self, ask: Callable[[Sequence[str]], States], interval: float, timeout: float) -> None:
        self._ask = ask
        self._interval = interval
        self._timeout = timeout
        self._waiting: dict[str, deque[Work]] = {}
        self._since: dict[str, float] = {}
        self._next = 0.0
        self.call: Future[States] | None = None
        self.error: Exception | None = None
        """Why the last call failed; None if it did not."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, uuid: str, work: Work, now: float) -> None:
        """Let an item wait for an object."""
        self._waiting.setdefault(uuid, deque()).append(work)
        self._since.setdefault(uuid, now)

    def begin(self, pool: Executor, now: float) -> None:
        """Ask for the next objects, if that is due."""
        if self._waiting and self.call is None and now >= self._next:
            chunk = list(self._waiting)[:CHUNK]
            # Oldest first; objects that have been asked for go to the back of the queue.
            for uuid in chunk:
                self._waiting[uuid] = self._waiting.pop(uuid)
            self.call = pool.submit(self._ask, chunk)

    def due_in(self, now: float) -> float | None:
        """Return the seconds until the next call is due; None if none is, or one is under way."""
        return max(0.0, self._next - now) if self._waiting and self.call is None else None

    def collect(self, now: float) -> Iterator[tuple[str, Work, str | None]]:
        """Take the result of the call: the items whose object is ready, or failed with this reason."""
        call, self.call, self.error = self.call, None, None
        self._next = now + self._interval
        assert call is not None
        try:
            states = call.result()
        except Exception as error:  # the caller decides whether to wait; the objects stay
            self.error, states = error, {}
        for uuid, reason in states.items():
            self._since.pop(uuid, None)
            for work in self._waiting.pop(uuid, ()):
                yield uuid, work, reason

    def overdue(self, now: float) -> Iterator[tuple[str, Work]]:
        """Take the items whose object has taken too long."""
        for uuid in [u for u, since in self._since.items() if now - since > self._timeout]:
            del self._since[uuid]
            for work in self._waiting.pop(uuid, ()):
                yield uuid, work

    def excuse(self, seconds: float) -> None:
        """Do not count the last seconds: the platform was away."""
        self._since = {uuid: since + seconds for uuid, since in self._since.items()}


def scene_states(client: KognicIOClient, uuids: Sequence[str]) -> dict[str, str | None]:
    """Return what the platform says of scenes."""
    states: dict[str, str | None] = {}
    for scene in visible_scenes(client.scene.get_scenes_by_uuids, list(uuids)):
        if is_created(scene):
            states[scene.uuid] = None
        elif is_lost(scene):
            states[scene.uuid] = scene.error_message or f"the scene's status is {scene.status.value}"
    return states
