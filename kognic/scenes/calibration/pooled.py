"""Judge a calibration by all the scenes that share it: one verdict per rig, from all their frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from kognic._core.scene_errors import Problem, SceneFileError
from kognic.scenes.calibration.evidence import Clouds, gather, gather_run
from kognic.scenes.calibration.lidars import LidarEstimate, estimate_lidars
from kognic.scenes.calibration.verdict import Bar, CameraVerdict, judge_cameras
from kognic.scenes.checks.units import check_units, in_metres
from kognic.scenes.scene_file import by_calibration, load_scene_file
from kognic.scenes.scene_view import MAX_FRAMES, SceneView

if TYPE_CHECKING:
    from kognic.io.model.calibration import SensorCalibration


@attrs.frozen(kw_only=True, eq=False)
class RigEstimate:
    """What all scenes with one calibration say about it.

    Attributes:
        calibration: Its external ID.
        scenes: The scene files that were used.
        frames: How many frames of them in all.
        cameras: A verdict for each camera, and for a lidar that is to blame.
        lidars: How each lidar agrees with the ego poses, and with the lidar that has most points.
    """

    calibration: str
    scenes: tuple[Path, ...]
    frames: int
    cameras: tuple[CameraVerdict, ...]
    lidars: tuple[LidarEstimate, ...] = ()


def estimate_rigs(
    paths: Sequence[Path],
    *,
    calibration: SensorCalibration | None = None,
    max_frames: int = MAX_FRAMES,
    bar: Bar | None = None,
) -> list[RigEstimate]:
    """Estimate the calibration of each rig from its scenes.

    Scenes share a calibration if their files give equal ones.

    Args:
        paths: Scene files.
        calibration: Use this one for all scenes instead of their own.
        max_frames: Frames of each scene, spread over it.
        bar: The error that is accepted.

    Raises:
        SceneFileError: A scene file cannot be read, or has no calibration.
    """
    scenes: list[tuple[SensorCalibration, tuple[Path, SceneView]]] = []
    for path in paths:
        file = load_scene_file(path, look_at_files=False)
        own = calibration or file.calibration
        if own is None:
            message = "no calibration is given in a file; add one, or pass calibration (--calibration)"
            raise SceneFileError(path, [Problem("calibration", message)])
        scenes.append((own, (path, file.view())))
    return [_estimate(known, rig, max_frames, bar) for known, rig in by_calibration(scenes)]


def _estimate(
    calibration: SensorCalibration,
    scenes: Sequence[tuple[Path, SceneView]],
    max_frames: int,
    bar: Bar | None,
) -> RigEstimate:
    sensors = dict(calibration.calibration)
    evidence, runs = [], []
    for _, view in scenes:
        clouds = Clouds()
        gathered = gather(view, max_frames=max_frames, clouds=clouds)
        evidence.append(in_metres(gathered, check_units([gathered], sensors)))
        runs.append(gather_run(view, clouds=clouds))
    return RigEstimate(
        calibration=calibration.external_id,
        scenes=tuple(path for path, _ in scenes),
        frames=sum(len(one.frames) for one in evidence) or sum(len(one.frames) for one in runs),
        cameras=tuple(judge_cameras(evidence, sensors, bar)),
        lidars=tuple(estimate_lidars(runs, sensors)),
    )
