"""Is a lidar's pose wrong, rather than those of the cameras that its points do not fit?

The classic mistakes are undone for one lidar at a time, and all cameras are scored as they are given with the
points of that lidar alone. What the mistake is worth is for `verdict`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs
import numpy as np

from kognic.scenes.calibration.evidence import Evidence
from kognic.scenes.calibration.hypotheses import Hypothesis, mistaken_poses
from kognic.scenes.calibration.rig import cameras_of, lidar_poses
from kognic.scenes.calibration.scoring import Trial
from kognic.scenes.geometry.poses import Rigid, angle_between_deg

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration

_SAME_DEG, _SAME_M = 0.5, 0.5


@attrs.frozen(eq=False)
class LidarMistake:
    """A mistake in a lidar's pose, and how the cameras fit once it is undone."""

    lidar: str
    hypothesis: Hypothesis
    trials: Mapping[str, Trial]

    @property
    def score(self) -> float:
        """Mean over the cameras."""
        return float(np.mean([trial.score for trial in self.trials.values()]))


def best_lidar_mistake(evidence: Evidence, sensors: Mapping[str, BaseCalibration]) -> LidarMistake | None:
    """The mistake in one lidar's pose that, undone, fits the cameras best; None without cameras or lidars."""
    found = [
        LidarMistake(name, hypothesis, trials)
        for name, given in lidar_poses(sensors).items()
        for hypothesis in _different(given, sensors[name])
        if (trials := _trials(evidence, sensors, {name: hypothesis.pose}))
    ]
    return max(found, key=lambda mistake: mistake.score, default=None)


def _different(given: Rigid, lidar: BaseCalibration) -> list[Hypothesis]:
    q = lidar.rotation_quaternion
    return [
        hypothesis
        for hypothesis in mistaken_poses(given, np.array([q.w, q.x, q.y, q.z]))
        if angle_between_deg(hypothesis.pose.rotation, given.rotation) >= _SAME_DEG
        or float(np.linalg.norm(hypothesis.pose.position - given.position)) >= _SAME_M
    ]


def _trials(
    evidence: Evidence, sensors: Mapping[str, BaseCalibration], lidars: Mapping[str, Rigid]
) -> dict[str, Trial]:
    cameras = cameras_of(evidence, sensors, lidars)
    return {name: camera.try_pose(Rigid.of_sensor(sensors[name])) for name, camera in cameras.items()}
