"""The one form a scene has inside the platform, whichever call it came from.

Plain JSON values with names: it is stored as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypedDict

from kognic.sandbox.platform.scenes import typed_wire as v1
from kognic.sandbox.platform.scenes import wire as v2
from kognic.sandbox.platform.wire import Wire

NS_PER_MS = 1_000_000
IMAGE, CLOUD, IMU = "image", "cloud", "imu"


class FileSpec(TypedDict):
    """One file: `key` is what the caller calls it (resource id, local file name, or address elsewhere).

    `kind` is `image`, `cloud` or `imu`; `shutter` is first and last time in ns and whether it is reversed.
    """

    key: str
    name: str
    kind: str
    sensor: str
    external: bool
    shutter: list[Any] | None


class FrameSpec(TypedDict):
    """A frame, whichever of the two interfaces it came through; times in milliseconds and nanoseconds."""

    id: str
    relative_ms: int
    unix_ns: int | None
    images: list[FileSpec]
    point_clouds: list[FileSpec]
    pose: dict[str, Any] | None
    metadata: dict[str, Any]


class SceneSpec(TypedDict):
    """A scene as it is stored, whichever of the two interfaces it came through."""

    frames: list[FrameSpec]
    metadata: dict[str, Any]
    sensors: dict[str, Any] | None
    imu: FileSpec | None


def from_typed_body(body: v1.SceneBody) -> SceneSpec:
    """Read the specification in the body of a typed scene call."""
    frames = body.frames if hasattr(body, "frames") else [body.frame]  # type: ignore[attr-defined]
    return SceneSpec(
        frames=[_typed_frame(frame, index) for index, frame in enumerate(frames)],
        metadata=dict(body.metadata),
        sensors=_dump(body.sensor_specification),
        imu=None,
    )


def from_scene_request(body: v2.Specification) -> SceneSpec:
    """Read the specification in the body of `POST /v2/scenes`; relative times count from its first frame."""
    first = body.frames[0].timestamp_ns
    return SceneSpec(
        frames=[_requested_frame(frame, first) for frame in body.frames],
        metadata=dict(body.metadata),
        sensors=_dump(body.sensor_specification),
        imu=None if body.imu_data is None else _requested_file(body.imu_data, IMU, ""),
    )


def files(spec: SceneSpec) -> Iterator[FileSpec]:
    """Yield every file of every frame, and the IMU file; the same file may come more than once."""
    for frame in spec["frames"]:
        yield from frame["images"]
        yield from frame["point_clouds"]
    if spec["imu"] is not None:
        yield spec["imu"]


def distinct_files(spec: SceneSpec, *, external: bool) -> dict[str, FileSpec]:
    """List the files that are uploaded, or those that live elsewhere, by key in order of appearance."""
    found: dict[str, FileSpec] = {}
    for file in files(spec):
        if file["external"] is external:
            found.setdefault(file["key"], file)
    return found


def cameras(spec: SceneSpec) -> list[str]:
    """Return the names of the cameras, in the order of their first appearance."""
    return list(dict.fromkeys(image["sensor"] for frame in spec["frames"] for image in frame["images"]))


def lidars(spec: SceneSpec) -> list[str]:
    """Return the names of the lidars, in the order of their first appearance."""
    return list(dict.fromkeys(cloud["sensor"] for frame in spec["frames"] for cloud in frame["point_clouds"]))


def _typed_frame(frame: Any, index: int) -> FrameSpec:
    pose = getattr(frame, "ego_vehicle_pose", None)
    return FrameSpec(
        id=getattr(frame, "frame_id", str(index)),
        relative_ms=getattr(frame, "relative_timestamp", 0),
        unix_ns=getattr(frame, "unix_timestamp", None),
        images=[_typed_image(image) for image in getattr(frame, "images", [])],
        point_clouds=[_typed_file(cloud) for cloud in getattr(frame, "point_clouds", [])],
        pose=_dump(pose),
        metadata=dict(getattr(frame, "metadata", {})),
    )


def _typed_file(file: v1.PointCloud, kind: str = CLOUD) -> FileSpec:
    return FileSpec(
        key=file.resource_id,
        name=file.filename,
        kind=kind,
        sensor=file.sensor_name,
        external=False,
        shutter=None,
    )


def _typed_image(image: v1.Image) -> FileSpec:
    spec = _typed_file(image, IMAGE)
    if (times := image.metadata) is not None:
        spec["shutter"] = [times.shutter_time_start_ns, times.shutter_time_end_ns, times.reversed_shutter]
    return spec


def _requested_frame(frame: v2.Frame, first_ns: int) -> FrameSpec:
    clouds = frame.point_clouds
    return FrameSpec(
        id=frame.id,
        relative_ms=(frame.timestamp_ns - first_ns) // NS_PER_MS,
        unix_ns=frame.timestamp_ns,
        images=[_requested_image(image) for image in frame.images],
        point_clouds=[_requested_file(file, CLOUD, file.sensor_name) for file in clouds.resources]
        if clouds
        else [],
        pose=_dump(clouds.ego_vehicle_pose) if clouds else None,
        metadata=dict(frame.metadata),
    )


def _requested_file(resource: v2.Resource, kind: str, sensor: str) -> FileSpec:
    key = resource.local_filename or resource.external_resource_uri or ""
    external = resource.external_resource_uri is not None
    return FileSpec(key=key, name=key, kind=kind, sensor=sensor, external=external, shutter=None)


def _requested_image(image: v2.Image) -> FileSpec:
    spec = _requested_file(image.resource, IMAGE, image.resource.sensor_name)
    if (times := image.metadata) is not None:
        spec["shutter"] = [
            times.start_shutter_timestamp_ns,
            times.end_shutter_timestamp_ns,
            times.reversed_shutter,
        ]
    return spec


def _dump(shape: Wire | None) -> dict[str, Any] | None:
    return None if shape is None else shape.model_dump(by_alias=True, exclude_none=True)
