"""The cameras and lidars of a scene, put together from evidence and calibrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kognic._core.camera_errors import CameraError
from kognic.scenes.calibration.alignment import ImageFeatures
from kognic.scenes.calibration.evidence import Evidence
from kognic.scenes.calibration.scoring import Camera, Shot
from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.geometry.projection import can_project, is_camera

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration


def lidar_poses(sensors: Mapping[str, BaseCalibration]) -> dict[str, Rigid]:
    """Motion from each lidar to the reference system; those without one are reported by quaternion-value."""
    poses = {}
    for name, sensor in sensors.items():
        if not is_camera(sensor):
            try:
                poses[name] = Rigid.of_sensor(sensor)
            except ValueError:
                continue
    return poses


def cameras_of(
    evidence: Evidence, sensors: Mapping[str, BaseCalibration], lidars: Mapping[str, Rigid]
) -> dict[str, Camera]:
    """Every camera that has images and points and can be projected with.

    Args:
        evidence: Points and images of some frames.
        sensors: Sensor name to calibration.
        lidars: Where the lidars are, or are taken to be; points of others are left out.
    """
    shots: dict[str, list[Shot]] = {}
    for frame in evidence.frames:
        for picture in frame.pictures:
            points, intensity = evidence.reference_points(frame, lidars, picture.time_ns)
            if len(points) and _has_size(picture.features, sensors.get(picture.camera)):
                shots.setdefault(picture.camera, []).append(Shot(picture.features, points, intensity))
    cameras = {}
    for name, taken in shots.items():
        camera = sensors.get(name)
        if camera is None or not is_camera(camera) or not can_project(camera):
            continue
        try:
            Rigid.of_sensor(camera)
            cameras[name] = Camera(name, camera, taken)
        except (CameraError, ValueError, ImportError):
            continue  # reported by quaternion-value, distortion-value or custom-module
    return cameras


def _has_size(features: ImageFeatures, camera: BaseCalibration | None) -> bool:
    """Whether an image is of the size that its calibration states; image-size reports others."""
    width, height = getattr(camera, "image_width", 0), getattr(camera, "image_height", 0)
    scaled_width, scaled_height = features.size
    differences = (scaled_width * features.scale - width, scaled_height * features.scale - height)
    return all(abs(difference) <= features.scale for difference in differences)
