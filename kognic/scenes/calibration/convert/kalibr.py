"""Camera chains calibrated with Kalibr (`camchain.yaml`, `camchain-imucam.yaml`).

Kalibr's poses map *into* the camera: `T_cam_imu` from the IMU, `T_cn_cnm1` from the camera before. They are
inverted here. The reference system is the IMU where there is one, else the first camera.

Source: Kalibr's wiki, pages "Yaml formats" and "Supported models".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import BaseCalibration
from kognic.scenes.calibration.convert.build import motion, placement
from kognic.scenes.calibration.convert.graph import compare
from kognic.scenes.calibration.convert.modules import (
    checked_matrix,
    checked_share,
    custom_camera,
    double_sphere_module,
    eucm_module,
)
from kognic.scenes.calibration.convert.values import (
    Size,
    at,
    entry,
    image_size,
    numbers,
    refuse_unknown,
    renamed,
    shown,
)
from kognic.scenes.geometry.cameras.fisheye import fisheye_camera
from kognic.scenes.geometry.cameras.kannala import kannala_camera
from kognic.scenes.geometry.cameras.pinhole import pinhole_camera
from kognic.scenes.geometry.poses import FloatArray

_POSES = ("T_cam_imu", "T_imu_cam", "T_cn_cnm1")
# What a file may hold besides: nothing of it says where a camera is, or how its lens works.
_IGNORED = ("rostopic", "cam_overlaps", "timeshift_cam_imu", "T_cam_imu_std", "comment")
# Of the whole chain, beside its cameras.
_WHOLE = ("comment", "imu0")
_USED = ("camera_model", "distortion_model", "distortion_coeffs", "intrinsics", "resolution", *_POSES)
CAMERA = re.compile(r"cam(0|[1-9][0-9]{0,3})")
# Models that become custom cameras.
_WITHOUT_EQUAL = ("ds", "eucm")
# Kalibr's distortion models and their numbers of coefficients, from its wiki "Supported models".
_LENSES = {"none": 0, "radtan": 4, "equidistant": 4, "equi": 4}
_CHAINED = "T_cam_imu and T_cn_cnm1"


def kalibr_sensors(
    content: Mapping[str, Any],
    *,
    names: Mapping[str, str] | None = None,
    ignore_keys: Collection[str] = (),
) -> dict[str, BaseCalibration]:
    """Turn a camera chain into calibrations.

    Args:
        content: The decoded file: `cam0`, `cam1`, ...
        names: Kalibr's name of a camera to the sensor name of the scene; others keep theirs.
        ignore_keys: Keys to skip although their meaning is not known.

    Raises:
        ConversionError: Something is missing, unknown or contradicts itself, or a camera's model has no
            equal on the platform.
    """
    others = [key for key in content if not CAMERA.fullmatch(str(key))]
    numbered = sorted(int(match[1]) for key in content if (match := CAMERA.fullmatch(str(key))))
    if not numbered:
        hint = "; this looks like a sensor.yaml of EuRoC, which has no converter" if "T_BS" in content else ""
        raise ConversionError(f"there is no cam0; a Kalibr camera chain has cam0, cam1, ...{hint}")
    if numbered != list(range(len(numbered))):
        missing = next(index for index, found in enumerate(numbered) if index != found)
        raise ConversionError(f"there is no cam{missing}, which the pose of cam{missing + 1} is relative to")
    refuse_unknown(dict.fromkeys(others), (*_WHOLE, *ignore_keys))
    _check_imu(content.get("imu0"))
    cameras = {f"cam{index}": content[f"cam{index}"] for index in numbered}
    found: dict[str, BaseCalibration] = {}
    first = cameras["cam0"]
    with_imu = isinstance(first, Mapping) and any(key in first for key in _POSES[:2])
    before: FloatArray | None = None  # motion from the reference system to the camera before
    for name, camera in cameras.items():
        with at(name):
            refuse_unknown(camera, (*_USED, *_IGNORED, *ignore_keys))
            before = _into_camera(camera, before, with_imu)
            found[name] = _camera(camera, _inverse(before))
    return renamed(found, names or {})


def _check_imu(imu: object) -> None:
    """Kalibr's `imu0` is the reference system itself, unless it says that it is somewhere else."""
    if isinstance(imu, Mapping) and "T_i_b" in imu:
        pose = motion(imu["T_i_b"], "imu0.T_i_b")
        if not np.allclose(pose, np.eye(4), atol=1e-9):
            raise ConversionError(
                "imu0.T_i_b is not the identity: the reference system is not the IMU; pass the pose of the "
                "IMU in the reference system (--pose) and remove T_i_b"
            )


def _into_camera(camera: Mapping[str, Any], before: FloatArray | None, with_imu: bool) -> FloatArray:
    if before is None:
        return _from_imu(camera) if with_imu else np.eye(4)
    if isinstance(camera, Mapping) and any(key in camera for key in _POSES[:2]):
        if not with_imu:
            raise ConversionError(
                "has a T_cam_imu or T_imu_cam, but cam0 has none; add one to every camera, or to none"
            )
        direct = _from_imu(camera)
        if "T_cn_cnm1" in camera:
            compare(direct, np.asarray(motion(camera["T_cn_cnm1"], "T_cn_cnm1") @ before), _CHAINED)
        return direct
    return np.asarray(motion(entry(camera, "T_cn_cnm1"), "T_cn_cnm1") @ before)


def _from_imu(camera: Mapping[str, Any]) -> FloatArray:
    """Motion from the IMU to the camera: Kalibr's `T_cam_imu`, or the inverse of OpenVINS' `T_imu_cam`."""
    if "T_imu_cam" not in camera:
        return motion(entry(camera, "T_cam_imu"), "T_cam_imu")
    found = _inverse(motion(camera["T_imu_cam"], "T_imu_cam"))
    if "T_cam_imu" in camera:
        compare(motion(camera["T_cam_imu"], "T_cam_imu"), found, "T_cam_imu and T_imu_cam")
    return found


def _inverse(matrix: FloatArray) -> FloatArray:
    try:
        return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise ConversionError(f"a pose is {matrix[:3].tolist()}, which is not a rigid motion") from None


def _camera(camera: Mapping[str, Any], pose: FloatArray) -> BaseCalibration:
    model, lens = str(entry(camera, "camera_model")), str(camera.get("distortion_model", "none"))
    if model in _WITHOUT_EQUAL and lens == "none":
        return _custom(camera, model, pose)
    known = model == "pinhole" or (model == "omni" and lens in ("radtan", "none"))
    if not known or lens not in _LENSES:
        raise ConversionError(
            f"is {shown(model)} with {shown(lens)}, which the platform has no model for; calibrate it as "
            "pinhole-radtan, pinhole-equi, omni-radtan, ds-none or eucm-none, or compile a custom camera"
        )
    intrinsics = numbers(entry(camera, "intrinsics"), "intrinsics", (5 if model == "omni" else 4,)).tolist()
    coefficients = numbers(camera.get("distortion_coeffs") or [], "distortion_coeffs").tolist()
    if lens == "none":
        coefficients = []
    elif len(coefficients) != _LENSES[lens]:
        raise ConversionError(f"distortion_coeffs holds {len(coefficients)} numbers, must hold 4 for {lens}")
    size = _size(entry(camera, "resolution"))
    if model == "omni":
        xi, *rest = intrinsics
        return fisheye_camera(_matrix(rest), xi, size, distortion=coefficients, pose=pose)
    make = kannala_camera if lens in ("equidistant", "equi") else pinhole_camera
    return make(_matrix(intrinsics), size, distortion=coefficients, pose=pose)


def _custom(camera: Mapping[str, Any], model: str, pose: FloatArray) -> BaseCalibration:
    """A double sphere or EUCM camera, as a custom camera with a generated module (extra `wasm`)."""
    first, second, *rest = numbers(entry(camera, "intrinsics"), "intrinsics", (6,)).tolist()
    matrix, size = checked_matrix(_matrix(rest)), _size(entry(camera, "resolution"))
    if model == "ds":
        if first <= -1:
            raise ConversionError(f"xi is {first:g}, must be above -1")
        wasm = double_sphere_module(matrix, first, checked_share(second, "alpha"))
    else:
        if second <= 0:
            raise ConversionError(f"beta is {second:g}, must be above 0")
        wasm = eucm_module(matrix, checked_share(first, "alpha"), second)
    return custom_camera(wasm, matrix, size, placement=placement(pose))


def _size(resolution: object) -> Size:
    width, height = numbers(resolution, "resolution", (2,)).tolist()
    return image_size(width, height)


def _matrix(intrinsics: Sequence[float]) -> list[list[float]]:
    fu, fv, pu, pv = intrinsics
    return [[fu, 0, pu], [0, fv, pv], [0, 0, 1]]
