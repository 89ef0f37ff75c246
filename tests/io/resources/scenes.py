"""Small scenes of every kind whose content a platform accepts, for tests of resources."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image as PillowImage

from kognic.io.client import KognicIOClient
from kognic.io.model import (
    CameraMatrix,
    DistortionCoefficients,
    EgoVehiclePose,
    IMUData,
    LidarCalibration,
    PinholeCalibration,
    Position,
    RotationQuaternion,
    SensorCalibration,
)
from kognic.io.model.scene import (
    aggregated_lidars_and_cameras_seq,
    cameras,
    cameras_sequence,
    lidars,
    lidars_and_cameras,
    lidars_and_cameras_sequence,
    lidars_sequence,
)
from kognic.io.model.scene.resources import Image, PointCloud
from kognic.io.resources.scene.file_data import FileData

START_NS = 1_700_000_000_000_000_000


def _jpg() -> bytes:
    buffer = BytesIO()
    PillowImage.new("RGB", (16, 12), (200, 30, 30)).save(buffer, "JPEG")
    return buffer.getvalue()


JPG = _jpg()
CSV = b"ts_gps,x,y,z,intensity\n" + b"".join(b"%d,%d.5,1.25,0.5,7\n" % (START_NS + n, n) for n in range(20))
OPENLABEL = {
    "openlabel": {
        "metadata": {"schema_version": "1.0.0"},
        "frames": {"0": {"frame_properties": {"timestamp": 0}, "objects": {}}},
    }
}
POSE = EgoVehiclePose(position=Position(x=1, y=0, z=0), rotation=RotationQuaternion(w=1, x=0, y=0, z=0))


def image(name: str = "front", sensor: str = "CAM", **options: Any) -> Image:
    data = FileData(data=JPG, format=FileData.Format.JPG)
    return Image(filename=name, sensor_name=sensor, **{"file_data": data, **options})


def cloud(name: str = "sweep", sensor: str = "lidar", **options: Any) -> PointCloud:
    data = FileData(data=CSV, format=FileData.Format.CSV)
    return PointCloud(filename=name, sensor_name=sensor, **{"file_data": data, **options})


def imu_data(count: int = 3) -> list[IMUData]:
    return [
        IMUData(
            position=Position(x=n, y=0, z=0),
            rotation_quaternion=RotationQuaternion(w=1, x=0, y=0, z=0),
            timestamp=START_NS - 1_000_000_000 + n * 1_000_000_000,
        )
        for n in range(count)
    ]


def create_calibration(client: KognicIOClient, external_id: str = "rig") -> str:
    """Create a calibration of one camera and one lidar; returns its UUID."""
    return client.calibration.create_calibration(calibration(external_id)).id


def calibration(external_id: str = "rig") -> SensorCalibration:
    at = {"position": Position(x=0, y=0, z=1), "rotation_quaternion": RotationQuaternion(w=1, x=0, y=0, z=0)}
    return SensorCalibration(
        external_id=external_id,
        calibration={
            "lidar": LidarCalibration(**at),
            "CAM": PinholeCalibration(
                image_width=16,
                image_height=12,
                camera_matrix=CameraMatrix(fx=10, fy=10, cx=8, cy=6),
                distortion_coefficients=DistortionCoefficients(k1=0, k2=0, p1=0, p2=0, k3=0),
                **at,
            ),
        },
    )


def cameras_scene(external_id: str = "cameras", **options: Any) -> cameras.Cameras:
    frame = cameras.Frame(images=[image("front"), image("left", "CAM-L")])
    return cameras.Cameras(**{"external_id": external_id, "frame": frame, **options})


def cameras_sequence_scene(external_id: str = "cameras-sequence", **options: Any) -> Any:
    frames = [
        cameras_sequence.Frame(frame_id=str(n), relative_timestamp=100 * n, images=[image(f"front-{n}")])
        for n in range(2)
    ]
    return cameras_sequence.CamerasSequence(external_id=external_id, frames=frames, **options)


def lidars_scene(external_id: str = "lidars", **options: Any) -> lidars.Lidars:
    frame = lidars.Frame(point_clouds=[cloud()], unix_timestamp=START_NS)
    return lidars.Lidars(external_id=external_id, frame=frame, **options)


def lidars_sequence_scene(external_id: str = "lidars-sequence", **options: Any) -> Any:
    frames = [
        lidars_sequence.Frame(
            frame_id=str(n),
            relative_timestamp=100 * n,
            point_clouds=[cloud(f"sweep-{n}")],
            unix_timestamp=START_NS + n,
            ego_vehicle_pose=POSE,
        )
        for n in range(2)
    ]
    return lidars_sequence.LidarsSequence(external_id=external_id, frames=frames, **options)


def lidars_and_cameras_scene(calibration_id: str, external_id: str = "both", **options: Any) -> Any:
    frame = lidars_and_cameras.Frame(point_clouds=[cloud()], images=[image()], unix_timestamp=START_NS)
    return lidars_and_cameras.LidarsAndCameras(
        external_id=external_id, frame=frame, calibration_id=calibration_id, **options
    )


def lidars_and_cameras_sequence_scene(calibration_id: str, external_id: str = "both-sequence") -> Any:
    frames = [
        lidars_and_cameras_sequence.Frame(
            frame_id=str(n),
            relative_timestamp=100 * n,
            point_clouds=[cloud(f"sweep-{n}")],
            images=[image(f"front-{n}")],
        )
        for n in range(2)
    ]
    return lidars_and_cameras_sequence.LidarsAndCamerasSequence(
        external_id=external_id, frames=frames, calibration_id=calibration_id
    )


def aggregated_scene(calibration_id: str, external_id: str = "aggregated") -> Any:
    frames = [
        aggregated_lidars_and_cameras_seq.Frame(
            frame_id=str(n),
            relative_timestamp=100 * n,
            point_clouds=[cloud(f"sweep-{n}")],
            images=[image(f"front-{n}")],
            ego_vehicle_pose=POSE,
        )
        for n in range(2)
    ]
    return aggregated_lidars_and_cameras_seq.AggregatedLidarsAndCamerasSequence(
        external_id=external_id, frames=frames, calibration_id=calibration_id
    )


MAKERS: dict[str, Callable[[KognicIOClient], Any]] = {
    "cameras": lambda client: cameras_scene(),
    "cameras_sequence": lambda client: cameras_sequence_scene(),
    "lidars": lambda client: lidars_scene(),
    "lidars_sequence": lambda client: lidars_sequence_scene(),
    "lidars_and_cameras": lambda client: lidars_and_cameras_scene(create_calibration(client)),
    "lidars_and_cameras_sequence": lambda client: lidars_and_cameras_sequence_scene(
        create_calibration(client)
    ),
    "aggregated_lidars_and_cameras_seq": lambda client: aggregated_scene(create_calibration(client)),
}
"""A scene for each creator, by its name on the client."""


def created_scene(client: KognicIOClient, external_id: str = "cameras") -> str:
    """Create a scene with cameras and wait for it; returns its UUID."""
    uuid = client.cameras.create(cameras_scene(external_id)).scene_uuid
    client.scene.wait_until_created([uuid], timeout=30, poll_interval=0.02)
    return uuid
