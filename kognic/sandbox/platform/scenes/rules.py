"""The documented rules on a scene that can be checked before any file is there.

Each raises `ValidationFailedError`; where the platform's text is known it is used to the letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from kognic.sandbox.platform.errors import ValidationFailedError
from kognic.sandbox.platform.scenes.specification import FrameSpec, SceneSpec

AGGREGATED = "aggregated_lidars_and_cameras_sequence"
SEQUENCES = frozenset({"cameras_sequence", "lidars_sequence", "lidars_and_cameras_sequence", AGGREGATED})
MULTI_SENSOR = "Required multi-sensor resource is missing"
LIDAR = "lidar"


def check_scene(
    scene_type: str,
    spec: SceneSpec,
    *,
    calibration: Mapping[str, Any] | None,
    imu_range: tuple[int, int] | None,
    has_imu: bool,
    is_multi_sensor: bool,
) -> None:
    """Check everything about a scene but its files.

    Args:
        scene_type: `cameras`, `lidars_sequence`, ...
        spec: The scene.
        calibration: Sensor name to calibration; None when the scene names no calibration.
        imu_range: First and last IMU time, ns, where the samples are known already.
        has_imu: Whether IMU data belongs to the scene.
        is_multi_sensor: Whether the target batch asks for IMU data, ego poses and shutter times.

    Raises:
        ValidationFailedError: A rule is broken.
    """
    frames = spec["frames"]
    if has_imu and any(frame["unix_ns"] is None for frame in frames):
        raise ValidationFailedError("If imu data is provided, all frames must have unix timestamps")
    if is_multi_sensor:
        _check_multi_sensor(frames, has_imu)
    _check_frames(frames)
    if "cameras" in scene_type and not any(frame["images"] for frame in frames):
        raise ValidationFailedError(f"A scene of type {scene_type} needs images")
    for frame in frames:
        _check_sensor_names(frame)
    if scene_type in SEQUENCES:
        _check_poses(frames)
    if scene_type == AGGREGATED:
        _check_aggregation(frames)
    if calibration is not None:
        _check_calibration(frames, calibration)
    if imu_range is not None:
        check_imu_range(imu_range, ((f"frame {f['id']}", f["unix_ns"]) for f in frames))


def check_imu_range(imu_range: tuple[int, int], times: Iterable[tuple[str, int | None]]) -> None:
    """Check that all times lie between the first and the last IMU time."""
    first, last = imu_range
    for name, time in times:
        if time is not None and not first <= time <= last:
            raise ValidationFailedError(
                f"The time of {name} is {time}, outside the imu data, which goes from {first} to {last}"
            )


def check_imu_samples(times: list[int]) -> None:
    """IMU samples come in ascending order, each at a time of its own."""
    for before, after in pairwise(times):
        if after <= before:
            raise ValidationFailedError(f"imu data must be in ascending order, but {after} follows {before}")


def _check_multi_sensor(frames: list[FrameSpec], has_imu: bool) -> None:
    if not has_imu:
        raise ValidationFailedError(f"{MULTI_SENSOR}: imu data")
    if any(frame["pose"] is None for frame in frames):
        raise ValidationFailedError(f"{MULTI_SENSOR}: ego poses")
    if any(image["shutter"] is None for frame in frames for image in frame["images"]):
        raise ValidationFailedError(f"{MULTI_SENSOR}: image shutter times")


def _check_frames(frames: list[FrameSpec]) -> None:
    seen: set[str] = set()
    for frame in frames:
        if frame["id"] in seen:
            raise ValidationFailedError(f"frameId {frame['id']} is used by more than one frame")
        seen.add(frame["id"])
    for before, after in pairwise(frames):
        if after["relative_ms"] <= before["relative_ms"]:
            raise ValidationFailedError(
                f"relativeTimestamp must increase from frame to frame, but frame {after['id']} has "
                f"{after['relative_ms']} after {before['relative_ms']}"
            )


def _check_sensor_names(frame: FrameSpec) -> None:
    seen: set[str] = set()
    for file in (*frame["images"], *frame["point_clouds"]):
        if file["sensor"] in seen:
            raise ValidationFailedError(f"Frame {frame['id']} has more than one resource of {file['sensor']}")
        seen.add(file["sensor"])


def _check_poses(frames: list[FrameSpec]) -> None:
    # A scene request gives poses together with point clouds, so its frames of images alone have none. In a
    # scene of cameras alone, every frame may have one.
    posed = [frame for frame in frames if frame["point_clouds"]] or frames
    without = [frame["id"] for frame in posed if frame["pose"] is None]
    if without and len(without) < len(posed):
        raise ValidationFailedError(
            f"Ego poses must be given for all frames or none; frame {without[0]} has none"
        )


def _check_aggregation(frames: list[FrameSpec]) -> None:
    counts = [len(frame["point_clouds"]) for frame in frames]
    if counts[0] == 0:
        raise ValidationFailedError("The first frame of an aggregated sequence must have point clouds")
    if any(counts[1:]) and not all(counts):
        raise ValidationFailedError(
            "Either every frame of an aggregated sequence has point clouds, or only the first one"
        )


def _check_calibration(frames: list[FrameSpec], calibration: Mapping[str, Any]) -> None:
    for frame in frames:
        for kind, files in (("camera", frame["images"]), ("lidar", frame["point_clouds"])):
            for file in files:
                sensor = calibration.get(file["sensor"])
                if sensor is None:
                    raise ValidationFailedError(
                        f"Sensor {file['sensor']} is missing in the calibration, which has "
                        f"{', '.join(sorted(calibration)) or 'none'}"
                    )
                if (sensor.get("calibration_type") == LIDAR) != (kind == "lidar"):
                    raise ValidationFailedError(
                        f"Sensor {file['sensor']} is used as a {kind}, but its calibration is of type "
                        f"{sensor.get('calibration_type')}"
                    )
