"""Checks scenes that are described by files, and scenes that are about to be sent.

What a check finds is for `kognic.scenes.checks`.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from kognic._core.documents import read_document
from kognic._core.scene_errors import ChecksFailedError, DocumentError, SceneFileError
from kognic.annotations.rules import OPENLABEL_RULES
from kognic.scenes.checks import GROUPS, Finding, Report
from kognic.scenes.checks.check import check_cameras
from kognic.scenes.checks.rules import GEOMETRY, broken
from kognic.scenes.scene_file import SceneFile, by_calibration, load_scene_file
from kognic.scenes.scene_view import MAX_FRAMES, SceneView

if TYPE_CHECKING:
    from kognic.io.model.calibration.calib import SensorCalibration
    from kognic.scenes.calibration.verdict import CameraProgress

logger = logging.getLogger(__name__)

FileProgress = Callable[[str, int, int], None]
BEFORE_SENDING = ("structure", "files", "openlabel")
"""The rules that a scene must not break before it is sent: cheap, and never in doubt."""


@attrs.frozen(kw_only=True)
class CheckOptions:
    """How scenes are checked; see `SceneFile.check`.

    Attributes:
        groups: Groups of rules.
        full: Decode every image and read every point, not only headers.
        calibration: Used instead of those in the scene files.
        pre_annotation: OpenLABEL document used instead of those in the scene files.
        max_frames: How many frames of each scene the cameras are evaluated with.
        max_error_deg, max_error_px: Rotation error of a camera that is an error, see `check_scene`.
        workers: Threads that read files; None takes the number of processors.
    """

    groups: Collection[str] = GROUPS
    full: bool = False
    calibration: SensorCalibration | None = None
    pre_annotation: Any = None
    max_frames: int = MAX_FRAMES
    max_error_deg: float | None = None
    max_error_px: float | None = None
    workers: int | None = None


def check_rigs(
    paths: Iterable[str | os.PathLike[str]],
    options: CheckOptions | None = None,
    *,
    progress: FileProgress | None = None,
    camera_progress: CameraProgress | None = None,
) -> list[Report]:
    """Check described scenes, and the cameras of scenes that share a calibration together.

    Args:
        paths: The scene files.
        options: How; None checks everything, headers only.
        progress: Called with the scene file, the number of its files read, and of all its files.
        camera_progress: Called before a camera is compared with the points, with its name, its number from 1
            on, and how many there are.

    Returns:
        A report for each scene, in their order, then one for each calibration of more than one scene, with
        the number of frames used. The cameras of a scene that shares its calibration with no other are in
        the report of the scene.

    Raises:
        ImportError: A library is missing; the message says how to install it.
    """
    chosen = options or CheckOptions()
    paths = list(paths)
    if GEOMETRY not in chosen.groups or len(paths) == 1:
        return list(check_scene_files(paths, chosen, progress=progress, camera_progress=camera_progress))
    reports: list[Report] = []
    scenes: list[tuple[SensorCalibration, tuple[int, SceneView]]] = []
    for index, path in enumerate(paths):
        scene_file, report = _checked(path, chosen, progress, cameras=False)
        reports.append(report)
        calibration = None if scene_file is None else chosen.calibration or scene_file.calibration
        if scene_file is None or calibration is None:
            continue
        scenes.append((calibration, (index, scene_file.view())))
    for calibration, rig in by_calibration(scenes):
        start = time.perf_counter()
        found = check_cameras(
            [view for _, view in rig],
            calibration,
            chosen.max_frames,
            chosen.max_error_deg,
            chosen.max_error_px,
            camera_progress,
        )
        if found is None:
            continue
        place = rig[0][0]
        first = reports[place]
        if len(rig) > 1:
            rig_report = attrs.evolve(found, name=f"rig {calibration.external_id}", source=first.source)
            reports.append(_taking(rig_report, start))
        else:
            findings = [*first.findings, *found.findings]
            whole = attrs.evolve(first, findings=findings, cameras=found.cameras)
            reports[place] = _taking(whole, start - first.facts["seconds"])
    return reports


def check_scene_files(
    paths: Iterable[str | os.PathLike[str]],
    options: CheckOptions | None = None,
    *,
    progress: FileProgress | None = None,
    camera_progress: CameraProgress | None = None,
) -> Iterator[Report]:
    """Check described scenes one after the other.

    A scene file that cannot be read is a finding (`scene-file`) and holds up no other scene.

    Args:
        paths: The scene files.
        options: How; None checks everything, headers only.
        progress: Called with the scene file, the number of its files read, and of all its files.
        camera_progress: Called before a camera is compared with the points, with its name, its number from 1
            on, and how many there are.

    Yields:
        A report for each, in their order.

    Raises:
        ImportError: A library is missing; the message says how to install it.
    """
    chosen = options or CheckOptions()
    for path in paths:
        yield _checked(path, chosen, progress, camera_progress)[1]


def _checked(
    path: str | os.PathLike[str],
    options: CheckOptions,
    progress: FileProgress | None,
    camera_progress: CameraProgress | None = None,
    *,
    cameras: bool = True,
) -> tuple[SceneFile | None, Report]:
    """A scene file, None if it cannot be read, and its report."""
    name, start = str(path), time.perf_counter()
    try:
        scene_file = load_scene_file(path, look_at_files=False)
    except SceneFileError as exc:
        return None, _unreadable(name, exc)
    report = scene_file.check(
        **attrs.asdict(options, recurse=False),
        progress=None if progress is None else _named(progress, name),
        camera_progress=camera_progress,
        cameras=cameras,
    )
    return scene_file, _taking(report, start)


def check_before_sending(
    name: str,
    check: Callable[..., Report],
    *,
    way_out: str,
    tell: Callable[[str], object] = logger.warning,
    pre_annotation: Path | None = None,
) -> Report:
    """Make the checks that stop a scene with errors.

    Args:
        name: The scene, for messages.
        check: Checks it; takes `groups`.
        way_out: What to do about errors, for the message.
        tell: Called with a sentence if files cannot be looked at for want of a library.
        pre_annotation: The file of the pre-annotation, for messages about it.

    Raises:
        ChecksFailedError: There are errors.
    """
    try:
        report = check(groups=BEFORE_SENDING)
    except ImportError as exc:
        tell(f"The files are not checked: {exc}")
        report = check(groups=("structure",))
    if report.errors:
        files = [
            name if pre_annotation is None or error.code not in OPENLABEL_RULES else str(pre_annotation)
            for error in report.errors
        ]
        raise ChecksFailedError(name, [in_a_line(error) for error in report.errors], way_out, files)
    return report


def in_a_line(finding: Finding) -> str:
    """Place, message, hint and code of a finding."""
    hint = f"; {finding.hint}" if finding.hint else ""
    return f"{finding.location}: {finding.message}{hint} ({finding.code})"


def load_pre_annotation(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read an OpenLABEL document from a JSON or YAML file.

    Raises:
        DocumentError: It cannot be read, or is none.
    """
    document = read_document(path)
    if not isinstance(document, dict) or "openlabel" not in document:
        raise DocumentError(Path(path), "is not an OpenLABEL document: it has no 'openlabel'")
    return document


def _taking(report: Report, start: float) -> Report:
    """The report, with the seconds since a time of `perf_counter`: reading the scene file counts as well."""
    return attrs.evolve(report, facts={**report.facts, "seconds": round(time.perf_counter() - start, 2)})


def _named(progress: FileProgress, name: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(name, done, total)


def _unreadable(name: str, exc: SceneFileError) -> Report:
    findings = [
        broken(
            "scene-file",
            problem.message,
            "correct the calibration file" if problem.file else "correct the scene file",
            file=problem.file or None,
            field=problem.place or None,
        )
        for problem in exc.problems
    ]
    return Report(name=name, findings=findings, source=name)
