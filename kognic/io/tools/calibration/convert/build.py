"""Make the platform's calibrations from matrices and coefficient lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from kognic.io.checks.geometry.extent import field_of_view_deg
from kognic.io.checks.geometry.poses import FloatArray, quaternion_of
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
from kognic.io.tools.calibration.exceptions import ConversionError

Camera = TypeVar("Camera", bound=BaseStandardCameraCalibration)
Size = tuple[int, int]
_ORTHOGONAL = 1e-2


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
        distortion: Up to five coefficients in OpenCV's order `k1, k2, p1, p2, k3`; further ones must be zero.
        pose: Motion from the camera to the reference system, shape (4, 4), metres; None when the camera is
            the reference system.

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
    """Make a camera of the unified model of Mei and Rives; arguments as for `pinhole_camera`."""
    return _with_field_of_view(
        FisheyeCalibration(
            **_common(matrix, image_size, pose),
            distortion_coefficients=_brown_conrady(distortion),
            xi=float(xi),
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
    k = _padded(distortion, 4, "the Kannala-Brandt model has four coefficients")
    common = _common(matrix, image_size, pose)
    return _with_field_of_view(
        KannalaCalibration(
            **common,
            distortion_coefficients=KannalaDistortionCoefficients(k1=k[0], k2=k[1], p1=k[2], p2=k[3]),
            undistortion_coefficients=_inverse(k, common["camera_matrix"], image_size),
        )
    )


def lidar(pose: npt.ArrayLike | None = None) -> LidarCalibration:
    """Make a lidar. `pose`: motion from the lidar to the reference system, shape (4, 4), metres."""
    return LidarCalibration(**_placement(pose))


def rigid(rotation: npt.ArrayLike, translation: npt.ArrayLike) -> FloatArray:
    """Put a rotation, shape (3, 3), and a translation, shape (3,), into one matrix, shape (4, 4)."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = np.asarray(translation, dtype=float).reshape(3)
    return matrix


def _common(matrix: npt.ArrayLike, image_size: Size, pose: npt.ArrayLike | None) -> dict[str, Any]:
    k = np.asarray(matrix, dtype=float)
    if k.shape != (3, 3):
        raise ConversionError(f"the camera matrix has shape {k.shape}, must be (3, 3)")
    if abs(k[0, 1]) > 1e-6 * abs(k[0, 0]):
        raise ConversionError(f"the camera matrix has a skew of {k[0, 1]}, which the platform cannot express")
    width, height = image_size
    return {
        **_placement(pose),
        "camera_matrix": CameraMatrix(fx=k[0, 0], fy=k[1, 1], cx=k[0, 2], cy=k[1, 2]),
        "image_width": int(width),
        "image_height": int(height),
    }


def _placement(pose: npt.ArrayLike | None) -> dict[str, Any]:
    matrix = np.eye(4) if pose is None else np.asarray(pose, dtype=float)
    if matrix.shape not in ((3, 4), (4, 4)):
        raise ConversionError(f"a pose has shape {matrix.shape}, must be (4, 4) or (3, 4)")
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


def _brown_conrady(coefficients: Sequence[float]) -> DistortionCoefficients:
    k1, k2, p1, p2, k3 = _padded(
        coefficients, 5, "the platform has k1, k2, p1, p2, k3; calibrate again without the rational model"
    )
    return DistortionCoefficients(k1=k1, k2=k2, p1=p1, p2=p2, k3=k3)


def _padded(values: Sequence[float], count: int, limit: str) -> list[float]:
    numbers = [float(value) for value in values]
    if any(numbers[count:]):
        raise ConversionError(f"there are {len(numbers)} distortion coefficients {numbers}; {limit}")
    return [*numbers[:count], *[0.0] * (count - len(numbers))]


def _inverse(k: Sequence[float], matrix: CameraMatrix, size: Size) -> UndistortionCoefficients:
    """Least-squares fit of `angle = d (1 + l1 d^2 + ... + l4 d^8)` up to the farthest corner of the image."""
    angles = np.linspace(0, np.pi, 4001)[1:]
    distorted = angles * np.polyval([k[3], k[2], k[1], k[0], 1.0], angles**2)
    falling = np.flatnonzero(np.diff(distorted, prepend=0.0) <= 0)
    end = int(falling[0]) if len(falling) else len(angles)
    corner = max(
        np.hypot((u - matrix.cx) / matrix.fx, (v - matrix.cy) / matrix.fy)
        for u in (0, size[0])
        for v in (0, size[1])
    )
    end = max(min(end, int(np.searchsorted(distorted[:end], corner)) + 1), 8)
    d, t = distorted[:end], angles[:end]
    columns = d[:, None] ** np.array([3, 5, 7, 9])
    scale = np.abs(columns).max(axis=0)
    solution = np.linalg.lstsq(columns / scale, t - d, rcond=None)[0] / scale
    l1, l2, l3, l4 = map(float, solution)
    return UndistortionCoefficients(l1=l1, l2=l2, l3=l3, l4=l4)


def _with_field_of_view(camera: Camera) -> Camera:
    """Fill in the horizontal angle between the left and right edges of the image, at the principal row."""
    angle = field_of_view_deg(camera)
    camera.field_of_view = None if angle is None else round(angle, 2)
    return camera
