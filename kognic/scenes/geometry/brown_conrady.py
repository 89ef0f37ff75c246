"""Brown-Conrady distortion, which the pinhole and the fisheye model share.

Radial terms k1, k2, k3 and tangential terms p1, p2, as in OpenCV's `calib3d` documentation, which the
platform's sample modules follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kognic._core.findings import Finding
from kognic.io.model.calibration import DistortionCoefficients, FisheyeCalibration, PinholeCalibration
from kognic.scenes.calibration.convert.build import padded
from kognic.scenes.checks.rules import broken
from kognic.scenes.geometry.optics import BoolArray, Pixels, first_turning_point
from kognic.scenes.geometry.poses import FloatArray

Distorted = PinholeCalibration | FisheyeCalibration
# Decentring of real lenses is a few thousandths; larger values are usually a k in the place of a p.
LARGEST_TANGENTIAL = 0.05
# OpenCV's order; the platform has the first five.
_OPENCV = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6", "s1", "s2", "s3", "s4", "tau_x", "tau_y")


class BrownConrady:
    """Distortion and camera matrix of a camera.

    Attributes:
        limit: Square of the distance from the axis, in focal lengths, from which points are brought back.
    """

    def __init__(self, calibration: Distorted) -> None:
        self.matrix = calibration.camera_matrix
        d = calibration.distortion_coefficients
        self.k1, self.k2, self.p1, self.p2, self.k3 = d.k1, d.k2, d.p1, d.p2, d.k3
        self.is_straight = not any((d.k1, d.k2, d.p1, d.p2, d.k3))
        # Farther out than this the polynomial folds points back towards the centre.
        self.limit = first_turning_point([1, 3 * d.k1, 5 * d.k2, 7 * d.k3])

    def to_pixels(self, x: FloatArray, y: FloatArray, valid: BoolArray) -> Pixels:
        """Distort normalised coordinates and scale them to pixels.

        Args:
            x, y: Coordinates in the plane at distance 1 before the camera, shape (N,).
            valid: Whether the point can be seen as far as the caller knows, shape (N,).

        Returns:
            Columns and rows, pixels, and `valid` without the points that distortion folds over; shape (N,).
        """
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


def check_tangential(name: str, camera: Distorted) -> Iterator[Finding]:
    """Tangential terms are small; large ones are radial terms in the wrong place."""
    d = camera.distortion_coefficients
    if max(abs(d.p1), abs(d.p2)) > LARGEST_TANGENTIAL:
        yield broken(
            "distortion-order",
            f"p1 is {d.p1:g}, p2 is {d.p2:g}; tangential distortion is rarely above {LARGEST_TANGENTIAL}",
            "OpenCV's order is k1, k2, p1, p2, k3",
            sensor=name,
            field="distortion_coefficients",
            value=max(d.p1, d.p2, key=abs),
        )


def coefficients_of(coefficients: Sequence[float]) -> DistortionCoefficients:
    """Return the platform's coefficients from a list in OpenCV's order.

    Raises:
        ConversionError: A term that the platform does not have is not zero.
    """
    hint = "the platform has k1, k2, p1, p2, k3; calibrate again without the further terms"
    k1, k2, p1, p2, k3 = padded(coefficients, _OPENCV, 5, hint)
    return DistortionCoefficients(k1=k1, k2=k2, p1=p1, p2=p2, k3=k3)
