"""Scenes from scene requests; querying, importing, reindexing, invalidating scenes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from kognic.sandbox.platform import access
from kognic.sandbox.platform.annotations import documents
from kognic.sandbox.platform.calls import Call, read, write
from kognic.sandbox.platform.database import among
from kognic.sandbox.platform.errors import InvalidError, NotFoundError, ValidationFailedError
from kognic.sandbox.platform.inputs import rules as inputs
from kognic.sandbox.platform.scenes import specification
from kognic.sandbox.platform.scenes import states as scenes
from kognic.sandbox.platform.scenes import wire as v2
from kognic.sandbox.platform.scenes.rules import check_scene
from kognic.sandbox.platform.scenes.typed_routes import find_calibration
from kognic.sandbox.platform.tables import Scene


def create_scene(call: Call) -> dict[str, Any]:
    """Create a scene of local files, files in the customer's cloud, or both."""
    body = call.parse(v2.CreateScene)
    workspace = access.workspace_to_write(call, body.workspace_id)
    spec = specification.from_scene_request(body.converted_specification)
    scene_type = scenes.scene_type_of(spec)
    calibration = find_calibration(call, workspace.id, body.calibration_id)
    if calibration is None and "lidars_and_cameras" in scene_type:
        raise ValidationFailedError("calibrationId is required when lidars and cameras occur together")
    has_imu = spec["imu"] is not None
    check_scene(
        scene_type, spec, calibration=calibration, imu_range=None, has_imu=has_imu, is_multi_sensor=False
    )
    scene = Scene(
        workspace_id=workspace.id,
        external_id=body.external_id,
        scene_type=scene_type,
        specification=dict(spec),
        calibration_id=body.calibration_id,
        has_imu=has_imu,
        motion_compensation=body.converted_specification.should_motion_compensate is not False,
    )
    call.session.add(scene)
    call.session.flush()
    uploads = scenes.upload_urls(call.platform, call.base_url, scene, spec)
    scene.awaits_commit = bool(uploads)
    scenes.hide(call, scene)
    _begin(call, scene, spec, postponed=bool(body.postpone_external_resource_import))
    return {"id": scene.id, "signedUploadUrls": [[name, url] for name, url in uploads.items()]}


def query_scenes(call: Call) -> list[dict[str, Any]]:
    """Scenes by UUID, or by external ID; every one that is asked for must exist."""
    body = call.parse(v2.QueryScenes)
    if body.scene_uuids is not None:
        found = _by(call, Scene.id, body.scene_uuids, "uuid")
    else:
        found = _by(call, Scene.external_id, body.external_ids or [], "external id")
    return [scenes.scene_answer(scene, call.view_link) for scene in found]


def get_summary(call: Call) -> dict[str, Any]:
    """Get the sensors, frames and times of a scene."""
    scene = access.scene(call, call.path["uuid"])
    if scene.status.startswith("invalidated") and not call.flag("includeInvalidated"):
        raise NotFoundError(f"Scene {scene.id} is {scene.status}")
    return scenes.summary_answer(scene)


def get_ego_poses(call: Call) -> dict[str, Any]:
    """Get the ego pose of each frame that has one."""
    scene = access.scene(call, call.path["uuid"])
    poses = scenes.ego_poses(scene)
    if not poses:
        raise NotFoundError(f"Scene {scene.id} has no ego poses")
    return {"poses": poses}


def get_annotations(call: Call) -> list[dict[str, Any]]:
    """Get the delivered annotations of a scene, one per input that has one."""
    scene = access.scene(call, call.path["uuid"])
    wants_iso = call.flag("useDefaultCartesian")
    found = documents.delivered_of_scene(call.session, scene.id)
    return [documents.partial_answer(call, annotation, wants_iso) for annotation in found]


def invalidate_scenes(call: Call) -> None:
    """Take scenes out of use, with their inputs and annotations. Final."""
    body = call.parse(v2.InvalidateScenes)
    invalidate(call, body.scene_uuids, scenes.INVALIDATED[body.reason])


def invalidate(call: Call, scene_ids: list[str], status: str) -> None:
    """Give scenes an `invalidated:...` status; those that have one keep it."""
    for scene in _by(call, Scene.id, scene_ids, "uuid"):
        access.workspace_to_write(call, scene.workspace_id)
        if not scene.status.startswith("invalidated"):
            scene.status = status
        inputs.delete_of_scene(call.session, scene)


def patch_scene(call: Call) -> None:
    """Import an indexed scene, or undo the import of a created one. What is so already stays so."""
    scene = access.scene(call, call.path["uuid"])
    access.workspace_to_write(call, scene.workspace_id)
    wanted = call.parse(v2.PatchScene).status
    if wanted == scenes.CREATED:
        if scene.status == scenes.INDEXED:
            scenes.begin_import(call, scene)
        elif scene.status not in (scenes.PENDING, scenes.PROCESSING, scenes.CREATED):
            raise InvalidError(f"Scene {scene.id} is {scene.status} and cannot be imported")
        return
    if scene.status not in (scenes.CREATED, scenes.INDEXED):
        raise InvalidError(f"Scene {scene.id} is {scene.status} and cannot be reindexed")
    if not specification.distinct_files(scene.specification, external=True):  # type: ignore[arg-type]
        raise InvalidError(f"Scene {scene.id} has no external resources and cannot be reindexed")
    scene.status = scenes.INDEXED


def _begin(call: Call, scene: Scene, spec: specification.SceneSpec, *, postponed: bool) -> None:
    has_external = bool(specification.distinct_files(spec, external=True))
    if has_external and postponed:
        scene.status = scenes.INDEXED
    else:
        scenes.begin_import(call, scene)


def _by(call: Call, column: Any, wanted: list[str], name: str) -> list[Scene]:
    """Scenes in the order asked for; several with one external ID in the order of their creation."""
    distinct = list(dict.fromkeys(wanted))
    visible = access.workspace_ids(call)
    query = select(Scene).where(
        among(column, distinct), Scene.status != scenes.RESERVED, Scene.workspace_id.in_(visible)
    )
    found: dict[str, list[Scene]] = {}
    for scene in call.session.scalars(query.order_by(Scene.number)):
        if call.platform.visibility.is_hidden(scene.id):
            continue
        found.setdefault(getattr(scene, column.key), []).append(scene)
    missing = [value for value in distinct if value not in found]
    if missing:
        raise NotFoundError(f"There is no scene with {name} {', '.join(missing[:5])}")
    return [scene for value in distinct for scene in found[value]]


SCENE = "/v2/scenes/{uuid}"

APIS = (
    write("POST", "/v2/scenes", create_scene),
    read("POST", "/v2/scenes/query", query_scenes),
    write("POST", "/v2/scenes/actions/invalidate", invalidate_scenes),
    read("GET", SCENE, get_summary),
    write("PATCH", SCENE, patch_scene),
    read("GET", f"{SCENE}/ego-poses", get_ego_poses),
    read("GET", f"{SCENE}/annotations", get_annotations),
)
