"""Which classic mistake explains why points and images of a camera do not fit, if one does.

Each mistake is undone and the objective searched around that. What it reaches is compared with the best small
correction, with the other mistakes and with chance by `decide`; what the answer is worth is for `verdict`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs
import numpy as np

from kognic.scenes.calibration.decide import LEFT_OVER_DEG
from kognic.scenes.calibration.hypotheses import Hypothesis, hypotheses, mistaken_axes, mistaken_poses
from kognic.scenes.calibration.objective import NONE
from kognic.scenes.calibration.observe import Observations, Variant
from kognic.scenes.calibration.search import Landscape, apart_deg, explore_near
from kognic.scenes.calibration.thresholds import THRESHOLDS
from kognic.scenes.geometry.poses import FloatArray, Rigid, angle_between_deg

# Poses nearer than these are the given one: no error of this size is reported (`TOLERANCE_DEG`).
_SAME_DEG, _SAME_M = 0.5, 0.5
# A mistake that rotates a camera by less is a small correction, and is reported as one: the search reaches 20
# degrees. Cameras that look straight ahead have quaternions that mean nearly the same in another order.
_SMALL_DEG = 15.0
# Half of an estimate's: many mistakes are tried, and each has to score far higher anyway.
_POINTS = 3000


@attrs.frozen(eq=False)
class Trial:
    """A hypothesis, and how the data fits if it is undone."""

    hypothesis: Hypothesis
    landscape: Landscape

    @property
    def height(self) -> float:
        """See `height_of`."""
        return height_of(self.landscape)

    @property
    def leaves_little(self) -> bool:
        """Whether no large rotation remains to be corrected."""
        return apart_deg(self.landscape.best.rotation, NONE) <= LEFT_OVER_DEG


@attrs.frozen(eq=False, kw_only=True)
class LidarCause:
    """The mistake about a lidar that explains most cameras.

    Attributes:
        lidar: Its name.
        hypothesis: The mistake.
        heights: How well each camera fits with it undone, see `height_of`.
        given: Mean of the same over the cameras without.
        fitting: How many cameras fit clearly.
    """

    lidar: str
    hypothesis: Hypothesis
    heights: Mapping[str, float]
    given: float
    fitting: int

    @property
    def height(self) -> float:
        """Mean over the cameras."""
        return float(np.mean(list(self.heights.values())))


def height_of(landscape: Landscape | None) -> float:
    """Height of the highest maximum above chance, in deviations of chance.

    Unlike the objective it can be compared between assumptions that bring other points into view.
    """
    return 0.0 if landscape is None else max(landscape.contrast, 0.0)


def try_mistakes(seen: Observations, camera: str) -> list[Trial]:
    """Undo every classic mistake about a camera that changes anything."""
    return [trial for h in _different(seen, camera) if (trial := _try(seen, camera, h)) is not None]


def find_lidar_cause(seen: Observations, small: Mapping[str, Landscape | None]) -> LidarCause | None:
    """Find the classic mistake about one lidar that explains most cameras by far better than anything else.

    Args:
        seen: What was recorded.
        small: The best small corrections of each camera.
    """
    found = [
        _heights(seen, lidar, hypothesis, small)
        for lidar, given in seen.lidars.items()
        for hypothesis in [*_different_lidars(seen, lidar, given), *mistaken_axes()]
    ]
    best = max(found, key=lambda cause: cause.height, default=None)
    if (
        best is None
        or 2 * best.fitting <= len(small)
        or best.height < max(THRESHOLDS.cause_contrast, THRESHOLDS.cause_lead * best.given)
    ):
        return None
    return best


def _heights(
    seen: Observations, lidar: str, hypothesis: Hypothesis, small: Mapping[str, Landscape | None]
) -> LidarCause:
    lidars = None if hypothesis.pose is None else {lidar: hypothesis.pose}
    variant = Variant(lidars=lidars, points=hypothesis.points)
    heights = {}
    for camera in small:
        objective = seen.objective(camera, variant, limit=_POINTS // 2)
        trial = None if objective is None else Trial(hypothesis, explore_near(objective))
        heights[camera] = trial.height if trial is not None and trial.leaves_little else 0.0
    return LidarCause(
        lidar=lidar,
        hypothesis=hypothesis,
        heights=heights,
        given=float(np.mean([height_of(landscape) for landscape in small.values()])),
        fitting=sum(height >= THRESHOLDS.cause_contrast for height in heights.values()),
    )


def _different(seen: Observations, camera: str) -> Iterator[Hypothesis]:
    """The hypotheses that change anything."""
    given = seen.poses[camera]
    for hypothesis in hypotheses(camera, seen.poses, _quaternion(seen, camera)):
        pose = hypothesis.pose
        if pose is None or hypothesis.other is not None or _differ(pose, given, _SMALL_DEG):
            yield hypothesis


def _different_lidars(seen: Observations, lidar: str, given: Rigid) -> Iterator[Hypothesis]:
    for hypothesis in mistaken_poses(given, _quaternion(seen, lidar)):
        if hypothesis.pose is not None and _differ(hypothesis.pose, given, _SAME_DEG):
            yield hypothesis


def _quaternion(seen: Observations, sensor: str) -> FloatArray:
    q = seen.sensors[sensor].rotation_quaternion
    return np.array([q.w, q.x, q.y, q.z])


def _differ(first: Rigid, second: Rigid, degrees: float) -> bool:
    return (
        angle_between_deg(first.rotation, second.rotation) >= degrees
        or float(np.linalg.norm(first.position - second.position)) >= _SAME_M
    )


def _try(seen: Observations, camera: str, hypothesis: Hypothesis) -> Trial | None:
    lens = None if hypothesis.other is None else seen.lenses[hypothesis.other]
    if lens is not None and lens.size != seen.lenses[camera].size:
        return None
    variant = Variant(
        pose=hypothesis.pose, lens=lens, mirrored=hypothesis.mirrored, upside_down=hypothesis.upside_down
    )
    objective = seen.objective(camera, variant, limit=_POINTS)
    return None if objective is None else Trial(hypothesis, explore_near(objective))
