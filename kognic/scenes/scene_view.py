"""One form for every kind of scene: the seven typed scenes and scene requests.

Rules read this form and so need not know how each model spells a frame. Nothing is judged here.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs

from kognic.io.scene_kinds import KINDS
from kognic.scenes.content.source import Deferred

if TYPE_CHECKING:
    from kognic.io.model.scene.resources import Image, PointCloud

SCENE_REQUEST = "scene_request"
PLACEHOLDER = "FILL-IN"
"""Stands in a drafted scene file where only a person knows the value."""
_NAMES = {**{kind.model_name: kind.name for kind in KINDS}, "SceneRequest": SCENE_REQUEST}


# Zero but for rounding: normalising a shorter quaternion would make a rotation of noise.
_SHORTEST_QUATERNION = 1e-6
MAX_FRAMES = 3
"""Frames of a scene that are compared with its points by default: two seconds of CPU time for each camera and
frame; more frames make an estimate surer (docs/checks-geometry.md)."""


@attrs.frozen
class PoseView:
    """A position, metres, and a quaternion `w, x, y, z`, as they were given."""

    position: tuple[float, float, float]
    quaternion: tuple[float, float, float, float]

    @property
    def is_finite(self) -> bool:
        return all(map(math.isfinite, (*self.position, *self.quaternion)))

    @property
    def length(self) -> float:
        """Length of the quaternion."""
        return math.sqrt(sum(value * value for value in self.quaternion))

    @property
    def is_usable(self) -> bool:
        """Whether the numbers are finite and the quaternion has a direction, so that it can be normalised."""
        return self.is_finite and self.length > _SHORTEST_QUATERNION


@attrs.frozen
class SampleView:
    """An IMU sample; `timestamp` in Unix nanoseconds."""

    timestamp: int
    pose: PoseView


@attrs.frozen(kw_only=True)
class FileView:
    """A file of a frame.

    Attributes:
        sensor: Sensor name.
        is_image: An image, else a point cloud.
        name: File name as the scene has it.
        resource_id: The key of the file on the platform.
        path: Where the content is on disk; None when it is elsewhere.
        data: The content, when it is in memory.
        deferred: The content, when it is made on demand.
        format: What the content is said to be, for example `pcd`; None when only the name says.
        remote: The content is in the customer's cloud.
        shutter: Start and end of the exposure, Unix nanoseconds.
        reversed_shutter: The bottom row was exposed first.
        frame_id: ID of the frame; None in scenes of one frame.
        place: Path of the field, for example `frames[2].images[0]`.
    """

    sensor: str
    is_image: bool
    name: str
    resource_id: str | None
    path: Path | None = None
    data: bytes | None = attrs.field(default=None, repr=False)
    deferred: Deferred | None = None
    format: str | None = None
    remote: bool = False
    shutter: tuple[int, int] | None = None
    reversed_shutter: bool = False
    frame_id: str | None
    place: str

    @property
    def content(self) -> Path | bytes | Deferred | None:
        """What can be read; None when nothing can without side effects."""
        if self.deferred is not None:
            return self.deferred
        return self.path if self.data is None else self.data


@attrs.frozen(kw_only=True)
class FrameView:
    """A frame.

    Attributes:
        place: Path of the field, `frame` or `frames[2]`.
        frame_id: None in scenes of one frame.
        relative_ms: Milliseconds since the scene's start; None in scenes of one frame.
        unix_ns: When it was recorded, Unix nanoseconds; None when not given.
        images, clouds: Its files.
        ego_pose: Motion from the vehicle to the world; None when not given.
        metadata: Its entries.
    """

    place: str
    frame_id: str | None
    relative_ms: int | None
    unix_ns: int | None
    images: tuple[FileView, ...]
    clouds: tuple[FileView, ...]
    ego_pose: PoseView | None
    metadata: Mapping[str, Any]

    @property
    def files(self) -> tuple[FileView, ...]:
        return (*self.clouds, *self.images)


@attrs.frozen(kw_only=True)
class SceneView:
    """A scene; `kind` is the name of its kind, or `SCENE_REQUEST`."""

    kind: str
    external_id: str
    frames: tuple[FrameView, ...]
    calibration_id: str | None
    imu: tuple[SampleView, ...]
    metadata: Mapping[str, Any]
    specification: tuple[tuple[str, str], ...]
    motion_compensation: bool

    @property
    def is_sequence(self) -> bool:
        return self.kind.endswith("sequence") or (self.kind == SCENE_REQUEST and len(self.frames) > 1)

    @property
    def is_aggregated(self) -> bool:
        return self.kind.startswith("aggregated")

    @property
    def has_cameras(self) -> bool:
        """The scene type asks for images."""
        return "cameras" in self.kind or (self.kind == SCENE_REQUEST and bool(self.camera_names))

    @property
    def has_lidars(self) -> bool:
        """The scene type asks for point clouds."""
        return "lidars" in self.kind or (self.kind == SCENE_REQUEST and bool(self.lidar_names))

    @property
    def is_compensated(self) -> bool:
        """The platform moves points to the time of their frame."""
        return bool(self.imu) and self.motion_compensation

    @property
    def camera_names(self) -> list[str]:
        return _unique(image.sensor for frame in self.frames for image in frame.images)

    @property
    def lidar_names(self) -> list[str]:
        return _unique(cloud.sensor for frame in self.frames for cloud in frame.clouds)

    def files(self) -> Iterator[FileView]:
        """Yield every file, frame by frame."""
        for frame in self.frames:
            yield from frame.files


def view_of(scene: Any, *, motion_compensation: bool = True) -> SceneView:
    """Look at a scene.

    Args:
        scene: One of the seven scene classes, or a `SceneRequest`.
        motion_compensation: Whether typed scenes will be sent with motion compensation; scene requests say
            so themselves.

    Raises:
        TypeError: It is something else.
    """
    kind = next((_NAMES[cls.__name__] for cls in type(scene).__mro__ if cls.__name__ in _NAMES), None)
    if kind is None:
        raise TypeError(f"{type(scene).__name__} is not a scene; pass one of {', '.join(_NAMES)}")
    if kind == SCENE_REQUEST:
        return _view_of_request(scene)
    is_sequence = kind.endswith("sequence")
    frames = scene.frames if is_sequence else [scene.frame]
    return SceneView(
        kind=kind,
        external_id=scene.external_id,
        frames=tuple(
            _frame(frame, f"frames[{index}]" if is_sequence else "frame")
            for index, frame in enumerate(frames)
        ),
        calibration_id=getattr(scene, "calibration_id", None),
        imu=tuple(
            SampleView(sample.timestamp, _pose(sample.position, sample.rotation_quaternion))
            for sample in getattr(scene, "imu_data", None) or ()
        ),
        metadata=_metadata(scene.metadata),
        specification=_specification(getattr(scene, "sensor_specification", None)),
        motion_compensation=motion_compensation,
    )


def _frame(frame: Any, place: str) -> FrameView:
    frame_id = getattr(frame, "frame_id", None)
    pose = getattr(frame, "ego_vehicle_pose", None)
    return FrameView(
        place=place,
        frame_id=frame_id,
        relative_ms=getattr(frame, "relative_timestamp", None),
        unix_ns=getattr(frame, "unix_timestamp", None),
        images=tuple(
            _file(image, frame_id, f"{place}.images[{index}]", is_image=True)
            for index, image in enumerate(getattr(frame, "images", None) or ())
        ),
        clouds=tuple(
            _file(cloud, frame_id, f"{place}.point_clouds[{index}]", is_image=False)
            for index, cloud in enumerate(getattr(frame, "point_clouds", None) or ())
        ),
        ego_pose=None if pose is None else _pose(pose.position, pose.rotation),
        metadata=_metadata(getattr(frame, "metadata", None)),
    )


def _file(resource: Image | PointCloud, frame_id: str | None, place: str, *, is_image: bool) -> FileView:
    held = resource.file_data
    timing = getattr(resource, "metadata", None) if is_image else None
    path, data = _source(resource.filename, held)
    uri = resource.resource_id or ""
    return FileView(
        sensor=resource.sensor_name,
        is_image=is_image,
        name=resource.filename,
        resource_id=resource.resource_id,
        path=path,
        data=data,
        deferred=held.callback if held is not None and isinstance(held.callback, Deferred) else None,
        format=None if held is None else held.format.value,
        remote="://" in uri and held is None,
        shutter=None if timing is None else (timing.shutter_time_start_ns, timing.shutter_time_end_ns),
        reversed_shutter=bool(getattr(timing, "reversed_shutter", None)),
        frame_id=frame_id,
        place=place,
    )


def _source(name: str, held: Any) -> tuple[Path | None, bytes | None]:
    """Where to read a content without spending it: generators and foreign callbacks are left alone."""
    if held is None:
        return Path(name), None
    if isinstance(held.data, (bytes, bytearray, memoryview)):
        return None, bytes(held.data)
    if isinstance(held.data, os.PathLike):
        return Path(held.data), None
    path = getattr(held.callback, "path", None)
    return (path if isinstance(path, Path) else None), None


def _view_of_request(scene: Any) -> SceneView:
    start = scene.frames[0].timestamp_ns if scene.frames else 0
    return SceneView(
        kind=SCENE_REQUEST,
        external_id=scene.external_id,
        frames=tuple(
            _request_frame(frame, f"frames[{index}]", start) for index, frame in enumerate(scene.frames)
        ),
        calibration_id=scene.calibration_id,
        imu=(),
        metadata=_metadata(scene.metadata),
        specification=_specification(scene.sensor_specification),
        motion_compensation=scene.should_motion_compensate is not False,
    )


def _request_frame(frame: Any, place: str, start: int) -> FrameView:
    pose = frame.ego_vehicle_pose
    return FrameView(
        place=place,
        frame_id=frame.frame_id,
        # The platform derives whole milliseconds from the first frame.
        relative_ms=(frame.timestamp_ns - start) // 1_000_000,
        unix_ns=frame.timestamp_ns,
        images=tuple(
            _request_file(image, frame.frame_id, f"{place}.images[{index}]", is_image=True)
            for index, image in enumerate(frame.images)
        ),
        clouds=tuple(
            _request_file(cloud, frame.frame_id, f"{place}.pointclouds[{index}]", is_image=False)
            for index, cloud in enumerate(frame.pointclouds or ())
        ),
        ego_pose=None
        if pose is None
        else PoseView(
            (pose.x, pose.y, pose.z), (pose.rotation_w, pose.rotation_x, pose.rotation_y, pose.rotation_z)
        ),
        metadata=_metadata(frame.metadata),
    )


def _request_file(resource: Any, frame_id: str, place: str, *, is_image: bool) -> FileView:
    local = resource.local_file
    start = getattr(resource, "start_shutter_timestamp_ns", None)
    path, data = None, None
    if local is not None:
        data = bytes(local.data) if isinstance(local.data, (bytes, bytearray, memoryview)) else None
        if data is None and local.callback is None:
            path = Path(local.filename).expanduser()
    name = resource.external_resource_uri if local is None else local.filename
    return FileView(
        sensor=resource.sensor_name,
        is_image=is_image,
        name=name,
        resource_id=name,
        path=path,
        data=data,
        remote=local is None,
        shutter=None if start is None else (start, resource.end_shutter_timestamp_ns),
        reversed_shutter=bool(getattr(resource, "reversed_shutter", None)),
        frame_id=frame_id,
        place=place,
    )


def _pose(position: Any, rotation: Any) -> PoseView:
    return PoseView((position.x, position.y, position.z), (rotation.w, rotation.x, rotation.y, rotation.z))


def _metadata(metadata: Any) -> Mapping[str, Any]:
    if metadata is None:
        return {}
    return metadata if isinstance(metadata, Mapping) else cast("Mapping[str, Any]", metadata.to_dict())


def _specification(given: Any) -> tuple[tuple[str, str], ...]:
    """Sensor names with the fields that hold them; two models spell the fields differently."""
    if given is None:
        return ()
    pretty = getattr(given, "sensor_to_pretty_name", None) or getattr(given, "sensorToPrettyName", None) or {}
    order = getattr(given, "sensor_order", None) or getattr(given, "sensorOrder", None) or []
    return (
        *((f"sensor_specification.sensor_to_pretty_name[{name!r}]", name) for name in pretty),
        *((f"sensor_specification.sensor_order[{index}]", name) for index, name in enumerate(order)),
    )


def _unique(names: Iterator[str] | Any) -> list[str]:
    return list(dict.fromkeys(names))
