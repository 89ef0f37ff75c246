"""Scenes: querying, summaries, ego poses."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from kognic.sandbox.platform import access, scenes
from kognic.sandbox.platform.calls import Call, read
from kognic.sandbox.platform.errors import NotFoundError, ValidationFailedError
from kognic.sandbox.platform.tables import Scene
from kognic.sandbox.platform.wire.base import Wire

VARIABLES = 500  # Values in one SQL statement; SQLite has a limit.


class QueryScenes(Wire):
    scene_uuids: list[str] | None = None
    external_ids: list[str] | None = None


def query_scenes(call: Call) -> list[dict[str, Any]]:
    """Scenes by UUID, or by external id; every one that is asked for must exist."""
    body = call.parse(QueryScenes)
    if (body.scene_uuids is None) == (body.external_ids is None):
        raise ValidationFailedError("Exactly one of sceneUuids and externalIds must be given")
    if body.scene_uuids is not None:
        return _by(call, Scene.id, body.scene_uuids, "uuid")
    return _by(call, Scene.external_id, body.external_ids or [], "external id")


def get_summary(call: Call) -> dict[str, Any]:
    scene = access.scene(call, call.path["uuid"])
    if scene.status.startswith("invalidated") and not call.flag("includeInvalidated"):
        raise NotFoundError(f"Scene {scene.id} is {scene.status}")
    return scenes.summary_answer(scene)


def get_ego_poses(call: Call) -> dict[str, Any]:
    scene = access.scene(call, call.path["uuid"])
    poses = scenes.ego_poses(scene)
    if not poses:
        raise NotFoundError(f"Scene {scene.id} has no ego poses")
    return {"poses": poses}


def _by(call: Call, column: Any, wanted: list[str], name: str) -> list[dict[str, Any]]:
    """Scenes in the order asked for; several with one external id in the order of their creation."""
    distinct = list(dict.fromkeys(wanted))
    found: dict[str, list[Scene]] = {}
    for start in range(0, len(distinct), VARIABLES):
        query = select(Scene).where(
            column.in_(distinct[start : start + VARIABLES]),
            Scene.status != scenes.RESERVED,
            Scene.workspace_id.in_(access.workspace_ids(call)),
        )
        for scene in call.session.scalars(query.order_by(Scene.number)):
            found.setdefault(getattr(scene, column.key), []).append(scene)
    missing = [value for value in distinct if value not in found]
    if missing:
        raise NotFoundError(f"There is no scene with {name} {', '.join(missing[:5])}")
    return [scenes.scene_answer(scene) for value in distinct for scene in found[value]]


APIS = (
    read("POST", "/v2/scenes/query", query_scenes),
    read("GET", "/v2/scenes/{uuid}", get_summary),
    read("GET", "/v2/scenes/{uuid}/ego-poses", get_ego_poses),
)
