"""What a camera's formula covers: field of view, and how far distortion can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kognic.scenes.geometry.poses import FloatArray
from kognic.scenes.geometry.projection import optics_of

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseStandardCameraCalibration

# 7200 rays a circle: the angle is right to a tenth of a degree, far better than any rule on it needs.
_STEP_DEG = 0.05


def field_of_view_deg(calibration: BaseStandardCameraCalibration, *, vertical: bool = False) -> float | None:
    """Return the angle that the image spans through its principal point, degrees.

    Args:
        calibration: A camera that can be projected with.
        vertical: From the upper to the lower edge instead of from left to right.

    Returns:
        None when no ray of that plane meets the image.
    """
    angles = np.radians(np.arange(-180 + _STEP_DEG, 180, _STEP_DEG))
    across, along, none = np.sin(angles), np.cos(angles), np.zeros_like(angles)
    with np.errstate(all="ignore"):
        if vertical:
            _, pixels, valid = optics_of(calibration)(none, across, along)
        else:
            pixels, _, valid = optics_of(calibration)(across, none, along)
        size = calibration.image_height if vertical else calibration.image_width
        # Centres of pixels have whole numbers, as in OpenCV, so an image begins half a pixel before 0.
        inside = valid & (pixels >= -0.5) & (pixels <= size - 0.5)
    seen = np.degrees(angles[inside])
    return float(seen.max() - seen.min()) if len(seen) else None


def image_radius(calibration: BaseStandardCameraCalibration) -> tuple[float, float]:
    """Return how far the nearest edge and the farthest corner are from the principal point, focal lengths."""
    matrix = calibration.camera_matrix
    x = np.abs(np.array([0 - matrix.cx, calibration.image_width - matrix.cx]) / matrix.fx)
    y = np.abs(np.array([0 - matrix.cy, calibration.image_height - matrix.cy]) / matrix.fy)
    return float(min(x.max(), y.max())), float(np.hypot(x.max(), y.max()))


def largest_distorted_radius(coefficients: FloatArray, *, limit: float) -> float:
    """Return how far `r (1 + c1 r^2 + c2 r^4 + ...)` grows before it turns back, for r up to `limit`."""
    radii = np.linspace(0, limit, 4001)[1:]
    distorted = radii * np.polyval([*coefficients[::-1], 1.0], radii**2)
    falling = np.flatnonzero(np.diff(distorted) <= 0)
    return float(distorted[falling[0]] if len(falling) else np.inf)
