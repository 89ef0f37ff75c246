"""Score poses of a camera against the points and images of some frames.

A score says how far the agreement at the image's own place is above the agreement with the image shifted
around or mirrored, in standard deviations of the latter, coarse and fine scale added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from kognic.scenes.calibration.alignment import (
    ImageFeatures,
    Scale,
    SeenPoints,
    agreement,
    describe_points,
)
from kognic.scenes.geometry.optics import Optics
from kognic.scenes.geometry.poses import FloatArray, Rigid, rotate_about
from kognic.scenes.geometry.projection import Projection, optics_of, project_with

FEWEST_POINTS = 120
"""Fewer points in view say nothing."""
_MOST_POINTS, _MOST_POINTS_IN_SEARCH = 6000, 3000
_SHIFTS = tuple((n / 8, mirrored) for mirrored in (False, True) for n in range(8) if n or mirrored)
# Keeps a spread that is small by luck from making much of little.
_SMALLEST_SPREAD = 0.003
Angles = tuple[float, float, float]
_NO_TURN: Angles = (0.0, 0.0, 0.0)
_PITCHES, _YAWS, _ROLLS = range(-6, 7), range(-7, 8), range(-6, 7, 2)
_STARTS = 4
_PEAK_DEG = 2.5


@attrs.frozen(eq=False)
class Shot:
    """One image, and the points of its frame in the reference system at the image's time.

    Attributes:
        features: The image.
        points: Metres, shape (N, 3).
        intensity: As in the file, shape (N,).
    """

    features: ImageFeatures
    points: FloatArray
    intensity: FloatArray


@attrs.frozen(eq=False)
class Trial:
    """How well a pose fits; share and number of points in view are means over the frames."""

    pose: Rigid
    score: float
    share: float
    count: int


@attrs.frozen(eq=False)
class Turned:
    """The small rotation that fits best.

    Attributes:
        angles: Degrees about the camera's x, y and z.
        pose: The pose with it.
        fit: Its agreement on the fine scale.
        plain_fit: That of no rotation.
        distinctness: How far the fit stands out: its height above the mean of turns elsewhere, relative to
            that of the best of them.
    """

    angles: Angles
    pose: Rigid
    fit: float
    plain_fit: float
    distinctness: float


class Camera:
    """One camera with everything to score poses against."""

    def __init__(self, name: str, calibration: Any, shots: Sequence[Shot]) -> None:
        self.name = name
        self._shots = shots
        self._size = (calibration.image_width, calibration.image_height)
        self.optics = optics_of(calibration)
        rotation = calibration.rotation_quaternion
        self.quaternion = np.array([rotation.w, rotation.x, rotation.y, rotation.z])

    def try_pose(self, pose: Rigid, optics: Optics | None = None) -> Trial:
        """Score a pose over all shots, with the optics of another camera if given."""
        found, shares, counts = [], [], []
        for shot in self._shots:
            projection = self._project(shot.points, pose, optics)
            visible = np.flatnonzero(projection.visible)
            counts.append(len(visible))
            shares.append(len(visible) / len(shot.points))
            if len(visible) >= FEWEST_POINTS:
                chosen = self._chosen(visible, _MOST_POINTS)
                seen = [_described(shot, projection, chosen, scale) for scale in Scale]
                found.append(
                    [_with_shifts(s, shot.features, scale) for s, scale in zip(seen, Scale, strict=True)]
                )
        score = 0.0
        if found:
            # Frames are averaged before they are compared with chance: its spread shrinks with them.
            mean = np.mean(np.array(found), axis=0)
            chance = mean[:, 1:]
            deviations = (mean[:, 0] - chance.mean(axis=1)) / (chance.std(axis=1) + _SMALLEST_SPREAD)
            score = float(deviations.sum())
        return Trial(pose, score, float(np.mean(shares)), round(float(np.mean(counts))))

    def search(self, pose: Rigid) -> Turned:
        """Find the small rotation that fits best on the fine scale.

        Args:
            pose: Where the camera is taken to be; enough points must be in view.
        """
        prepared = [item for shot in self._shots if (item := self._prepare(shot, pose)) is not None]
        known: dict[Angles, float] = {}

        def fit(angles: Angles) -> float:
            if angles not in known:
                turn = _turn(angles)
                known[angles] = float(np.mean([self._agreement_turned(item, turn) for item in prepared]))
            return known[angles]

        grid = sorted(((float(p), float(y), 0.0) for p, y in product(_PITCHES, _YAWS)), key=fit, reverse=True)
        # The best without a roll is not the best with one, so several are rolled, no turn among them.
        starts = [_NO_TURN, *_apart(grid, _STARTS)]
        best = max((_moved(start, 2, float(roll)) for start in starts for roll in _ROLLS), key=fit)
        for step in (1.0, 0.5):
            before = None
            while best != before:
                before = best
                for axis in (2, 0, 1):
                    best = max((best, _moved(best, axis, -step), _moved(best, axis, step)), key=fit)
        elsewhere = np.array([fit(angles) for angles in grid if _distance(angles, best) > _PEAK_DEG])
        turned = Rigid(np.asarray(pose.rotation @ _turn(best).T), pose.position)
        return Turned(
            best,
            turned,
            fit=fit(best),
            plain_fit=fit(_NO_TURN),
            distinctness=float((fit(best) - elsewhere.mean()) / (elsewhere.max() - elsewhere.mean() + 1e-9)),
        )

    def _prepare(self, shot: Shot, pose: Rigid) -> tuple[Shot, SeenPoints, FloatArray] | None:
        """What stays the same while the camera is turned; the points in the camera's system."""
        projection = self._project(shot.points, pose)
        visible = np.flatnonzero(projection.visible)
        if len(visible) < FEWEST_POINTS:
            return None
        chosen = self._chosen(visible, _MOST_POINTS_IN_SEARCH)
        seen = _described(shot, projection, chosen, Scale.FINE)
        return shot, seen, pose.inverse().apply(shot.points[chosen])

    def _agreement_turned(self, item: tuple[Shot, SeenPoints, FloatArray], turn: FloatArray) -> float:
        shot, seen, points = item
        pixels = self._project(points @ turn.T, Rigid.identity()).pixels
        return agreement(seen, shot.features, Scale.FINE, pixels / shot.features.scale)

    def _project(self, points: FloatArray, pose: Rigid, optics: Optics | None = None) -> Projection:
        return project_with(points, pose.inverse(), optics or self.optics, self._size)

    def _chosen(self, visible: npt.NDArray[np.intp], limit: int) -> npt.NDArray[np.intp]:
        """At most a share of the limit for each shot, the same points each time."""
        limit //= len(self._shots)
        if len(visible) <= limit:
            return visible
        return np.sort(np.random.default_rng(0).choice(visible, limit, replace=False))


def _described(shot: Shot, projection: Projection, chosen: npt.NDArray[np.intp], scale: Scale) -> SeenPoints:
    return describe_points(
        projection.pixels[chosen] / shot.features.scale,
        projection.depth[chosen],
        shot.points[chosen, 2],
        shot.intensity[chosen],
        shot.features.size,
        scale,
    )


def _with_shifts(points: SeenPoints, image: ImageFeatures, scale: Scale) -> list[float]:
    """Agreement with the image at its own place, then at shifted and mirrored ones."""
    width = image.size[0]
    found = [agreement(points, image, scale)]
    for share, mirrored in _SHIFTS:
        columns = points.pixels[:, 0]
        columns = width - 1e-6 - columns if mirrored else columns
        shifted = np.column_stack([(columns - share * width) % width, points.pixels[:, 1]])
        found.append(agreement(points, image, scale, shifted))
    return found


def _turn(angles: Angles) -> FloatArray:
    """Rotation of points in the camera system about x, then y, then z, degrees."""
    x, y, z = angles
    return np.asarray(rotate_about([0, 0, 1], z) @ rotate_about([0, 1, 0], y) @ rotate_about([1, 0, 0], x))


def _moved(angles: Angles, axis: int, step: float) -> Angles:
    values = list(angles)
    values[axis] += step
    return values[0], values[1], values[2]


def _distance(first: Angles, second: Angles) -> float:
    """Without the roll, which moves the middle of the image least."""
    return max(abs(first[0] - second[0]), abs(first[1] - second[1]))


def _apart(ranked: Sequence[Angles], count: int) -> list[Angles]:
    """The first of a ranking that are not neighbours of each other."""
    kept: list[Angles] = []
    for angles in ranked:
        if len(kept) < count and all(_distance(angles, other) > 1 for other in kept):
            kept.append(angles)
    return kept
