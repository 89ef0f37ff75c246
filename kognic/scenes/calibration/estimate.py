"""How far a calibration is off: estimates with an uncertainty for each direction.

The rotation that fits best is searched (`search`), then the objective around it is fitted by a paraboloid,
whose maximum is the estimate. Its uncertainty comes from the data itself: the same fit without each part of
the images (delete-one-group jackknife; B. Efron, "The Jackknife, the Bootstrap and Other Resampling Plans",
1982), which knows nothing of how many points are independent and need not. To it is added what the estimate
would move if the image were taken at a slightly other time than stated, as recordings of known make are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import combinations, product
from typing import Any, Protocol

import attrs
import numpy as np

from kognic.scenes.calibration.features import gaps_deg
from kognic.scenes.calibration.objective import Change, Objective, Vector
from kognic.scenes.calibration.search import Landscape, apart_deg, climb_finely, explore
from kognic.scenes.geometry.poses import FloatArray

TOLERANCE_DEG = 0.5
"""Rotation errors up to this are not reported: published calibrations are no better."""
# Half-widths of the region that the paraboloid is fitted over, degrees; a roll moves the middle least.
_SPAN = np.array([0.7, 0.7, 1.0])
# Outside of it the paraboloid is extrapolated, and its maximum means nothing.
_FARTHEST_IN_SPANS = 2.0
# Of the largest: a flatter ridge is given so much, or fits without a part of the images end anywhere on it.
_LEAST_CURVATURE = 0.1
# Farther from the search's maximum, the climb has gone to another one.
_FARTHEST_REFINED_DEG = 2.0
# A choice: the search leaves an error of a degree or so in roll; see where it is used.
_ROLL_STARTS_DEG = (0.0, -1.5, 1.5)
# A part of a rotation that is less than so many standard deviations from zero is not corrected: by chance it
# is farther from the truth than zero is.
_SUPPORTED = 1.0
# A direction whose uncertainty is larger than this is not observable, degrees.
UNOBSERVABLE_DEG = 3.0
# How wrong stated times of images are in published recordings (PandaSet: 10 to 15 ms), and how far a vehicle
# may have moved between cloud and image when nothing is known about its motion.
TIME_DEVIATION_S = 0.012
MOTION_DEVIATION_M = 0.25  # 18 km/h for half a sweep (50 ms)
# The same where the times of points and images are known, m/s: 29 km/h, a vehicle in a town.
SPEED_DEVIATION = 8.0
# Standard deviation of the pitch as a share of the gap between rows, and of the yaw of that between columns.
# One edge alone would have 0.29 (uniform), and the edges of a scene are cut by the same rows. With it the
# estimates of five public datasets are 1.1 to 1.2 standard deviations from the published calibrations (root
# mean square of each axis). FLOOR_DEG: published ones are no better.
GAP_SHARE, FLOOR_DEG = 0.12, 0.08
CERTAIN_DEG = 0.5
"""A correction is ready to be used up to this standard deviation, along the axis that is known least."""


@attrs.frozen(kw_only=True, eq=False)
class RotationEstimate:
    """The rotation of the camera that fits best.

    Attributes:
        rotation: Rotation vector that points in the camera's system have to be rotated by, degrees. The
            camera itself is to be rotated by its opposite, see `correction`.
        covariance: Of it, square degrees, shape (3, 3); large where not observable.
        observable: For pitch (x), yaw (y) and roll (z), whether the data tells.
        value: The objective there, nats.
        given: The objective of the calibration as given.
        gain: How much better the best fits than the given, standard deviations of that difference between
            parts of the images.
        landscape: The objective over all rotations.
        in_view: Points in view per image.
        images: How many images were used.
        agreed: The columns that it was found with, without the finer ones, also fit better than as given.
    """

    rotation: Vector
    covariance: FloatArray
    observable: tuple[bool, bool, bool]
    value: float
    given: float
    gain: float
    landscape: Landscape
    in_view: float
    images: int
    agreed: bool = True

    @property
    def correction(self) -> Vector:
        """Rotation vector about the camera's own axes that corrects the pose, degrees.

        The corrected rotation is the given one times this: `R_corrected = R_given @ R(correction)`.
        """
        x, y, z = self.supported
        return -x, -y, -z

    @cached_property
    def outside(self) -> float:
        """How far the rotation is outside the tolerance, standard deviations, see `excess`."""
        return excess(self.rotation, self.covariance, TOLERANCE_DEG)

    @cached_property
    def supported(self) -> Vector:
        """The rotation without the parts that the data does not support.

        An axis that is less than a standard deviation from zero is taken as right, and the others are what
        they are expected to be then (the conditional mean of a Gaussian). So the correction of a yaw error
        brings in no roll that nothing speaks for.
        """
        kept, mean, covariance = [0, 1, 2], np.array(self.rotation), np.array(self.covariance)
        while len(kept) > 1:
            sure = np.abs(mean) / np.sqrt(np.diag(covariance))
            least = int(sure.argmin())
            if sure[least] >= _SUPPORTED:
                break
            share = covariance[:, least] / covariance[least, least]
            covariance = covariance - np.outer(share, covariance[least])
            rest = [index for index in range(len(kept)) if index != least]
            mean, covariance = (mean - share * mean[least])[rest], covariance[np.ix_(rest, rest)]
            kept = [kept[index] for index in rest]
        whole = np.zeros(3)
        whole[kept] = mean
        return vector_of(whole)

    @property
    def size_deg(self) -> float:
        """Angle of the correction, degrees."""
        return float(np.linalg.norm(self.supported))

    def deviation(self, direction: Sequence[float] | None = None) -> float:
        """Standard deviation, degrees, along a direction; without one, along the correction."""
        along = np.asarray(self.supported if direction is None else direction, dtype=float)
        length = float(np.linalg.norm(along))
        # No correction, hence no direction: the mean of the axes.
        if length < 1e-9:
            return float(np.sqrt(np.trace(self.covariance) / 3))
        along = along / length
        return float(np.sqrt(along @ self.covariance @ along))

    @property
    def correction_bound(self) -> float:
        """Degrees that the rotation is off by at most once corrected, in 95 of 100 cases."""
        return 2 * math.sqrt(float(np.linalg.eigvalsh(self.covariance)[-1]))

    @property
    def is_certain(self) -> bool:
        """Whether the correction is ready to be used."""
        return self.correction_bound <= 2 * CERTAIN_DEG


def estimate_rotation(objective: Objective) -> RotationEstimate:
    """Estimate how far a camera is rotated."""
    landscape = explore(objective)
    return refine(objective, landscape)


def refine(coarse: Objective, landscape: Landscape) -> RotationEstimate:
    """Estimate the rotation around the best maximum that was found.

    Args:
        coarse: What it was found with; the estimate is made with its finer columns.
        landscape: The maxima.
    """
    objective = coarse.refined()
    x, y, z = landscape.best.rotation
    # Roll is the least observable axis, and the search leaves an error in it: start from both sides as well.
    start = climb_finely(objective, [(x, y, z + roll) for roll in _ROLL_STARTS_DEG])
    if apart_deg(start, landscape.best.rotation) > _FARTHEST_REFINED_DEG:
        start = landscape.best.rotation
    fitted = fit_paraboloid(objective, _ROTATION, np.array(start))
    covariance = fitted.covariance + _from_motion(objective, fitted) + _from_gaps(objective)
    change = _ROTATION.change(fitted.maximum)
    best, given = objective.without_groups(change), objective.without_groups(Change())
    return RotationEstimate(
        rotation=change.rotation,
        covariance=covariance,
        observable=_three(np.sqrt(np.diag(covariance)) < UNOBSERVABLE_DEG),
        value=float(best[0]),
        given=float(given[0]),
        gain=gain_of(best - given),
        landscape=landscape,
        in_view=objective.in_view(change),
        images=len(objective.shots),
        agreed=coarse.value(change) > coarse.value(),
    )


def gain_of(differences: FloatArray) -> float:
    """A difference of the objective in its own standard deviations.

    Args:
        differences: Of all points, then without each group; shape (1 + groups,).
    """
    groups = len(differences) - 1
    shares = differences[0] - differences[1:]
    deviation = float(np.sqrt(groups / (groups - 1) * np.sum((shares - shares.mean()) ** 2)))
    return float(differences[0]) / max(deviation, 1e-9)


class Number(Protocol):
    """A number besides the rotation."""

    @property
    def span(self) -> float:
        """Half-width of the region that the paraboloid is fitted over."""
        ...

    def changed(self, value: float) -> dict[str, Any]:
        """The fields of `Change` that change it by a value."""
        ...


class Space:
    """Vectors of a rotation and, if given, one more number."""

    def __init__(self, number: Number | None) -> None:
        self._number = number
        self.span = _SPAN if number is None else np.array([*_SPAN, number.span])

    def change(self, at: FloatArray) -> Change:
        """The change to a calibration."""
        more = {} if self._number is None else self._number.changed(float(at[3]))
        return Change(rotation=vector_of(at), **more)


_ROTATION = Space(None)


def fit_paraboloid(
    objective: Objective, space: Space, centre: FloatArray, farthest: float | None = None
) -> Paraboloid:
    """Fit a paraboloid around the maximum, and again around its own where that lies outside the region."""
    fitted = Paraboloid(objective, space, centre)
    for _ in range(3):
        if np.all(np.abs(fitted.offset) <= space.span):
            break
        if farthest is not None and abs(fitted.maximum[3]) > farthest:
            break
        fitted = Paraboloid(objective, space, fitted.maximum)
    return fitted


class Paraboloid:
    """A paraboloid fitted to the objective around a place, for all points and without each group.

    Attributes:
        centre: Of the region.
        offset: From there to the maximum.
        covariance: Of the maximum, shape (n, n).
        curvature: Second derivatives of all points, shape (n, n), negative definite.
    """

    def __init__(self, objective: Objective, space: Space, centre: FloatArray) -> None:
        self.centre = centre
        self._span = space.span
        size = len(centre)
        design = _design(size)
        values = np.array([objective.without_groups(space.change(centre + d * self._span)) for d in design])
        terms = _terms(design)
        fit = np.asarray(np.linalg.lstsq(terms, values, rcond=None)[0], dtype=np.float64)
        offset, curvature = _maximum(fit[:, 0], size)
        self.offset = offset * self._span
        self.curvature = curvature / np.outer(self._span, self._span)
        without = np.array([_maximum(fit[:, index], size)[0] for index in range(1, values.shape[1])])
        groups = len(without)
        spread = (without - without.mean(axis=0)) * self._span
        self.covariance: FloatArray = (groups - 1) / groups * spread.T @ spread

    @property
    def maximum(self) -> FloatArray:
        """Where it is highest, at most a span outside of the region fitted."""
        return np.asarray(self.centre + np.clip(self.offset, -self._span, self._span))


def _design(size: int) -> FloatArray:
    """Points of a central composite design, in half-widths, shape (N, size)."""
    unit = np.eye(size)
    points = [np.zeros(size)]
    points += [unit[axis] * at for axis in range(size) for at in (-1.0, -0.5, 0.5, 1.0)]
    points += [
        0.7 * (a * unit[first] + b * unit[second])
        for first, second in combinations(range(size), 2)
        for a, b in product((-1, 1), (-1, 1))
    ]
    return np.array(points)


def _terms(x: FloatArray) -> FloatArray:
    pairs = [x[:, i] * x[:, j] for i, j in combinations(range(x.shape[1]), 2)]
    return np.column_stack([np.ones(len(x)), x, x**2, *pairs])


def _maximum(fit: FloatArray, size: int) -> tuple[FloatArray, FloatArray]:
    """Where a paraboloid is highest, and its curvature with ridges held down, in half-widths."""
    curvature = np.diag(2 * fit[1 + size : 1 + 2 * size])
    for value, (i, j) in zip(fit[1 + 2 * size :], combinations(range(size), 2), strict=True):
        curvature[i, j] = curvature[j, i] = value
    values, vectors = np.linalg.eigh(curvature)
    # Along a direction without a maximum the paraboloid is given a wide one, which its uncertainty shows.
    values = np.minimum(values, -max(_LEAST_CURVATURE * float(np.abs(values).max()), 1e-6))
    offset = -(vectors / values) @ (vectors.T @ fit[1 : 1 + size])
    offset = np.clip(offset, -_FARTHEST_IN_SPANS, _FARTHEST_IN_SPANS)
    return offset, (vectors * values) @ vectors.T


def _from_motion(objective: Objective, fitted: Paraboloid) -> FloatArray:
    """What the estimate would move with the time of the image or the way of the vehicle, as a covariance."""
    if all(shot.delay is not None for shot in objective.shots):
        turn = _turned_by_speed(objective, fitted)
        return np.outer(turn, turn)
    if all(shot.velocity is not None for shot in objective.shots):
        nuisances: list[tuple[dict[str, Any], dict[str, Any]]] = [
            ({"time_s": TIME_DEVIATION_S}, {"time_s": -TIME_DEVIATION_S})
        ]
    else:
        step = MOTION_DEVIATION_M / np.sqrt(2)  # to the side and along the view, whichever is the vehicle's
        nuisances = [
            ({"position": _three(np.eye(3)[axis] * step)}, {"position": _three(-np.eye(3)[axis] * step)})
            for axis in (0, 2)
        ]
    total = np.zeros((3, 3))
    for plus, minus in nuisances:
        slope = _gradient(objective, fitted.maximum, plus) - _gradient(objective, fitted.maximum, minus)
        moved = -np.linalg.solve(fitted.curvature, slope / 2)
        total += np.outer(moved, moved)
    return total


def _turned_by_speed(objective: Objective, fitted: Paraboloid) -> FloatArray:
    """The rotation, degrees, that comes nearest to what a speed does to the points in view (least squares).

    It moves them too far out of the maximum for the slope of the objective to say anything.
    """
    rotated = _ROTATION.change(fitted.maximum)
    moving = attrs.evolve(rotated, speed=SPEED_DEVIATION)
    matrix, right = np.zeros((3, 3)), np.zeros(3)
    for shot in objective.shots:
        points, moved = shot.changed(rotated), shot.changed(moving)
        seen = objective.lens.pixels(points, rotated)[2]
        rays, other = (_unit(these[seen]) for these in (points, moved))
        # A small rotation r moves a ray d by r x d; of all r with the same result, the least is d x (r x d).
        matrix += len(rays) * np.eye(3) - rays.T @ rays
        right += np.cross(rays, other).sum(axis=0)
    return np.asarray(np.degrees(np.linalg.lstsq(matrix, right, rcond=None)[0]))


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1)[:, None])


def _from_gaps(objective: Objective) -> FloatArray:
    """What the gaps between points leave open: all edges are off by a part of one.

    A roll moves a point by its angle from the middle of the view. The edges on both sides of the view are cut
    by different rows, so that half of what one side leaves open remains.
    """
    found = []
    for shot in objective.shots:
        seen = shot.points[objective.lens.pixels(shot.points, Change())[2]]
        up, beside = gaps_deg(seen)
        rays = _unit(seen)
        lever = math.sqrt(float(np.mean(rays[:, 0] ** 2 + rays[:, 1] ** 2))) if len(seen) else 1.0
        found.append((up, beside, max(up, beside) / (2 * max(lever, 0.1))))
    shares = GAP_SHARE * np.max(found, axis=0)
    return np.asarray(np.diag(shares**2) + FLOOR_DEG**2 * np.eye(3))


def _gradient(objective: Objective, at: FloatArray, rest: dict[str, Any]) -> FloatArray:
    def value(offset: FloatArray) -> float:
        return objective.value(Change(rotation=vector_of(at + offset), **rest))

    steps = np.diag(_SPAN / 2)
    return np.array([(value(step) - value(-step)) / (2 * float(np.linalg.norm(step))) for step in steps])


def vector_of(values: FloatArray) -> Vector:
    """The first three of some numbers."""
    return float(values[0]), float(values[1]), float(values[2])


def _three(values: Any) -> Any:
    first, second, third = (value.item() for value in values)
    return first, second, third


def excess(rotation: Vector, covariance: FloatArray, tolerance: float) -> float:
    """How far an estimate is outside a tolerance, in standard deviations.

    It is the Mahalanobis distance to the nearest rotation within the tolerance, so that a direction that is
    known well counts although others are not.

    Args:
        rotation: Rotation vector, degrees.
        covariance: Square degrees, shape (3, 3).
        tolerance: Degrees.
    """
    at = np.asarray(rotation)
    if np.linalg.norm(at) <= tolerance:
        return 0.0
    precision = np.linalg.inv(covariance)
    low, high = 0.0, 1e6
    nearest = at
    for _ in range(80):  # the Lagrange multiplier by bisection
        middle = (low + high) / 2
        nearest = np.linalg.solve(precision + middle * np.eye(3), precision @ at)
        low, high = (middle, high) if np.linalg.norm(nearest) > tolerance else (low, middle)
    apart = at - nearest
    return float(np.sqrt(apart @ precision @ apart))
