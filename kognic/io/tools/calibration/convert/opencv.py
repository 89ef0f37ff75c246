"""Cameras calibrated with OpenCV or ROS: `camera_info` YAML and OpenCV's `FileStorage` YAML.

Such files hold no pose. The camera is then its own reference system, unless a pose is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from kognic.io.checks.geometry.poses import FloatArray
from kognic.io.model.calibration import KannalaCalibration, PinholeCalibration
from kognic.io.tools.calibration.convert.build import kannala_camera, pinhole_camera
from kognic.io.tools.calibration.exceptions import ConversionError

_FISHEYE = {"equidistant", "fisheye", "kannala_brandt"}
_PINHOLE = {"plumb_bob", "rational_polynomial", "radtan", "brown_conrady", "none", ""}


def opencv_camera(
    content: Mapping[str, Any], *, pose: npt.ArrayLike | None = None, model: str | None = None
) -> PinholeCalibration | KannalaCalibration:
    """Turn the content of a `camera_info` or OpenCV calibration file into a camera.

    Args:
        content: The decoded file: `image_width`, `image_height`, `camera_matrix`,
            `distortion_coefficients`, and in ROS `distortion_model`.
        pose: Motion from the camera to the reference system, shape (4, 4), metres.
        model: `pinhole` or `fisheye`, where the file does not say; OpenCV's own files do not.

    Raises:
        ConversionError: Something is missing, or the platform cannot express the camera.
    """
    names = {key.lower().replace(" ", "_"): value for key, value in content.items()}
    size = (_integer(names, "image_width"), _integer(names, "image_height"))
    matrix = _matrix(names, "camera_matrix", "k")
    coefficients = _matrix(names, "distortion_coefficients", "d", "dist_coeffs").ravel().tolist()
    kind = str(model or names.get("distortion_model") or names.get("camera_model") or "").lower()
    if kind in _FISHEYE:
        return kannala_camera(matrix.reshape(3, 3), size, distortion=coefficients, pose=pose)
    if kind in _PINHOLE or kind == "pinhole":
        return pinhole_camera(matrix.reshape(3, 3), size, distortion=coefficients, pose=pose)
    known = ", ".join(sorted((_FISHEYE | _PINHOLE) - {""}))
    raise ConversionError(f"distortion_model is {kind!r}; known are {known}")


def read_opencv_yaml(path: Path) -> dict[str, Any]:
    """Read YAML as OpenCV's `FileStorage` and ROS write it.

    Raises:
        ConversionError: It is not such a file.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    # OpenCV opens its files with `%YAML:1.0`, which is not YAML.
    text = "\n".join(line for line in lines if not line.startswith("%YAML"))
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader  # nosec B506
    except yaml.YAMLError as exc:
        raise ConversionError(f"{path} is not YAML: {exc}") from exc
    if not isinstance(content, dict):
        raise ConversionError(f"{path} holds no camera")
    return content


class _Loader(yaml.SafeLoader):
    """The safe loader, which also knows OpenCV's matrices."""


def _opencv_matrix(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:opencv-matrix", _opencv_matrix)


def _integer(names: Mapping[str, Any], key: str) -> int:
    value = names.get(key)
    if not isinstance(value, int) or value <= 0:
        raise ConversionError(f"{key} is {value!r}, must be a number of pixels")
    return value


def _matrix(names: Mapping[str, Any], *keys: str) -> FloatArray:
    value = next((names[key] for key in keys if key in names), None)
    if isinstance(value, Mapping):
        value = value.get("data")
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ConversionError(f"there is no {keys[0]}")
    try:
        return np.array(value, dtype=float)
    except (TypeError, ValueError) as exc:
        raise ConversionError(f"{keys[0]} holds {value!r}: {exc}") from exc
