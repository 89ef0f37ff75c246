"""Lidars against the ego poses and each other: findings of `kognic.scenes.calibration.lidars`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kognic._core.findings import Finding
from kognic.io.model.calibration import BaseCalibration
from kognic.scenes.calibration.evidence import Clouds, gather_run
from kognic.scenes.calibration.lidars import EGO, LidarEstimate, estimate_lidars
from kognic.scenes.checks.rules import broken
from kognic.scenes.scene_view import SceneView

# A choice between time, because each frame is aligned with its neighbours, and certainty. `gather_run` takes
# eight where the estimate itself is wanted.
_MOST_FRAMES = 6
_CODES = {
    "pose": ("lidar-misaligned", "correct the lidar's position and rotation_quaternion by these numbers"),
    "time": ("lidar-time", "see which clock the timestamps of the clouds and of the ego poses are from"),
    "motion_length": ("ego-motion", "see the unit and the source of the ego poses"),
    "system": (
        "ego-pose-system",
        "transform the ego poses and IMU data with the lidar's pose in the calibration",
    ),
    "poses": ("ego-motion", "see the ego poses: their order of numbers, direction, times and source"),
}
COMPARED = frozenset(code for code, _ in _CODES.values())
"""Rules on how lidars compare with ego poses and with each other."""


def check_lidars(
    scene: SceneView, sensors: Mapping[str, BaseCalibration], clouds: Clouds
) -> Iterator[Finding]:
    """Check that lidars agree with the ego poses, and with each other.

    Args:
        scene: The scene; with one lidar and fewer than two frames that have clouds, nothing can be checked.
        sensors: Its calibration; may be empty.
        clouds: Its points as far as they have been read.
    """
    frames = sum(bool(frame.clouds) for frame in scene.frames)
    if frames < 2 and len(scene.lidar_names) < 2:
        return
    run = gather_run(scene, max_frames=_MOST_FRAMES, clouds=clouds)
    for estimate in estimate_lidars([run], sensors):
        finding = _finding(estimate, one_lidar=run.one_lidar)
        if finding is not None:
            yield finding


def _finding(estimate: LidarEstimate, *, one_lidar: bool = False) -> Finding | None:
    if estimate.verdict not in _CODES:
        return None
    code, hint = _CODES[estimate.verdict]
    if one_lidar and estimate.verdict == "pose":
        # Points and poses are then both of the lidar, whatever the calibration says.
        hint = "transform the ego poses by these numbers: with one lidar they have to be those of the lidar"
    where = "" if estimate.against == EGO else f" (against {estimate.against})"
    off = [one for one in estimate.directions if one.is_off]
    return broken(
        code,
        f"{estimate.lidar} {estimate.explanation}" if estimate.verdict != "poses" else estimate.explanation,
        f"{hint}{where}",
        sensor=estimate.lidar,
        value=max((abs(one.correction) for one in off), default=estimate.rms_m),
    )
