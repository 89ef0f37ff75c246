"""Lidars against the ego poses and each other: findings of `kognic.scenes.calibration.lidars`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from kognic._core.findings import Finding
from kognic.io.model.calibration import BaseCalibration
from kognic.scenes.calibration.alignment import logarithm
from kognic.scenes.calibration.evidence import Clouds, gather_run
from kognic.scenes.calibration.lidars import EGO, LidarDirection, LidarEstimate, estimate_lidars
from kognic.scenes.calibration.observe import lidar_poses
from kognic.scenes.checks.rules import broken
from kognic.scenes.scene_view import SceneView

# A choice between time, because each frame is aligned with its neighbours, and certainty. `gather_run` takes
# eight where the estimate itself is wanted.
_MOST_FRAMES = 6
_ROTATIONS = ("rotation_x", "rotation_y", "rotation_z")
_ALIKE_DEG = 0.3
_CODES = {
    "pose": ("lidar-misaligned", "correct the lidar's position and rotation_quaternion by these numbers"),
    "time": ("lidar-time", "see which clock the timestamps of the clouds and of the ego poses are from"),
    "motion_length": ("ego-motion", "see the unit and the source of the ego poses"),
    "poses": ("ego-motion", "see the ego poses: their order of numbers, direction, times and source"),
}


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
        finding = _finding(estimate, _of_vehicle(estimate, sensors) if run.one_lidar else "")
        if finding is not None:
            yield finding


def _of_vehicle(estimate: LidarEstimate, sensors: Mapping[str, BaseCalibration]) -> str:
    """What else to look at in a scene with one lidar, whose ego poses are those of the lidar.

    Poses of the vehicle there look like an error of the lidar's rotation that is as large as that rotation.
    """
    text = "; with one lidar, the ego poses have to be those of the lidar, not of the vehicle"
    off = [one for one in estimate.directions if one.is_off and one.name in _ROTATIONS]
    pose = lidar_poses(sensors).get(estimate.lidar)
    if not off or pose is None:
        return text
    angles = np.degrees(logarithm(pose)[:3])
    if all(_is_near(one, float(angles[_ROTATIONS.index(one.name)])) for one in off):
        return f"{text}, which would explain this: the calibration has the same rotation"
    return text


def _is_near(found: LidarDirection, angle: float) -> bool:
    return abs(found.correction - angle) < max(_ALIKE_DEG, 3 * found.deviation)


def _finding(estimate: LidarEstimate, also: str) -> Finding | None:
    if estimate.verdict not in _CODES:
        return None
    code, hint = _CODES[estimate.verdict]
    where = "" if estimate.against == EGO else f" (against {estimate.against})"
    off = [one for one in estimate.directions if one.is_off]
    return broken(
        code,
        f"{estimate.lidar} {estimate.explanation}" if estimate.verdict != "poses" else estimate.explanation,
        f"{hint}{where}{also if estimate.against == EGO and estimate.verdict != 'time' else ''}",
        sensor=estimate.lidar,
        value=max((abs(one.correction) for one in off), default=estimate.rms_m),
    )
