"""Rotations and rigid motions on arrays: sensors, reference system, world.

Everywhere `x_out = R x_in + p`. A calibration entry moves a point from the sensor to the reference system, an
ego pose from the vehicle at one time to the world. Rotations are made from normalised quaternions, because
the platform takes quaternions of any length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np
import numpy.typing as npt

from kognic.annotations import rotations

if TYPE_CHECKING:
    from typing import Self

    from kognic.io.model.calibration import BaseCalibration, Position, RotationQuaternion

FloatArray = npt.NDArray[np.float64]


@attrs.frozen(eq=False)
class Rigid:
    """A rigid motion `x -> rotation @ x + position`.

    Attributes:
        rotation: Rotation matrix, shape (3, 3).
        position: Translation, metres, shape (3,).
    """

    rotation: FloatArray
    position: FloatArray

    @classmethod
    def identity(cls) -> Self:
        """Return the transform that leaves every point where it is."""
        return cls(np.eye(3), np.zeros(3))

    @classmethod
    def of_sensor(cls, calibration: BaseCalibration) -> Self:
        """Return the motion from a sensor to the reference system.

        Raises:
            ValueError: The quaternion of the calibration is zero or not finite.
        """
        return cls.of(calibration.position, calibration.rotation_quaternion)

    @classmethod
    def of(cls, position: Position, rotation: RotationQuaternion) -> Self:
        """Return the motion of a position, metres, and a quaternion of the platform's models.

        Raises:
            ValueError: The quaternion is zero or not finite.
        """
        matrix = rotation_matrix([rotation.w, rotation.x, rotation.y, rotation.z])
        return cls(matrix, np.array([position.x, position.y, position.z], dtype=float))

    @property
    def matrix(self) -> FloatArray:
        """`[R p; 0 1]`, shape (4, 4)."""
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = self.rotation, self.position
        return matrix

    def apply(self, points: npt.ArrayLike) -> FloatArray:
        """Move points, metres, shape (N, 3); the result has the same shape."""
        return np.asarray(np.asarray(points, dtype=float) @ self.rotation.T + self.position)

    def inverse(self) -> Rigid:
        """Return the transform that undoes this one."""
        return Rigid(self.rotation.T, -self.rotation.T @ self.position)

    def __matmul__(self, other: Rigid) -> Rigid:
        """First `other`, then this one."""
        return Rigid(self.rotation @ other.rotation, self.rotation @ other.position + self.position)


def rotation_matrix(quaternion: Sequence[float] | FloatArray) -> FloatArray:
    """Turn a quaternion into a rotation matrix, shape (3, 3).

    Args:
        quaternion: `w, x, y, z`, of any length but zero.

    Raises:
        ValueError: The quaternion is zero or not finite.
    """
    w, x, y, z = _unit(quaternion)
    return np.asarray(rotations.to_matrices([[x, y, z, w]])[0])


def quaternion_of(matrix: npt.ArrayLike) -> FloatArray:
    """Turn a rotation matrix, shape (3, 3), into the unit quaternion `w, x, y, z` with w >= 0."""
    x, y, z, w = rotations.from_matrices(matrix)[0]
    return np.array([w, x, y, z])


def slerp(first: FloatArray, second: FloatArray, share: npt.ArrayLike) -> FloatArray:
    """Interpolate between unit quaternions `w, x, y, z` along the shorter arc (Shoemake, 1985).

    Args:
        first: Quaternions at share 0, shape (..., 4).
        second: Quaternions at share 1, shape (..., 4).
        share: 0 to 1, shape (...).

    Returns:
        Unit quaternions, shape (..., 4).
    """
    shape = np.broadcast_shapes(first.shape, second.shape)
    one, other = (np.broadcast_to(values, shape).reshape(-1, 4) for values in (first, second))
    shares = np.broadcast_to(share, shape[:-1])
    # The formula treats the four components alike, whatever their order.
    return rotations.slerp(one, other, shares).reshape(shape)


def rotate_about(axis: npt.ArrayLike, angle_deg: float) -> FloatArray:
    """Rotation matrix about an axis, shape (3,), by an angle in degrees (right-handed).

    The axis may have any length but zero.
    """
    unit = np.asarray(axis, dtype=float)
    unit = unit / np.linalg.norm(unit)
    half = np.radians(angle_deg) / 2
    return rotation_matrix([np.cos(half), *(np.sin(half) * unit)])


def rotation_of(vector: Sequence[float] | FloatArray) -> FloatArray:
    """Rotation matrix of a rotation vector: an axis, shape (3,), times the angle about it in degrees.

    Searches call it for every trial, so Rodrigues' formula is written out.
    """
    x, y, z = (math.radians(float(value)) for value in vector)
    angle = math.hypot(x, y, z)
    if angle == 0:
        return np.eye(3)
    x, y, z = x / angle, y / angle, z / angle
    c, s = math.cos(angle), math.sin(angle)
    d = 1 - c
    return np.array(
        [
            [c + d * x * x, d * x * y - s * z, d * x * z + s * y],
            [d * x * y + s * z, c + d * y * y, d * y * z - s * x],
            [d * x * z - s * y, d * y * z + s * x, c + d * z * z],
        ]
    )


def rotation_rpy(roll: float, pitch: float, yaw: float) -> FloatArray:
    """Rotation matrix about fixed axes, radians: by roll about x, then pitch about y, then yaw about z."""
    x, y, z = (
        rotate_about(axis, math.degrees(angle))
        for axis, angle in zip(np.eye(3), (roll, pitch, yaw), strict=True)
    )
    return np.asarray(z @ y @ x)


def angle_between_deg(first: FloatArray, second: FloatArray) -> float:
    """Return the angle of the rotation that leads from one rotation matrix to the other, degrees, 0 to 180.

    It is `acos((trace(A^T B) - 1) / 2)`: near 0, rounding makes it coarse (about 1e-6 degrees).
    """
    cosine = (np.trace(first.T @ second) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _unit(quaternion: Sequence[float] | FloatArray) -> FloatArray:
    values = np.asarray(quaternion, dtype=float)
    length = float(np.linalg.norm(values))
    # Zero but for rounding; any other length is only a scale.
    if not np.isfinite(length) or length < 1e-12:
        raise ValueError(
            f"the quaternion {values.tolist()} (w, x, y, z) has no direction; 1, 0, 0, 0 is the identity"
        )
    return values / length
