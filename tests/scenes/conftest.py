"""Real recordings from ../shared/samples as scenes and calibrations of the platform's models."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import numpy as np
import pytest

from kognic.io.model.calibration import (
    CameraMatrix,
    DistortionCoefficients,
    KannalaCalibration,
    LidarCalibration,
    PinholeCalibration,
    Position,
    RotationQuaternion,
    SensorCalibration,
)
from kognic.io.model.calibration.camera.standard import (
    KannalaDistortionCoefficients,
    UndistortionCoefficients,
)
from kognic.io.model.ego import EgoVehiclePose, IMUData
from kognic.io.model.scene.lidars_and_cameras import Frame as SingleFrame
from kognic.io.model.scene.lidars_and_cameras import LidarsAndCameras
from kognic.io.model.scene.lidars_and_cameras_sequence import Frame as SequenceFrame
from kognic.io.model.scene.lidars_and_cameras_sequence import LidarsAndCamerasSequence
from kognic.io.model.scene.lidars_sequence import Frame as LidarFrame
from kognic.io.model.scene.lidars_sequence import LidarsSequence
from kognic.io.model.scene.resources import Image, ImageMetadata, PointCloud
from kognic.scenes.checks import Report, check_scene
from kognic.scenes.geometry.poses import Rigid, quaternion_of

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / ".." / "shared" / "samples"
WITH_CAMERAS = (
    "kitti_frame",
    "nuscenes_frame",
    "pandaset_sequence",
    "fisheye_frame",
    "distorted_pinhole_frame",
)
ALL = (*WITH_CAMERAS, "av2_lidar_sequence")
_EXPOSURE_NS = 5_000_000


class Sample(NamedTuple):
    """A recording as its owner would upload it."""

    scene: Any
    calibration: SensorCalibration
    motion_compensation: bool

    def check(self, **options: Any) -> Report:
        """Check it, as it would be sent."""
        return check_scene(
            self.scene,
            calibration=self.calibration,
            motion_compensation=self.motion_compensation,
            **options,
        )


@attrs.frozen
class Samples:
    """Reads recordings; `load` makes fresh objects each time, for tests that break them."""

    folder: Path

    def load(
        self, name: str, *, format: str = "pcd", with_motion: bool = True, frames: int | None = None
    ) -> Sample:
        """Make the scene and calibration of a recording.

        Args:
            name: The folder.
            format: Which of the point-cloud files: csv, las or pcd.
            with_motion: Give IMU data and shutter times where the recording has them.
            frames: Only so many frames.
        """
        folder = self.folder / name
        manifest = json.loads((folder / "manifest.json").read_text())
        sensors = json.loads((folder / "calibration.json").read_text())["sensors"]
        poses = json.loads((folder / "poses.json").read_text())["poses"]
        calibration = SensorCalibration(
            external_id=name, calibration={key: _sensor(value) for key, value in sensors.items()}
        )
        clouds = [cloud for frame in manifest["frames"] for cloud in frame["lidars"].values()]
        scene = _scene(folder, manifest, poses, calibration, format, with_motion, frames)
        return Sample(scene, calibration, not all(cloud["motion_compensated"] for cloud in clouds))


def _scene(
    folder: Path,
    manifest: dict[str, Any],
    poses: list[dict[str, Any]],
    calibration: SensorCalibration,
    format: str,
    with_motion: bool,
    limit: int | None,
) -> Any:
    described = manifest["frames"][:limit]
    lidars = {name for frame in described for name in frame["lidars"]}
    # With one lidar, the platform takes poses as those of the lidar and not of the vehicle.
    only = Rigid.of_sensor(calibration.calibration[lidars.copy().pop()]) if len(lidars) == 1 else None
    moving = with_motion and len(poses) > 1
    common: dict[str, Any] = {"external_id": manifest["name"], "metadata": {"region": "EU"}}
    if moving:
        common["imu_data"] = _padded([_imu(pose, only) for pose in poses])
    images = [_images(folder, frame, moving) for frame in described]
    clouds = [_clouds(folder, frame, format) for frame in described]
    if manifest["kind"] == "single_frame":
        frame = SingleFrame(
            images=images[0], point_clouds=clouds[0], unix_timestamp=described[0]["timestamp_ns"]
        )
        return LidarsAndCameras(frame=frame, calibration_id="calibration", **common)
    made = []
    for entry, pictures, points in zip(described, images, clouds, strict=True):
        values: dict[str, Any] = {
            "frame_id": entry["frame_id"],
            "relative_timestamp": round(entry["relative_ms"]),
            "unix_timestamp": entry["timestamp_ns"],
            "point_clouds": points,
            "ego_vehicle_pose": _ego(entry["ego_pose"], only),
        }
        made.append(SequenceFrame(images=pictures, **values) if pictures else LidarFrame(**values))
    if any(images):
        return LidarsAndCamerasSequence(frames=made, calibration_id="calibration", **common)
    return LidarsSequence(frames=made, **common)


def _images(folder: Path, frame: dict[str, Any], timed: bool) -> list[Image]:
    made = []
    for camera, image in frame["images"].items():
        start = image["timestamp_ns"] - _EXPOSURE_NS // 2
        shutter = ImageMetadata(shutter_time_start_ns=start, shutter_time_end_ns=start + _EXPOSURE_NS)
        made.append(
            Image(
                filename=str(folder / image["file"]),
                sensor_name=camera,
                metadata=shutter if timed else None,
            )
        )
    return made


def _clouds(folder: Path, frame: dict[str, Any], format: str) -> list[PointCloud]:
    return [
        PointCloud(filename=str(folder / cloud["files"][format]), sensor_name=lidar)
        for lidar, cloud in frame["lidars"].items()
    ]


def _motion(pose: dict[str, Any], lidar: Rigid | None) -> dict[str, Any]:
    position, rotation = Position(**pose["position"]), RotationQuaternion(**pose["rotation"])
    if lidar is None:
        return {"position": position, "rotation": rotation}
    return _placed(Rigid.of(position, rotation) @ lidar)


def _placed(motion: Rigid) -> dict[str, Any]:
    w, x, y, z = map(float, quaternion_of(motion.rotation))
    return {
        "position": Position(**dict(zip("xyz", map(float, motion.position), strict=True))),
        "rotation": RotationQuaternion(w=w, x=x, y=y, z=z),
    }


def _ego(pose: dict[str, Any] | None, lidar: Rigid | None) -> EgoVehiclePose | None:
    return None if pose is None else EgoVehiclePose(**_motion(pose, lidar))


def _padded(samples: list[IMUData]) -> list[IMUData]:
    """Samples that also cover the exposures at both ends, at rest there."""
    first, last = samples[0], samples[-1]
    before = attrs.evolve(first, timestamp=first.timestamp - 2 * _EXPOSURE_NS)
    after = attrs.evolve(last, timestamp=last.timestamp + 2 * _EXPOSURE_NS)
    return [before, *samples, after]


def _imu(pose: dict[str, Any], lidar: Rigid | None) -> IMUData:
    motion = _motion(pose, lidar)
    return IMUData(
        position=motion["position"], rotation_quaternion=motion["rotation"], timestamp=pose["timestamp_ns"]
    )


def _sensor(entry: dict[str, Any]) -> Any:
    common: dict[str, Any] = {
        "position": Position(**entry["position"]),
        "rotation_quaternion": RotationQuaternion(**entry["rotation"]),
    }
    if entry["kind"] == "lidar":
        return LidarCalibration(**common)
    common |= {
        "camera_matrix": CameraMatrix(**entry["camera_matrix"]),
        "image_width": entry["image_width"],
        "image_height": entry["image_height"],
        "field_of_view": entry["field_of_view_deg"],
    }
    lens = entry["distortion"]
    if entry["model"] == "pinhole":
        return PinholeCalibration(distortion_coefficients=DistortionCoefficients(**lens), **common)
    return KannalaCalibration(
        distortion_coefficients=KannalaDistortionCoefficients(
            k1=lens["k1"], k2=lens["k2"], p1=lens["k3"], p2=lens["k4"]
        ),
        undistortion_coefficients=UndistortionCoefficients(**entry["undistortion"]),
        **common,
    )


@pytest.fixture(scope="session")
def recordings() -> Samples:
    """The recordings; skips where they are absent."""
    if not SAMPLES.is_dir():
        pytest.skip(f"there are no recordings at {SAMPLES}")
    return Samples(SAMPLES)


@pytest.fixture(scope="session")
def geometry_of(recordings: Samples) -> Callable[[str], Report]:
    """Check the geometry of a recording as it is, once; one frame for each camera.

    Tests that share a report are of one group, `together`, so that one worker runs them.
    """

    @functools.cache
    def report(name: str) -> Report:
        return recordings.load(name).check(groups=("geometry",), full=True, max_frames=1)

    return report


def together(name: str) -> pytest.MarkDecorator:
    """The group of the tests that ask `geometry_of` about a recording."""
    return pytest.mark.xdist_group(f"geometry of {name}")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)
