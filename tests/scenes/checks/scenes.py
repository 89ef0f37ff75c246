"""A small scene without a fault, to be broken: four frames of two cameras and a lidar, with IMU data.

Its files are written only if a folder is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pictures
from pypcd4.pypcd4 import Encoding
from pypcd4.pypcd4 import PointCloud as Cloud

from kognic.io.model.calibration import (
    CameraMatrix,
    DistortionCoefficients,
    LidarCalibration,
    PinholeCalibration,
    Position,
    RotationQuaternion,
    SensorCalibration,
)
from kognic.io.model.ego import EgoVehiclePose, IMUData
from kognic.io.model.scene.aggregated_lidars_and_cameras_seq import (
    AggregatedLidarsAndCamerasSequence,
)
from kognic.io.model.scene.aggregated_lidars_and_cameras_seq import Frame as AggregatedFrame
from kognic.io.model.scene.file_data import FileData
from kognic.io.model.scene.lidars_and_cameras_sequence import Frame, LidarsAndCamerasSequence
from kognic.io.model.scene.metadata.metadata import MetaData
from kognic.io.model.scene.resources import Image, ImageMetadata, PointCloud
from kognic.io.model.scene.sensor_specification import SensorSpecification
from kognic.scenes.checks import Finding

START = 1_772_000_000_000_000_000
STEP_MS = 100
SPEED = 10.0
WIDTH, HEIGHT = 96, 64
CAMERAS = ("FRONT", "LEFT")
LIDAR = "TOP"
FRAMES = 4


def image(path: str | Path, sensor: str = "FRONT", **values: Any) -> Image:
    """An image that need not exist."""
    held = FileData(format=FileData.Format.PNG, data=Path(path))
    return Image(filename=str(path), sensor_name=sensor, file_data=held, **values)


def cloud(path: str | Path, sensor: str = "TOP") -> PointCloud:
    """A point cloud that need not exist."""
    held = FileData(format=FileData.Format[Path(path).suffix[1:].upper()], data=Path(path))
    return PointCloud(filename=str(path), sensor_name=sensor, file_data=held)


def pose_at(seconds: float) -> tuple[Position, RotationQuaternion]:
    """The vehicle drives along x."""
    return Position(x=SPEED * seconds, y=0, z=0), RotationQuaternion(w=1, x=0, y=0, z=0)


def imu() -> list[IMUData]:
    """Twenty samples per second from well before to well after the scene."""
    samples = []
    for step in range(-10, 30):
        position, rotation = pose_at(step / 20)
        time = START + step * 50_000_000
        samples.append(IMUData(position=position, rotation_quaternion=rotation, timestamp=time))
    return samples


def frame_values(index: int, folder: Path) -> dict[str, Any]:
    """The arguments of a frame."""
    now = START + index * STEP_MS * 1_000_000
    position, rotation = pose_at(index * STEP_MS / 1e3)
    shutter = {"shutter_time_start_ns": now - 2_000_000, "shutter_time_end_ns": now + 2_000_000}
    return {
        "frame_id": f"f{index}",
        "relative_timestamp": index * STEP_MS,
        "unix_timestamp": now,
        "ego_vehicle_pose": EgoVehiclePose(position=position, rotation=rotation),
        "images": [
            image(folder / f"{camera}_{index}.png", camera, metadata=ImageMetadata(**shutter))
            for camera in CAMERAS
        ],
        "point_clouds": [cloud(folder / f"{LIDAR}_{index}.pcd")],
        "metadata": MetaData(weather="rain"),
    }


def good_scene(folder: Path | None = None) -> LidarsAndCamerasSequence:
    """The scene; with its files if there is a folder for them."""
    if folder is not None:
        write_files(folder)
    place = folder or Path("nowhere")
    return LidarsAndCamerasSequence(
        external_id="good",
        frames=[Frame(**frame_values(index, place)) for index in range(FRAMES)],
        calibration_id="c0ffee00-0000-4000-8000-000000000000",
        imu_data=imu(),
        sensor_specification=SensorSpecification(
            sensor_order=list(CAMERAS), sensor_to_pretty_name={LIDAR: "roof"}
        ),
        metadata=MetaData(region="EU", night=False, temperature=3.5),
    )


def aggregated_scene(folder: Path | None = None) -> AggregatedLidarsAndCamerasSequence:
    """The same as an aggregated sequence, with clouds in every frame."""
    scene = good_scene(folder)
    place = folder or Path("nowhere")
    return AggregatedLidarsAndCamerasSequence(
        external_id="good",
        frames=[AggregatedFrame(**frame_values(index, place)) for index in range(FRAMES)],
        calibration_id=scene.calibration_id,
        imu_data=scene.imu_data,
    )


def good_calibration() -> SensorCalibration:
    """The lidar in the middle, the cameras in front of it."""
    position, rotation = pose_at(0)
    ahead = RotationQuaternion(w=0.5, x=-0.5, y=0.5, z=-0.5)
    cameras = {
        name: PinholeCalibration(
            position=Position(x=0.5, y=0.2 * index, z=0),
            rotation_quaternion=ahead,
            camera_matrix=CameraMatrix(fx=60, fy=60, cx=WIDTH / 2, cy=HEIGHT / 2),
            distortion_coefficients=DistortionCoefficients(k1=0, k2=0, p1=0, p2=0, k3=0),
            image_width=WIDTH,
            image_height=HEIGHT,
        )
        for index, name in enumerate(CAMERAS)
    }
    return SensorCalibration(
        external_id="rig",
        calibration={LIDAR: LidarCalibration(position=position, rotation_quaternion=rotation), **cameras},
    )


KINDS = {LIDAR: "lidar", **dict.fromkeys(CAMERAS, "pinhole")}


def picture(
    seed: int, *, size: tuple[int, int] = (WIDTH, HEIGHT), format: str = "PNG", **options: Any
) -> bytes:
    """A picture of large blocks, different for every seed."""
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    buffer = BytesIO()
    Pictures.fromarray(blocks).resize(size, Pictures.Resampling.NEAREST).save(buffer, format, **options)
    return buffer.getvalue()


def points(seed: int, count: int = 400) -> dict[str, np.ndarray]:
    """Columns of a cloud that is measured within the 50 ms before its frame, the seed's."""
    rng = np.random.default_rng(seed)
    now = START + seed * STEP_MS * 1_000_000
    return {
        "x": rng.uniform(-40, 40, count).astype(np.float32),
        "y": rng.uniform(-40, 40, count).astype(np.float32),
        "z": rng.uniform(-2, 4, count).astype(np.float32),
        "intensity": rng.integers(0, 256, count).astype(np.uint32),
        "timestamp": (now - np.linspace(0, 50_000_000, count)[::-1].astype(np.int64)).astype(np.uint64),
    }


def pcd(columns: dict[str, np.ndarray], encoding: Encoding = Encoding.BINARY) -> bytes:
    """Columns as a PCD file."""
    buffer = BytesIO()
    types = [array.dtype.type for array in columns.values()]
    Cloud.from_points(list(columns.values()), list(columns), types).save(buffer, encoding=encoding)
    return buffer.getvalue()


def csv(
    columns: dict[str, np.ndarray], names: Sequence[str] = ("timestamp", "x", "y", "z", "intensity")
) -> bytes:
    """Columns as a CSV file with the platform's names."""
    header = ",".join("ts_gps" if name == "timestamp" else name for name in names)
    rows = zip(*(columns[name] for name in names), strict=True)
    return "\n".join([header, *(",".join(map(str, row)) for row in rows), ""]).encode()


def write_files(folder: Path) -> None:
    """Write the files of the scene."""
    for index in range(FRAMES):
        for number, camera in enumerate(CAMERAS):
            (folder / f"{camera}_{index}.png").write_bytes(picture(10 * index + number))
        (folder / f"{LIDAR}_{index}.pcd").write_bytes(pcd(points(index)))


def codes(findings: Sequence[Finding] | Any) -> set[str]:
    """The rules that are broken."""
    return {finding.code for finding in findings}
