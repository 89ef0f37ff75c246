"""The formulas of the camera models: points in the camera system to pixels.

Camera system: x right, y down, z along the viewing direction (OpenCV). Pixels: x right, y down, origin top
left.

Sources:
    pinhole: Brown-Conrady as in OpenCV's `calib3d` documentation, which the platform's sample modules follow.
    fisheye: C. Mei, P. Rives, "Single View Point Omnidirectional Camera Calibration from Planar Grids", 2007;
        the same distortion; OpenCV's `omnidir`.
    kannala: J. Kannala, S. Brandt, "A Generic Camera Model and Calibration Method for Conventional,
        Wide-Angle, and Fish-Eye Lenses", 2006, with four terms; OpenCV's `fisheye`.
    cylindrical: central projection onto an upright cylinder of radius 1 around the y axis; R. Szeliski,
        "Computer Vision: Algorithms and Applications", 2010, section 9.1.6; OpenCV's `CylindricalProjector`.

Every function takes x, y, z of one block of points as separate arrays, shape (N,), and returns pixel columns,
pixel rows and whether the formula holds for the point. Where it does not, pixels may be any number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kognic.scenes.geometry.poses import FloatArray

if TYPE_CHECKING:
    from kognic.io.model.calibration import (
        BaseStandardCameraCalibration,
        FisheyeCalibration,
        KannalaCalibration,
        PinholeCalibration,
    )

BoolArray = npt.NDArray[np.bool_]
Pixels = tuple[FloatArray, FloatArray, BoolArray]
Optics = Callable[[FloatArray, FloatArray, FloatArray], Pixels]


def pinhole(calibration: PinholeCalibration) -> Optics:
    """Pinhole with radial (k1, k2, k3) and tangential (p1, p2) distortion."""
    lens = _BrownConrady(calibration)

    def to_pixels(x: FloatArray, y: FloatArray, z: FloatArray) -> Pixels:
        valid = z > 0
        inverse = np.divide(1.0, z, where=valid, out=np.zeros_like(z))
        return lens.to_pixels(x * inverse, y * inverse, valid)

    return to_pixels


def fisheye(calibration: FisheyeCalibration) -> Optics:
    """Unified model of Mei and Rives: onto the unit sphere, then a pinhole moved back by `xi`."""
    lens = _BrownConrady(calibration)
    xi = calibration.xi
    # Beyond this cosine to the axis two points of the sphere meet in one pixel (or fall behind the pinhole).
    limit = -xi if abs(xi) <= 1 else -1 / xi

    def to_pixels(x: FloatArray, y: FloatArray, z: FloatArray) -> Pixels:
        distance = np.sqrt(x * x + y * y + z * z)
        valid = z > limit * distance
        bottom = z + xi * distance
        inverse = np.divide(1.0, bottom, where=valid & (bottom != 0), out=np.zeros_like(z))
        return lens.to_pixels(x * inverse, y * inverse, valid)

    return to_pixels


def kannala(calibration: KannalaCalibration) -> Optics:
    """Kannala-Brandt with four radial terms; the model's `p1`, `p2` hold the third and fourth."""
    k = calibration.distortion_coefficients
    k1, k2, k3, k4 = k.k1, k.k2, k.p1, k.p2
    matrix = calibration.camera_matrix
    limit = _first_turning_point([1, 3 * k1, 5 * k2, 7 * k3, 9 * k4])
    limit_angle = min(np.pi, np.sqrt(limit))

    def to_pixels(x: FloatArray, y: FloatArray, z: FloatArray) -> Pixels:
        radius = np.sqrt(x * x + y * y)
        angle = np.arctan2(radius, z)
        square = angle * angle
        scale = angle * (1 + square * (k1 + square * (k2 + square * (k3 + square * k4))))
        np.divide(scale, radius, where=radius > 0, out=scale)
        # The camera's own centre has no direction, although an angle of 0 would give it a pixel.
        valid = (angle < limit_angle) & ((radius > 0) | (z > 0))
        return matrix.fx * scale * x + matrix.cx, matrix.fy * scale * y + matrix.cy, valid

    return to_pixels


def cylindrical(calibration: BaseStandardCameraCalibration) -> Optics:
    """Columns grow with the angle about the y axis, rows with the height on a cylinder of radius 1."""
    matrix = calibration.camera_matrix

    def to_pixels(x: FloatArray, y: FloatArray, z: FloatArray) -> Pixels:
        radius = np.sqrt(x * x + z * z)
        valid = radius > 0
        height = np.divide(y, radius, where=valid, out=np.zeros_like(y))
        return matrix.fx * np.arctan2(x, z) + matrix.cx, matrix.fy * height + matrix.cy, valid

    return to_pixels


class _BrownConrady:
    """Distortion and camera matrix shared by pinhole and fisheye."""

    def __init__(self, calibration: PinholeCalibration | FisheyeCalibration) -> None:
        self.matrix = calibration.camera_matrix
        d = calibration.distortion_coefficients
        self.k1, self.k2, self.p1, self.p2, self.k3 = d.k1, d.k2, d.p1, d.p2, d.k3
        self.is_straight = not any((d.k1, d.k2, d.p1, d.p2, d.k3))
        # Farther out than this the polynomial folds points back towards the centre.
        self.limit = _first_turning_point([1, 3 * d.k1, 5 * d.k2, 7 * d.k3])

    def to_pixels(self, x: FloatArray, y: FloatArray, valid: BoolArray) -> Pixels:
        """Distort normalised coordinates and scale them to pixels."""
        matrix = self.matrix
        if self.is_straight:
            return matrix.fx * x + matrix.cx, matrix.fy * y + matrix.cy, valid
        square = x * x + y * y
        radial = 1 + square * (self.k1 + square * (self.k2 + square * self.k3))
        product = 2 * x * y
        u = x * radial + self.p1 * product + self.p2 * (square + 2 * x * x)
        v = y * radial + self.p1 * (square + 2 * y * y) + self.p2 * product
        valid = valid & (square < self.limit)
        if self.p1 or self.p2:
            valid &= self._keeps_orientation(x, y, square, radial)
        return matrix.fx * u + matrix.cx, matrix.fy * v + matrix.cy, valid

    def _keeps_orientation(
        self, x: FloatArray, y: FloatArray, square: FloatArray, radial: FloatArray
    ) -> BoolArray:
        """Whether the Jacobian's determinant is positive: beyond, tangential terms fold the image over."""
        growth = 2 * (self.k1 + square * (2 * self.k2 + square * 3 * self.k3))
        across = radial + x * x * growth + 2 * self.p1 * y + 6 * self.p2 * x
        down = radial + y * y * growth + 6 * self.p1 * y + 2 * self.p2 * x
        mixed = x * y * growth + 2 * self.p1 * x + 2 * self.p2 * y
        return np.asarray(across * down - mixed * mixed > 0)


def _first_turning_point(coefficients: list[float]) -> float:
    """Smallest positive root of a polynomial in s = r^2 (lowest power first); infinite when there is none.

    Coefficients that no arithmetic holds turn at once.
    """
    try:
        with np.errstate(all="ignore"):
            roots = np.roots([0.0 if abs(value) < 1e-30 else value for value in coefficients[::-1]])
    except np.linalg.LinAlgError:
        return 0.0
    real = roots.real[(np.abs(roots.imag) < 1e-9 * np.maximum(1, np.abs(roots.real))) & (roots.real > 0)]
    return float(real.min()) if len(real) else float("inf")
