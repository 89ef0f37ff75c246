"""What the formula of a camera is: a function of points in the camera system to pixels.

The formulas are in `kognic.scenes.geometry.cameras`, one module for each model.

Camera system: x right, y down, z along the viewing direction (OpenCV). Pixels: x right, y down, origin top
left.

A formula takes x, y, z of one block of points as separate arrays, shape (N,), and returns pixel columns,
pixel rows and whether the formula holds for the point. Where it does not, pixels may be any number.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from kognic.scenes.geometry.poses import FloatArray

BoolArray = npt.NDArray[np.bool_]
Pixels = tuple[FloatArray, FloatArray, BoolArray]
Optics = Callable[[FloatArray, FloatArray, FloatArray], Pixels]


def first_turning_point(coefficients: list[float]) -> float:
    """Return the smallest positive root of a polynomial in s = r^2 (lowest power first); infinite if none.

    Coefficients that no arithmetic holds turn at once.
    """
    try:
        with np.errstate(all="ignore"):
            # np.roots divides by the leading coefficient: one this small overflows, and bends no ray inside
            # an image.
            roots = np.roots([0.0 if abs(value) < 1e-30 else value for value in coefficients[::-1]])
    except np.linalg.LinAlgError:
        return 0.0
    real = roots.real[(np.abs(roots.imag) < 1e-9 * np.maximum(1, np.abs(roots.real))) & (roots.real > 0)]
    return float(real.min()) if len(real) else float("inf")
