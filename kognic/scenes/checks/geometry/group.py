"""What the group `geometry` checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from kognic._core.extras import needs_extra
from kognic._core.findings import Finding
from kognic.annotations.document import Document
from kognic.scenes.scene_view import SceneView

try:
    import numpy as np

    from kognic.scenes.calibration.evidence import (
        Clouds,
        Evidence,
        gather,
        gather_clouds,
        points_of_frames,
    )
    from kognic.scenes.calibration.verdict import (
        Bar,
        CameraProgress,
        CameraVerdict,
        findings_of,
        judge_cameras,
    )
    from kognic.scenes.checks.lidars import COMPARED, check_lidars
    from kognic.scenes.checks.parameters import check_calibration
    from kognic.scenes.checks.placement import check_placement
    from kognic.scenes.checks.units import check_units, in_metres
except ImportError as exc:
    raise ImportError(needs_extra("checking geometry needs more", "checks", exc)) from exc

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration

_WRONG_LIDAR = ("lidar-mirrored", "lidar-axes", "lidar-yaw")
# A wrong coordinate system affects every frame, so a few are enough and the check stays fast.
_PLACED_FRAMES = 5
# Most frames of a rig whose images are held at once.
_MOST_POOLED = 40


def check_geometry(
    view: SceneView,
    sensors: dict[str, BaseCalibration],
    max_frames: int,
    max_error_deg: float | None,
    max_error_px: float | None,
    *,
    cameras: bool = True,
    progress: CameraProgress | None = None,
) -> tuple[Iterable[Finding], list[CameraVerdict]]:
    """Check the numbers of sensors, and whether cameras fit the points, if there are both."""
    findings = check_numbers(sensors)
    if not view.has_lidars:
        return findings, []
    clouds = Clouds()
    if not (view.has_cameras and sensors):
        evidence = gather_clouds(view, max_frames=1, clouds=clouds)
        return [*findings, *_lidars(view, sensors, evidence, clouds)], []
    # Images may be all that shows the unit of the points, also where cameras are not compared.
    evidence = gather(view, max_frames=max_frames if cameras else 1, clouds=clouds)
    found = _lidars(view, sensors, evidence, clouds)
    findings += found
    if not cameras:
        return findings, []
    bar = _bar(max_error_deg, max_error_px)
    # Points in another unit are reported once; cameras are judged with what they should be.
    verdicts = judge_cameras(in_metres(evidence, found), sensors, bar, progress)
    judged = list(findings_of(verdicts))
    return [*_without_consequences(findings, judged), *judged], verdicts


def _without_consequences(findings: Sequence[Finding], judged: Sequence[Finding]) -> list[Finding]:
    """Leave out what mirrored or exchanged axes of a lidar do to its comparison with ego poses and lidars."""
    wrong = {finding.sensor for finding in judged if finding.code in _WRONG_LIDAR}
    return [one for one in findings if one.sensor not in wrong or one.code not in COMPARED]


def _bar(max_error_deg: float | None, max_error_px: float | None) -> Bar:
    if max_error_deg is None:
        return Bar(max_error_px=max_error_px)
    return Bar(max_error_deg=max_error_deg, max_error_px=max_error_px)


def check_pooled(
    views: Sequence[SceneView],
    sensors: dict[str, BaseCalibration],
    max_frames: int,
    max_error_deg: float | None,
    max_error_px: float | None,
    progress: CameraProgress | None = None,
) -> tuple[Iterable[Finding], list[CameraVerdict], int]:
    """Check cameras against the points of all scenes together; also returns the frames that this rests on."""
    # All images are held at once, so the more scenes there are the fewer frames each gives.
    chosen = views[:: max(1, -(-len(views) // _MOST_POOLED))]
    frames = max(1, min(max_frames, _MOST_POOLED // len(chosen)))
    gathered = [gather(view, max_frames=frames) for view in chosen]
    evidence = [in_metres(one, check_units([one], sensors)) for one in gathered]
    verdicts = judge_cameras(evidence, sensors, _bar(max_error_deg, max_error_px), progress)
    return findings_of(verdicts), verdicts, sum(len(one.frames) for one in evidence)


def _lidars(
    view: SceneView, sensors: dict[str, BaseCalibration], evidence: Evidence, clouds: Clouds
) -> list[Finding]:
    """The units of points; if they are metres, whether points of different times and lidars agree."""
    units = list(check_units([evidence], sensors))
    return units or list(check_lidars(view, sensors, clouds))


def check_numbers(sensors: dict[str, BaseCalibration]) -> list[Finding]:
    """Check the numbers alone; those that overflow are findings, not warnings of NumPy."""
    with np.errstate(all="ignore"):
        return list(check_calibration(sensors))


def judge(view: SceneView, sensors: Mapping[str, BaseCalibration]) -> list[CameraVerdict]:
    """Judge the cameras by all frames of a view."""
    return judge_cameras(gather(view), sensors)


def check_placed(
    view: SceneView, sensors: dict[str, BaseCalibration] | None, document: Document
) -> Iterator[Finding]:
    """Check that the cuboids of a document lie where the points are, in the first frames that it is about."""
    times = {time for key in document.frame_keys if (time := document.timestamp(key)) is not None}
    frames = [frame for frame in view.frames if (frame.relative_ms or 0) in times and frame.clouds]
    points = points_of_frames(view, frames[:_PLACED_FRAMES], sensors or {})
    yield from check_placement(document, points.get)
