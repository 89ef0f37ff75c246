"""Cameras calibrated with camodocal, whose files VINS and other odometry programs read.

Source: camodocal's `PinholeCamera`, `CataCamera` (Mei) and `EquidistantCamera` (Kannala-Brandt): the names in
their YAML files, and their formulas, which are OpenCV's with other names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kognic._core.camera_errors import ConversionError
from kognic.scenes.calibration.convert.options import Options
from kognic.scenes.calibration.convert.values import at, entry, number

_HEAD = ("model_type", "camera_name", "image_width", "image_height")
_RADTAN, _EQUIDISTANT = ("k1", "k2", "p1", "p2"), ("k2", "k3", "k4", "k5")
# By model: OpenCV's, the names of fx, fy, cx, cy, and where the coefficients are.
_MODELS = {
    "PINHOLE": ("pinhole", ("fx", "fy", "cx", "cy"), "distortion_parameters", _RADTAN),
    "MEI": ("omnidir", ("gamma1", "gamma2", "u0", "v0"), "distortion_parameters", _RADTAN),
    "KANNALA_BRANDT": ("fisheye", ("mu", "mv", "u0", "v0"), "projection_parameters", _EQUIDISTANT),
}


def is_camodocal(content: Mapping[str, Any]) -> bool:
    """Whether a file is one of camodocal."""
    return "projection_parameters" in content


def as_opencv(content: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Return the content with the names of OpenCV's files, and the model as `camera_model`.

    Raises:
        ConversionError: Something is missing or unknown, or the model is not one of OpenCV's.
    """
    model = str(entry(content, "model_type"))
    if model not in _MODELS:
        raise ConversionError(
            f"model_type is {model!r}; known are {', '.join(_MODELS)}. SCARAMUZZA is the model of OCamCalib: "
            "convert its calib_results.txt with --from ocam"
        )
    kind, focal, where, names = _MODELS[model]
    wanted: dict[str, tuple[str, ...]] = {"projection_parameters": focal}
    wanted[where] = (*wanted.get(where, ()), *names)
    if model == "MEI":
        wanted["mirror_parameters"] = ("xi",)
    options.only(content, (*_HEAD, *wanted))
    values: dict[str, dict[str, float]] = {}
    for part, keys in wanted.items():
        with at(part):
            record = entry(content, part)
            options.only(record, keys)
            values[part] = {key: number(entry(record, key), key) for key in keys}
    fx, fy, cx, cy = (values["projection_parameters"][name] for name in focal)
    found = {key: content[key] for key in _HEAD[1:] if key in content}
    found |= {"camera_matrix": [[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]], "camera_model": kind}
    found["distortion_coefficients"] = [values[where][name] for name in names]
    if model == "MEI":
        found["xi"] = values["mirror_parameters"]["xi"]
    return found
