"""The schema of scene files: the keys of a JSON or YAML file that describes a scene, and their rules.

The classes have the same names as the models of `kognic.io.model`. They are strict where the models are
lenient, because nothing completes or checks names in a file: if an unknown key was ignored, a sensor could
be missing without notice. `scene_file` reads the files, `strict` does the structuring.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from kognic._core.scene_errors import DescriptionError, Problem
from kognic.io.scene_kinds import KINDS
from kognic.scenes.strict import Metadata, Written, structure, suggestion

SINGLE_FRAME_TYPES = tuple(kind.name for kind in KINDS if not kind.is_sequence)
SEQUENCE_TYPES = tuple(kind.name for kind in KINDS if kind.is_sequence)
SCENE_TYPES = (*SINGLE_FRAME_TYPES, *SEQUENCE_TYPES)
(AGGREGATED,) = (kind.name for kind in KINDS if kind.is_aggregated)


@attrs.frozen(kw_only=True)
class Vector:
    """Metres."""

    x: float
    y: float
    z: float


@attrs.frozen(kw_only=True)
class Quaternion:
    """A rotation, scalar first."""

    w: float
    x: float
    y: float
    z: float


@attrs.frozen(kw_only=True)
class Pose:
    """Pose of the calibration's reference frame in the world (with one lidar: of that lidar)."""

    position: Vector
    rotation: Quaternion


@attrs.frozen(kw_only=True)
class Shutter:
    """When an image was exposed, Unix nanoseconds."""

    shutter_time_start_ns: int
    shutter_time_end_ns: int
    reversed_shutter: bool | None = None


@attrs.frozen(kw_only=True)
class CaptureEntry:
    """Where a file comes from in the scene's `recording`; it is converted when it is needed.

    Attributes:
        reference: How the recording's format finds it.
        time_ns: When it was taken, nanoseconds of the recording's clock; None without times.
        suffix: Suffix of the original where the platform takes it as it is; None where it is converted.
    """

    reference: str
    time_ns: int | None = None
    suffix: str | None = None


@attrs.frozen(kw_only=True)
class ImageEntry:
    """An image.

    Attributes:
        filename: The name that the platform sees; also where the file is, relative to the scene file's
            folder.
        path: Where the file is instead: relative to the scene file's folder, or a URL such as `s3://...`.
        source: What it is made of, instead of a file.
    """

    sensor_name: str
    filename: str
    path: str | None = None
    source: CaptureEntry | None = None
    metadata: Shutter | None = None


@attrs.frozen(kw_only=True)
class PointCloudEntry:
    """A point cloud; the attributes are those of an image."""

    sensor_name: str
    filename: str
    path: str | None = None
    source: CaptureEntry | None = None


@attrs.frozen(kw_only=True)
class FrameEntry:
    """One moment: `relative_timestamp` in milliseconds since the start, `unix_timestamp` in nanoseconds."""

    frame_id: str | None = None
    relative_timestamp: int | None = None
    unix_timestamp: int | None = None
    images: list[ImageEntry] | None = None
    point_clouds: list[PointCloudEntry] | None = None
    ego_vehicle_pose: Pose | None = None
    metadata: Metadata | None = None


@attrs.frozen(kw_only=True)
class Sensors:
    """How the annotation tool shows the cameras."""

    sensor_to_pretty_name: dict[str, str] | None = None
    sensor_order: list[str] | None = None


@attrs.frozen(kw_only=True)
class LensEntry:
    """A camera whose images are undistorted when they are needed: the lens of the original."""

    sensor_name: str
    model: str
    camera_matrix: list[float]
    distortion: list[float]


@attrs.frozen(kw_only=True)
class RecordingEntry:
    """The recording that files with a `source` are made of, as `kognic import` writes it.

    Attributes:
        format: As `kognic import` names it.
        location: Path relative to the scene file's folder, or URL.
        name: Which recording of that location.
        options: Options of the format.
        undistort: Cameras whose images are undistorted.
        notes: What was converted, and how.
        left_out: What is in the recording and not in the scene, and why.
    """

    format: str
    location: str
    name: str
    options: dict[str, str] | None = None
    undistort: list[LensEntry] | None = None
    notes: list[str] | None = None
    left_out: list[str] | None = None


@attrs.frozen(kw_only=True)
class SceneDescription:
    """One scene.

    Attributes:
        type: One of the seven scene types.
        external_id: The user's name for the scene.
        frame: The only frame, in scene types of one frame.
        frames: The frames, in sequences.
        calibration: A file, or the calibration itself: `external_id` and `sensors`.
        calibration_id: UUID of a calibration that the platform has.
        imu_data: A file, or the samples themselves. Not for a single moment of cameras.
        pre_annotation: A file with an OpenLABEL document for the scene.
        motion_compensation: Whether the platform moves lidar points to their frame's time.
        recording: What files with a `source` are made of.
        project: External ID of the project to create inputs in.
        batch: External ID of a batch of that project.
    """

    type: str
    external_id: str
    frame: FrameEntry | None = None
    frames: list[FrameEntry] | None = None
    calibration: str | dict[str, Any] | None = None
    calibration_id: str | None = None
    imu_data: str | list[Any] | None = None
    pre_annotation: str | None = None
    sensor_specification: Sensors | None = None
    metadata: Metadata | None = None
    motion_compensation: bool = True
    recording: RecordingEntry | None = None
    project: str | None = None
    batch: str | None = None

    @property
    def all_frames(self) -> list[tuple[str, FrameEntry]]:
        """Every frame with its place in the scene file."""
        if self.frame is not None:
            return [("frame", self.frame)]
        return [(f"frames[{index}]", frame) for index, frame in enumerate(self.frames or [])]


def parse_description(document: object, written: Written = lambda _: None) -> SceneDescription:
    """Turn the content of a file into a description.

    Args:
        document: The decoded content.
        written: Gives the text at a place of the file as it is written, for messages.

    Raises:
        DescriptionError: With every problem of form; without any, with every broken rule of the scene type.
    """
    description = structure(document, SceneDescription, written)
    problems = list(_broken_rules(description))
    if problems:
        raise DescriptionError(problems)
    return description


def _broken_rules(scene: SceneDescription) -> Iterator[Problem]:
    """What the scene type asks for or has no place for."""
    if scene.type not in SCENE_TYPES:
        yield Problem("type", f"'{scene.type}' is not a scene type, {suggestion(scene.type, SCENE_TYPES)}")
        return
    yield from _broken_sensor_rules(scene)
    if scene.type in SINGLE_FRAME_TYPES and (scene.frame is None or scene.frames is not None):
        yield Problem("", f"a scene of type {scene.type} has one frame: give it as 'frame', not as 'frames'")
    elif scene.type in SEQUENCE_TYPES and (not scene.frames or scene.frame is not None):
        yield Problem("", f"a scene of type {scene.type} needs a list of 'frames' with at least one")
    else:
        for place, frame in scene.all_frames:
            yield from _broken_frame_rules(scene.type, place, frame)
            yield from _broken_source_rules(scene, place, frame)
    if scene.batch and not scene.project:
        yield Problem("batch", f"'{scene.batch}' needs its 'project'")


def _broken_source_rules(scene: SceneDescription, place: str, frame: FrameEntry) -> Iterator[Problem]:
    for name in ("images", "point_clouds"):
        for index, entry in enumerate(getattr(frame, name) or []):
            if entry.source is not None and scene.recording is None:
                yield Problem(f"{place}.{name}[{index}].source", "the scene has no 'recording' that it is in")
            if entry.source is not None and entry.path is not None:
                yield Problem(f"{place}.{name}[{index}]", "give either 'path' or 'source'")


def _broken_sensor_rules(scene: SceneDescription) -> Iterator[Problem]:
    given = [name for name in ("calibration", "calibration_id") if getattr(scene, name) is not None]
    if "cameras" not in scene.type:
        if given:
            yield Problem(given[0], f"a scene of type {scene.type} takes no calibration; omit it")
    elif "lidars" in scene.type and len(given) != 1:
        yield Problem(
            "", f"a scene of type {scene.type} needs 'calibration' or 'calibration_id', and not both"
        )
    elif len(given) > 1:
        yield Problem("", "give 'calibration' or 'calibration_id', not both")
    if scene.type == "cameras" and scene.imu_data is not None:
        yield Problem("imu_data", f"a scene of type {scene.type} takes no IMU data; omit it")
    if "cameras" not in scene.type and scene.sensor_specification is not None:
        yield Problem("sensor_specification", f"a scene of type {scene.type} has no cameras; omit it")


def _broken_frame_rules(scene_type: str, place: str, frame: FrameEntry) -> Iterator[Problem]:
    sequence = scene_type in SEQUENCE_TYPES
    for name in ("frame_id", "relative_timestamp"):
        if sequence and getattr(frame, name) is None:
            yield Problem(place, f"'{name}' is missing")
    if scene_type == AGGREGATED and frame.ego_vehicle_pose is None:
        yield Problem(place, "'ego_vehicle_pose' is missing: lidar points of all frames are merged with it")
    refused = set() if sequence else {"frame_id", "relative_timestamp", "ego_vehicle_pose", "metadata"}
    if "lidars" not in scene_type:
        refused.add("point_clouds")
    if scene_type == "cameras":
        refused.add("unix_timestamp")
    if "cameras" not in scene_type:
        refused.add("images")
    for name in (field.name for field in attrs.fields(FrameEntry)):
        if name in refused and getattr(frame, name) is not None:
            yield Problem(f"{place}.{name}", f"a frame of a {scene_type} scene has none; omit it")
    if not sequence:
        yield from _missing_files(scene_type, place, frame)


def _missing_files(scene_type: str, place: str, frame: FrameEntry) -> Iterator[Problem]:
    """Frames of a sequence may miss a sensor; a scene of one frame without it has nothing to show."""
    for kind, name in (("lidars", "point_clouds"), ("cameras", "images")):
        if kind in scene_type and not getattr(frame, name):
            yield Problem(place, f"'{name}' is missing: give at least one")
