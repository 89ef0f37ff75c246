"""Omnidirectional cameras calibrated with Scaramuzza's OCamCalib (`calib_results.txt`).

The file holds no pose. Its axes are x down, y to the right and z backward; the converted camera has the
platform's (x right, y down, z forward).

Source: OCamCalib's `ocam_functions.cpp` (`get_ocam_model`, `world2cam`).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import CustomCameraCalibration
from kognic.scenes.calibration.convert.build import placement
from kognic.scenes.calibration.convert.modules import custom_camera, ocam_module
from kognic.scenes.calibration.convert.values import Size, image_size, number

_LINES = ("the polynomial", "the inverse polynomial", "the centre", "the affine parameters", "the image size")
# Scaramuzza's toolbox writes 5 and about 15 coefficients; a number far above is another file.
_MOST = 40


def ocam_camera(text: str, size: Callable[[Size], Size]) -> CustomCameraCalibration:
    """Turn `calib_results.txt` into a camera, with as many coefficients as it has.

    Args:
        text: The content of the file.
        size: Returns the image size to use from the size in the file.

    Raises:
        ConversionError: A line is missing, or holds something else.
        ImportError: wasmtime, which assembles the module, is not installed.
    """
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) != len(_LINES):
        raise ConversionError(
            f"holds {len(lines)} lines of numbers; calib_results.txt has {len(_LINES)}: {', '.join(_LINES)}"
        )
    values = [[number(word, name) for word in line] for line, name in zip(lines, _LINES, strict=True)]
    direct, inverse = (_counted(line, name) for line, name in zip(values[:2], _LINES, strict=False))
    for line, name, count in zip(values[2:], _LINES[2:], (2, 3, 2), strict=True):
        if len(line) != count:
            raise ConversionError(f"{name} holds {len(line)} numbers, must hold {count}")
    (row, column), (c, d, e), (height, width) = values[2:]
    focal = abs(direct[0])
    if focal < 1:
        raise ConversionError(f"the polynomial begins with {direct[0]:g}, must be a focal length in pixels")
    wasm = ocam_module(inverse, (row, column), (c, d, e), _fold(inverse))
    matrix = np.array([[focal, 0, column], [0, focal, row], [0, 0, 1]])
    return custom_camera(wasm, matrix, size(image_size(width, height)), placement=placement(None))


def _counted(line: list[float], name: str) -> list[float]:
    """The coefficients behind their number."""
    count, *rest = line
    if count != len(rest) or not 1 <= count <= _MOST:
        raise ConversionError(f"{name} says that it has {count:g} coefficients, and has {len(rest)}")
    return rest


def _fold(inverse: list[float]) -> float:
    """The angle from which the radius shrinks again, from the axis outward; infinite if it never does."""
    angles = np.linspace(-math.pi / 2, math.pi / 2, 20_001)
    radii = np.polyval(inverse[::-1], angles)
    falling = np.flatnonzero(np.diff(radii) <= 0)
    return float(angles[falling[0]]) if len(falling) else math.inf
