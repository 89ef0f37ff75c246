"""Writes a small drive to upload: camera images, lidar sweeps, IMU data, calibration and a scene file.

Everything fits together as in a real recording: the images are drawn through the very calibration that is
written beside them, each lidar point carries the time at which the moving vehicle measured it, and ego poses
and IMU samples lie on the vehicle's way. The reference system is the lidar's own, as the platform has it for
scenes of one lidar. The same seed gives the same bytes.

The vehicle and its rig are `sample_rig`, the street `sample_world`, its pictures `sample_camera`, the
OpenLABEL document `sample_objects`; this module writes the files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from kognic.sandbox.sample.camera import render
from kognic.sandbox.sample.clouds import WRITERS, TimedPoint
from kognic.sandbox.sample.objects import pre_annotation
from kognic.sandbox.sample.rig import (
    FRAME_MS,
    LIDAR,
    MOUNTINGS,
    START_NS,
    Mounting,
    Recording,
    calibration,
    frame_ns,
    imu_samples,
    pose_at,
)
from kognic.sandbox.sample.types import CloudFormat, SceneKind
from kognic.sandbox.sample.world import LidarPoint

Json = dict[str, Any]
# Rows are read one after the other, but quickly: the picture is that of the middle of this span.
_SHUTTER_NS = 1_000_000


@attrs.frozen
class SampleDrive:
    """The files of a drive.

    Attributes:
        folder: Where it was written.
        scene_file: Its scene file.
        files: Images and point clouds, in the order of the frames.
        recording: The truth behind the files.
    """

    folder: Path
    scene_file: Path
    files: tuple[Path, ...]
    recording: Recording

    @property
    def calibration_file(self) -> Path:
        """Content for `SensorCalibration`."""
        return self.folder / "calibration.json"

    @property
    def imu_file(self) -> Path:
        """IMU samples in the form in which the platform takes them."""
        return self.folder / "imu.json"

    @property
    def pre_annotation_file(self) -> Path:
        """OpenLABEL cuboids and boxes of the cars and pedestrians."""
        return self.folder / "pre_annotation.json"


def write_sample_drive(
    folder: str | Path,
    *,
    seed: int = 0,
    # The fewest in which motion, and its change, is seen.
    frames: int = 3,
    cloud_format: CloudFormat = "pcd",
    scene_type: SceneKind = "lidars_and_cameras_sequence",
) -> SampleDrive:
    """Write a drive and its scene file into a folder, which is made if need be.

    Args:
        folder: Where to; existing files of the same names are replaced.
        seed: The same seed gives the same bytes.
        frames: How many, 100 ms apart; scene types of one frame take the first.
        cloud_format: Of the point clouds.
        scene_type: What `scene.json` describes; files that it does not need are left out.

    Raises:
        ValueError: `frames` is below 1.
    """
    if frames < 1:
        raise ValueError(f"frames is {frames}, must be at least 1")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    recording = Recording(seed=seed, frames=frames if "sequence" in scene_type else 1)
    described = [
        _write_frame(folder, recording, frame, scene_type, cloud_format) for frame in range(recording.frames)
    ]
    files = [
        folder / resource["filename"]
        for frame in described
        for resource in [*frame.get("point_clouds", []), *frame.get("images", [])]
    ]
    _write_json(folder / "calibration.json", calibration())
    _write_json(folder / "imu.json", list(imu_samples(recording)))
    _write_json(folder / "pre_annotation.json", pre_annotation(recording, scene_type))
    _write_json(folder / "scene.json", _description(recording, scene_type, described))
    return SampleDrive(folder, folder / "scene.json", tuple(files), recording)


def _write_frame(
    folder: Path, recording: Recording, frame: int, scene_type: SceneKind, cloud_format: CloudFormat
) -> Json:
    described: Json = {}
    if "sequence" in scene_type:
        described = {"frame_id": str(frame), "relative_timestamp": frame * FRAME_MS}
    if _has_motion(scene_type):
        described["unix_timestamp"] = frame_ns(frame)
    if "sequence" in scene_type:
        described["ego_vehicle_pose"] = pose_at(recording.trajectory, frame * FRAME_MS, "rotation")
    if "lidars" in scene_type:
        path = f"lidar/{frame:03d}.{cloud_format}"
        (folder / "lidar").mkdir(exist_ok=True)
        WRITERS[cloud_format](folder / path, [_timed(point) for point in recording.points(frame)])
        described["point_clouds"] = [{"sensor_name": LIDAR, "filename": path}]
    if "cameras" in scene_type:
        described["images"] = [_write_image(folder, recording, frame, mounting) for mounting in MOUNTINGS]
    return described


def _write_image(folder: Path, recording: Recording, frame: int, mounting: Mounting) -> Json:
    path = f"images/{mounting.name.lower()}/{frame:03d}.{mounting.image_format}"
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    options: Json = (
        {"quality": 95, "subsampling": 0} if mounting.image_format == "jpg" else {"compress_level": 3}
    )
    render(recording.street, mounting.camera(), recording.vehicle(frame)).save(folder / path, **options)
    shutter = {
        "shutter_time_start_ns": frame_ns(frame) - _SHUTTER_NS,
        "shutter_time_end_ns": frame_ns(frame) + _SHUTTER_NS,
    }
    return {"sensor_name": mounting.name, "filename": path, "metadata": shutter}


def _description(recording: Recording, scene_type: SceneKind, frames: Sequence[Json]) -> Json:
    description: Json = {"type": scene_type, "external_id": f"sample-drive-{recording.seed}"}
    if "cameras" in scene_type:
        order = [mounting.name for mounting in MOUNTINGS]
        names = {"FRONT": "Front camera", "LEFT": "Left camera"}
        description["sensor_specification"] = {"sensor_order": order, "sensor_to_pretty_name": names}
    if "cameras" in scene_type:
        description["calibration"] = "calibration.json"
    if _has_motion(scene_type):
        description["imu_data"] = "imu.json"
    description["pre_annotation"] = "pre_annotation.json"
    description["metadata"] = {"vehicle": "sample-car", "generated": True}
    if "sequence" in scene_type:
        return {**description, "frames": frames}
    return {**description, "frame": frames[0]}


def _has_motion(scene_type: SceneKind) -> bool:
    """Whether a scene of this type takes IMU data: all do, except a single moment of cameras."""
    return scene_type != "cameras"


def _timed(point: LidarPoint) -> TimedPoint:
    # Nanoseconds since the epoch do not fit a float: add them as integers.
    return (*point.position, point.intensity, START_NS + round(point.seconds * 1e9))


def _write_json(path: Path, content: Mapping[str, Any] | Sequence[Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
