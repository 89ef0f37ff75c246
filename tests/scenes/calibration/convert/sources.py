"""Good files of every format, and what OpenCV alone makes of their parameters."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import feather

Array = npt.NDArray[np.float64]


def motion(axis_angle: Any, translation: Any) -> Array:
    """A rigid motion, shape (4, 4), of OpenCV's `rvec` and `tvec`."""
    matrix = np.eye(4)
    matrix[:3, :3] = cv2.Rodrigues(np.asarray(axis_angle, dtype=float))[0]
    matrix[:3, 3] = translation
    return matrix


def quaternion(axis_angle: Any) -> list[float]:
    """The unit quaternion `w, x, y, z` of an axis times its angle."""
    angle = float(np.linalg.norm(axis_angle))
    return [np.cos(angle / 2), *(np.asarray(axis_angle) / angle * np.sin(angle / 2))]


def pixels(
    model: str, points: Array, matrix: Array, distortion: Any, into: Array | None = None, xi: float = 0
) -> Array:
    """Pixels of points as OpenCV projects them, shape (N, 2); `into` moves the points into the camera."""
    into = np.eye(4) if into is None else into
    rvec, tvec = cv2.Rodrigues(into[:3, :3])[0], into[:3, 3].copy()
    coefficients = np.asarray(distortion, dtype=float)
    if model == "pinhole":
        found, _ = cv2.projectPoints(points, rvec, tvec, matrix, coefficients)
    elif model == "fisheye":
        found, _ = cv2.fisheye.projectPoints(points[:, None], rvec, tvec, matrix, coefficients)
    else:
        found, _ = cv2.omnidir.projectPoints(points[:, None], rvec, tvec, matrix, xi, coefficients)
    return found.reshape(-1, 2)


# OpenCV and ROS

RADTAN = [-0.31, 0.12, 0.0011, -0.0007, -0.02]
EQUIDISTANT = [-0.054, -0.078, 0.096, -0.0515]


def written_by_opencv(path: Path, **values: Any) -> Path:
    """A file of OpenCV's own making, with the keys of its calibration sample."""
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for key, value in {"image_width": 1280, "image_height": 720, **values}.items():
        storage.write(key, np.array(value) if isinstance(value, list) else value)
    storage.release()
    return path


def camera_info(**values: Any) -> dict[str, Any]:
    """The content of a camera_info file, as ROS's calibrator writes it."""
    return {
        "image_width": 1280,
        "image_height": 720,
        "camera_name": "front",
        "camera_matrix": {"rows": 3, "cols": 3, "data": [812.5, 0, 639.25, 0, 809.75, 361.5, 0, 0, 1]},
        "distortion_model": "plumb_bob",
        "distortion_coefficients": {"rows": 1, "cols": 5, "data": RADTAN},
        "rectification_matrix": {"rows": 3, "cols": 3, "data": [1, 0, 0, 0, 1, 0, 0, 0, 1]},
        "projection_matrix": {"rows": 3, "cols": 4, "data": [700, 0, 640, 0, 0, 700, 360, 0, 0, 0, 1, 0]},
        **values,
    }


# Kalibr

KALIBR_RADTAN = [-0.28, 0.07, 0.0009, 0.0001]
KALIBR_EQUI = [-0.01, 0.05, -0.04, 0.012]
T_CAM0_IMU = motion([1.1, -0.4, 0.2], [0.07, -0.018, 0.004])
T_CAM1_CAM0 = motion([0.01, 0.003, -0.005], [-0.11, 0.0005, 0.0003])
T_CAM2_CAM1 = motion([-0.002, 0.01, 0.001], [-0.2, 0.01, -0.002])


def kalibr_camera(model: str, lens: str, coefficients: Any, **poses: Any) -> dict[str, Any]:
    """One camera as Kalibr writes it."""
    focal = [812.5, 809.75, 639.25, 361.5]
    return {
        "cam_overlaps": [1],
        "camera_model": model,
        "distortion_coeffs": coefficients,
        "distortion_model": lens,
        "intrinsics": [0.9, *focal] if model == "omni" else focal,
        "resolution": [1280, 720],
        "rostopic": "/cam/image_raw",
        **{key: value.tolist() for key, value in poses.items()},
    }


def chain(**first: Any) -> dict[str, Any]:
    """Three cameras of the three models that the platform has."""
    return {
        "cam0": kalibr_camera("pinhole", "radtan", KALIBR_RADTAN, **first),
        "cam1": kalibr_camera("pinhole", "equidistant", KALIBR_EQUI, T_cn_cnm1=T_CAM1_CAM0),
        "cam2": kalibr_camera("omni", "radtan", KALIBR_RADTAN, T_cn_cnm1=T_CAM2_CAM1),
    }


# KITTI

# Velodyne (x forward, y left, z up) to camera (x right, y down, z forward), a little off, as on a real car.
AXES = np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], dtype=float)
TR = motion([0.004, -0.012, 0.009], [-0.004, -0.076, -0.27]) @ AXES
R0 = motion([0.01, -0.007, 0.004], [0, 0, 0])
K = np.array([[721.5, 0, 609.5], [0, 721.5, 172.9], [0, 0, 1]])
OFFSETS = {0: [0, 0, 0], 1: [-387.57, 0, 0], 2: [44.86, 0.216, 0.00275], 3: [-339.52, 2.2, 0.00273]}
P = {number: np.column_stack([K, offset]) for number, offset in OFFSETS.items()}


def row(values: Any) -> str:
    return " ".join(f"{value:.12e}" for value in np.ravel(values))


def object_file(rectify: str = "R0_rect:", velodyne: str = "Tr_velo_to_cam:") -> str:
    """A file of the object benchmark; the tracking benchmark's has other names, and no colons behind two."""
    return "\n".join(
        [
            *(f"P{number}: {row(matrix)}" for number, matrix in P.items()),
            f"{rectify} {row(R0[:3, :3])}",
            f"{velodyne} {row(TR[:3])}",
            f"Tr_imu_to_velo: {row(np.eye(4)[:3])}",
            "",
        ]
    )


# nuScenes

# A camera that looks forward (x right, y down, z forward, in a vehicle with x forward, y left, z up).
FORWARD = np.array([1.2092, -1.2092, 1.2092])
TILTED = FORWARD + np.array([0.01, 0.03, -0.02])
PLACE = [1.7, 0.016, 1.51]
NUSCENES_K = [[1266.4, 0.0, 816.3], [0.0, 1266.4, 491.5], [0.0, 0.0, 1.0]]


def record(token: str, sensor: str, axis_angle: Any, translation: Any, intrinsic: Any = ()) -> dict[str, Any]:
    """A `calibrated_sensor` of nuScenes."""
    return {
        "token": token,
        "sensor_token": sensor,
        "translation": list(translation),
        "rotation": quaternion(axis_angle),
        "camera_intrinsic": list(intrinsic),
    }


CAMERA = record("c1", "s1", TILTED, PLACE, NUSCENES_K)
LIDAR = record("c2", "s2", [0, 0, -1.57], [0.94, 0, 1.84])
RADAR = record("c3", "s3", [0, 0, 0.1], [3.4, 0, 0.5])
SENSORS = [
    {"token": "s1", "channel": "CAM_FRONT", "modality": "camera"},
    {"token": "s2", "channel": "LIDAR_TOP", "modality": "lidar"},
    {"token": "s3", "channel": "RADAR_FRONT", "modality": "radar"},
]


def tables(folder: Path, records: Any = (CAMERA, LIDAR, RADAR), sensors: Any = SENSORS) -> Path:
    """The two tables of nuScenes that are needed."""
    folder.mkdir(exist_ok=True)
    (folder / "sensor.json").write_text(json.dumps(sensors))
    path = folder / "calibrated_sensor.json"
    path.write_text(json.dumps(list(records)))
    return path


# Argoverse 2

COLUMNS = ("qw", "qx", "qy", "qz", "tx_m", "ty_m", "tz_m")


def pose_row(name: str, axis_angle: Any, translation: Any) -> dict[str, Any]:
    values = [*quaternion(axis_angle), *translation]
    return {"sensor_name": name, **dict(zip(COLUMNS, map(float, values), strict=True))}


POSES = [
    pose_row("ring_front_center", TILTED, [1.63, -0.001, 1.43]),
    pose_row("up_lidar", [0, 0, -0.0057], [1.35, 0, 1.64]),
    pose_row("down_lidar", [-3.1, 0.3, 0], [1.355, 0, 1.565]),
]
INTRINSICS = [
    {
        "sensor_name": "ring_front_center",
        "fx_px": 1773.5,
        "fy_px": 1773.5,
        "cx_px": 775.8,
        "cy_px": 1024.2,
        "k1": -0.24,
        "k2": -0.21,
        "k3": 0.33,
        "height_px": 2048,
        "width_px": 1550,
    }
]


def written(folder: Path, suffix: str) -> Path:
    """The folder `calibration` of a log."""
    folder = folder / "54bc6dbc-ebfb" / "calibration"
    folder.mkdir(parents=True)
    for name, rows in (("egovehicle_SE3_sensor", POSES), ("intrinsics", INTRINSICS)):
        if suffix == "feather":
            feather.write_feather(pa.Table.from_pylist(rows), str(folder / f"{name}.feather"))
        else:
            with (folder / f"{name}.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, rows[0])
                writer.writeheader()
                writer.writerows(rows)
    return folder
