"""Check a scene: all groups of rules, in one call."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from kognic._core.findings import Finding
from kognic.annotations.document import Document
from kognic.annotations.openlabel import check_pre_annotation, plain_document
from kognic.annotations.rules import OPENLABEL
from kognic.scenes.checks import geometry
from kognic.scenes.checks.context import scene_context
from kognic.scenes.checks.files import Progress, check_files, read_files
from kognic.scenes.checks.report import Report
from kognic.scenes.checks.rules import FILES, GEOMETRY, GROUPS, STRUCTURE
from kognic.scenes.checks.structure import check_structure
from kognic.scenes.scene_view import MAX_FRAMES, SceneView, view_of

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration, SensorCalibration
    from kognic.scenes.calibration.verdict import CameraProgress, CameraVerdict


def check_scene(
    scene: Any,
    *,
    calibration: SensorCalibration | None = None,
    pre_annotation: Any = None,
    motion_compensation: bool = True,
    groups: Collection[str] = GROUPS,
    full: bool = False,
    max_frames: int = MAX_FRAMES,
    max_error_deg: float | None = None,
    max_error_px: float | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    camera_progress: CameraProgress | None = None,
    name: str | None = None,
    cameras: bool = True,
) -> Report:
    """Check a scene offline, before the upload.

    Args:
        scene: One of the seven scene classes, or a `SceneRequest`.
        calibration: The calibration of its sensors; without it, the rules that need it are skipped.
        pre_annotation: Its OpenLABEL document, decoded or as `OpenLabelAnnotation`.
        motion_compensation: Whether the scene will be processed with motion compensation (feature flags).
        groups: Groups of rules to check: `structure`, `files`, `geometry`, `openlabel`.
        full: Decode every image and read every point, not only headers.
        max_frames: Number of frames, spread over the scene, for the calibration check of cameras.
        max_error_deg: Rotation error of a camera, degrees, from which the finding is an error; None is 2
            degrees.
        max_error_px: The same as a displacement in the image, pixels; None uses only the angle.
        workers: Threads that read files; None for the number of CPUs.
        progress: Called with the number of files read and the total.
        camera_progress: Called before a camera is compared with the points, with its name, its number from 1
            on, and how many there are.
        name: Name of the report; None for the scene's external ID.
        cameras: Compare cameras with the points; False if that is done for all scenes of a rig together.

    Raises:
        TypeError: `scene` is not a scene.
        ValueError: The group does not exist.
        ImportError: A library is missing; the message has the command that installs it.
    """
    unknown = set(groups) - set(GROUPS)
    if unknown:
        raise ValueError(f"there is no group {sorted(unknown)[0]!r} of rules; there are {', '.join(GROUPS)}")
    start = time.perf_counter()
    view = view_of(scene, motion_compensation=motion_compensation)
    sensors = None if calibration is None else dict(calibration.calibration)
    findings: list[Finding] = []
    facts: dict[str, Any] = {"frames": len(view.frames)}
    if STRUCTURE in groups:
        kinds = None if sensors is None else {key: _kind(sensor) for key, sensor in sensors.items()}
        findings += check_structure(view, kinds)
    if FILES in groups:
        results = read_files(list(view.files()), full=full, workers=workers, progress=progress)
        findings += check_files(view, results, _sizes(sensors))
        facts["files read" if full else "file headers read"] = len(results)
    verdicts: list[CameraVerdict] = []
    if GEOMETRY in groups and (sensors is not None or _has_readable_points(view)):
        found, verdicts = geometry.check_geometry(
            view,
            sensors or {},
            max_frames,
            max_error_deg,
            max_error_px,
            cameras=cameras,
            progress=camera_progress,
        )
        findings += found
    if OPENLABEL in groups and pre_annotation is not None:
        findings += _openlabel(view, sensors, pre_annotation, with_points=GEOMETRY in groups)
    facts["seconds"] = round(time.perf_counter() - start, 2)
    return Report(name=name or view.external_id, findings=findings, facts=facts, cameras=tuple(verdicts))


def check_cameras(
    views: Sequence[SceneView],
    calibration: SensorCalibration,
    max_frames: int,
    max_error_deg: float | None = None,
    max_error_px: float | None = None,
    progress: CameraProgress | None = None,
) -> Report | None:
    """Compare the cameras of a calibration with the points of all scenes that share it.

    Args:
        views: The scenes.
        calibration: Their calibration.
        max_frames: Frames of each scene, spread over it.
        max_error_deg: As for `check_scene`.
        max_error_px: As for `check_scene`.
        progress: As `camera_progress` of `check_scene`.

    Returns:
        The verdicts, with the number of scenes and frames used; None if no scene has cameras and lidars.
    """
    both = [view for view in views if view.has_cameras and view.has_lidars]
    if not both:
        return None
    sensors = dict(calibration.calibration)
    findings, verdicts, frames = geometry.check_pooled(
        both, sensors, max_frames, max_error_deg, max_error_px, progress
    )
    return Report(
        name=calibration.external_id,
        findings=list(findings),
        facts={"scenes": len(both), "frames used": frames},
        cameras=tuple(verdicts),
    )


def check_calibration(calibration: SensorCalibration) -> Report:
    """Check the numbers of a calibration, without a scene.

    Raises:
        ImportError: NumPy is not installed (extra `checks`).
    """
    sensors = dict(calibration.calibration)
    return Report(
        name=calibration.external_id,
        findings=geometry.check_numbers(sensors),
        facts={"sensors": len(sensors)},
    )


def check_document(pre_annotation: Any, *, name: str = "pre-annotation") -> Report:
    """Check an OpenLABEL pre-annotation without its scene."""
    return Report(name=name, findings=list(check_pre_annotation(pre_annotation, None)))


def _kind(sensor: BaseCalibration) -> str:
    return str(getattr(sensor.calibration_type, "value", sensor.calibration_type))


def _sizes(sensors: dict[str, BaseCalibration] | None) -> dict[str, tuple[int, int]]:
    return {
        name: (width, sensor.image_height)  # type: ignore[attr-defined]
        for name, sensor in (sensors or {}).items()
        if (width := getattr(sensor, "image_width", 0)) > 0
    }


def _has_readable_points(view: SceneView) -> bool:
    """Whether there are points, and NumPy; scenes without a calibration can be checked without it."""
    return view.has_lidars and find_spec("numpy") is not None


def _openlabel(
    view: SceneView, sensors: dict[str, BaseCalibration] | None, content: Any, *, with_points: bool
) -> Iterator[Finding]:
    plain = plain_document(content)
    yield from check_pre_annotation(plain, scene_context(view, _sizes(sensors)))
    # Only a list of frames can be compared with points; what else it may be is reported above.
    if with_points and view.has_lidars and isinstance(plain.get("openlabel"), dict):
        yield from geometry.check_placed(view, sensors, Document.of(plain))
