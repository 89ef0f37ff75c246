"""Make the platform's calibrations from matrices and coefficient lists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import (
    BaseStandardCameraCalibration,
    CameraMatrix,
    DistortionCoefficients,
    FisheyeCalibration,
    KannalaCalibration,
    LidarCalibration,
    PinholeCalibration,
    Position,
    RotationQuaternion,
)
from kognic.io.model.calibration.camera.standard import (
    KannalaDistortionCoefficients,
    UndistortionCoefficients,
)
from kognic.scenes.calibration.convert.values import Size, number, numbers
from kognic.scenes.calibration.convert.values import image_size as checked_size
from kognic.scenes.geometry.extent import field_of_view_deg
from kognic.scenes.geometry.poses import FloatArray, quaternion_of

Camera = TypeVar("Camera", bound=BaseStandardCameraCalibration)
_ORTHOGONAL = 1e-2
_SMALLEST_FOCAL_LENGTH = 1.0
_FEWEST_SAMPLES = 8
# How good the inverse polynomial of a Kannala lens should be, and how many ranges it is fitted over.
_EXACT_DEG, _FITS, _LEAST_SHARE = 0.1, 40, 0.8
# Lenses that see no farther from the axis fill their image.
_NARROW_DEG = 70.0
# OpenCV's order; the platform has the first five.
_OPENCV = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6", "s1", "s2", "s3", "s4", "tau_x", "tau_y")
_KANNALA = ("k1", "k2", "k3", "k4")


def pinhole_camera(
    matrix: npt.ArrayLike,
    image_size: Size,
    *,
    distortion: Sequence[float] = (),
    pose: npt.ArrayLike | None = None,
) -> PinholeCalibration:
    """Make a pinhole camera.

    Args:
        matrix: Camera matrix in pixels, shape (3, 3).
        image_size: Width and height, pixels.
        distortion: Up to five coefficients in OpenCV's order `k1, k2, p1, p2, k3`; further ones (rational,
            thin prism, tilted) must be zero.
        pose: Motion from the camera to the reference system, shape (4, 4), metres; None when the camera is
            the reference system. OpenCV's `rvec`, `tvec` are its inverse.

    Raises:
        ConversionError: The platform's model cannot express the camera, or `pose` is no rigid motion.
    """
    return _with_field_of_view(
        PinholeCalibration(
            **_common(matrix, image_size, pose), distortion_coefficients=_brown_conrady(distortion)
        )
    )


def fisheye_camera(
    matrix: npt.ArrayLike,
    xi: float,
    image_size: Size,
    *,
    distortion: Sequence[float] = (),
    pose: npt.ArrayLike | None = None,
) -> FisheyeCalibration:
    """Make a camera of the unified model of Mei and Rives (OpenCV's `omnidir`, Kalibr's `omni`).

    Args:
        matrix: As for `pinhole_camera`.
        xi: Distance between the centres of the unit sphere and of the projection, not negative.
        image_size: As for `pinhole_camera`.
        distortion: As for `pinhole_camera`.
        pose: As for `pinhole_camera`.

    Raises:
        ConversionError: As for `pinhole_camera`.
    """
    distance = number(xi, "xi")
    if distance < 0:
        raise ConversionError(f"xi is {distance}, must not be negative")
    return _with_field_of_view(
        FisheyeCalibration(
            **_common(matrix, image_size, pose),
            distortion_coefficients=_brown_conrady(distortion),
            xi=distance,
        )
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
    k = _padded(distortion, _KANNALA, 4, "the Kannala-Brandt model has four coefficients")
    common = _common(matrix, image_size, pose)
    return _with_field_of_view(
        KannalaCalibration(
            **common,
            distortion_coefficients=KannalaDistortionCoefficients(k1=k[0], k2=k[1], p1=k[2], p2=k[3]),
            undistortion_coefficients=_inverse(k, common["camera_matrix"], image_size),
        )
    )


def lidar(pose: npt.ArrayLike | None = None) -> LidarCalibration:
    """Make a lidar.

    Args:
        pose: Motion from the lidar to the reference system, shape (4, 4), metres; None when the lidar is the
            reference system.

    Raises:
        ConversionError: `pose` is no rigid motion.
    """
    return LidarCalibration(**placement(pose))


def placement(pose: npt.ArrayLike | None) -> dict[str, Any]:
    """Position and quaternion, by the names of the models, of a motion from a sensor to the reference system.

    Raises:
        ConversionError: It is no rigid motion.
    """
    matrix = np.eye(4) if pose is None else motion(pose)
    rotation = matrix[:3, :3]
    error = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
    if not error < _ORTHOGONAL or np.linalg.det(rotation) < 0:
        raise ConversionError(
            f"the upper left of a pose is no rotation (off by {error:.3g}, determinant "
            f"{np.linalg.det(rotation):.3g}); use the matrix [R t; 0 1] with a right-handed R"
        )
    # The nearest rotation, as files keep few digits.
    left, _, right = np.linalg.svd(rotation)
    w, x, y, z = map(float, quaternion_of(left @ right))
    px, py, pz = map(float, matrix[:3, 3])
    return {
        "position": Position(x=px, y=py, z=pz),
        "rotation_quaternion": RotationQuaternion(w=w, x=x, y=y, z=z),
    }


def motion(pose: npt.ArrayLike, name: str = "a pose") -> FloatArray:
    """A matrix of shape (3, 4) or (4, 4), or its numbers row by row, as one of shape (4, 4).

    Raises:
        ConversionError: It is of another shape, holds something else, or its last row is not 0, 0, 0, 1.
    """
    matrix = np.eye(4)
    values = numbers(pose, name, (12, 16)).reshape(-1, 4)
    if len(values) == 4 and not np.allclose(values[3], [0, 0, 0, 1], atol=1e-9):
        raise ConversionError(f"the last row of {name} is {values[3].tolist()}, must be [0, 0, 0, 1]")
    matrix[:3] = values[:3]
    return matrix


def _common(matrix: npt.ArrayLike, image_size: Size, pose: npt.ArrayLike | None) -> dict[str, Any]:
    k = numbers(matrix, "the camera matrix", (9,)).reshape(3, 3)
    if not np.allclose([k[1, 0], k[2, 0], k[2, 1], k[2, 2]], [0, 0, 0, 1], atol=1e-9):
        raise ConversionError(
            f"the camera matrix is {k.tolist()}, must be [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]"
        )
    if abs(k[0, 1]) > 1e-6 * abs(k[0, 0]):
        raise ConversionError(
            f"the camera matrix has a skew of {k[0, 1]:g}, which the platform cannot express; calibrate "
            "again with the skew fixed to zero"
        )
    for name, value in (("fx", k[0, 0]), ("fy", k[1, 1])):
        if value < _SMALLEST_FOCAL_LENGTH:
            raise ConversionError(f"{name} is {value:g}, must be a focal length in pixels")
    width, height = checked_size(*image_size)
    return {
        **placement(pose),
        "camera_matrix": CameraMatrix(
            fx=float(k[0, 0]), fy=float(k[1, 1]), cx=float(k[0, 2]), cy=float(k[1, 2])
        ),
        "image_width": width,
        "image_height": height,
    }


def _brown_conrady(coefficients: Sequence[float]) -> DistortionCoefficients:
    hint = "the platform has k1, k2, p1, p2, k3; calibrate again without the further terms"
    k1, k2, p1, p2, k3 = _padded(coefficients, _OPENCV, 5, hint)
    return DistortionCoefficients(k1=k1, k2=k2, p1=p1, p2=p2, k3=k3)


def _padded(values: Sequence[float], names: Sequence[str], count: int, limit: str) -> list[float]:
    found = numbers(values, "the distortion").tolist()
    for index in range(count, len(found)):
        if found[index]:
            name = names[index] if index < len(names) else f"coefficient {index + 1}"
            raise ConversionError(f"the distortion coefficient {name} is {found[index]:g}; {limit}")
    return [*found[:count], *[0.0] * (count - len(found))]


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


def _with_field_of_view(camera: Camera) -> Camera:
    """Fill in the horizontal angle between the left and right edges of the image, at the principal row."""
    angle = field_of_view_deg(camera)
    camera.field_of_view = None if angle is None else math.ceil(angle * 100) / 100
    return camera
