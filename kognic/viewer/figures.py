"""Pictures for the reports of `kognic check`: what a finding is about, as given and as corrected.

figures = draw_figures(reports)
html = to_html(reports, figures)
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from kognic._core.errors import KognicError
from kognic._core.findings import Finding
from kognic.io.model.calibration import RotationQuaternion
from kognic.scenes.checks.reporting.figures import Figure, FigureOf
from kognic.scenes.geometry.poses import rotation_matrix
from kognic.scenes.scene_file import load_scene_file
from kognic.scenes.scene_view import SceneView
from kognic.viewer.pictures import webp
from kognic.viewer.stills.colours import DepthScale
from kognic.viewer.stills.overlay import CameraPicture, draw_camera, visible_depths
from kognic.viewer.stills.stage import SceneStage, Stage

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration, SensorCalibration
    from kognic.scenes.calibration.verdict import CameraVerdict
    from kognic.scenes.checks.report import Report

# Pixels: half of a full HD screen, so that a pair stands side by side.
WIDTH = 960
# A choice: twelve pairs of `PICTURE_LIMIT` are 4.8 MB, which still goes by mail. More figures repeat one
# cause.
MOST_FIGURES = 12
PICTURE_LIMIT = 200_000
"""Bytes of a picture; a pair has at most twice as many."""
# More points than that cover a picture of this width.
_MOST_POINTS = 60_000
_NOTHING_TO_SEE = ("camera-consistent", "camera-undecided")
_ERRORS = (KognicError, OSError, ValueError, ImportError)


def draw_figures(reports: Sequence[Report], *, calibration: SensorCalibration | None = None) -> FigureOf:
    """Draw the findings about a camera, an image or a point cloud: the worst twelve of all reports.

    Args:
        reports: Reports of scene files; those without a `source` get no pictures.
        calibration: Used instead of that of the scene files, as for the check.

    Returns:
        What gives a finding its figure, or None if it has none, or has the one of an earlier finding about
        the same place. The figure says what could not be drawn and why.
    """
    found: dict[int, Figure] = {}
    wanted = [
        (finding.severity.rank, -(finding.confidence or 0), position, finding)
        for position, report in enumerate(reports)
        if report.source is not None
        for finding in report.findings
        if finding.sensor is not None and finding.code not in _NOTHING_TO_SEE
    ]
    scenes: dict[int, _Scene | str] = {}
    drawn = 0
    seen: set[tuple[int, str | None, str | None]] = set()
    for _, _, position, finding in sorted(wanted, key=lambda item: item[:3]):
        if (about := (position, finding.sensor, finding.frame)) in seen:
            continue
        seen.add(about)
        if drawn == MOST_FIGURES:
            found[id(finding)] = Figure(message=f"not drawn: the report shows the worst {MOST_FIGURES}")
            continue
        if position not in scenes:
            scenes[position] = _open(reports[position], calibration)
        scene = scenes[position]
        figure = Figure(message=scene) if isinstance(scene, str) else scene.figure(finding)
        if figure is not None:
            found[id(finding)] = figure
            drawn += bool(figure.pictures)
    return lambda finding: found.get(id(finding))


@attrs.frozen(kw_only=True, eq=False)
class _Scene:
    """A scene that was checked.

    Attributes:
        source: Path of its scene file.
        view: The scene.
        sensors: Its calibration; None without one.
        verdicts: What the check says of its cameras.
    """

    source: str
    view: SceneView
    sensors: Mapping[str, BaseCalibration] | None
    verdicts: Mapping[str, CameraVerdict]

    def figure(self, finding: Finding) -> Figure | None:
        """The figure of a finding; None if the scene has no image that could show it."""
        cameras, index = self._location(finding)
        if not cameras or index is None:
            return None
        problems = []
        for camera in cameras:
            try:
                figure = self._drawn(finding, camera, index)
            except _ERRORS as exc:
                figure = Figure(message=str(exc) or type(exc).__name__)
            if figure.pictures:
                return figure
            problems.append(f"{camera}: {figure.message}")
        # The report says what is wrong with the file; its place can be opened nevertheless.
        return Figure(message=f"not drawn: {'; '.join(problems)}", command=self._plain_command(cameras[0]))

    def _drawn(self, finding: Finding, camera: str, index: int) -> Figure:
        given = self._stage(camera, index, self.sensors)
        scale = DepthScale.fitting(visible_depths(given))
        picture = draw_camera(given, given.shots[0], scale, width=WIDTH)
        if picture.problem:
            return Figure(message=picture.problem)
        pictures = [(f"{camera}, {given.title}, as given", _encoded(picture))]
        message = "; ".join(picture.notes)
        verdict = self.verdicts.get(camera) if finding.code.startswith("camera-") else None
        corrected = None if verdict is None else verdict.rotation_quaternion
        if corrected is None or self.sensors is None:
            return Figure(pictures=pictures, command=self._plain_command(camera), message=message)
        entry: Any = self.sensors[camera]
        w, x, y, z = quaternion = _numbers(corrected)
        better = attrs.evolve(entry, rotation_quaternion=RotationQuaternion(w=w, x=x, y=y, z=z))
        stage = self._stage(camera, index, {**self.sensors, camera: better})
        again = draw_camera(stage, stage.shots[0], scale, width=WIDTH)
        pictures.append((f"{camera}, {given.title}, as corrected", _encoded(again)))
        command = self._command(camera, entry, quaternion)
        return Figure(pictures=pictures, command=command, quaternion=quaternion, message=message)

    def _location(self, finding: Finding) -> tuple[list[str], int | None]:
        """Cameras that can show a finding, the best first, and the position of the frame."""
        frames = [
            index
            for index, frame in enumerate(self.view.frames)
            if frame.images and (finding.frame is None or frame.frame_id == finding.frame)
        ]
        if finding.sensor in self.view.camera_names:
            frames = [
                index
                for index in frames
                if any(image.sensor == finding.sensor for image in self.view.frames[index].images)
            ]
            return [finding.sensor] if finding.sensor else [], frames[len(frames) // 2] if frames else None
        if not frames:
            return [], None
        index = frames[len(frames) // 2]
        return [image.sensor for image in self.view.frames[index].images], index

    def _stage(self, camera: str, index: int, sensors: Mapping[str, BaseCalibration] | None) -> Stage:
        return SceneStage(self.view, sensors, None, cameras=[camera], max_points=_MOST_POINTS).stage(index)

    def _plain_command(self, camera: str) -> str:
        return f"kognic view {shlex.quote(self.source)} --camera {shlex.quote(camera)}"

    def _command(self, camera: str, entry: Any, corrected: Sequence[float]) -> str:
        q = entry.rotation_quaternion
        pitch, yaw, roll = angles_between((q.w, q.x, q.y, q.z), corrected)
        source, name = shlex.quote(self.source), shlex.quote(camera)
        return f"kognic view {source} --camera {name} --rotation={pitch:.3f},{yaw:.3f},{roll:.3f}"


def angles_between(given: Sequence[float], corrected: Sequence[float]) -> tuple[float, float, float]:
    """Return pitch, yaw and roll that lead from one rotation to another, degrees, as the viewer applies them.

    About the camera's own axes x, y and z: `corrected = given @ Rz(roll) @ Ry(yaw) @ Rx(pitch)`.
    """
    w, x, y, z = given
    a, b, c, d = corrected
    turn = rotation_matrix((w, x, y, z)).T @ rotation_matrix((a, b, c, d))
    yaw = math.asin(float(np.clip(-turn[2, 0], -1, 1)))
    pitch = math.atan2(turn[2, 1], turn[2, 2])
    roll = math.atan2(turn[1, 0], turn[0, 0])
    return math.degrees(pitch), math.degrees(yaw), math.degrees(roll)


def _numbers(rotation: Mapping[str, float]) -> tuple[float, float, float, float]:
    return rotation["w"], rotation["x"], rotation["y"], rotation["z"]


def _encoded(picture: CameraPicture) -> bytes:
    return webp(picture.flat(), limit=PICTURE_LIMIT)


def _open(report: Report, calibration: SensorCalibration | None) -> _Scene | str:
    """The scene of a report; why it cannot be drawn if it cannot."""
    assert report.source is not None
    try:
        scene_file = load_scene_file(report.source)
        view = scene_file.view()
    except _ERRORS as exc:
        return f"not drawn: {exc}"
    used = calibration or scene_file.calibration
    return _Scene(
        source=report.source,
        view=view,
        sensors=None if used is None else used.calibration,
        verdicts={verdict.sensor: verdict for verdict in report.cameras},
    )
