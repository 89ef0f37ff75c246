"""The life of a scene: reserved, posted, committed, processed, created or failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from kognic.sandbox.platform.calls import Call
from kognic.sandbox.platform.platform import Platform, Work
from kognic.sandbox.platform.scenes import specification
from kognic.sandbox.platform.scenes.rules import AGGREGATED
from kognic.sandbox.platform.scenes.specification import SceneSpec
from kognic.sandbox.platform.tables import Scene
from kognic.sandbox.platform.values import to_wire_time, without_none

RESERVED = "reserved"
PENDING = "pending"
PROCESSING = "processing"
CREATED = "created"
FAILED = "failed"
INDEXED = "indexed"
INVALIDATED = {
    "bad-content": "invalidated:broken-input",
    "duplicate": "invalidated:duplicate",
    "incorrectly-created": "invalidated:incorrectly-created",
}


def imu_key(scene_id: str) -> str:
    """Return the resource id under which IMU data of a typed scene is uploaded."""
    return f"imu/{scene_id}.json"


def scene_answer(scene: Scene, view_link: Callable[[str, str], str]) -> dict[str, Any]:
    """Return a scene as queries answer it; `view_link` makes the link to a kind of page for a UUID."""
    return without_none(
        {
            "uuid": scene.id,
            "workspaceId": scene.workspace_id,
            "externalId": scene.external_id,
            "sceneType": scene.scene_type,
            "status": scene.status,
            "created": to_wire_time(scene.created),
            "calibrationId": scene.calibration_id,
            "viewLink": view_link("scene", scene.id) if scene.status == CREATED else None,
            "errorMessage": scene.error_message,
        }
    )


def summary_answer(scene: Scene) -> dict[str, Any]:
    """Describe the sensors, frames and times of a scene."""
    spec: SceneSpec = scene.specification  # type: ignore[assignment]
    cameras, lidars = specification.cameras(spec), specification.lidars(spec)
    return without_none(
        {
            "sceneUuid": scene.id,
            "externalId": scene.external_id,
            "workspaceId": scene.workspace_id,
            "created": to_wire_time(scene.created),
            "calibrationId": scene.calibration_id,
            "frameRelativeTimes": [frame["relative_ms"] for frame in spec["frames"]],
            "lidars": lidars,
            "cameras": cameras,
            "sceneType": scene.scene_type,
            "isMultiSensor": len(cameras) + len(lidars) > 1,
            "isMotionCompensated": scene.has_imu and scene.motion_compensation,
            "metadata": spec["metadata"],
        }
    )


def ego_poses(scene: Scene) -> dict[str, Any]:
    """Frame id to pose, for the frames that have one."""
    frames = scene.specification["frames"]
    return {frame["id"]: frame["pose"] for frame in frames if frame["pose"] is not None}


def upload_urls(platform: Platform, base_url: str, scene: Scene, spec: SceneSpec) -> dict[str, str]:
    """Sign an upload URL for every file that is uploaded, by the caller's name for it."""
    storage, signer = platform.storage, platform.urls
    return {
        key: signer.sign(base_url, storage.url_path(scene.id, key, file["name"]), "PUT")
        for key, file in specification.distinct_files(spec, external=False).items()
    }


def hide(call: Call, scene: Scene) -> None:
    """Hide a scene that was created or committed from queries, as long as the settings say."""
    call.platform.visibility.hide(scene.id, call.platform.tuning.scene_visibility_delay)


def schedule(platform: Platform, scene_id: str) -> None:
    """Have a committed scene processed in the background."""
    platform.later(Work.PROCESS_SCENE, scene_id, platform.tuning.processing_delay)


def import_if_indexed(call: Call, scene: Scene) -> None:
    """Copy the data of a scene that is known by its specification only."""
    if scene.status == INDEXED:
        begin_import(call, scene)


def begin_import(call: Call, scene: Scene) -> None:
    """Fetch and process the data of a scene; `pending` until then, and until its local files are there."""
    scene.status = PENDING
    scene_id = scene.id
    if scene.awaits_commit:
        return
    call.after_commit.append(lambda: schedule_import(call.platform, scene_id))


def schedule_import(platform: Platform, scene_id: str) -> None:
    """Have the data of a scene fetched from the customer's cloud, and processed."""
    platform.later(Work.IMPORT_SCENE, scene_id, platform.tuning.processing_delay)


def finish(session: Session, scene: Scene, error: str | None) -> None:
    """End the processing: `created`, or `failed` with the reason."""
    scene.status = FAILED if error else CREATED
    scene.error_message = error
    session.flush()


def scene_type_of(spec: SceneSpec) -> str:
    """Return the type of a scene that did not come with one, from its content."""
    has_clouds = any(frame["point_clouds"] for frame in spec["frames"])
    has_images = any(frame["images"] for frame in spec["frames"])
    kinds = [name for name, present in (("lidars", has_clouds), ("cameras", has_images)) if present]
    name = "_and_".join(kinds)
    return f"{name}_sequence" if len(spec["frames"]) > 1 else name


__all__ = [
    "AGGREGATED",
    "CREATED",
    "FAILED",
    "INDEXED",
    "INVALIDATED",
    "PENDING",
    "PROCESSING",
    "RESERVED",
    "begin_import",
    "ego_poses",
    "finish",
    "hide",
    "import_if_indexed",
    "imu_key",
    "scene_answer",
    "scene_type_of",
    "schedule",
    "schedule_import",
    "summary_answer",
    "upload_urls",
]
