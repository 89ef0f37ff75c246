"""Wait until scenes are ready to be annotated.

The platform processes a scene after the upload and sends no notification, so this module polls, up to a
hundred scenes per request. For a short time after its creation a scene cannot be queried, and one such
scene makes the platform return 404 for all scenes of the request. While waiting, 404 therefore means "not
yet".
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence

from kognic.base_clients.errors import NotFoundError
from kognic.base_clients.http.outages import Client
from kognic.io.model.scene.scene_entry import Scene, SceneStatus
from kognic.io.resources.errors import (
    SceneError,
    SceneFailedError,
    SceneInvalidatedError,
    SceneTimeoutError,
    listing,
)
from kognic.io.resources.polling import ask, last_failure, lookout, rounds

CHUNK_SIZE = 100
"""Scenes per request."""


def wait_until_created(
    get_scenes: Callable[[list[str]], list[Scene]],
    scene_uuids: Sequence[str],
    *,
    timeout: float | None,
    poll_interval: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
    client: Client | None = None,
) -> list[Scene]:
    """Poll scenes until all are created; see `SceneResource.wait_until_created`.

    Args:
        get_scenes: Gets up to 100 scenes by UUID; raises `NotFoundError` if one of them is not visible.
        scene_uuids: The scenes to wait for.
        timeout: Seconds in total; None waits without limit.
        poll_interval: Seconds between two rounds.
        clock: Seconds since some moment.
        sleep: Waits for that many seconds.
        client: Says whether the platform answers; an outage is waited for.
    """
    seen: dict[str, Scene] = {}
    waiting = list(dict.fromkeys(scene_uuids))
    trouble: Exception | None = None
    with lookout(client, timeout):
        for left in rounds(timeout, poll_interval, clock=clock, sleep=sleep):
            trouble = ask(functools.partial(_ask, get_scenes, seen, waiting), client, left)
            if trouble is not None:
                continue
            waiting = [uuid for uuid in waiting if not is_created(seen.get(uuid))]
            if not waiting:
                return [seen[uuid] for uuid in scene_uuids]
            _raise_for_final(seen, waiting)
    raise _timed_out(timeout, seen, waiting, trouble) from trouble


def _ask(
    get_scenes: Callable[[list[str]], list[Scene]], seen: dict[str, Scene], waiting: Sequence[str]
) -> None:
    """Update the state of scenes."""
    # Scenes seen before are visible; querying the others separately avoids splitting their chunks.
    for group in ([u for u in waiting if u in seen], [u for u in waiting if u not in seen]):
        for chunk in chunks(group):
            seen.update((scene.uuid, scene) for scene in visible_scenes(get_scenes, chunk))


def visible_scenes(get_scenes: Callable[[list[str]], list[Scene]], scene_uuids: list[str]) -> list[Scene]:
    """Get those scenes that the platform already knows.

    Args:
        get_scenes: Gets scenes by UUID; raises `NotFoundError` if one of them is not visible.
        scene_uuids: The scenes.
    """
    try:
        return get_scenes(scene_uuids)
    except NotFoundError:
        if len(scene_uuids) == 1:
            return []
    middle = len(scene_uuids) // 2
    return [
        *visible_scenes(get_scenes, scene_uuids[:middle]),
        *visible_scenes(get_scenes, scene_uuids[middle:]),
    ]


def is_created(scene: Scene | None) -> bool:
    """Whether a scene can be annotated."""
    return scene is not None and scene.status == SceneStatus.Created


def is_invalidated(scene: Scene) -> bool:
    """Whether a scene has been invalidated."""
    return scene.status.value.startswith("invalidated:")


def is_lost(scene: Scene) -> bool:
    """Whether a scene can never be annotated: it has failed or been invalidated."""
    return scene.status == SceneStatus.Failed or is_invalidated(scene)


def chunks(names: list[str]) -> Iterator[list[str]]:
    """Divide UUIDs or external IDs among requests."""
    for start in range(0, len(names), CHUNK_SIZE):
        yield names[start : start + CHUNK_SIZE]


def _raise_for_final(seen: dict[str, Scene], waiting: list[str]) -> None:
    """Raise for scenes in a final state other than created."""
    scenes = [seen[uuid] for uuid in waiting if uuid in seen]
    failed = [scene for scene in scenes if scene.status == SceneStatus.Failed]
    if failed:
        raise _final(SceneFailedError, failed, "failed", seen, waiting)
    invalidated = [scene for scene in scenes if is_invalidated(scene)]
    if invalidated:
        raise _final(SceneInvalidatedError, invalidated, "have been invalidated", seen, waiting)


def _final(
    kind: type[SceneError], lost: list[Scene], verdict: str, seen: dict[str, Scene], waiting: list[str]
) -> SceneError:
    names = listing([f"{_name(scene)}: {scene.error_message or scene.status.value}" for scene in lost])
    lost_uuids = {scene.uuid for scene in lost}
    return kind(
        f"{len(lost)} of {len(seen.keys() | set(waiting))} scenes {verdict}: {names}",
        scenes=lost,
        ready=[scene for scene in seen.values() if is_created(scene)],
        unfinished=[uuid for uuid in waiting if uuid not in lost_uuids],
    )


def _timed_out(
    timeout: float | None, seen: dict[str, Scene], waiting: list[str], trouble: Exception | None
) -> SceneTimeoutError:
    scenes = [seen[uuid] for uuid in waiting if uuid in seen]
    missing = [uuid for uuid in waiting if uuid not in seen]
    names = listing(
        [
            *(f"{_name(scene)}: {scene.status.value}" for scene in scenes),
            *(f"{uuid}: not found" for uuid in missing),
        ]
    )
    hint = last_failure(trouble)
    if missing and trouble is None:
        hint += ". The platform does not know those that were not found: check their UUIDs"
    if any(scene.status == SceneStatus.Pending for scene in scenes):
        hint += ". A scene stays pending until all its files have arrived"
    if any(scene.status == SceneStatus.Indexed for scene in scenes):
        hint += ". A scene stays indexed until client.scene.import_indexed_scene is called"
    count = len(seen) + len(missing)
    return SceneTimeoutError(
        f"{len(waiting)} of {count} scenes are not created after {timeout:g} s: {names}{hint}",
        scenes=scenes,
        ready=[scene for scene in seen.values() if is_created(scene)],
        unfinished=waiting,
    )


def _name(scene: Scene) -> str:
    return f"{scene.uuid} ({scene.external_id})"
