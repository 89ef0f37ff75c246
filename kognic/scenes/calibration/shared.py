"""What is wrong with all cameras of a rig at once: the times of their images, a motion that nothing states.

One number is estimated from all cameras and frames together, with the rotations as given: their objectives
add up, and so do the parts that are left out for its uncertainty. A camera alone can take a time offset for
a rotation; several that look different ways would need a rotation of their own each.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from kognic.scenes.calibration.decide import TOLERANCES
from kognic.scenes.calibration.directions import (
    DIRECTIONS,
    Direction,
    Kind,
    changes_nothing,
    estimate_alone,
    moves,
)
from kognic.scenes.calibration.estimate import RotationEstimate
from kognic.scenes.calibration.objective import Change, Objective
from kognic.scenes.calibration.thresholds import THRESHOLDS, Thresholds
from kognic.scenes.geometry.poses import FloatArray

SHARED: Mapping[str, Kind] = {
    # Images of the frame before or after are half a second off in recordings with two frames a second.
    "time_offset": attrs.evolve(DIRECTIONS["time_offset"], reach=0.65),
    "vehicle_speed": DIRECTIONS["vehicle_speed"],
}
"""Numbers that all cameras of a rig have in common."""
# Of each camera, for the line of values; see `directions.estimate_direction`.
_LINE_POINTS = 2500
# With fewer cameras that it improves, a number is no more than that of one camera.
_FEWEST_CAMERAS = 2


@attrs.frozen(kw_only=True)
class SharedNumber:
    """A number that all cameras have in common.

    Attributes:
        direction: The number; `gain` and `ratio` are relative to the calibration as given, `alone_ratio` to
            the best rotation of each camera.
        better: The cameras whose points and images agree better with it than as given.
        level: Those of them that agree with it at least as well as with their best rotation.
    """

    direction: Direction
    better: tuple[str, ...]
    level: tuple[str, ...]


class Pool:
    """All cameras of a rig: their objectives are added."""

    def __init__(self, parts: Mapping[str, Objective]) -> None:
        self.parts = parts

    def value(self, change: Change | None = None) -> float:
        """Sum over the cameras, nats."""
        return sum(part.value(change) for part in self.parts.values())

    def without_groups(self, change: Change) -> FloatArray:
        """The objective of all points, then without each group of each camera; shape (1 + groups,)."""
        values = [part.without_groups(change) for part in self.parts.values()]
        total = sum(float(one[0]) for one in values)
        return np.concatenate([[total], *(total - one[0] + one[1:] for one in values)])

    def thinned(self, limit: int) -> Pool:
        """With at most so many points in view of each camera."""
        return Pool({name: part.thinned(limit) for name, part in self.parts.items()})


def estimate_shared(
    objectives: Mapping[str, Objective], estimates: Mapping[str, RotationEstimate], name: str
) -> SharedNumber | None:
    """Estimate a number that all cameras have in common.

    Args:
        objectives: Of each camera.
        estimates: Their rotations.
        name: One of `SHARED`.

    Returns:
        None where fewer than two cameras can tell.
    """
    kind = SHARED[name]
    parts = {
        camera: part
        for camera, part in objectives.items()
        if not changes_nothing(part, kind) and (kind.field != "time_s" or moves(part))
    }
    if len(parts) < _FEWEST_CAMERAS:
        return None
    pool = Pool(parts)
    found = estimate_alone(pool, pool.thinned(_LINE_POINTS), kind)
    change = Change(**kind.changed(found.value))
    given = {camera: part.value() for camera, part in parts.items()}
    rotated = {
        camera: max(given[camera], part.value(Change(rotation=estimates[camera].rotation)))
        for camera, part in parts.items()
    }
    changed = {camera: part.value(change) for camera, part in parts.items()}
    direction = Direction(
        name=name,
        correction=found.value * kind.scale,
        deviation=found.deviation * kind.scale,
        gain=found.gain,
        ratio=found.height / max(sum(given.values()), 1.0),
        unit=kind.unit,
        alone=found.value * kind.scale,
        alone_deviation=found.deviation * kind.scale,
        alone_gain=found.gain,
        alone_ratio=found.height / max(sum(rotated.values()), 1.0),
    )
    return SharedNumber(
        direction=direction,
        better=tuple(camera for camera in parts if changed[camera] > given[camera]),
        level=tuple(camera for camera in parts if changed[camera] >= rotated[camera]),
    )


def is_wrong(found: SharedNumber, thresholds: Thresholds = THRESHOLDS) -> bool:
    """Whether a number explains the data as well as a rotation of each camera does, beyond doubt.

    Far from the right time, rotations of up to 20 degrees fit by chance: 18 numbers for six cameras. If the
    number fits far better than the given value, it is enough to fit nearly as well as those rotations.
    """
    direction = found.direction
    explains = (
        direction.alone_gain >= thresholds.shared_gain and direction.alone_ratio >= thresholds.shared_ratio
    )
    is_clear = (
        direction.alone_gain >= thresholds.shared_clear_gain
        and direction.ratio >= thresholds.shared_clear_ratio
        and direction.alone_ratio >= thresholds.shared_share
    )
    return (
        len(found.better) >= _FEWEST_CAMERAS
        and direction.observable
        and (explains or is_clear)
        and (abs(direction.correction) - TOLERANCES[direction.name]) / direction.deviation
        >= thresholds.direction_excess
    )
