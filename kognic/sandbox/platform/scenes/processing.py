"""What the platform does with the files of a scene once they are all there.

The files are really looked at: an image is decoded, a point cloud's header and columns are read, times are
compared with the IMU data. What is wrong makes the scene `failed` with a message that names the file.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import PurePosixPath

from pydantic import TypeAdapter, ValidationError

from kognic.sandbox.platform.errors import PlatformError
from kognic.sandbox.platform.inputs import rules as inputs
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.pre_annotations import states as pre_annotations
from kognic.sandbox.platform.scenes import content, specification
from kognic.sandbox.platform.scenes import states as scenes
from kognic.sandbox.platform.scenes.content import UnreadableError
from kognic.sandbox.platform.scenes.rules import check_imu_range, check_imu_samples
from kognic.sandbox.platform.scenes.specification import FileSpec, SceneSpec
from kognic.sandbox.platform.scenes.typed_wire import ImuSample
from kognic.sandbox.platform.storage.store import CLOUD_BUCKET, StoredObject
from kognic.sandbox.platform.tables import Scene

logger = logging.getLogger(__name__)

SHOWN_NAMES = 10
IMU_FILE = TypeAdapter(list[ImuSample])


def process_scene(platform: Platform, scene_id: str) -> None:
    """Check a scene's files and make it `created` or `failed`; does nothing if it is not `processing`."""
    with platform.database.read() as session:
        scene = session.query(Scene).filter_by(id=scene_id, status=scenes.PROCESSING).one_or_none()
        if scene is None:
            return
        spec: SceneSpec = scene.specification  # type: ignore[assignment]
        imu_resource = scene.imu_resource
        compensates = scene.motion_compensation
    error = platform.forced_failure(scene_id) or find_fault(
        platform, scene_id, spec, imu_resource, compensates=compensates
    )
    _finish(platform, scene_id, error)


def import_scene(platform: Platform, scene_id: str) -> None:
    """Continue processing once the data of a scene has been fetched from the customer's cloud."""
    with platform.database.write() as session:
        scene = session.query(Scene).filter_by(id=scene_id, status=scenes.PENDING).one_or_none()
        if scene is None:
            return
        scene.status = scenes.PROCESSING
    process_scene(platform, scene_id)


def find_fault(
    platform: Platform, scene_id: str, spec: SceneSpec, imu_resource: str | None, *, compensates: bool
) -> str | None:
    """Return what is wrong with the stored files of a scene, or None.

    The times of points matter only if the points are to be moved to the time of their frame.
    """
    missing = _missing(platform, scene_id, spec, imu_resource)
    if missing:
        return f"Files were not uploaded: {_some(missing)}"
    if missing := _missing_in_cloud(platform, spec):
        return f"External resources could not be copied: {_some(missing)}"
    try:
        imu_range = _imu_range(platform, scene_id, spec, imu_resource)
        for file, stored in _found_files(platform, scene_id, spec):
            _check_file(file, stored, imu_range if compensates else None)
    except (UnreadableError, PlatformError) as exc:
        return str(exc)
    except Exception:
        # Readers of foreign formats can fail in any way; the scene must not stay `processing` for ever.
        logger.exception("scene %s could not be processed", scene_id)
        return "The scene could not be processed"
    return None


def locate(platform: Platform, scene_id: str, file: FileSpec) -> StoredObject | None:
    """Locate a file of a scene: uploaded, or in what the sandbox knows of the customer's cloud."""
    return platform.storage.find(CLOUD_BUCKET if file["external"] else scene_id, file["key"])


def _missing(platform: Platform, scene_id: str, spec: SceneSpec, imu_resource: str | None) -> list[str]:
    keys = list(specification.distinct_files(spec, external=False))
    if imu_resource is not None:
        keys.append(imu_resource)
    return [key for key in keys if platform.storage.find(scene_id, key) is None]


def _missing_in_cloud(platform: Platform, spec: SceneSpec) -> list[str]:
    if not platform.settings.strict_cloud:
        return []
    keys = specification.distinct_files(spec, external=True)
    return [key for key in keys if platform.storage.find(CLOUD_BUCKET, key) is None]


def _found_files(
    platform: Platform, scene_id: str, spec: SceneSpec
) -> Iterator[tuple[FileSpec, StoredObject]]:
    for external in (False, True):
        for file in specification.distinct_files(spec, external=external).values():
            stored = locate(platform, scene_id, file)
            if stored is not None and file["kind"] != specification.IMU:
                yield file, stored


def _check_file(file: FileSpec, stored: StoredObject, imu_range: tuple[int, int] | None) -> None:
    suffix = PurePosixPath(file["name"]).suffix.lower().removeprefix(".")
    try:
        if stored.size == 0:
            raise UnreadableError("the file is empty")
        if file["kind"] == specification.IMAGE:
            content.check_image(stored.path, suffix)
        else:
            times = content.check_point_cloud(stored.path, suffix, want_times=imu_range is not None)
            if imu_range is not None:
                check_imu_range(imu_range, (("a point", time) for time in times))
    except (UnreadableError, PlatformError) as exc:
        raise UnreadableError(f"{file['key']}: {exc}") from None


def _imu_range(
    platform: Platform, scene_id: str, spec: SceneSpec, imu_resource: str | None
) -> tuple[int, int] | None:
    if imu_resource is not None:
        key, stored = imu_resource, platform.storage.find(scene_id, imu_resource)
    elif spec["imu"] is not None:
        key, stored = spec["imu"]["key"], locate(platform, scene_id, spec["imu"])
    else:
        return None
    if stored is None:  # In a cloud the sandbox does not know.
        return None
    try:
        samples = IMU_FILE.validate_json(stored.path.read_bytes(), strict=True)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UnreadableError(f"{key}: the imu data is not as documented: {place} {first['msg']}") from None
    if not samples:
        raise UnreadableError(f"{key}: the imu data is empty")
    times = [sample.timestamp for sample in samples]
    check_imu_samples(times)
    imu_range = (times[0], times[-1])
    check_imu_range(imu_range, ((f"frame {frame['id']}", frame["unix_ns"]) for frame in spec["frames"]))
    return imu_range


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:SHOWN_NAMES])
    return shown if len(names) <= SHOWN_NAMES else f"{shown} and {len(names) - SHOWN_NAMES} more"


def _finish(platform: Platform, scene_id: str, error: str | None) -> None:
    with platform.database.write() as session:
        scene = session.query(Scene).filter_by(id=scene_id, status=scenes.PROCESSING).one_or_none()
        if scene is None:  # Invalidated or reset meanwhile.
            return
        scenes.finish(session, scene, error)
        if error is not None:
            return
        fresh = inputs.activate(session, scene)
        followers = pre_annotations.release(session, scene)
    inputs.dispatch(platform, fresh)
    for pre_annotation_id in followers:
        pre_annotations.schedule(platform, pre_annotation_id)
