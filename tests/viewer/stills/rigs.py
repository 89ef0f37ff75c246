"""A vehicle whose every number is known: a turned lidar, a distorted camera, and points of one's choice."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image as Pictures

from kognic.io.model.calibration import (
    CameraMatrix,
    DistortionCoefficients,
    LidarCalibration,
    PinholeCalibration,
    Position,
    RotationQuaternion,
    SensorCalibration,
)
from kognic.io.model.ego import IMUData
from kognic.io.model.scene.file_data import FileData
from kognic.io.model.scene.lidars_and_cameras_sequence import Frame, LidarsAndCamerasSequence
from kognic.io.model.scene.resources import Image, ImageMetadata, PointCloud
from kognic.scenes.geometry.poses import Rigid, quaternion_of, rotation_matrix

START = 1_772_000_000_000_000_000
MS = 1_000_000
WIDTH, HEIGHT = 640, 480
MATRIX = np.array([[500.0, 0, 322], [0, 505.0, 238], [0, 0, 1]])
LENS = {"k1": -0.25, "k2": 0.06, "p1": 0.001, "p2": -0.002, "k3": 0.0}
# x right, y down, z forward in a system with x forward, y left, z up.
AHEAD = rotation_matrix([0.5, -0.5, 0.5, -0.5])
CAMERA = Rigid(AHEAD, np.array([1.5, 0.1, 1.2]))
# The lidar's own y axis points ahead.
TURN = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
LIDAR = Rigid(TURN, np.array([0.5, 0.0, 1.8]))


def lens_coefficients() -> np.ndarray:
    """The lens in OpenCV's order."""
    return np.array([LENS[name] for name in ("k1", "k2", "p1", "p2", "k3")])


def pose_values(motion: Rigid) -> dict[str, Any]:
    """Position and quaternion of a model."""
    w, x, y, z = map(float, quaternion_of(motion.rotation))
    return {
        "position": Position(**dict(zip("xyz", map(float, motion.position), strict=True))),
        "rotation_quaternion": RotationQuaternion(w=w, x=x, y=y, z=z),
    }


def pinhole(motion: Rigid = CAMERA, **lens: float) -> PinholeCalibration:
    """The camera, mounted somewhere, perhaps with another lens."""
    fx, fy, cx, cy = MATRIX[0, 0], MATRIX[1, 1], MATRIX[0, 2], MATRIX[1, 2]
    return PinholeCalibration(
        **pose_values(motion),
        camera_matrix=CameraMatrix(fx=fx, fy=fy, cx=cx, cy=cy),
        distortion_coefficients=DistortionCoefficients(**{**LENS, **lens}),
        image_width=WIDTH,
        image_height=HEIGHT,
    )


def calibration(**sensors: Any) -> SensorCalibration:
    """The lidar TOP and the camera FRONT, and others, or other ones."""
    own = {"TOP": LidarCalibration(**pose_values(LIDAR)), "FRONT": pinhole()}
    return SensorCalibration(external_id="rig", calibration={**own, **sensors})


def csv(points: Any, times: Any = START) -> bytes:
    """Points of the lidar's own system, metres, as a CSV file; times in nanoseconds."""
    rows = np.asarray(points, dtype=float).reshape(-1, 3)
    stamps = np.broadcast_to(np.asarray(times), len(rows))
    lines = [f"{stamp},{x},{y},{z},7" for stamp, (x, y, z) in zip(stamps, rows.tolist(), strict=True)]
    return "\n".join(["ts_gps,x,y,z,intensity", *lines, ""]).encode()


def cloud(points: Any, sensor: str = "TOP", times: Any = START) -> PointCloud:
    """A point cloud in memory."""
    data = FileData(data=csv(points, times), format=FileData.Format.CSV)
    return PointCloud(filename=f"{sensor}.csv", sensor_name=sensor, file_data=data)


def png(colour: str = "#203040", size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    """A picture of one colour."""
    file = BytesIO()
    Pictures.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


def image(sensor: str = "FRONT", *, at_ms: float = 0.0, content: bytes | None = None) -> Image:
    """An image in memory, exposed for two milliseconds around a time."""
    middle = START + round(at_ms * MS)
    return Image(
        filename=f"{sensor}.png",
        sensor_name=sensor,
        file_data=FileData(data=png() if content is None else content, format=FileData.Format.PNG),
        metadata=ImageMetadata(shutter_time_start_ns=middle - MS, shutter_time_end_ns=middle + MS),
    )


def frame(index: int = 0, **values: Any) -> Frame:
    """A frame every 100 ms."""
    return Frame(
        frame_id=f"f{index}",
        relative_timestamp=100 * index,
        unix_timestamp=START + 100 * index * MS,
        **{"images": [image()], "point_clouds": [cloud([[0, 10, 0]])], **values},
    )


def scene(*frames: Frame, **values: Any) -> LidarsAndCamerasSequence:
    """A scene of frames."""
    common = {"external_id": "rig-scene", "calibration_id": "c", **values}
    return LidarsAndCamerasSequence(frames=list(frames) or [frame()], **common)


def imu(speed: float = 10.0) -> list[IMUData]:
    """The lidar moves along its own y axis, which is ahead; 100 samples per second."""
    rotation = RotationQuaternion(w=1, x=0, y=0, z=0)
    return [
        IMUData(
            position=Position(x=0, y=speed * ms / 1000, z=0),
            rotation_quaternion=rotation,
            timestamp=START + ms * MS,
        )
        for ms in range(-300, 600, 10)
    ]


def openlabel(
    *geometries: dict[str, Any], time: int = 0, kind: str = "Car", name: str = "car-1"
) -> dict[str, Any]:
    """A pre-annotation of one object; each geometry names its kind as `is`."""
    data: dict[str, list[Any]] = {}
    for geometry in geometries:
        entry = dict(geometry)
        stream = {"text": [{"name": "stream", "val": entry.pop("stream", "TOP")}]}
        data.setdefault(entry.pop("is"), []).append({"name": "g", "attributes": stream, **entry})
    key = "6a5b3c1e-0f7d-4f4e-9f63-111111111111"
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "streams": {"TOP": {"type": "lidar"}, "FRONT": {"type": "camera"}},
            "objects": {key: {"name": name, "type": kind}},
            "frames": {
                "0": {"frame_properties": {"timestamp": time}, "objects": {key: {"object_data": data}}}
            },
        }
    }
