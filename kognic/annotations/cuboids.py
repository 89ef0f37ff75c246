"""Cuboids as arrays: heading, quaternion and size conventions, rigid transforms, points inside, overlap.

An array of cuboids has shape (N, 10), each row `[x, y, z, qx, qy, qz, qw, sx, sy, sz]` as in OpenLABEL:
centre and size in metres, rotation from the cuboid's own axes to the coordinate system that it is in. All
functions take and return Kognic's convention: the front of the object is along its own **+y**, sx is its
width, sy its length, sz its height. Other conventions are defined as a `Convention` and converted
explicitly:

    values = to_kognic(centres, sizes, NUSCENES, quaternions=quaternions)
    centres, sizes, quaternions = from_kognic(values, ARGOVERSE)

The coordinate system (lidar, vehicle, world) is not part of a convention; `transform` changes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt

from kognic.annotations.rotations import (
    FloatArray,
    about_z,
    from_matrices,
    inverse,
    multiply,
    normalised,
    slerp,
    to_matrices,
)

Heading = Literal["+x", "+y"]
QuaternionOrder = Literal["xyzw", "wxyz"]
SizeOrder = Literal["wlh", "lwh", "whl", "lhw", "hwl", "hlw"]
Origin = Literal["centre", "bottom"]

_QUARTER_TURN = about_z([np.pi / 2])[0]


@attrs.frozen(kw_only=True)
class Convention:
    """A convention for cuboids.

    Attributes:
        heading: The cuboid's own axis that points to the object's front, at rotation 0.
        sizes: Order of the sizes: w(idth) across the heading, l(ength) along it, h(eight) along the cuboid's
            +z.
        quaternion: Order of the quaternion.
        origin: The reference point of the position: the centre, or the middle of the bottom face.
    """

    heading: Heading
    sizes: SizeOrder
    quaternion: QuaternionOrder
    origin: Origin = "centre"

    def __attrs_post_init__(self) -> None:
        if self.heading not in ("+x", "+y"):
            raise ValueError(f"heading is {self.heading!r}, must be '+x' or '+y'")
        if sorted(self.sizes) != ["h", "l", "w"]:
            raise ValueError(f"sizes is {self.sizes!r}, must be an order of w, l and h")
        if self.quaternion not in ("xyzw", "wxyz"):
            raise ValueError(f"quaternion is {self.quaternion!r}, must be 'xyzw' or 'wxyz'")
        if self.origin not in ("centre", "bottom"):
            raise ValueError(f"origin is {self.origin!r}, must be 'centre' or 'bottom'")


KOGNIC = Convention(heading="+y", sizes="wlh", quaternion="xyzw")
"""OpenLABEL as the platform reads it, and exports it by default."""
ISO_8855 = Convention(heading="+x", sizes="lwh", quaternion="xyzw")
"""OpenLABEL as the platform exports it on request (`iso_rotated_cuboids`); also ASAM's own examples."""
NUSCENES = Convention(heading="+x", sizes="wlh", quaternion="wxyz")
"""nuScenes and T4; their boxes are in the world."""
ARGOVERSE = Convention(heading="+x", sizes="lwh", quaternion="wxyz")
"""Argoverse 2; boxes are in the vehicle's system at the time of the sweep."""
PANDASET = Convention(heading="+y", sizes="wlh", quaternion="wxyz")
"""PandaSet: yaw 0 is along +y, dimensions x, y, z; boxes are in the world."""

CONVENTIONS = {
    "kognic": KOGNIC,
    "iso8855": ISO_8855,
    "nuscenes": NUSCENES,
    "argoverse": ARGOVERSE,
    "pandaset": PANDASET,
}


def as_cuboids(values: npt.ArrayLike) -> FloatArray:
    """Take cuboids as an array of shape (N, 10) with unit quaternions.

    Raises:
        ValueError: The shape is wrong, a number is not finite, a size is not positive or a quaternion is
            zero.
    """
    array = np.array(values, dtype=float)
    if array.ndim == 1:
        array = array[None] if array.size else array.reshape(0, 10)
    if array.ndim != 2 or array.shape[1] != 10:
        raise ValueError(f"cuboids have shape {array.shape}, must be (N, 10): x y z qx qy qz qw sx sy sz")
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        raise ValueError(f"cuboid {bad[0]} is {array[bad[0]].tolist()}: numbers must be finite")
    bad = np.flatnonzero((array[:, 7:] <= 0).any(axis=1))
    if bad.size:
        raise ValueError(f"cuboid {bad[0]} has the size {array[bad[0], 7:].tolist()} m: must be above 0")
    array[:, 3:7] = normalised(array[:, 3:7])
    return array


def to_kognic(
    centres: npt.ArrayLike,
    sizes: npt.ArrayLike,
    convention: Convention,
    *,
    quaternions: npt.ArrayLike | None = None,
    yaws: npt.ArrayLike | None = None,
) -> FloatArray:
    """Convert cuboids to Kognic's convention, in the same coordinate system.

    Args:
        centres: Positions in metres, shape (N, 3), of the point `convention.origin`.
        sizes: Metres, shape (N, 3), in the order of `convention.sizes`.
        convention: Convention of the cuboids.
        quaternions: Rotations, shape (N, 4), in the order of `convention.quaternion`.
        yaws: Instead: rotations about +z in radians, shape (N,); at 0 the front is along
            `convention.heading`.

    Returns:
        Shape (N, 10).

    Raises:
        ValueError: Both or neither of `quaternions` and `yaws` are given, or a cuboid is invalid.
    """
    if (quaternions is None) == (yaws is None):
        raise ValueError("give either quaternions or yaws")
    if quaternions is None:
        rotation = about_z(np.asarray(yaws, dtype=float))
    else:
        rotation = np.asarray(quaternions, dtype=float).reshape(-1, 4)
        rotation = normalised(np.roll(rotation, -1, axis=1) if convention.quaternion == "wxyz" else rotation)
    centre = np.array(centres, dtype=float).reshape(-1, 3)
    given = np.asarray(sizes, dtype=float).reshape(-1, 3)
    width_length_height = given[:, [convention.sizes.index(letter) for letter in "wlh"]]
    if convention.origin == "bottom":
        up = to_matrices(rotation)[:, :, 2]
        centre = centre + up * width_length_height[:, 2:] / 2
    if convention.heading == "+x":
        # The front is along the old +x: the new axes are the old ones turned by -90 degrees about z.
        rotation = multiply(rotation, inverse(_QUARTER_TURN))
    return as_cuboids(np.concatenate([centre, rotation, width_length_height], axis=1))


def from_kognic(values: npt.ArrayLike, convention: Convention) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Convert cuboids of Kognic's convention to another one, in the same coordinate system.

    Returns:
        Positions, shape (N, 3); sizes, shape (N, 3); quaternions, shape (N, 4), with w >= 0.
    """
    array = as_cuboids(values)
    rotation = array[:, 3:7]
    if convention.heading == "+x":
        rotation = multiply(rotation, _QUARTER_TURN)
    rotation = np.where(rotation[:, 3:] < 0, -rotation, rotation)
    centre = array[:, :3]
    if convention.origin == "bottom":
        centre = centre - to_matrices(rotation)[:, :, 2] * array[:, 9:] / 2
    sizes = array[:, 7:][:, ["wlh".index(letter) for letter in convention.sizes]]
    if convention.quaternion == "wxyz":
        rotation = np.roll(rotation, 1, axis=1)
    return centre, sizes, rotation


def convert(values: npt.ArrayLike, source: Convention, target: Convention) -> FloatArray:
    """Convert rows of ten numbers between conventions whose rows are position, quaternion, size."""
    array = np.asarray(values, dtype=float).reshape(-1, 10)
    kognic = to_kognic(array[:, :3], array[:, 7:], source, quaternions=array[:, 3:7])
    centres, sizes, quaternions = from_kognic(kognic, target)
    return np.concatenate([centres, quaternions, sizes], axis=1)


def as_pose(matrix: npt.ArrayLike) -> FloatArray:
    """Take a rigid transform as a matrix of shape (4, 4).

    Raises:
        ValueError: It is not 4x4, not finite, or more than a rotation and a translation.
    """
    pose = np.asarray(matrix, dtype=float)
    if pose.shape != (4, 4) or not np.isfinite(pose).all():
        raise ValueError(f"the pose has shape {pose.shape}, must be 4x4 and finite")
    rotation = pose[:3, :3]
    # Published calibrations have six or seven digits.
    is_rotation = np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-4) and np.linalg.det(rotation) > 0
    if not is_rotation or not np.allclose(pose[3], [0, 0, 0, 1]):
        raise ValueError(f"the pose {pose.tolist()} is not a rotation and a translation")
    return pose


def pose_matrix(position: Sequence[float], quaternion: Sequence[float], order: QuaternionOrder) -> FloatArray:
    """Build the 4x4 matrix of a pose from a position in metres and a quaternion in a stated order."""
    values = np.asarray(quaternion, dtype=float)
    pose = np.eye(4)
    pose[:3, :3] = to_matrices(np.roll(values, -1) if order == "wxyz" else values)[0]
    pose[:3, 3] = position
    return pose


def transform(values: npt.ArrayLike, matrix: npt.ArrayLike) -> FloatArray:
    """Move cuboids to another coordinate system.

    Args:
        values: Shape (N, 10).
        matrix: Transform from the cuboids' system to the other one, shape (4, 4), such as an ego pose.
    """
    array, pose = as_cuboids(values), as_pose(matrix)
    array[:, :3] = array[:, :3] @ pose[:3, :3].T + pose[:3, 3]
    array[:, 3:7] = multiply(from_matrices(pose[:3, :3])[0], array[:, 3:7])
    return array


def fronts(values: npt.ArrayLike) -> FloatArray:
    """Unit vectors to the fronts of objects, shape (N, 3)."""
    return np.asarray(to_matrices(as_cuboids(values)[:, 3:7])[:, :, 1])


def headings(values: npt.ArrayLike) -> FloatArray:
    """Angles from +x to the fronts of objects, in the x-y plane, radians in (-pi, pi], shape (N,)."""
    front = fronts(values)
    return np.asarray(np.arctan2(front[:, 1], front[:, 0]))


def corners(values: npt.ArrayLike) -> FloatArray:
    """Return the corners of cuboids, shape (N, 8, 3), metres.

    The bottom face comes first, counter-clockwise in bird's-eye view: rear left, rear right, front right,
    front left. Then the top face in the same order.
    """
    array = as_cuboids(values)
    # Own axes: x to the right, y to the front, z up.
    face = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    signs = np.array([(x, y, z) for z in (-1, 1) for x, y in face], dtype=float)
    local = signs[None] * array[:, None, 7:] / 2
    return np.asarray(np.einsum("nij,nkj->nki", to_matrices(array[:, 3:7]), local) + array[:, None, :3])


def points_inside(points: npt.ArrayLike, value: npt.ArrayLike, *, grow: float = 0.0) -> npt.NDArray[np.bool_]:
    """Return which points lie inside a cuboid, shape (N,).

    Args:
        points: Metres, shape (N, 3), in the cuboid's coordinate system.
        value: Ten numbers.
        grow: Metres added on every side.
    """
    cuboid = as_cuboids(value)[0]
    local = (np.asarray(points, dtype=float)[:, :3] - cuboid[:3]) @ to_matrices(cuboid[3:7])[0]
    return np.asarray((np.abs(local) <= cuboid[7:] / 2 + grow).all(axis=1))


def count_points(points: npt.ArrayLike, values: npt.ArrayLike, *, grow: float = 0.0) -> npt.NDArray[np.int64]:
    """Count the points inside each cuboid, shape (N,).

    Args:
        points: Metres, shape (M, 3), in the cuboids' coordinate system; points that are not finite are
            not counted.
        values: Shape (N, 10).
        grow: Metres added on every side.
    """
    array = as_cuboids(values)
    cloud = np.asarray(points, dtype=float)[:, :3]
    cloud = cloud[np.isfinite(cloud).all(axis=1)]
    # Sorted along x, a cuboid looks at its slice only: 80 cuboids in 10 million points take seconds, not
    # minutes.
    cloud = cloud[np.argsort(cloud[:, 0], kind="stable")]
    reach = np.linalg.norm(array[:, 7:] / 2 + grow, axis=1)
    first = np.searchsorted(cloud[:, 0], array[:, 0] - reach, side="left")
    last = np.searchsorted(cloud[:, 0], array[:, 0] + reach, side="right")
    counts = [
        int(points_inside(cloud[start:stop], value, grow=grow).sum()) if stop > start else 0
        for value, start, stop in zip(array, first, last, strict=True)
    ]
    return np.array(counts, dtype=np.int64)


def interpolate(first: npt.ArrayLike, second: npt.ArrayLike, share: npt.ArrayLike) -> FloatArray:
    """Cuboids between pairs of key frames: position and size linear, rotation along the shorter arc.

    Args:
        first: At share 0, shape (N, 10).
        second: At share 1, shape (N, 10).
        share: 0 to 1, shape (N,).
    """
    a, b = as_cuboids(first), as_cuboids(second)
    part = np.asarray(share, dtype=float).reshape(-1, 1)
    mixed: FloatArray = a + (b - a) * part
    mixed[:, 3:7] = slerp(a[:, 3:7], b[:, 3:7], part[:, 0])
    return mixed


def overlap(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Intersection over union of two cuboids, 0 to 1.

    Footprints are compared in bird's-eye view and heights along z: exact for cuboids that stand upright.
    """
    pair = np.concatenate([as_cuboids(first)[:1], as_cuboids(second)[:1]])
    faces = corners(pair)
    low = faces[:, :, 2].min(axis=1).max()
    high = faces[:, :, 2].max(axis=1).min()
    if high <= low:
        return 0.0
    common = _area(_clipped(faces[0, :4, :2], faces[1, :4, :2])) * (high - low)
    volumes = pair[:, 7:].prod(axis=1)
    return float(common / (volumes.sum() - common))


def _clipped(subject: FloatArray, window: FloatArray) -> FloatArray:
    """The common area of two convex polygons, both counter-clockwise (Sutherland and Hodgman, 1974)."""
    polygon = list(subject)
    for start, end in zip(window, np.roll(window, -1, axis=0), strict=True):
        edge = end - start
        sides = [edge[0] * (p[1] - start[1]) - edge[1] * (p[0] - start[0]) for p in polygon]
        kept: list[FloatArray] = []
        for index, point in enumerate(polygon):
            before, side_before, side = polygon[index - 1], sides[index - 1], sides[index]
            if (side >= 0) != (side_before >= 0):
                kept.append(before + (point - before) * side_before / (side_before - side))
            if side >= 0:
                kept.append(point)
        polygon = kept
        if not polygon:
            break
    return np.array(polygon).reshape(-1, 2)


def _area(polygon: FloatArray) -> float:
    x, y = polygon[:, 0], polygon[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
