"""Which classic mistake explains why points and images of a camera do not fit, if one does.

Each mistake is undone and the objective searched around that. What it reaches is compared with the best small
correction, with the other mistakes and with chance by `decide`; what the answer is worth is for `verdict`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TypeVar

import attrs
import numpy as np

from kognic.scenes.calibration.answer import LEFT_OVER_DEG
from kognic.scenes.calibration.hypotheses import Hypothesis, hypotheses, mistaken_axes, mistaken_poses
from kognic.scenes.calibration.objective import NONE, Objective
from kognic.scenes.calibration.observe import Observations, Variant
from kognic.scenes.calibration.search import Landscape, apart_deg, explore_near, glance
from kognic.scenes.calibration.thresholds import THRESHOLDS
from kognic.scenes.geometry.poses import FloatArray, Rigid, angle_between_deg

T = TypeVar("T")
# Poses nearer than these are the given one: no error of this size is reported (`TOLERANCE_DEG`).
_SAME_DEG, _SAME_M = 0.5, 0.5
# A mistake that rotates a camera by less is a small correction, and is reported as one: the search reaches 20
# degrees. Cameras that look straight ahead have quaternions that mean nearly the same in another order.
_SMALL_DEG = 15.0
# Half of an estimate's: many mistakes are tried, and each has to score far higher anyway.
_POINTS = 3000
# So many mistakes, those that look best at a glance, are searched closely, if they look like anything. On
# every recording a mirrored image came first, at 5.2 or more.
_CLOSELY, _PROMISING = 3, 2.5


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
    """Undo every classic mistake about a camera that changes anything, and search around the likeliest."""
    tried = [(h, objective) for h in _different(seen, camera) if (objective := _undone(seen, camera, h, 1))]
    likely = [hypothesis for hypothesis, _ in _likely(tried, lambda pair: glance(pair[1]))]
    # A glance at one image ranks the mistakes; the few that are likely are searched in all images.
    found = [(hypothesis, _undone(seen, camera, hypothesis)) for hypothesis in likely]
    return [Trial(hypothesis, explore_near(objective)) for hypothesis, objective in found if objective]


def _likely(tried: Sequence[T], glanced: Callable[[T], float]) -> list[T]:
    """The few that are worth a close search, the best first."""
    ranked = sorted(((glanced(one), one) for one in tried), key=itemgetter(0), reverse=True)
    return [one for height, one in ranked[:_CLOSELY] if height >= _PROMISING]


def find_lidar_cause(seen: Observations, small: Mapping[str, Landscape | None]) -> LidarCause | None:
    """Find the classic mistake about one lidar that explains most cameras by far better than anything else.

    Args:
        seen: What was recorded.
        small: The best small corrections of each camera.
    """
    tried = [(lidar, h) for lidar in seen.lidars for h in _different_lidars(seen, lidar)]
    # All are tried on two cameras, the likeliest on all of them.
    some = [*small][:2]
    likely = _likely(tried, lambda pair: _glanced(seen, *pair, some))
    found = [_heights(seen, lidar, hypothesis, small) for lidar, hypothesis in likely]
    best = max(found, key=lambda cause: cause.height, default=None)
    if best is None or 2 * best.fitting <= len(small) or not _leads(best, best.given):
        return None
    if len(seen.lidars) > 1:
        nothing = attrs.evolve(best.hypothesis, pose=None, points=None)
        alone = _heights(seen, best.lidar, nothing, small)
        return best if _leads(best, alone.height) else None
    return best


def _leads(cause: LidarCause, given: float) -> bool:
    """Whether a mistake explains the data by far better than the calibration as given does."""
    return cause.height >= max(THRESHOLDS.cause_contrast, THRESHOLDS.cause_lead * given)


def _glanced(seen: Observations, lidar: str, hypothesis: Hypothesis, cameras: Sequence[str]) -> float:
    variant = _of_lidar(seen, lidar, hypothesis)
    found = [
        seen.objective(camera, variant, limit=_POINTS // 2, images=1, refinable=False) for camera in cameras
    ]
    heights = [glance(objective) for objective in found if objective is not None]
    return float(np.mean(heights)) if heights else 0.0


def _of_lidar(seen: Observations, lidar: str, hypothesis: Hypothesis) -> Variant:
    return Variant(lidars={lidar: hypothesis.pose or seen.lidars[lidar]}, points=hypothesis.points)


def _heights(
    seen: Observations, lidar: str, hypothesis: Hypothesis, small: Mapping[str, Landscape | None]
) -> LidarCause:
    variant = _of_lidar(seen, lidar, hypothesis)
    heights = {}
    for camera in small:
        objective = seen.objective(camera, variant, limit=_POINTS // 2, refinable=False)
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


def _different_lidars(seen: Observations, lidar: str) -> Iterator[Hypothesis]:
    given = seen.lidars[lidar]
    for hypothesis in mistaken_poses(given, _quaternion(seen, lidar)):
        if hypothesis.pose is not None and _differ(hypothesis.pose, given, _SAME_DEG):
            yield hypothesis
    yield from mistaken_axes()


def _quaternion(seen: Observations, sensor: str) -> FloatArray:
    q = seen.sensors[sensor].rotation_quaternion
    return np.array([q.w, q.x, q.y, q.z])


def _differ(first: Rigid, second: Rigid, degrees: float) -> bool:
    return (
        angle_between_deg(first.rotation, second.rotation) >= degrees
        or float(np.linalg.norm(first.position - second.position)) >= _SAME_M
    )


def _undone(
    seen: Observations, camera: str, hypothesis: Hypothesis, images: int | None = None
) -> Objective | None:
    lens = None if hypothesis.other is None else seen.lenses[hypothesis.other]
    if lens is not None and lens.size != seen.lenses[camera].size:
        return None
    variant = Variant(
        pose=hypothesis.pose, lens=lens, mirrored=hypothesis.mirrored, upside_down=hypothesis.upside_down
    )
    return seen.objective(camera, variant, limit=_POINTS, images=images, refinable=False)
