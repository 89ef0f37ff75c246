"""Calibrations in the style of KITTI, nuScenes and Argoverse 2.

The reference system is KITTI's Velodyne, nuScenes' and Argoverse's vehicle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from kognic.io.checks.geometry.poses import FloatArray, rotation_matrix
from kognic.io.model.calibration import BaseCalibration, LidarCalibration, PinholeCalibration
from kognic.io.tools.calibration.convert.build import Size, lidar, pinhole_camera, rigid
from kognic.io.tools.calibration.exceptions import ConversionError


def kitti_sensors(
    text: str, image_size: Size, *, cameras: Mapping[int, str] | None = None
) -> dict[str, BaseCalibration]:
    """Turn a calibration file of KITTI's object or tracking benchmark into calibrations.

    The file holds `P0` to `P3` (rectified camera 0 to pixels), `R0_rect` (rectifying rotation) and
    `Tr_velo_to_cam`. Camera n then sits at `x = -K^-1 P[:, 3]` of the rectified system.

    Args:
        text: The content of the file.
        image_size: Width and height of the rectified images, pixels; the file does not tell.
        cameras: Number of a camera to the sensor name of the scene; by default 2 is `image_2`.

    Raises:
        ConversionError: A matrix is missing.
    """
    matrices = _kitti_matrices(text)
    velodyne_to_camera = _matrix(matrices, 12, "Tr_velo_to_cam", "Tr_velo_cam").reshape(3, 4)
    rectify = _matrix(matrices, 9, "R0_rect", "R_rect").reshape(3, 3)
    to_rectified = rigid(rectify, np.zeros(3)) @ rigid(velodyne_to_camera[:, :3], velodyne_to_camera[:, 3])
    found: dict[str, BaseCalibration] = {"velodyne": lidar()}
    for number, name in (cameras or {2: "image_2"}).items():
        projection = _matrix(matrices, 12, f"P{number}").reshape(3, 4)
        k = projection[:, :3]
        shift = rigid(np.eye(3), np.linalg.solve(k, projection[:, 3]))
        found[name] = pinhole_camera(k, image_size, pose=np.linalg.inv(shift @ to_rectified))
    return found


def nuscenes_sensor(
    record: Mapping[str, Any], image_size: Size | None = None
) -> PinholeCalibration | LidarCalibration:
    """Turn a `calibrated_sensor` record of nuScenes into a calibration.

    Args:
        record: `translation` (metres), `rotation` (w, x, y, z), both from the sensor to the vehicle, and
            `camera_intrinsic`, a matrix for cameras and empty for others.
        image_size: Width and height, pixels; needed for cameras.

    Raises:
        ConversionError: A camera comes without `image_size`, or something is missing.
    """
    try:
        pose = rigid(rotation_matrix(record["rotation"]), record["translation"])
        intrinsic = record.get("camera_intrinsic") or ()
    except (KeyError, TypeError, ValueError) as exc:
        raise ConversionError(f"the calibrated_sensor is incomplete: {exc}") from exc
    if not len(intrinsic):
        return lidar(pose)
    if image_size is None:
        raise ConversionError("a calibrated_sensor does not hold the size of the images; give image_size")
    return pinhole_camera(intrinsic, image_size, pose=pose)


def argoverse_sensors(
    poses: Iterable[Mapping[str, Any]], intrinsics: Iterable[Mapping[str, Any]]
) -> dict[str, BaseCalibration]:
    """Turn the tables of Argoverse 2 into calibrations.

    Args:
        poses: Rows of `egovehicle_SE3_sensor`: `sensor_name`, `qw`, `qx`, `qy`, `qz`, `tx_m`, `ty_m`, `tz_m`,
            from the sensor to the vehicle.
        intrinsics: Rows of `intrinsics`: `sensor_name`, `fx_px`, `fy_px`, `cx_px`, `cy_px`, `k1`, `k2`, `k3`,
            `width_px`, `height_px`. Sensors without a row are lidars.

    Raises:
        ConversionError: A column is missing.
    """
    optics = {row["sensor_name"]: row for row in intrinsics}
    found: dict[str, BaseCalibration] = {}
    try:
        for row in poses:
            rotation = rotation_matrix([row[key] for key in ("qw", "qx", "qy", "qz")])
            pose = rigid(rotation, [row[key] for key in ("tx_m", "ty_m", "tz_m")])
            name = row["sensor_name"]
            found[name] = _argoverse_camera(optics[name], pose) if name in optics else lidar(pose)
    except KeyError as exc:
        raise ConversionError(f"the tables have no column {exc}") from exc
    return found


def _argoverse_camera(row: Mapping[str, Any], pose: FloatArray) -> PinholeCalibration:
    matrix = [[row["fx_px"], 0, row["cx_px"]], [0, row["fy_px"], row["cy_px"]], [0, 0, 1]]
    size = (int(row["width_px"]), int(row["height_px"]))
    return pinhole_camera(matrix, size, distortion=[row["k1"], row["k2"], 0, 0, row["k3"]], pose=pose)


def _kitti_matrices(text: str) -> dict[str, FloatArray]:
    found = {}
    for line in text.splitlines():
        name, _, values = line.replace(":", " ").strip().partition(" ")
        if name and values.strip():
            try:
                found[name] = np.array([float(value) for value in values.split()])
            except ValueError:
                continue  # other lines of the file, such as calib_time
    return found


def _matrix(matrices: Mapping[str, FloatArray], count: int, *names: str) -> FloatArray:
    value = next((matrices[name] for name in names if name in matrices), None)
    if value is None or len(value) != count:
        raise ConversionError(f"there is no {names[0]} with {count} numbers")
    return value
