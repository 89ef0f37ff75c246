"""Where the objective has its maximum over rotations: coarse to fine, the same steps every time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import attrs
import numpy as np

from kognic.scenes.calibration.objective import NONE, Change, Objective, Vector
from kognic.scenes.geometry.poses import angle_between_deg, rotation_of

REACH_DEG = 20.0
"""Rotations are searched up to this angle."""
# The softened objective is some four degrees wide in pitch and yaw; a roll moves the middle least.
_STEP_DEG, _ROLL_STEP_DEG = 2.5, 4.0
# Few where thousands of rotations are scored, more where their maxima are climbed, most for the result. More
# of them take longer in proportion.
_COARSE_POINTS, _MIDDLE_POINTS, FINE_POINTS = 1000, 2500, 6000
# A choice: fewer starts can miss the right maximum behind wrong ones, more take longer.
_STARTS, _LED, _FINALISTS = 16, 3, 3
# Maxima nearer than this are one.
APART_DEG = 3.0
# Random rotations that say what chance scores: 40 give its deviation to a tenth (1 / sqrt(2 n)); a rough
# look needs fewer.
_CHANCE_SAMPLES, _GLANCE_SAMPLES = 40, 12
# Of a degree: about the width of a maximum, so that the neighbours of the given rotation are on its slope.
_NEAR_DEG = 0.7
# Errors that are left beside a mistake are small: a fifth of the full reach holds them.
_NEAR_REACH_DEG = 4.0
# An assumption that has not even this contrast next to its best starts is not searched further.
_HOPELESS = 4.0

Score = Callable[[Vector], float]


@attrs.frozen(kw_only=True)
class Peak:
    """A maximum of the objective over rotations.

    Attributes:
        rotation: Rotation vector, degrees.
        value: The objective there.
    """

    rotation: Vector
    value: float


@attrs.frozen(kw_only=True)
class Landscape:
    """The objective over rotations.

    Attributes:
        peaks: Its highest maxima, the highest first, apart from each other.
        given: The best within a degree of the calibration as given.
        chance_mean: Mean of the objective at rotations far from all of them.
        chance_deviation: Its standard deviation there.
    """

    peaks: tuple[Peak, ...]
    given: Peak
    chance_mean: float
    chance_deviation: float

    @property
    def best(self) -> Peak:
        """The highest."""
        return self.peaks[0]

    @property
    def contrast(self) -> float:
        """Height of the highest above chance, in deviations of chance."""
        return (self.best.value - self.chance_mean) / self.chance_deviation

    @property
    def given_contrast(self) -> float:
        """Height of the calibration as given above chance, in deviations of chance."""
        return (self.given.value - self.chance_mean) / self.chance_deviation

    @property
    def lead(self) -> float:
        """Height of the highest above chance relative to that of the next; infinite without a next."""
        if len(self.peaks) < 2:
            return float("inf")
        return (self.best.value - self.chance_mean) / max(
            self.peaks[1].value - self.chance_mean, self.chance_deviation
        )


def explore(objective: Objective) -> Landscape:
    """Find the highest maxima over rotations up to `REACH_DEG` about each axis."""
    soft = objective.thinned(_COARSE_POINTS, [shot.maps.softened for shot in objective.shots])
    middle = objective.thinned(_MIDDLE_POINTS)
    coarse = _scored(soft)
    ranked = sorted(_grid(REACH_DEG), key=coarse, reverse=True)
    starts = _apart(ranked, _STARTS, 2 * _STEP_DEG)
    # The grid is coarser than the maxima of sharp images are wide: softened ones lead there.
    led = [ascend(coarse, start, (1.2, 0.6)).rotation for start in starts[:_LED]]
    score = _scored(middle)
    found = [ascend(score, _rolled(score, start), (1.2, 0.6)) for start in (NONE, *starts, *led)]
    broad = _distinct(_ranked(middle, [peak.rotation for peak in found]))[:_FINALISTS]
    fine = _scored(objective)
    near = {start for peak in broad for start in (peak.rotation, _along_ridges(score, peak.rotation))}
    final = _ranked(objective, [ascend(fine, start, (0.5, 0.25)).rotation for start in sorted(near)])
    return _landscape(objective, _distinct(final), best_around(objective, NONE, fine))


def glance(objective: Objective) -> float:
    """Height of the objective above chance near the calibration as given, in deviations of chance, roughly.

    It ranks assumptions at a twentieth of the cost of `explore_near`.
    """
    score = _scored(objective.thinned(_COARSE_POINTS, [shot.maps.softened for shot in objective.shots]))
    near = max(map(score, _grid(_NEAR_REACH_DEG)))
    elsewhere = np.array([score(rotation) for rotation in _spread(_GLANCE_SAMPLES)])
    return (near - float(elsewhere.mean())) / max(float(elsewhere.std()), 1.0)


def explore_near(objective: Objective) -> Landscape:
    """Find the highest maximum over small rotations only, at a tenth of the cost.

    Args:
        objective: Of one camera, under an assumption that leaves no more than `_NEAR_REACH_DEG` to correct.
    """
    middle = objective.thinned(_MIDDLE_POINTS)
    soft = objective.thinned(_COARSE_POINTS, [shot.maps.softened for shot in objective.shots])
    ranked = sorted(_grid(_NEAR_REACH_DEG), key=_scored(soft), reverse=True)
    score = _scored(middle)
    starts = [NONE, *_apart(ranked, 3, _STEP_DEG)]
    found = [ascend(score, start, (1.2, 0.6, 0.3)) for start in starts[:2]]
    landscape = _landscape(middle, [_best_broad(middle, found)], None)
    if landscape.contrast < _HOPELESS:
        return landscape
    found += [ascend(score, start, (1.2, 0.6, 0.3)) for start in starts[2:]]
    best = _best_broad(middle, found)
    return attrs.evolve(landscape, peaks=(best,), given=best)


def _best_broad(objective: Objective, found: Sequence[Peak]) -> Peak:
    best = max(found, key=lambda peak: peak.value).rotation
    return Peak(rotation=best, value=_broad(objective, best))


def best_around(objective: Objective, at: Vector, score: Score | None = None) -> Peak:
    """The best of a few rotations less than a degree from one: errors as small as that are everywhere."""
    score = score or _scored(objective)
    near = [at, *(_shifted(at, axis, step) for axis in range(3) for step in (-_NEAR_DEG, _NEAR_DEG))]
    best = max(near, key=score)
    return Peak(rotation=best, value=_broad(objective, best))


def _landscape(objective: Objective, peaks: Sequence[Peak], given: Peak | None) -> Landscape:
    """Compare maxima with what the objective is at rotations far from the highest."""
    elsewhere = np.array(
        [
            _broad(objective, rotation)
            for rotation in _spread(_CHANCE_SAMPLES)
            if apart_deg(rotation, peaks[0].rotation) > APART_DEG
        ]
    )
    return Landscape(
        peaks=tuple(peaks),
        given=given or peaks[0],
        chance_mean=float(elsewhere.mean()),
        chance_deviation=max(float(elsewhere.std()), 1.0),
    )


def _ranked(objective: Objective, rotations: Sequence[Vector]) -> list[Peak]:
    """Rotations by how well they fit all over the images, the best first.

    The best of one place may be higher right beside the best of all places, so that neighbours must not be
    left out before this (see `_distinct`).
    """
    chosen = sorted(set(rotations))
    peaks = [Peak(rotation=rotation, value=_broad(objective, rotation)) for rotation in chosen]
    return sorted(peaks, key=_height, reverse=True)


def _height(peak: Peak) -> float:
    return peak.value


def _broad(objective: Objective, rotation: Vector) -> float:
    return objective.broad(Change(rotation=rotation))


def _along_ridges(score: Score, start: Vector) -> Vector:
    """The best around a maximum, where a roll together with a pitch or a yaw changes little.

    What is in view on one side of the image only cannot tell the two apart well, and steps along one axis
    at a time get stuck on the ridge.
    """
    near: list[Vector] = [
        _shifted(_shifted(start, 2, roll), axis, float(turn))
        for axis, roll, turn in product((0, 1), (-4.0, -2.0, 0.0, 2.0, 4.0), (-2, -1, 0, 1, 2))
    ]
    best = max(near, key=score)
    return start if best == start else ascend(score, best, (0.6,)).rotation


def _rolled(score: Score, start: Vector) -> Vector:
    """The best of a few rolls about a start: the coarse grid is widest there."""
    return max((_shifted(start, 2, roll) for roll in (0.0, -2.0, 2.0)), key=score)


def ascend(score: Score, start: Vector, steps: Sequence[float]) -> Peak:
    """Climb along the axes, with each step size until none helps."""
    best, value = start, score(start)
    for step in steps:
        before: Vector | None = None
        while best != before:
            before = best
            for axis, sign in product((2, 0, 1), (-1, 1)):
                best, value = _climb(score, best, value, _shifted(NONE, axis, sign * step))
            # Rotations hang together: a ridge is followed along the way that a round of the axes went.
            best, value = _climb(score, best, value, _between(before, best))
    return Peak(rotation=best, value=value)


def climb_finely(objective: Objective, starts: Sequence[Vector]) -> Vector:
    """The highest of the maxima next to some rotations."""
    score = _scored(objective)
    return max((ascend(score, start, (0.6, 0.3)) for start in starts), key=lambda peak: peak.value).rotation


def apart_deg(first: Sequence[float], second: Sequence[float]) -> float:
    """Angle of the rotation between two rotation vectors, degrees."""
    return angle_between_deg(rotation_of(first), rotation_of(second))


def _climb(score: Score, at: Vector, value: float, step: Vector) -> tuple[Vector, float]:
    """Repeat a step as long as it helps."""
    while any(step):
        trial = (at[0] + step[0], at[1] + step[1], at[2] + step[2])
        there = score(trial)
        if there <= value:
            break
        at, value = trial, there
    return at, value


def _between(first: Vector, second: Vector) -> Vector:
    return second[0] - first[0], second[1] - first[1], second[2] - first[2]


def _scored(objective: Objective) -> Score:
    known: dict[Vector, float] = {}

    def score(rotation: Vector) -> float:
        key = (round(rotation[0], 4), round(rotation[1], 4), round(rotation[2], 4))
        if key not in known:
            known[key] = objective.value(Change(rotation=key))
        return known[key]

    return score


def _grid(reach: float) -> Iterator[Vector]:
    sides = np.arange(-np.floor(reach / _STEP_DEG), np.floor(reach / _STEP_DEG) + 1) * _STEP_DEG
    rolls = np.arange(-np.floor(reach / _ROLL_STEP_DEG), np.floor(reach / _ROLL_STEP_DEG) + 1)
    for roll, pitch, yaw in product(rolls * _ROLL_STEP_DEG, sides, sides):
        if math.hypot(roll, pitch, yaw) <= reach + 1:  # in all, not about each axis at once
            yield float(pitch), float(yaw), float(roll)


def _spread(count: int) -> list[Vector]:
    """Rotations all over the range, the same each time."""
    drawn = np.random.default_rng(1).uniform(-REACH_DEG, REACH_DEG, (count, 3))
    return [(float(a), float(b), float(c)) for a, b, c in drawn]


def _shifted(rotation: Vector, axis: int, step: float) -> Vector:
    values = list(rotation)
    values[axis] += step
    return values[0], values[1], values[2]


def _apart(ranked: Sequence[Vector], count: int, distance: float) -> list[Vector]:
    """The first of a ranking that are not neighbours of each other."""
    kept: list[Vector] = []
    for rotation in ranked:
        if all(max(abs(a - b) for a, b in zip(rotation, other, strict=True)) >= distance for other in kept):
            kept.append(rotation)
            if len(kept) == count:
                break
    return kept


def _distinct(ranked: Sequence[Peak]) -> list[Peak]:
    kept: list[Peak] = []
    for peak in ranked:
        if all(apart_deg(peak.rotation, other.rotation) >= APART_DEG for other in kept):
            kept.append(peak)
    return kept
