"""Kannala-Brandt with four radial terms; the platform's `p1`, `p2` hold the third and fourth.

J. Kannala, S. Brandt, "A Generic Camera Model and Calibration Method for Conventional, Wide-Angle, and
Fish-Eye Lenses", 2006; OpenCV's `fisheye`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.camera_errors import ConversionError
from kognic._core.findings import Finding
from kognic.io.model.calibration import CameraMatrix, KannalaCalibration
from kognic.io.model.calibration.camera.standard import (
    KannalaDistortionCoefficients,
    UndistortionCoefficients,
)
from kognic.scenes.calibration.convert.build import camera_fields, padded, with_field_of_view
from kognic.scenes.calibration.convert.values import Size
from kognic.scenes.checks.rules import broken
from kognic.scenes.geometry.camera_model import CameraModel, check_fold
from kognic.scenes.geometry.extent import image_radius, largest_distorted_radius
from kognic.scenes.geometry.optics import Optics, Pixels, first_turning_point
from kognic.scenes.geometry.poses import FloatArray

# Three times what a least-squares fit over the view of a wide lens leaves (0.1 degrees).
_LARGEST_INVERSE_ERROR_DEG, _LEAST_INVERSE_SHARE = 0.3, 0.8
_FEWEST_SAMPLES = 8
# How good the inverse polynomial should be, and how many ranges it is fitted over.
_EXACT_DEG, _FITS, _LEAST_SHARE = 0.1, 40, 0.8
# Lenses that see no farther from the axis fill their image.
_NARROW_DEG = 70.0
_COEFFICIENTS = ("k1", "k2", "k3", "k4")


def optics(calibration: KannalaCalibration) -> Optics:
    """Return the formula: holds up to the angle where the polynomial turns back."""
    k = calibration.distortion_coefficients
    k1, k2, k3, k4 = k.k1, k.k2, k.p1, k.p2
    matrix = calibration.camera_matrix
    limit = first_turning_point([1, 3 * k1, 5 * k2, 7 * k3, 9 * k4])
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


def check(name: str, camera: KannalaCalibration) -> Iterator[Finding]:
    """Check the rules on both polynomials."""
    k, inverse = camera.distortion_coefficients, camera.undistortion_coefficients
    forward = np.array([k.k1, k.k2, k.p1, k.p2])
    backward = np.array([inverse.l1, inverse.l2, inverse.l3, inverse.l4])
    edge, corner = image_radius(camera)
    reach = largest_distorted_radius(forward, limit=np.pi)
    folds = list(check_fold(name, reach, edge, "p1 and p2 hold the third and fourth radial coefficient"))
    if folds:
        yield from folds
        return
    angles = np.linspace(0, np.pi, 2001)
    distorted = angles * np.polyval([*forward[::-1], 1.0], angles**2)
    end = int(np.argmax(distorted >= min(corner, reach))) or len(angles)
    # No calibration has seen the corners of a wide lens's image, which stay black.
    side = int(np.argmax(distorted >= min(edge, reach))) or len(angles)
    angles, distorted = angles[:end], distorted[:end]
    errors = np.degrees(np.abs(distorted * np.polyval([*backward[::-1], 1.0], distorted**2) - angles))
    holds = int(np.argmax(errors > _LARGEST_INVERSE_ERROR_DEG)) or end
    if holds < min(_LEAST_INVERSE_SHARE * side, end):
        worst = float(errors[: min(side, end)].max())
        limit, wanted = np.degrees(angles[[holds - 1, min(side, end) - 1]])
        yield broken(
            "undistortion",
            f"the undistortion polynomial is off by up to {worst:.2g} degrees: it holds up to {limit:.0f} "
            f"degrees from the axis, and the sides of the image are at {wanted:.0f}",
            "fit l1 to l4 to the inverse over the angles that the lens sees; "
            "kognic.scenes.calibration.convert.kannala_camera does",
            sensor=name,
            field="undistortion_coefficients",
            value=worst,
        )


@attrs.frozen
class InverseFit:
    """How far the polynomial of the inverse follows a lens.

    Attributes:
        holds_deg: Angle from the axis up to which it is within `error_deg`, degrees.
        error_deg: Largest error up to there, degrees.
        side_deg: Angle at the farthest side of the image, degrees; at most where the lens folds.
        side_error_deg: Largest error up to the sides, degrees.
    """

    holds_deg: float
    error_deg: float
    side_deg: float
    side_error_deg: float


def inverse_fit(camera: KannalaCalibration) -> InverseFit:
    """Compare the polynomial of the inverse with the inverse of the lens, up to the sides of the image."""
    k, inverse = camera.distortion_coefficients, camera.undistortion_coefficients
    angles = np.linspace(0, np.pi, 4001)
    distorted = angles * np.polyval([k.p2, k.p1, k.k2, k.k1, 1.0], angles**2)
    falling = np.flatnonzero(np.diff(distorted) <= 0)
    end = int(falling[0]) + 1 if len(falling) else len(angles)
    matrix, width, height = camera.camera_matrix, camera.image_width, camera.image_height
    radius = max(
        max(matrix.cx, width - matrix.cx) / matrix.fx, max(matrix.cy, height - matrix.cy) / matrix.fy
    )
    side = max(2, min(end, int(np.searchsorted(distorted[:end], radius))))
    backward = [inverse.l4, inverse.l3, inverse.l2, inverse.l1, 1.0]
    errors = np.degrees(np.abs(distorted * np.polyval(backward, distorted**2) - angles))[:side]
    holds = int(np.argmax(errors > _EXACT_DEG)) or side
    degrees = np.degrees(angles)
    return InverseFit(
        float(degrees[holds - 1]), float(errors[:holds].max()), float(degrees[side - 1]), float(errors.max())
    )


def kannala_camera(
    matrix: npt.ArrayLike,
    image_size: Size,
    *,
    distortion: Sequence[float] = (),
    pose: npt.ArrayLike | None = None,
) -> KannalaCalibration:
    """Make a Kannala-Brandt camera (OpenCV's `fisheye`, Kalibr's `equidistant`).

    The platform also wants the polynomial of the inverse; it is fitted to the part that the image shows.

    Args:
        matrix: As for `pinhole_camera`.
        image_size: As for `pinhole_camera`.
        distortion: Up to four coefficients `k1, k2, k3, k4`.
        pose: As for `pinhole_camera`.

    Raises:
        ConversionError: As for `pinhole_camera`.
    """
    k = padded(distortion, _COEFFICIENTS, 4, "the Kannala-Brandt model has four coefficients")
    common = camera_fields(matrix, image_size, pose)
    return with_field_of_view(
        KannalaCalibration(
            **common,
            distortion_coefficients=KannalaDistortionCoefficients(k1=k[0], k2=k[1], p1=k[2], p2=k[3]),
            undistortion_coefficients=_inverse(k, common["camera_matrix"], image_size),
        )
    )


def _inverse(k: Sequence[float], matrix: CameraMatrix, size: Size) -> UndistortionCoefficients:
    """Least-squares fit of `angle = d (1 + l1 d^2 + ... + l4 d^8)` over the angles that the image shows.

    A wide lens leaves the corners of its image black, and no calibration has seen them. Where the polynomial
    cannot follow the lens up to the farthest corner, it follows it as far as it can, at least to four fifths
    of the angle at the sides: lenses that wide do not fill their image either.
    """
    angles = np.linspace(0, np.pi, 4001)[1:]
    distorted = angles * np.polyval([k[3], k[2], k[1], k[0], 1.0], angles**2)
    falling = np.flatnonzero(np.diff(distorted, prepend=0.0) <= 0)
    end = int(falling[0]) if len(falling) else len(angles)
    if end < _FEWEST_SAMPLES:
        raise ConversionError(
            f"the distortion k1, k2, k3, k4 of {list(k)} folds the image right beside its centre; check "
            "whether the coefficients are those of the Kannala-Brandt model"
        )
    across = max(matrix.cx, size[0] - matrix.cx) / matrix.fx
    down = max(matrix.cy, size[1] - matrix.cy) / matrix.fy
    corner, side = (
        max(min(end, int(np.searchsorted(distorted[:end], reach)) + 1), _FEWEST_SAMPLES)
        for reach in (float(np.hypot(across, down)), max(across, down))
    )
    least = max(_LEAST_SHARE * side, min(corner, int(np.searchsorted(angles, np.radians(_NARROW_DEG)))))
    fits = [_fit(distorted[:stop], angles[:stop]) for stop in np.linspace(corner, least, _FITS).astype(int)]
    good = (found for found in fits if found[1] < _EXACT_DEG)
    l1, l2, l3, l4 = next(good, min(fits, key=lambda found: found[1]))[0]
    return UndistortionCoefficients(l1=l1, l2=l2, l3=l3, l4=l4)


def _fit(d: FloatArray, angles: FloatArray) -> tuple[list[float], float]:
    """The coefficients, and the largest error of the angle, degrees."""
    columns = d[:, None] ** np.array([3, 5, 7, 9])
    scale = np.abs(columns).max(axis=0)
    solution = np.linalg.lstsq(columns / scale, angles - d, rcond=None)[0] / scale
    error = float(np.degrees(np.abs(d + columns @ solution - angles).max()))
    return solution.tolist(), error


MODEL = CameraModel(optics=optics, check=check)
