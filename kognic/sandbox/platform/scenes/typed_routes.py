"""Creating scenes by type: initialize, IMU data, post, commit."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import undefer

from kognic.sandbox.platform import access
from kognic.sandbox.platform.calls import Api, Call, write
from kognic.sandbox.platform.envelope import EMPTY, Bare
from kognic.sandbox.platform.errors import InvalidError, NotFoundError, PlatformError, ValidationFailedError
from kognic.sandbox.platform.inputs import rules as inputs
from kognic.sandbox.platform.projects import batches
from kognic.sandbox.platform.scenes import specification
from kognic.sandbox.platform.scenes import states as scenes
from kognic.sandbox.platform.scenes import typed_wire as v1
from kognic.sandbox.platform.scenes.rules import check_imu_samples, check_scene
from kognic.sandbox.platform.tables import Batch, Calibration, Request, Scene
from kognic.sandbox.platform.values import new_uuid, utc_now


def initialize(call: Call) -> dict[str, str]:
    """Reserve the UUID of a scene; nothing is visible yet."""
    body = call.parse(v1.Initialize)
    workspace = access.workspace_to_write(call, body.workspace_id)
    scene = Scene(id=new_uuid(), workspace_id=workspace.id)
    call.session.add(scene)
    return {"sceneUuid": scene.id}


def validate_imu(call: Call) -> dict[str, str] | Bare:
    """Check IMU samples and tell where to upload them."""
    body = call.parse(v1.ImuRequest)
    scene = _reserved_scene(call, body.internal_id)
    times = [sample.timestamp for sample in body.imu_data]
    check_imu_samples(times)
    if call.is_dryrun:
        return EMPTY
    key = scenes.imu_key(scene.id)
    scene.imu_resource = key
    scene.imu_range = [times[0], times[-1]]
    path = call.platform.storage.url_path(scene.id, key, "imu.json")
    return {"resourceId": key, "signedUrl": call.platform.urls.sign(call.base_url, path, "PUT")}


def create_scene(call: Call, segment: str) -> dict[str, Any] | Bare:
    """Take a scene's specification and hand out upload URLs. Until the commit, this can be repeated."""
    body = call.parse(v1.BODIES[segment])
    scene = _reserved_scene(call, body.internal_id)
    scene_type = segment.replace("-", "_")
    spec = specification.from_typed_body(body)
    batch = _target_batch(call)
    _check(call, scene, scene_type, spec, body, batch)
    if call.is_dryrun:
        return EMPTY
    scene.external_id = body.external_id
    scene.scene_type = scene_type
    scene.specification = dict(spec)
    scene.calibration_id = _calibration_id(body)
    scene.has_imu = body.imu_data is not None
    scene.motion_compensation = body.feature_flags.should_motion_compensate
    if scene.status == scenes.RESERVED:
        scene.created = utc_now()
    scene.status = scenes.PENDING
    scene.awaits_commit = True
    inputs.forget_unlisted(call.session, scene)
    scenes.hide(call, scene)
    placed = inputs.place_in_requests(call.session, scene, _requests(call, batch))
    urls = scenes.upload_urls(call.platform, call.base_url, scene, spec)
    known_input = placed[0].id if len(placed) == 1 else None
    return {"internalId": scene.id, "files": urls, "requestInputUuid": known_input}


def commit(call: Call) -> None:
    """Begin the processing, as all files are there. Committing again changes nothing."""
    scene_id = call.path["sceneUuid"]
    scene = call.session.scalar(select(Scene).where(Scene.id == scene_id))
    if scene is None or scene.workspace_id not in access.workspace_ids(call):
        raise NotFoundError(f"There is no scene {scene_id}")
    access.workspace_to_write(call, scene.workspace_id)
    if scene.status == scenes.RESERVED:
        raise InvalidError(f"Scene {scene_id} has no specification yet")
    if scene.status.startswith("invalidated"):
        raise InvalidError(f"Scene {scene_id} is {scene.status}")
    scene.awaits_commit = False
    if scene.status == scenes.PENDING:
        scene.status = scenes.PROCESSING
        scenes.hide(call, scene)
        call.after_commit.append(lambda: scenes.schedule(call.platform, scene_id))


def _reserved_scene(call: Call, scene_id: str) -> Scene:
    """The scene a UUID was reserved for and that has not been committed yet."""
    query = select(Scene).where(Scene.id == scene_id).options(undefer(Scene.specification))
    scene = call.session.scalar(query)
    if scene is None:
        raise ValidationFailedError(f"internalId {scene_id} has not been handed out by initialize")
    access.workspace_to_write(call, scene.workspace_id)
    named = call.query.get("workspaceId")
    if named is not None and named != scene.workspace_id:
        raise ValidationFailedError(f"internalId {scene_id} was reserved in another workspace than {named}")
    if scene.status not in (scenes.RESERVED, scenes.PENDING):
        raise PlatformError(409, f"Scene {scene_id} is {scene.status} and cannot be posted again")
    return scene


def _requests(call: Call, batch: Batch | None) -> list[Request]:
    return batches.requests_of(batch, call.platform.visibility) if batch else []


def _target_batch(call: Call) -> Batch | None:
    if "project" not in call.path:
        return None
    return access.open_batch(call, call.path["project"], call.path.get("batch"))


def _check(
    call: Call,
    scene: Scene,
    scene_type: str,
    spec: specification.SceneSpec,
    body: v1.SceneBody,
    batch: Batch | None,
) -> None:
    imu_range = None
    if body.imu_data is not None:
        if body.imu_data != scene.imu_resource:
            raise ValidationFailedError(f"imuData {body.imu_data} is not what POST /v1/imu has answered")
        first, last = scene.imu_range or (0, 0)
        imu_range = (first, last)
    check_scene(
        scene_type,
        spec,
        calibration=find_calibration(call, scene.workspace_id, _calibration_id(body)),
        imu_range=imu_range,
        has_imu=body.imu_data is not None,
        is_multi_sensor=batch is not None and batch.is_multi_sensor,
    )
    for request in _requests(call, batch):
        inputs.check_scene_type(scene_type, request)


def _calibration_id(body: v1.SceneBody) -> str | None:
    """Scenes of lidars alone name none."""
    found: str | None = getattr(body, "calibration_id", None)
    return found


def find_calibration(call: Call, workspace_id: str, calibration_id: str | None) -> dict[str, Any] | None:
    """Find the sensors of a calibration of the workspace; None if none is named."""
    if calibration_id is None:
        return None
    found = call.session.get(Calibration, calibration_id)
    if found is None or found.workspace_id != workspace_id:
        raise ValidationFailedError(f"There is no calibration {calibration_id} in workspace {workspace_id}")
    return found.sensors


def _creators() -> list[Api]:
    prefixes = ("", "/project/{project}", "/project/{project}/batch/{batch}")
    return [
        write("POST", f"/v1/inputs{prefix}/{segment}", partial(create_scene, segment=segment))
        for segment in v1.BODIES
        for prefix in prefixes
    ]


APIS = (
    write("POST", "/v1/inputs/initialize", initialize),
    write("POST", "/v1/imu", validate_imu),
    *_creators(),
    write("POST", "/v1/inputs/{sceneUuid}/actions/commit", commit),
)
