"""Invalidating the scenes of a failed or test run, without harm to scenes that are in use."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from kognic._core.documents import read_text
from kognic._core.ids import is_uuid
from kognic._core.wording import counted
from kognic.base_clients.errors import NotFoundError
from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason
from kognic.io.model.scene.scene_entry import Scene, SceneStatus
from kognic.io.resources.scene.waiting import chunks, is_invalidated
from kognic.pipelines.bulk.journal import Journal

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient

_BUSY = frozenset({SceneStatus.Pending, SceneStatus.Processing})


@attrs.frozen(kw_only=True)
class Cleaning:
    """What cleaning does, or would do, with one scene.

    Attributes:
        action: `invalidate`, or `keep` for the `reason`.
        reason: Why it is kept, or what else is deleted with it.
        inputs: UUIDs of its inputs.
    """

    scene_uuid: str
    external_id: str
    status: str
    action: str
    reason: str = ""
    inputs: tuple[str, ...] = ()


def read_names(sources: Iterable[str]) -> Iterator[str]:
    """Read UUIDs and external IDs of scenes.

    Args:
        sources: Journals of bulk runs, JSON reports, text files with one name a line, or names.

    Raises:
        DocumentError: A file is not UTF-8 text.
        JournalError: A database is not a journal.
    """
    for source in sources:
        path = Path(source)
        if not path.is_file():
            yield source
        elif path.read_bytes()[:16] == b"SQLite format 3\0":
            with Journal.snapshot(path) as journal:
                yield from (entry.scene_uuid for entry in journal.entries() if entry.scene_uuid is not None)
        else:
            yield from _names_in(read_text(path))


def _names_in(text: str) -> Iterator[str]:
    try:
        document = json.loads(text)
    except ValueError:
        lines = map(str.strip, text.splitlines())
        yield from (line for line in lines if line and not line.startswith("#"))
    else:
        yield from _uuids(document)


def _uuids(document: Any) -> Iterator[str]:
    """The scene UUIDs of a report, wherever they stand."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key in ("scene_uuid", "sceneUuid") and isinstance(value, str):
                yield value
            else:
                yield from _uuids(value)
        if "scene_type" in document and isinstance(document.get("uuid"), str):
            yield document["uuid"]
    elif isinstance(document, list):
        for item in document:
            yield from _uuids(item)


def plan_cleaning(client: KognicIOClient, names: Iterable[str], *, with_inputs: bool) -> list[Cleaning]:
    """Decide about each scene; changes nothing.

    Args:
        names: UUIDs or external IDs.
        with_inputs: Invalidate scenes with inputs, too.
    """
    unique = list(dict.fromkeys(names))
    scenes = {scene.uuid: scene for scene in _find(client, unique)}
    inputs: dict[str, list[str]] = {}
    for uuids in chunks(list(scenes)):
        for found in client.input.query_inputs(scene_uuids=uuids):
            inputs.setdefault(found.scene_uuid, []).append(found.uuid)
    return [_decide(scene, tuple(inputs.get(scene.uuid, ())), with_inputs) for scene in scenes.values()]


def _decide(scene: Scene, inputs: tuple[str, ...], with_inputs: bool) -> Cleaning:
    some = counted(len(inputs), "input")
    action, reason = "invalidate", f"deletes {some}" if inputs else ""
    if is_invalidated(scene):
        action, reason = "keep", "is invalidated already"
    elif inputs and not with_inputs:
        action, reason = "keep", f"has {some}"
    return Cleaning(
        scene_uuid=scene.uuid,
        external_id=scene.external_id,
        status=scene.status.value,
        action=action,
        reason=reason,
        inputs=inputs,
    )


def _find(client: KognicIOClient, names: Sequence[str]) -> Iterator[Scene]:
    """The scenes that exist; a name that the platform does not know is left out."""
    get = client.scene.get_scenes_by_uuids, client.scene.get_scenes_by_external_ids
    for wanted, function in zip((True, False), get, strict=True):
        some = [name for name in names if is_uuid(name) is wanted]
        for chunk in chunks(some):
            try:
                yield from function(chunk)
            except NotFoundError:
                # One unknown name makes the platform refuse all.
                for name in chunk:
                    try:
                        yield from function([name])
                    except NotFoundError:
                        continue


def carry_out(
    client: KognicIOClient,
    plan: Iterable[Cleaning],
    reason: SceneInvalidatedReason,
    *,
    timeout: float,
    poll_interval: float = 1.0,
    on_invalidated: Callable[[Sequence[str]], object] = lambda _: None,
) -> list[str]:
    """Delete inputs and invalidate scenes.

    Args:
        plan: What `plan_cleaning` decided.
        reason: Recorded with the scenes.
        timeout: Seconds to wait for scenes that are being processed, which cannot be invalidated.
        poll_interval: Seconds between two status requests.
        on_invalidated: Called with the UUIDs of scenes as soon as they are invalidated.

    Returns:
        UUIDs of the invalidated scenes.

    Raises:
        TimeoutError: Scenes are still being processed; the others have been invalidated.
    """
    wanted = [cleaning for cleaning in plan if cleaning.action == "invalidate"]
    for cleaning in wanted:
        for uuid in cleaning.inputs:
            client.input.delete_input(uuid)
    uuids = [cleaning.scene_uuid for cleaning in wanted]
    return _invalidate(client, uuids, reason, timeout, poll_interval, on_invalidated)


def _invalidate(
    client: KognicIOClient,
    waiting: list[str],
    reason: SceneInvalidatedReason,
    timeout: float,
    poll_interval: float,
    on_invalidated: Callable[[Sequence[str]], object],
) -> list[str]:
    deadline = time.monotonic() + timeout
    done: list[str] = []
    while waiting:
        # A scene whose upload was interrupted stays pending: the platform refuses it however long one waits.
        busy = {scene.uuid for scene in _find(client, waiting) if scene.status in _BUSY}
        ready = [uuid for uuid in waiting if uuid not in busy]
        for chunk in chunks(ready):
            client.scene.invalidate_scenes(chunk, reason)
            on_invalidated(chunk)
        done += ready
        waiting = [uuid for uuid in waiting if uuid in busy]
        if waiting and time.monotonic() >= deadline:
            raise TimeoutError(
                f"{counted(len(done), 'scene')} invalidated; {len(waiting)} are still pending or being "
                f"processed after {timeout:g} s and cannot be invalidated: {', '.join(waiting[:5])}"
            )
        if waiting:
            time.sleep(poll_interval)
    return done
