"""How one cloud of static points has to be moved to lie on another: point to plane, on planes of cells.

Cells of a grid that hold a flat patch of the target have a plane; every source point is compared with that
of its cell. The grid becomes finer as the motion is found, so that a metre or some degrees are within reach.
What moves by itself, and what only one cloud shows, is weighed down (Huber) or has no plane. Where what is
found is far from the start and hardly better, the start is believed, and the difference is uncertainty.

Sources: Y. Chen, G. Medioni, "Object Modelling by Registration of Multiple Range Images", 1992 (point to
plane); P. Biber, W. Strasser, "The Normal Distributions Transform", 2003 (cells).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from kognic.scenes.geometry.poses import FloatArray, Rigid, rotation_of

# Sizes of cells, metres; the distance from a plane, metres, from which a point counts for less; iterations.
# At first points must be allowed to be far off, or the few that look along the road are lost.
_STAGES = ((4.0, 0.6, 15), (2.0, 0.3, 15), (1.0, 0.15, 15), (1.0, 0.03, 10))
# What repeats along a road, such as the posts of a guard rail, leads the coarse stages to the next one:
# farther off than this (radians, metres), the result is compared with that of the last stage alone.
_SAME_BASIN = np.array([np.radians(0.5)] * 3 + [0.2] * 3)
# Cosine of 60 degrees: a plane that is seen more from the side hardly tells two motions apart.
_FACING = 0.5
# A choice: of that many standard deviations of the count, chance makes one in 700.
_SIGMAS = 3.0
# Grids of cells, the second half a cell away: a border of one that runs along a kerb, a wall's foot or a
# guard rail hides it, because a cell with two surfaces has no plane.
_GRIDS = 2
# A plane has three numbers, so six points leave as many to judge its flatness by. A choice: with fewer than
# 300 matches, one parked car decides about the motion.
_FEWEST_IN_CELL, _FEWEST_MATCHES = 6, 300
# A patch is flat if it is thin, as a share of its second extent and in metres, and no mere line of one row.
_THIN, _THICKEST_M, _LEAST_WIDTH = 0.15, 0.12, 0.02
# Share of the points that lie on planes of the other frame. A choice: in woods few do; below a tenth, a wrong
# motion finds as many.
_LEAST_SHARE = 0.1
# Metres: nearer are the vehicle's own parts, farther rows are too far apart to form flat patches.
_NEAREST_M, _FARTHEST_M = 2.0, 60.0
# A choice, about a tenth of a sweep of 128 rows: neighbours share a patch, so that more add little and take
# longer.
_MOST_POINTS = 20_000
# Neighbouring points share a patch, so that they count for less than as many of their own.
_CORRELATION = 25.0
# What is expected of the start, as standard deviations: directions that no surface shows stay where they are.
_PRIOR = np.array([np.radians(4.0)] * 3 + [1.5] * 3)
# An alignment that ends farther away, or that far from the planes (median, metres), has gone astray.
_REACH, _WORST_M = 3 * _PRIOR, 0.08
# Standard deviation that no alignment of two sweeps stays below: radians, metres.
_FLOOR = np.array([np.radians(0.03)] * 3 + [0.012] * 3)


@attrs.frozen(kw_only=True, eq=False)
class Alignment:
    """A motion from source to target, found from their points.

    Attributes:
        motion: `x_target = motion x_source` of static points.
        covariance: Of its rotation vector (radians) and translation (metres), shape (6, 6).
        share: Part of the source points that have a plane in the target.
        residual: Median distance from those planes, metres.
    """

    motion: Rigid
    covariance: FloatArray
    share: float
    residual: float


def align(target: npt.ArrayLike, source: npt.ArrayLike, start: Rigid) -> Alignment | None:
    """Find the motion that puts a source on a target.

    Args:
        target: Static points, metres, shape (N, 3).
        source: The same, of another time or lidar.
        start: The motion to begin with, some degrees and a metre from the truth at most.

    Returns:
        None where too few points of both lie on common planes.
    """
    fixed, moved = _usable(np.asarray(target, dtype=float)), _usable(np.asarray(source, dtype=float))
    planes = {size: _Planes(fixed, size) for size, _, _ in _STAGES}
    found = _refined(planes, moved, start, _STAGES)
    if found is None:
        return None
    if (np.abs(logarithm(found.motion @ start.inverse())) > _SAME_BASIN).any():
        nearer = _refined(planes, moved, start, _STAGES[-1:])
        found = _believed(planes[_STAGES[-1][0]], moved, found, nearer)
    if found.share < _LEAST_SHARE or found.residual > _WORST_M:
        return None
    if (np.abs(logarithm(found.motion @ start.inverse())) > _REACH).any():
        return None
    return found


def _refined(
    planes: Mapping[float, _Planes],
    moved: FloatArray,
    start: Rigid,
    stages: Sequence[tuple[float, float, int]],
) -> Alignment | None:
    """Go through stages; None where too few points lie on planes."""
    motion, matches = start, None
    for size, tolerance, steps in stages:
        for _ in range(steps):
            matches = planes[size].matches(motion.apply(moved), tolerance)
            if matches is None:
                return None
            step = matches.step(logarithm(motion @ start.inverse()))
            motion = exponential(step) @ motion
            # Radians and metres: far below what `_CORRELATION` leaves certain.
            if np.abs(step[:3]).max() < 1e-5 and np.abs(step[3:]).max() < 1e-4:
                break
    assert matches is not None
    return Alignment(
        motion=motion, covariance=matches.covariance(), share=matches.share, residual=matches.residual
    )


def _believed(planes: _Planes, moved: FloatArray, found: Alignment, nearer: Alignment | None) -> Alignment:
    """Of two alignments the one that was found, if it is better beyond doubt, else the one nearer the start.

    Only points on planes that face the displacement between the two are counted: on other planes both are
    equally good. Without a clear winner, the displacement is added to the covariance.
    """
    if nearer is None:
        return found
    first, second = found.motion.apply(moved), nearer.motion.apply(moved)
    way = first - second
    far = np.linalg.norm(way, axis=1, keepdims=True)
    # Where both put a point on the same place, it says nothing.
    way = way / np.maximum(far, _STAGES[-1][1])
    on, other = (planes.carry(points, way, 2 * _STAGES[-1][1]) for points in (first, second))
    more, fewer = int((on & ~other).sum()), int((other & ~on).sum())
    if more - fewer > _SIGMAS * np.sqrt((more + fewer) * _CORRELATION):
        return found
    apart = logarithm(found.motion @ nearer.motion.inverse())
    return attrs.evolve(nearer, covariance=nearer.covariance + np.outer(apart, apart))


def exponential(vector: FloatArray) -> Rigid:
    """Return the motion of a rotation vector (radians) and a translation (metres), shape (6,)."""
    return Rigid(rotation_of(np.degrees(vector[:3])), np.asarray(vector[3:], dtype=float))


def logarithm(motion: Rigid) -> FloatArray:
    """Return the rotation vector (radians) and translation (metres) of a motion, shape (6,)."""
    r = motion.rotation
    axis = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]]) / 2
    sine, cosine = float(np.linalg.norm(axis)), (float(np.trace(r)) - 1) / 2
    angle = float(np.arctan2(sine, cosine))
    # The limit for small angles, where both are 0 but for rounding.
    scale = angle / sine if sine > 1e-12 else 1.0
    return np.concatenate([axis * scale, motion.position])


def _usable(points: FloatArray) -> FloatArray:
    distance = np.linalg.norm(points, axis=1)
    points = points[(distance > _NEAREST_M) & (distance < _FARTHEST_M)]
    if len(points) > _MOST_POINTS:
        points = points[np.random.default_rng(0).choice(len(points), _MOST_POINTS, replace=False)]
    return points


class _Planes:
    """The flat patches of a cloud, by cell."""

    def __init__(self, points: FloatArray, size: float) -> None:
        self._size = size
        keys, index, counts = np.unique(self._cells(points), return_inverse=True, return_counts=True)
        points = np.tile(points, (_GRIDS, 1))
        mean = np.column_stack([np.bincount(index, points[:, axis]) for axis in range(3)]) / counts[:, None]
        off = points - mean[index]
        spread = np.empty((len(keys), 3, 3))
        for row in range(3):
            for column in range(3):
                spread[:, row, column] = np.bincount(index, off[:, row] * off[:, column]) / counts
        values, vectors = np.linalg.eigh(spread) if len(keys) else (np.empty((0, 3)), np.empty((0, 3, 3)))
        extent = np.sqrt(np.maximum(values, 0.0))
        flat = (
            (counts >= _FEWEST_IN_CELL)
            & (extent[:, 0] < np.minimum(_THIN * extent[:, 1], _THICKEST_M))
            & (extent[:, 1] > np.maximum(_LEAST_WIDTH * size, 0.1 * extent[:, 2]))
        )
        self._keys, self._mean, self._normal = keys[flat], mean[flat], vectors[flat, :, 0]

    def _cells(self, points: FloatArray) -> npt.NDArray[np.int64]:
        """Cell of each point in each grid, one grid after the other; shape (grids * N,)."""
        found = []
        for grid in range(_GRIDS):
            cells = np.floor(points / self._size + grid / _GRIDS).astype(np.int64) + 512
            found.append((grid << 30) | (cells[:, 0] << 20) | (cells[:, 1] << 10) | cells[:, 2])
        return np.concatenate(found)

    def carry(self, points: FloatArray, way: FloatArray, tolerance: float) -> npt.NDArray[np.bool_]:
        """Which points lie on a plane, within so many metres, that faces their way; shape (N,)."""
        points, mean, normal, found = self._of(points)
        off = np.einsum("ij,ij->i", points - mean, normal)
        faces = np.abs(np.einsum("ij,ij->i", np.tile(way, (_GRIDS, 1))[found], normal)) > _FACING
        on = np.zeros(len(found), dtype=bool)
        on[found] = (np.abs(off) < tolerance) & faces
        return np.asarray(on.reshape(_GRIDS, -1).any(axis=0))

    def matches(self, points: FloatArray, tolerance: float) -> _Matches | None:
        """Points that lie in the cell of a plane; None if there are too few."""
        if not len(self._keys):
            return None
        points, mean, normal, found = self._of(points)
        if len(points) < _FEWEST_MATCHES * _GRIDS:
            return None
        return _Matches(points, mean, normal, tolerance, float(found.mean()))

    def _of(self, points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, npt.NDArray[np.bool_]]:
        """The points in the cell of a plane, its mean and normal, and for each cell whether it is of one."""
        cells = self._cells(points)
        place = np.minimum(np.searchsorted(self._keys, cells), len(self._keys) - 1)
        found = self._keys[place] == cells
        place = place[found]
        return np.tile(points, (_GRIDS, 1))[found], self._mean[place], self._normal[place], found


class _Matches:
    """Points and their planes, as equations for a small motion."""

    def __init__(
        self, points: FloatArray, mean: FloatArray, normal: FloatArray, tolerance: float, share: float
    ) -> None:
        self.share = share
        self._off = np.einsum("ij,ij->i", points - mean, normal)
        self._design = np.hstack([np.cross(points, normal), normal])
        self.residual = float(np.median(np.abs(self._off)))
        self._scale = max(1.5 * self.residual, tolerance)
        self._weight = np.minimum(1.0, self._scale / np.maximum(np.abs(self._off), 1e-9))
        self._weight[np.abs(self._off) > 6 * self._scale] = 0.0

    @property
    def _variance(self) -> float:
        return float(self._scale**2 * _CORRELATION * _GRIDS)

    def _information(self) -> FloatArray:
        weighted = self._design * self._weight[:, None]
        return np.asarray(weighted.T @ self._design / self._variance + np.diag(_PRIOR**-2))

    def step(self, moved: FloatArray) -> FloatArray:
        """The small motion that brings the points onto their planes.

        Args:
            moved: How far the start has been left, as a rotation vector and a translation.
        """
        right = (self._design * self._weight[:, None]).T @ self._off / self._variance
        return np.asarray(-np.linalg.solve(self._information(), right + moved / _PRIOR**2), dtype=np.float64)

    def covariance(self) -> FloatArray:
        """Of the small motion, shape (6, 6)."""
        covariance = np.linalg.inv(self._information()) + np.diag(_FLOOR**2)
        return np.asarray(covariance, dtype=np.float64)
