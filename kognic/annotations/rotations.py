"""Rotations of many cuboids at once: unit quaternions as arrays of shape (N, 4), scalar last (x, y, z, w).

Scalar last because OpenLABEL writes them so; `kognic.annotations.cuboids` converts other orders at the
border. Rotations act from the left: `rotated = R @ vector`, and `multiply(a, b)` rotates by `b` first, then
by `a`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def normalised(quaternions: npt.ArrayLike) -> FloatArray:
    """Scale quaternions, shape (N, 4), to unit length.

    Raises:
        ValueError: One is zero or not finite; the message has its index.
    """
    values = np.asarray(quaternions, dtype=float).reshape(-1, 4)
    lengths = np.linalg.norm(values, axis=1)
    # Zero but for rounding; any other length is only a scale.
    bad = np.flatnonzero(~np.isfinite(lengths) | (lengths < 1e-12))
    if bad.size:
        raise ValueError(f"quaternion {bad[0]} is {values[bad[0]].tolist()}: it has no direction")
    return np.asarray(values / lengths[:, None])


def multiply(first: npt.ArrayLike, second: npt.ArrayLike) -> FloatArray:
    """Hamilton product of quaternions, shapes (N, 4) or (4,): rotate by `second`, then by `first`."""
    ax, ay, az, aw = np.moveaxis(np.asarray(first, dtype=float), -1, 0)
    bx, by, bz, bw = np.moveaxis(np.asarray(second, dtype=float), -1, 0)
    return np.stack(
        [
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
            aw * bw - ax * bx - ay * by - az * bz,
        ],
        axis=-1,
    )


def inverse(quaternions: npt.ArrayLike) -> FloatArray:
    """Return the rotations back of unit quaternions, shape (N, 4) or (4,)."""
    return np.asarray(quaternions, dtype=float) * [-1, -1, -1, 1]


def to_matrices(quaternions: npt.ArrayLike) -> FloatArray:
    """Return the rotation matrices, shape (N, 3, 3), of quaternions of any length but zero, shape (N, 4)."""
    x, y, z, w = normalised(quaternions).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def from_matrices(matrices: npt.ArrayLike) -> FloatArray:
    """Unit quaternions with w >= 0, shape (N, 4), of rotation matrices, shape (N, 3, 3).

    Source: S. W. Shepperd, "Quaternion from Rotation Matrix", 1978. Of four ways to compute it, each matrix
    takes the one that divides by the largest component.
    """
    m = np.asarray(matrices, dtype=float).reshape(-1, 3, 3)
    m00, m11, m22 = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    sums = {
        "xy": m[:, 0, 1] + m[:, 1, 0],
        "xz": m[:, 0, 2] + m[:, 2, 0],
        "yz": m[:, 1, 2] + m[:, 2, 1],
        "xw": m[:, 2, 1] - m[:, 1, 2],
        "yw": m[:, 0, 2] - m[:, 2, 0],
        "zw": m[:, 1, 0] - m[:, 0, 1],
    }
    candidates = np.stack(
        [
            np.stack([1 + m00 - m11 - m22, sums["xy"], sums["xz"], sums["xw"]], axis=-1),
            np.stack([sums["xy"], 1 - m00 + m11 - m22, sums["yz"], sums["yw"]], axis=-1),
            np.stack([sums["xz"], sums["yz"], 1 - m00 - m11 + m22, sums["zw"]], axis=-1),
            np.stack([sums["xw"], sums["yw"], sums["zw"], 1 + m00 + m11 + m22], axis=-1),
        ],
        axis=1,
    )
    largest = np.argmax(candidates[:, range(4), range(4)], axis=1)
    chosen = normalised(candidates[np.arange(len(m)), largest])
    return np.where(chosen[:, 3:] < 0, -chosen, chosen)


def about_z(angles: npt.ArrayLike) -> FloatArray:
    """Quaternions, shape (N, 4), of rotations about +z by angles in radians, shape (N,)."""
    half = np.asarray(angles, dtype=float).reshape(-1) / 2
    zero = np.zeros_like(half)
    return np.stack([zero, zero, np.sin(half), np.cos(half)], axis=-1)


def slerp(first: npt.ArrayLike, second: npt.ArrayLike, share: npt.ArrayLike) -> FloatArray:
    """Interpolate between quaternions, shape (N, 4), along the shorter arc.

    Args:
        first: At share 0.
        second: At share 1.
        share: 0 to 1, shape (N,).
    """
    a, b = normalised(first), normalised(second)
    cosine = np.sum(a * b, axis=1, keepdims=True)
    b = np.where(cosine < 0, -b, b)
    angle = np.arccos(np.clip(np.abs(cosine), 0, 1))
    part = np.asarray(share, dtype=float).reshape(-1, 1)
    sine = np.sin(angle)
    nearly_equal = sine < 1e-9  # the limit of the formula is linear
    safe = np.where(nearly_equal, 1, sine)
    of_a = np.where(nearly_equal, 1 - part, np.sin((1 - part) * angle) / safe)
    of_b = np.where(nearly_equal, part, np.sin(part * angle) / safe)
    return normalised(of_a * a + of_b * b)


def angle_between(first: npt.ArrayLike, second: npt.ArrayLike) -> FloatArray:
    """Angles of the rotations that lead from one quaternion to the other, radians, shape (N,)."""
    difference = multiply(inverse(normalised(first)), normalised(second))
    # Not arccos: it has no digits left near zero.
    return np.asarray(2 * np.arctan2(np.linalg.norm(difference[:, :3], axis=1), np.abs(difference[:, 3])))
