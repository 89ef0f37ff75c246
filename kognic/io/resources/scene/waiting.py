"""Waiting until scenes are ready to be annotated.

The platform converts a scene after its files have arrived and tells nobody when it is done, so this asks
again and again, about a hundred scenes per call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from kognic.io.model.scene.scene_entry import Scene, SceneStatus
from kognic.io.resources.errors import (
    SceneFailedError,
    SceneInvalidatedError,
    SceneTimeoutError,
    listing,
)

CHUNK_SIZE = 100
"""Scenes asked for in one call."""


def wait_until_created(
    get_scenes: Callable[[list[str]], list[Scene]],
    scene_uuids: Sequence[str],
    *,
    timeout: float | None,
    poll_interval: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> list[Scene]:
    """Ask for scenes until every one is created; see `SceneResource.wait_until_created`.

    Args:
        get_scenes: Gets up to 100 scenes by UUID.
        scene_uuids: What to wait for.
        timeout: Seconds in all; None waits for ever.
        poll_interval: Seconds between two rounds.
        clock: Seconds since some moment.
        sleep: Waits for that many seconds.
    """
    seen: dict[str, Scene] = {}
    waiting = list(dict.fromkeys(scene_uuids))
    deadline = None if timeout is None else clock() + timeout
    while True:
        for chunk in _chunks(waiting):
            seen.update((scene.uuid, scene) for scene in get_scenes(chunk))
        waiting = [uuid for uuid in waiting if not is_created(seen.get(uuid))]
        if not waiting:
            return [seen[uuid] for uuid in scene_uuids]
        _raise_for_final(seen, waiting)
        left = None if deadline is None else deadline - clock()
        if left is not None and left <= 0:
            raise _timed_out(timeout, seen, waiting)
        sleep(poll_interval if left is None else min(poll_interval, left))


def is_created(scene: Scene | None) -> bool:
    """Whether a scene can be annotated."""
    return scene is not None and scene.status == SceneStatus.Created


def is_invalidated(scene: Scene) -> bool:
    """Whether a scene has been invalidated, for whatever reason."""
    return scene.status.value.startswith("invalidated:")


def _chunks(uuids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(uuids), CHUNK_SIZE):
        yield uuids[start : start + CHUNK_SIZE]


def _raise_for_final(seen: dict[str, Scene], waiting: list[str]) -> None:
    """Raise for scenes that waiting cannot help."""
    scenes = [seen[uuid] for uuid in waiting if uuid in seen]
    for kind, lost, verdict in (
        (SceneFailedError, [scene for scene in scenes if scene.status == SceneStatus.Failed], "failed"),
        (
            SceneInvalidatedError,
            [scene for scene in scenes if is_invalidated(scene)],
            "have been invalidated",
        ),
    ):
        if lost:
            names = listing(
                [f"{_name(scene)}: {scene.error_message or scene.status.value}" for scene in lost]
            )
            lost_uuids = {scene.uuid for scene in lost}
            raise kind(
                f"{len(lost)} of {len(seen)} scenes {verdict}: {names}",
                scenes=lost,
                ready=[scene for scene in seen.values() if is_created(scene)],
                unfinished=[uuid for uuid in waiting if uuid not in lost_uuids],
            )


def _timed_out(timeout: float | None, seen: dict[str, Scene], waiting: list[str]) -> SceneTimeoutError:
    scenes = [seen[uuid] for uuid in waiting if uuid in seen]
    names = listing([f"{_name(scene)}: {scene.status.value}" for scene in scenes])
    hint = ""
    if any(scene.status == SceneStatus.Pending for scene in scenes):
        hint += ". A scene stays pending until all its files have arrived"
    if any(scene.status == SceneStatus.Indexed for scene in scenes):
        hint += ". A scene stays indexed until client.scene.import_indexed_scene is called"
    return SceneTimeoutError(
        f"{len(waiting)} of {len(seen)} scenes are not created after {timeout:g} s: {names}{hint}",
        scenes=scenes,
        ready=[scene for scene in seen.values() if is_created(scene)],
        unfinished=waiting,
    )


def _name(scene: Scene) -> str:
    return f"{scene.uuid} ({scene.external_id})"
