"""Pixels of points and shapes in images of cameras that the page cannot compute: custom cameras.

    baker = Baker(scene)
    picture = baker.baked(picture, camera, frame)

The page runs no module of a stranger, so the pixels come with the frame: at the middle of the exposure, moved
there from the frame's time as the page moves the points of other cameras.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from kognic.scenes.calibration.evidence import Cloud as ReadCloud
from kognic.scenes.calibration.evidence import Evidence, FrameEvidence
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.optics import Optics
from kognic.scenes.geometry.poses import FloatArray, Rigid, rotation_matrix
from kognic.scenes.geometry.projection import project_with
from kognic.viewer import document
from kognic.viewer.stills.wireframe import Cuboid, project_lines, subdivided


class Baker:
    """Bakes pixels into the pictures of a scene."""

    def __init__(self, scene: document.Scene) -> None:
        self._scene = scene
        path = scene.trajectory
        self._trajectory = (
            None if path is None else Trajectory(path.times_ns, path.positions, path.quaternions)
        )
        self._lidars = {
            lidar.name: pose for lidar in scene.lidars if (pose := rigid_of(lidar.given)) is not None
        }
        self._evidence = Evidence(
            frames=(),
            trajectory=self._trajectory,
            is_compensated=scene.is_compensated,
            one_lidar=scene.only_lidar is not None,
        )

    def baked(
        self, picture: document.Picture, mounting: Rigid, to_pixels: Optics, frame: document.Frame
    ) -> document.Picture:
        """Return the picture with the pixels of a frame's points and shapes.

        Args:
            picture: An image of the frame.
            mounting: From the camera to the reference system.
            to_pixels: The camera's formula.
            frame: The frame; its clouds and shapes count.

        Raises:
            CameraError: The formula fails on a point.
        """
        size, to_camera = (picture.width, picture.height), mounting.inverse()
        shutter = picture.shutter_ns
        target = None if shutter is None else (shutter[0] + shutter[1]) // 2
        time = self._scene.frames[frame.index].unix_ns
        source = frame.index if frame.cloud_frame is None else frame.cloud_frame
        pixels = [np.empty((0, 2))]
        for cloud in frame.clouds:
            points = self._reference_points(cloud, self._scene.frames[source].unix_ns, target)
            seen = project_with(points, to_camera, to_pixels, size)
            pixels.append(np.where(seen.visible[:, None], seen.pixels, np.nan))
        lines = self._lines(frame.shapes, to_camera @ self._motion(time, target), to_pixels, size)
        return attrs.evolve(picture, baked=np.vstack(pixels), baked_lines=lines)

    def _reference_points(
        self, cloud: document.Cloud, frame_ns: int | None, target: int | None
    ) -> FloatArray:
        if cloud.lidar not in self._lidars:
            return np.full((len(cloud.xyz), 3), np.nan)
        points = PointArrays(xyz=cloud.xyz, intensity=None, timestamps=cloud.times_ns)
        single = FrameEvidence(None, frame_ns, (ReadCloud(cloud.lidar, points),), ())
        return self._evidence.reference_points(single, self._lidars, target)[0]

    def _own_system(self) -> Rigid | None:
        """From the system of ego poses and shapes to the reference system."""
        only = self._scene.only_lidar
        return Rigid.identity() if only is None else self._lidars.get(only)

    def _motion(self, start: int | None, end: int | None) -> Rigid:
        """From the reference system at one time to that at another."""
        path, own = self._trajectory, self._own_system()
        if path is None or own is None or start is None or end is None:
            return Rigid.identity()
        if not (path.covers(start) and path.covers(end)):
            return Rigid.identity()
        return own @ path.pose_at(end).inverse() @ path.pose_at(start) @ own.inverse()

    def _lines(
        self, shapes: Sequence[document.Shape], motion: Rigid, to_pixels: Optics, size: tuple[int, int]
    ) -> list[document.BakedLine]:
        own = self._own_system()
        if own is None:
            return []
        jobs: list[tuple[document.Shape, bool, FloatArray]] = []
        for shape in shapes:
            if shape.kind == "cuboid":
                cuboid = Cuboid.of_openlabel(shape.numbers).moved(own)
                jobs += [(shape, False, line) for line in cuboid.edges()]
                jobs += [(shape, True, line) for line in cuboid.front()]
            elif shape.kind == "poly3d":
                points = np.array(shape.numbers).reshape(-1, 3)
                closed = np.vstack([points, points[:1]]) if shape.is_closed else points
                jobs.append((shape, False, subdivided(own.apply(closed))))
        found = project_lines([line for *_, line in jobs], motion, to_pixels, size)
        return [
            document.BakedLine(object_id=shape.object_id, layer=shape.layer, pixels=part, is_front=is_front)
            for (shape, is_front, _), parts in zip(jobs, found, strict=True)
            for part in parts
        ]


def rigid_of(pose: document.Pose | None) -> Rigid | None:
    """Return the motion of a pose; None without one, or if its quaternion has no direction."""
    if pose is None:
        return None
    try:
        return Rigid(rotation_matrix(pose.quaternion), np.array(pose.position, dtype=float))
    except ValueError:
        return None
