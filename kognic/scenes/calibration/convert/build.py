"""What all calibrations share, made from matrices and lists: pose, image size, camera matrix."""

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
    LidarCalibration,
    Position,
    RotationQuaternion,
)
from kognic.scenes.calibration.convert.values import Size, numbers
from kognic.scenes.calibration.convert.values import image_size as checked_size
from kognic.scenes.geometry.extent import field_of_view_deg
from kognic.scenes.geometry.poses import FloatArray, quaternion_of

Camera = TypeVar("Camera", bound=BaseStandardCameraCalibration)
# Matrices written with three digits pass; mirrored, scaled or transposed affine ones do not.
_ORTHOGONAL = 1e-2
_SMALLEST_FOCAL_LENGTH = 1.0


def lidar(pose: npt.ArrayLike | None = None) -> LidarCalibration:
    """Make a lidar.

    Args:
        pose: Motion from the lidar to the reference system, shape (4, 4), metres; None when the lidar is the
            reference system.

    Raises:
        ConversionError: `pose` is not a rigid motion.
    """
    return LidarCalibration(**placement(pose))


def placement(pose: npt.ArrayLike | None) -> dict[str, Any]:
    """Position and quaternion, by the names of the models, of a motion from a sensor to the reference system.

    Raises:
        ConversionError: It is not a rigid motion.
    """
    matrix = np.eye(4) if pose is None else motion(pose)
    rotation = matrix[:3, :3]
    error = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
    if not error < _ORTHOGONAL or np.linalg.det(rotation) < 0:
        raise ConversionError(
            f"the upper left of a pose is not a rotation (off by {error:.3g}, determinant "
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
    """Return a matrix of shape (3, 4) or (4, 4), or its numbers row by row, as one of shape (4, 4).

    Raises:
        ConversionError: It is of another shape, holds something else, or its last row is not 0, 0, 0, 1.
    """
    matrix = np.eye(4)
    values = numbers(pose, name, (12, 16)).reshape(-1, 4)
    if len(values) == 4 and not np.allclose(values[3], [0, 0, 0, 1], atol=1e-9):
        raise ConversionError(f"the last row of {name} is {values[3].tolist()}, must be [0, 0, 0, 1]")
    matrix[:3] = values[:3]
    return matrix


def camera_fields(matrix: npt.ArrayLike, image_size: Size, pose: npt.ArrayLike | None) -> dict[str, Any]:
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


def padded(values: Sequence[float], names: Sequence[str], count: int, limit: str) -> list[float]:
    found = numbers(values, "the distortion").tolist()
    for index in range(count, len(found)):
        if found[index]:
            name = names[index] if index < len(names) else f"number {index + 1}"
            raise ConversionError(f"the distortion coefficient {name} is {found[index]:g}; {limit}")
    return [*found[:count], *[0.0] * (count - len(found))]


def with_field_of_view(camera: Camera) -> Camera:
    """Fill in the horizontal angle between the left and right edges of the image, at the principal row."""
    angle = field_of_view_deg(camera)
    camera.field_of_view = None if angle is None else math.ceil(angle * 100) / 100
    return camera
