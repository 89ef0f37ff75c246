"""Creating scenes in other processes or on other machines, which cannot reach the journal."""

from __future__ import annotations

import functools
import pickle
from typing import TYPE_CHECKING

import attrs

from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.pipelines.bulk.items import BulkItem, OnExisting
from kognic.pipelines.bulk.steps import Known, Recorder, ensure_scene

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient


@attrs.define
class EventList:
    """A recorder that keeps its events, for workers that cannot reach the journal."""

    events: list[tuple[str, tuple[object, ...]]] = attrs.field(factory=list)

    def reserved(self, scene_uuid: str) -> None:
        """Record the UUID that the scene has from now on."""
        self.events.append(("reserved", (scene_uuid,)))

    def posted(self) -> None:
        """Record that the scene exists."""
        self.events.append(("posted", ()))

    def stored(self, resource_id: str, size: int) -> None:
        """Storage has confirmed a file of `size` bytes."""
        self.events.append(("stored", (resource_id, size)))

    def committed(self) -> None:
        """Record that the platform has all files."""
        self.events.append(("committed", ()))

    def replay(self, recorder: Recorder) -> None:
        """Pass the events to another recorder."""
        for name, arguments in self.events:
            getattr(recorder, name)(*arguments)


@functools.lru_cache(maxsize=4)
def _client_of(pickled: bytes) -> KognicIOClient:
    client: KognicIOClient = pickle.loads(pickled)  # noqa: S301  # nosec B301
    return client


def ensure_scene_elsewhere(
    pickled_client: bytes,
    item: BulkItem,
    known: Known,
    feature_flags: FeatureFlags | None,
    check: bool,
) -> tuple[EventList, BaseException | None]:
    """Run `ensure_scene` in another process or on another machine, for a scene that has been reserved.

    A worker keeps its client between items, so that connections are reused.

    Returns:
        The events to record, and the error that stopped it or None.
    """
    recorder = EventList()
    try:
        ensure_scene(
            _client_of(pickled_client), item, recorder,
            known=known, on_existing=OnExisting.CREATE, feature_flags=feature_flags, check=check,
        )  # fmt: skip
    except Exception as error:  # what was done before the error must reach the journal
        return recorder, error
    return recorder, None
