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
from kognic.annotations.quality import Limits, Points, check_annotation
from kognic.scenes.calibration.evidence import points_of_frames
from kognic.scenes.checks.report import Report
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import FloatArray, Rigid, rotation_matrix
from kognic.scenes.geometry.projection import is_camera, project
from kognic.scenes.geometry.shutter import RollingShutter
from kognic.scenes.scene_view import FrameView, SceneView

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration
    from kognic.io.model.calibration.camera.common import BaseCameraCalibration


def exported_id(frame: FrameView) -> str:
    """Return what exports call a frame: `0` that of a scene of one frame, which has no ID."""
    return frame.frame_id if frame.frame_id is not None else "0"


def scene_frames(scene: SceneView) -> list[SceneFrame]:
    """Return what identifies the frames of a scene, for `kognic.annotations.match_frames`."""
    return [
        SceneFrame(
            frame_id=exported_id(frame),
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
        project=None if sensors is None else _Projection(scene, sensors, frames),
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


def _by_document_frame(scene: SceneView, document: Document, match: FrameMatch) -> dict[str, FrameView]:
    by_id = {exported_id(frame): frame for frame in scene.frames}
    return {document.external_id(key) or key: by_id[frame_id] for key, frame_id in match.frames.items()}


def _world(frames: Mapping[str, FrameView]) -> dict[str, FloatArray] | None:
    """Poses of all frames, or None: half of them would judge half of a track."""
    poses = {}
    for frame_id, frame in frames.items():
        pose = frame.ego_pose
        if pose is None or not pose.is_usable:
            return None
        poses[frame_id] = Rigid(rotation_matrix(pose.quaternion), np.array(pose.position)).matrix
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


class _Projection:
    """Projects points of a frame into its images, to where the objects stood while the image was exposed.

    Objects are taken to stand still, as in the viewer: their own motion is not known. An image without
    shutter times, or a scene without ego motion, is taken to be exposed at the frame's time.
    """

    def __init__(
        self, scene: SceneView, sensors: Mapping[str, BaseCalibration], frames: Mapping[str, FrameView]
    ) -> None:
        self._sensors, self._frames = sensors, frames
        self._path = Trajectory.of_scene(scene)
        lidars = scene.lidar_names
        # With one lidar, cuboids and poses are in its system, not in the reference system.
        is_own = len(lidars) == 1 and lidars[0] in sensors
        self._to_reference = Rigid.of_sensor(sensors[lidars[0]]) if is_own else Rigid.identity()

    def __call__(self, camera: str, frame_id: str, points: FloatArray) -> FloatArray:
        """Pixels, shape (N, 2), of points, shape (N, 3), in the cuboids' system; NaN where not seen."""
        sensor = self._sensors.get(camera)
        unknown = np.full((len(points), 2), np.nan)
        if sensor is None or not is_camera(sensor):
            return unknown
        moved, shutter = self._exposed(camera, frame_id, points)
        try:
            found = project(moved, cast("BaseCameraCalibration", sensor), shutter=shutter)
        except CameraError:
            return unknown
        return np.where(found.visible[:, None], found.pixels, np.nan)

    def _exposed(
        self, camera: str, frame_id: str, points: FloatArray
    ) -> tuple[FloatArray, RollingShutter | None]:
        """Points in the reference system in the middle of the exposure, and how they move meanwhile."""
        path, frame = self._path, self._frames.get(frame_id)
        images = () if frame is None else frame.images
        image = next((image for image in images if image.sensor == camera), None)
        start = None if frame is None else frame.unix_ns
        if path is None or start is None or image is None or image.shutter is None:
            return self._to_reference.apply(points), None
        opened, closed = image.shutter
        middle = (opened + closed) // 2
        if not (path.covers(start) and path.covers(opened) and path.covers(closed)):
            return self._to_reference.apply(points), None

        def at(time: int) -> FloatArray:
            return self._to_reference.apply(path.move(points, start, time))

        if closed <= opened:
            return at(middle), None
        seconds = (closed - opened) * 1e-9
        velocity = (at(closed) - at(opened)) / seconds
        shutter = RollingShutter(duration_s=seconds, velocity=velocity, is_reversed=image.reversed_shutter)
        return at(middle), shutter
