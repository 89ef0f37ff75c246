"""Camera chains calibrated with Kalibr (`camchain.yaml`, `camchain-imucam.yaml`).

Kalibr's poses map *into* the camera: `T_cam_imu` from the IMU, `T_cn_cnm1` from the camera before. They are
inverted here. The reference system is the IMU where there is one, else the first camera.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kognic.io.checks.geometry.poses import FloatArray
from kognic.io.model.calibration import BaseCalibration
from kognic.io.tools.calibration.convert.build import (
    fisheye_camera,
    kannala_camera,
    pinhole_camera,
)
from kognic.io.tools.calibration.exceptions import ConversionError


def kalibr_sensors(
    content: Mapping[str, Any], *, names: Mapping[str, str] | None = None
) -> dict[str, BaseCalibration]:
    """Turn a camera chain into calibrations.

    Args:
        content: The decoded file: `cam0`, `cam1`, ...
        names: Kalibr's name of a camera to the sensor name of the scene; others keep theirs.

    Raises:
        ConversionError: Something is missing, or a camera's model has no equal on the platform.
    """
    cameras = sorted((key for key in content if key.startswith("cam")), key=lambda key: (len(key), key))
    if not cameras:
        raise ConversionError("there is no cam0; a Kalibr camera chain has cam0, cam1, ...")
    found: dict[str, BaseCalibration] = {}
    before: FloatArray | None = None  # motion from the reference system to the camera before
    for name in cameras:
        camera = content[name]
        before = _into_camera(name, camera, before)
        sensor = (names or {}).get(name, name)
        found[sensor] = _camera(name, camera, np.asarray(np.linalg.inv(before), dtype=np.float64))
    return found


def _into_camera(name: str, camera: Mapping[str, Any], before: FloatArray | None) -> FloatArray:
    if "T_cam_imu" in camera:
        return _pose(name, camera, "T_cam_imu")
    if before is None:
        return np.eye(4)
    return np.asarray(_pose(name, camera, "T_cn_cnm1") @ before)


def _pose(name: str, camera: Mapping[str, Any], key: str) -> FloatArray:
    try:
        matrix = np.array(camera[key], dtype=float)
    except (KeyError, TypeError, ValueError) as exc:
        raise ConversionError(f"{name} has no usable {key}: {exc}") from exc
    if matrix.shape != (4, 4):
        raise ConversionError(f"{key} of {name} has shape {matrix.shape}, must be (4, 4)")
    return matrix


def _camera(name: str, camera: Mapping[str, Any], pose: FloatArray) -> BaseCalibration:
    try:
        model, lens = str(camera["camera_model"]), str(camera.get("distortion_model", "none"))
        intrinsics = [float(value) for value in camera["intrinsics"]]
        coefficients = [float(value) for value in camera.get("distortion_coeffs", ())]
        width, height = (int(value) for value in camera["resolution"])
    except (KeyError, TypeError, ValueError) as exc:
        raise ConversionError(f"{name} is incomplete: {exc}") from exc
    if lens == "none":
        coefficients = []
    if (model, lens) == ("pinhole", "equidistant"):
        return kannala_camera(_matrix(intrinsics), (width, height), distortion=coefficients, pose=pose)
    if model == "pinhole" and lens in ("radtan", "none"):
        return pinhole_camera(_matrix(intrinsics), (width, height), distortion=coefficients, pose=pose)
    if model == "omni" and lens in ("radtan", "none"):
        xi, *rest = intrinsics
        return fisheye_camera(_matrix(rest), xi, (width, height), distortion=coefficients, pose=pose)
    raise ConversionError(
        f"{name} is {model}-{lens}, which the platform has no model for; calibrate it as pinhole-radtan, "
        "pinhole-equidistant or omni-radtan, or compile it as a custom camera"
    )


def _matrix(intrinsics: Sequence[float]) -> FloatArray:
    if len(intrinsics) != 4:
        raise ConversionError(f"intrinsics are {list(intrinsics)}, must be fu, fv, pu, pv")
    fx, fy, cx, cy = intrinsics
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
