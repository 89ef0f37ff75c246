"""Checks a delivered annotation against its scene: frames, sensors, points, poses, projections.

The rules are `kognic.annotations.quality`; here they are given what they need of a scene on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import numpy as np

from kognic._core.camera_errors import CameraError
from kognic.annotations.document import Document
from kognic.annotations.frames import FrameMatch, SceneFrame, match_frames
from kognic.annotations.quality import Limits, Points, Project, check_annotation
from kognic.scenes.calibration.evidence import points_of_frames
from kognic.scenes.checks.report import Report
from kognic.scenes.geometry.poses import FloatArray, Rigid, rotation_matrix
from kognic.scenes.geometry.projection import is_camera, project
from kognic.scenes.scene_view import FrameView, SceneView

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration
    from kognic.io.model.calibration.camera.common import BaseCameraCalibration


def scene_frames(scene: SceneView) -> list[SceneFrame]:
    """What identifies the frames of a scene, for `kognic.annotations.match_frames`."""
    return [
        SceneFrame(
            frame_id=_frame_id(frame),
            relative_ms=frame.relative_ms,
            resources={file.sensor: file.name for file in frame.files},
        )
        for frame in scene.frames
    ]


def check_scene_annotation(
    scene: SceneView,
    sensors: Mapping[str, BaseCalibration] | None,
    document: Document,
    *,
    limits: Limits | None = None,
) -> Report:
    """Check an annotation against its scene.

    Args:
        scene: The scene.
        sensors: Its calibration; None leaves the comparison of cuboids and bounding boxes out, and with
            several lidars the points.
        document: The annotation.
        limits: Where values become suspicious.

    Returns:
        What is probably wrong. Facts tell how many frames were matched, and which rules had what they need.
    """
    match = match_frames(document, scene_frames(scene))
    frames = _by_document_frame(scene, document, match)
    world = _world(frames)
    findings = check_annotation(
        document,
        points=_points(scene, sensors or {}, frames),
        project=None if sensors is None else _projection(scene, sensors),
        world=world,
        match=match,
        sensors=[*scene.camera_names, *scene.lidar_names],
        limits=limits,
    )
    facts = {
        "frames": len(document.frames),
        "frames matched": len(match.frames),
        "frames without annotation": len(match.missing),
        "frames with ego poses": len(world or ()),
    }
    return Report(name=document.name or scene.external_id, findings=tuple(findings), facts=facts)


def _frame_id(frame: FrameView) -> str:
    # Exports name the frame of a scene of one frame "0".
    return frame.frame_id if frame.frame_id is not None else "0"


def _by_document_frame(scene: SceneView, document: Document, match: FrameMatch) -> dict[str, FrameView]:
    by_id = {_frame_id(frame): frame for frame in scene.frames}
    return {document.external_id(key) or key: by_id[frame_id] for key, frame_id in match.frames.items()}


def _world(frames: Mapping[str, FrameView]) -> dict[str, FloatArray] | None:
    """Poses of all frames, or None: half of them would judge half of a track."""
    poses = {}
    for frame_id, frame in frames.items():
        pose = frame.ego_pose
        if pose is None or not pose.is_usable:
            return None
        poses[frame_id] = np.eye(4)
        poses[frame_id][:3, :3] = rotation_matrix(list(pose.quaternion))
        poses[frame_id][:3, 3] = pose.position
    return poses or None


def _points(
    scene: SceneView, sensors: Mapping[str, BaseCalibration], frames: Mapping[str, FrameView]
) -> Points:
    def points(frame_id: str) -> FloatArray | None:
        frame = frames.get(frame_id)
        if frame is None or not frame.clouds:
            return None
        found = points_of_frames(scene, [frame], sensors)[frame.relative_ms or 0]
        return found if len(found) else None

    return points


def _projection(scene: SceneView, sensors: Mapping[str, BaseCalibration]) -> Project:
    lidars = scene.lidar_names
    to_reference = Rigid.identity()
    if len(lidars) == 1 and lidars[0] in sensors:
        to_reference = Rigid.of_sensor(sensors[lidars[0]])

    def projected(camera: str, frame_id: str, points: FloatArray) -> FloatArray:
        del frame_id  # cuboids stand where they are at the frame's time, and so is the picture taken to be
        sensor = sensors.get(camera)
        unknown = np.full((len(points), 2), np.nan)
        if sensor is None or not is_camera(sensor):
            return unknown
        try:
            found = project(to_reference.apply(points), cast("BaseCameraCalibration", sensor))
        except CameraError:
            return unknown
        return np.where(found.visible[:, None], found.pixels, np.nan)

    return projected
