"""Cameras calibrated with OpenCV or ROS: `camera_info` YAML and OpenCV's `FileStorage` (YAML, XML, JSON).

Few such files hold a pose (`rvec`, `tvec`). Without one the camera is its own reference system, unless a pose
is given.

Sources: OpenCV's `calib3d` module (models, order of the coefficients) and its sample `camera_calibration.cpp`
(`fisheye_model`); `sensor_msgs/CameraInfo` of ROS and REP 104 (`distortion_model`, binning, `roi`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
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
from kognic.scenes.calibration.convert.values import (
    Size,
    image_size,
    number,
    numbers,
    refuse_unknown,
    rigid,
    shown,
)
from kognic.scenes.geometry.cameras.fisheye import fisheye_camera
from kognic.scenes.geometry.cameras.kannala import kannala_camera
from kognic.scenes.geometry.cameras.pinhole import pinhole_camera
from kognic.scenes.geometry.poses import FloatArray, rotation_of

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
_OTHERS = {
    "M1": "a pair of cameras",
    "K1": "a pair of cameras",
    "camera_matrix_1": "a pair of cameras",
    "cam0": "a Kalibr camera chain",
    "T_BS": "a sensor.yaml of EuRoC, which has no converter",
    "Camera.fx": "settings of ORB-SLAM, which have no converter",
    "projection_parameters": "a camera of camodocal or VINS, which has no converter",
}
_COEFFICIENT_KEYS = ("distortion_coefficients", "d", "dist_coeffs")
_SIZES = (("image_width", "image_height"), ("width", "height"))
_NO_SIZE = "image_width and image_height are missing; add them to the file"
_USED = (
    *("camera_matrix", "k", *_COEFFICIENT_KEYS, "distortion_model", "camera_model", "fisheye_model", "xi"),
    *("image_width", "width", "image_height", "height", "binning_x", "binning_y", "roi", "camera_name"),
    *("rvec", "tvec"),
)
# What ROS adds for rectified images, and what OpenCV's sample says of the board and of how well it went.
_SKIPPED = (
    *("header", "rectification_matrix", "projection_matrix", "r", "p"),
    *("calibration_time", "nr_of_frames", "nframes", "board_width", "board_height", "board_size"),
    *(
        "square_size",
        "marker_size",
        "fix_aspect_ratio",
        "aspect_ratio",
        "flags",
        "flagvalue",
        "rms",
        "pattern",
    ),
    *("avg_reprojection_error", "reprojection_error", "per_view_reprojection_errors"),
    *("extrinsic_parameters", "image_points", "grid_points", "calibration_pattern"),
)


def opencv_camera(
    content: Mapping[str, Any],
    *,
    pose: npt.ArrayLike | None = None,
    model: str | None = None,
    ignore_keys: Collection[str] = (),
) -> BaseCameraCalibration:
    """Turn the content of a `camera_info` or OpenCV calibration file into a camera.

    The camera is that of the raw image: what ROS adds for rectified images (`R`, `P`) is not used. Rational,
    thin prism and tilted distortion become a custom camera, whose module is generated (extra `wasm`).

    Args:
        content: The decoded file: `image_width`, `image_height`, `camera_matrix`,
            `distortion_coefficients`, in ROS `distortion_model`, in OpenCV `fisheye_model` or `xi`; or the
            fields of a `CameraInfo` message (`width`, `height`, `K`, `D`). `rvec` and `tvec` are the pose,
            and map the reference system into the camera.
        pose: Motion from the camera to the reference system, shape (4, 4), metres.
        model: `pinhole` (OpenCV's `calibrateCamera`), `fisheye` (`fisheye::calibrate`) or `omnidir`
            (`omnidir::calibrate`), where the file does not say. It is needed for four coefficients, which
            are those of either model.
        ignore_keys: Keys to skip although their meaning is not known.

    Raises:
        ConversionError: Something is missing or unknown, or the platform cannot express the camera.
    """
    names = _plain(content)
    pose = _pose(names, pose)
    matrix = check_matrix(content)
    known = {*_USED, *_SKIPPED, *map(_plain_key, ignore_keys)}
    refuse_unknown({key: None for key in content if _plain_key(key) not in known}, ())
    size = _size(names)
    coefficients = _coefficients(names)
    kind = _kind(names, model, len(coefficients))
    if kind == "omnidir":
        xi = names.get("xi")
        xi = numbers(xi["data"], "xi", (1,))[0] if isinstance(xi, Mapping) and "data" in xi else xi
        xi = xi[0] if isinstance(xi, list) and len(xi) == 1 else xi
        distance = number(xi, "xi")
        if coefficients[_STANDARD:].any():
            return _custom(matrix, size, coefficients, pose, xi=distance)
        return fisheye_camera(matrix, distance, size, distortion=coefficients.tolist(), pose=pose)
    if kind == "pinhole" and coefficients[_STANDARD:].any():
        return _custom(matrix, size, coefficients, pose)
    make = kannala_camera if kind == "fisheye" else pinhole_camera
    return make(matrix, size, distortion=coefficients.tolist(), pose=pose)


def check_matrix(content: Mapping[str, Any]) -> FloatArray:
    """Return the camera matrix of a file, shape (3, 3), pixels.

    Raises:
        ConversionError: There is none; the message says what the file looks like instead.
    """
    return _matrix(_plain(content), ("camera_matrix", "k"), content)


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    return {_plain_key(key): value for key, value in content.items()}


def _plain_key(key: object) -> str:
    return str(key).lower().replace(" ", "_")


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
    """Of the whole image: a message that describes a part of it, or a smaller copy, is rejected."""
    for key in ("binning_x", "binning_y"):
        if number(names.get(key, 0), key) > 1:
            raise ConversionError(
                f"{key} is {shown(names[key])}; convert the calibration of the full resolution"
            )
    size = own_size(names)
    region = names.get("roi")
    if isinstance(region, Mapping):
        for key in ("x_offset", "y_offset"):
            if number(region.get(key, 0), f"roi.{key}"):
                raise ConversionError(
                    f"roi.{key} is {shown(region[key])}; convert the calibration of the whole image"
                )
        # All zeros, as well as the whole image, stand for the whole image.
        part = tuple(number(region.get(key, 0), f"roi.{key}") for key in ("width", "height"))
        if part != (0, 0) and part != size and size is not None:
            raise ConversionError(
                f"roi is {part[0]:g} x {part[1]:g} of {size[0]} x {size[1]} pixels; convert the calibration "
                "of the whole image"
            )
    if size is None:
        raise ConversionError(_NO_SIZE)
    return size


def own_size(content: Mapping[str, Any]) -> Size | None:
    """Return the size of the images that a file says, pixels; None if it says none.

    Raises:
        ConversionError: It has a width or a height only, or they are no numbers of pixels.
    """
    names = _plain(content)
    for width, height in _SIZES:
        if width in names or height in names:
            if names.get(width) is None or names.get(height) is None:
                raise ConversionError(_NO_SIZE)
            return image_size(names[width], names[height])
    return None


def with_size(content: Mapping[str, Any], size: Size) -> dict[str, Any]:
    """Return the content of a file, with this size in place of its own."""
    own = [key for pair in _SIZES for key in pair]
    others = {key: value for key, value in content.items() if _plain_key(key) not in own}
    return {**others, "image_width": size[0], "image_height": size[1]}


def _kind(names: Mapping[str, Any], model: str | None, count: int) -> str:
    told = _told(names)
    if model is not None and model not in MODELS:
        raise ConversionError(f"model is {model!r}, must be {', '.join(MODELS)}")
    if model is not None and told is not None and model != told:
        raise ConversionError(f"model is {model!r}, but the file says that the camera is {told}")
    if model is None and told is None and count == 4:
        raise ConversionError(
            "the file does not say whether its four coefficients are those of a pinhole (k1, k2, p1, p2) or "
            "of a fisheye camera (k1, k2, k3, k4); pass the model"
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
    value = next((names[key] for key in _COEFFICIENT_KEYS if key in names), None)
    if value is None:
        raise ConversionError("distortion_coefficients is missing; a camera without distortion has zeros")
    return matrix_data(value, _COEFFICIENT_KEYS[0])


def _matrix(names: Mapping[str, Any], keys: tuple[str, ...], content: Mapping[str, Any]) -> FloatArray:
    value = next((names[key] for key in keys if key in names), None)
    if value is None:
        other = next((what for key, what in _OTHERS.items() if key in content), None)
        hint = f"; this looks like {other}" if other else ""
        raise ConversionError(f"{keys[0]} is missing{hint}")
    matrix = matrix_data(value, keys[0])
    if len(matrix) != 9:
        raise ConversionError(f"{keys[0]} holds {len(matrix)} numbers, must hold 9")
    if not matrix.any():
        raise ConversionError(f"{keys[0]} is zero, which is how ROS marks a camera that is not calibrated")
    return matrix.reshape(3, 3)


def _pose(names: Mapping[str, Any], pose: npt.ArrayLike | None) -> npt.ArrayLike | None:
    """The given pose, or that of `rvec` and `tvec`, which lead from the reference into the camera."""
    given = [key for key in ("rvec", "tvec") if key in names]
    if not given:
        return pose
    if len(given) == 1:
        raise ConversionError(f"has {given[0]} only; a pose is rvec and tvec")
    if pose is not None:
        raise ConversionError("has a pose of its own (rvec, tvec), and one is given; remove one of them")
    rotation = rotation_vector(matrix_data(names["rvec"], "rvec"))
    translation = matrix_data(names["tvec"], "tvec")
    return np.asarray(np.linalg.inv(rigid(rotation, translation)), dtype=np.float64)


def rotation_vector(values: FloatArray) -> FloatArray:
    """Return the rotation matrix, shape (3, 3), of an axis times its angle in radians.

    Raises:
        ConversionError: There are not three numbers.
    """
    return rotation_of(np.degrees(numbers(values, "the rotation vector", (3,))))


def matrix_data(value: object, name: str) -> FloatArray:
    """Return the numbers of a list, or of a matrix with `rows`, `cols` and `data`.

    Raises:
        ConversionError: It holds something else, or another number of them.
    """
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
