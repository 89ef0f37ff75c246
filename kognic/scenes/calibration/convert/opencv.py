"""Cameras calibrated with OpenCV or ROS: `camera_info` YAML and OpenCV's `FileStorage` YAML.

Such files hold no pose. The camera is then its own reference system, unless a pose is given.

Sources: OpenCV's `calib3d` module (models, order of the coefficients) and its sample `camera_calibration.cpp`
(`fisheye_model`); `sensor_msgs/CameraInfo` of ROS and REP 104 (`distortion_model`, binning, `roi`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import CustomCameraCalibration
from kognic.io.model.calibration.camera.common import BaseCameraCalibration
from kognic.scenes.calibration.convert.build import placement
from kognic.scenes.calibration.convert.modules import (
    OPENCV_COUNTS,
    checked_matrix,
    custom_camera,
    rational_module,
)
from kognic.scenes.calibration.convert.values import Size, image_size, number, numbers, shown
from kognic.scenes.geometry.cameras.fisheye import fisheye_camera
from kognic.scenes.geometry.cameras.kannala import kannala_camera
from kognic.scenes.geometry.cameras.pinhole import pinhole_camera
from kognic.scenes.geometry.poses import FloatArray

MODELS = ("pinhole", "fisheye", "omnidir")
_KINDS = {
    "plumb_bob": "pinhole",
    "rational_polynomial": "pinhole",
    "radtan": "pinhole",
    "brown_conrady": "pinhole",
    "none": "pinhole",
    "pinhole": "pinhole",
    "equidistant": "fisheye",
    "fisheye": "fisheye",
    "kannala_brandt": "fisheye",
    "omnidir": "omnidir",
}
# Coefficients that the platform's pinhole and fisheye models have.
_STANDARD = 5
_OTHERS = {"M1": "a pair of cameras", "camera_matrix_1": "a pair of cameras", "cam0": "a Kalibr camera chain"}


def opencv_camera(
    content: Mapping[str, Any], *, pose: npt.ArrayLike | None = None, model: str | None = None
) -> BaseCameraCalibration:
    """Turn the content of a `camera_info` or OpenCV calibration file into a camera.

    The camera is that of the raw image: what ROS adds for rectified images (`R`, `P`) is not used. Rational,
    thin prism and tilted distortion become a custom camera, whose module is generated (extra `wasm`).

    Args:
        content: The decoded file: `image_width`, `image_height`, `camera_matrix`,
            `distortion_coefficients`, in ROS `distortion_model`, in OpenCV `fisheye_model` or `xi`; or the
            fields of a `CameraInfo` message (`width`, `height`, `K`, `D`).
        pose: Motion from the camera to the reference system, shape (4, 4), metres.
        model: `pinhole` (OpenCV's `calibrateCamera`), `fisheye` (`fisheye::calibrate`) or `omnidir`
            (`omnidir::calibrate`), where the file does not say. It is needed for four coefficients, which
            are those of either model.

    Raises:
        ConversionError: Something is missing, the model is not known, or the platform cannot express it.
    """
    names = {str(key).lower().replace(" ", "_"): value for key, value in content.items()}
    matrix = _matrix(names, ("camera_matrix", "k"), content)
    size = _size(names)
    coefficients = _coefficients(names)
    kind = _kind(names, model, len(coefficients))
    if kind == "omnidir":
        xi = names.get("xi")
        xi = numbers(xi["data"], "xi", (1,))[0] if isinstance(xi, Mapping) and "data" in xi else xi
        distance = number(xi, "xi")
        if coefficients[_STANDARD:].any():
            return _custom(matrix, size, coefficients, pose, xi=distance)
        return fisheye_camera(matrix, distance, size, distortion=coefficients.tolist(), pose=pose)
    if kind == "pinhole" and coefficients[_STANDARD:].any():
        return _custom(matrix, size, coefficients, pose)
    make = kannala_camera if kind == "fisheye" else pinhole_camera
    return make(matrix, size, distortion=coefficients.tolist(), pose=pose)


def _custom(
    matrix: FloatArray,
    size: Size,
    coefficients: FloatArray,
    pose: npt.ArrayLike | None,
    xi: float | None = None,
) -> CustomCameraCalibration:
    """A camera whose distortion the platform's models lack, as a module of our own."""
    if len(coefficients) not in OPENCV_COUNTS:
        raise ConversionError(
            f"distortion_coefficients holds {len(coefficients)} numbers; OpenCV has 4, 5, 8, 12 or 14"
        )
    if xi is not None and xi < 0:
        raise ConversionError(f"xi is {xi}, must not be negative")
    known = checked_matrix(matrix)
    wasm = rational_module(known, coefficients.tolist(), xi)
    return custom_camera(wasm, known, size, placement=placement(pose))


def _size(names: Mapping[str, Any]) -> Size:
    """Of the whole image: a message that describes a part of it, or a smaller copy, is refused."""
    for key in ("binning_x", "binning_y"):
        if number(names.get(key, 0), key) > 1:
            raise ConversionError(
                f"{key} is {shown(names[key])}; convert the calibration of the full resolution"
            )
    region = names.get("roi")
    if isinstance(region, Mapping):
        for key in ("x_offset", "y_offset"):
            if number(region.get(key, 0), f"roi.{key}"):
                raise ConversionError(
                    f"roi.{key} is {shown(region[key])}; convert the calibration of the whole image"
                )
    width = next((names[key] for key in ("image_width", "width") if key in names), None)
    height = next((names[key] for key in ("image_height", "height") if key in names), None)
    if width is None or height is None:
        raise ConversionError("image_width and image_height are missing; add them to the file")
    return image_size(width, height)


def _kind(names: Mapping[str, Any], model: str | None, count: int) -> str:
    told = _told(names)
    if model is not None and model not in MODELS:
        raise ConversionError(f"model is {model!r}, must be {', '.join(MODELS)}")
    if model is not None and told is not None and model != told:
        raise ConversionError(f"model is {model!r}, but the file says that the camera is {told}")
    if model is None and told is None and count == 4:
        raise ConversionError(
            "the file does not say whether its four coefficients are those of a pinhole (k1, k2, p1, p2) or "
            "of a fisheye camera (k1, k2, k3, k4); give the model"
        )
    return model or told or "pinhole"


def _told(names: Mapping[str, Any]) -> str | None:
    """What the file says the camera is."""
    if "xi" in names:
        return "omnidir"
    if "fisheye_model" in names:
        return "fisheye" if number(names["fisheye_model"], "fisheye_model") else "pinhole"
    value = names.get("distortion_model", names.get("camera_model"))
    if value is None or value == "":
        return None
    kind = _KINDS.get(str(value).lower())
    if kind is None:
        raise ConversionError(
            f"the distortion model is {shown(value)}; known are {', '.join(sorted(_KINDS))}"
        )
    return kind


def _coefficients(names: Mapping[str, Any]) -> FloatArray:
    keys = ("distortion_coefficients", "d", "dist_coeffs")
    value = next((names[key] for key in keys if key in names), None)
    if value is None:
        raise ConversionError("distortion_coefficients is missing; a camera without distortion has zeros")
    return _data(value, keys[0])


def _matrix(names: Mapping[str, Any], keys: tuple[str, ...], content: Mapping[str, Any]) -> FloatArray:
    value = next((names[key] for key in keys if key in names), None)
    if value is None:
        other = next((what for key, what in _OTHERS.items() if key in content), None)
        hint = f"; this looks like {other}" if other else ""
        raise ConversionError(f"{keys[0]} is missing{hint}")
    matrix = _data(value, keys[0])
    if len(matrix) != 9:
        raise ConversionError(f"{keys[0]} holds {len(matrix)} numbers, must hold 9")
    if not matrix.any():
        raise ConversionError(f"{keys[0]} is zero, which is how ROS marks a camera that is not calibrated")
    return matrix.reshape(3, 3)


def _data(value: object, name: str) -> FloatArray:
    """The numbers of a list, or of a matrix with `rows`, `cols` and `data`."""
    if not isinstance(value, Mapping):
        return numbers(value, name)
    found = numbers(value.get("data"), f"{name}.data")
    if "rows" in value and "cols" in value:
        rows, columns = number(value["rows"], f"{name}.rows"), number(value["cols"], f"{name}.cols")
        if rows * columns != len(found):
            raise ConversionError(
                f"{name}.data holds {len(found)} numbers, must hold {rows:g} rows of {columns:g}"
            )
    return found
