"""The frames of a scene made ready to be drawn: everything in one system, everything read once.

That system is the calibration's reference system at the frame's time; without a calibration that of the
lidar. Points are moved to the frame's time if the platform will do so. An image is taken a little earlier or
later, so for it everything is moved on to its own time, as far as ego poses or IMU data tell.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import attrs
import numpy as np

from kognic._core.camera_errors import CameraError
from kognic._core.scene_errors import ContentError
from kognic.scenes.calibration.evidence import Cloud, Evidence, FrameEvidence, read_cloud
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.optics import Optics, Pixels
from kognic.scenes.geometry.poses import FloatArray, Rigid, rotation_matrix
from kognic.scenes.geometry.projection import is_camera, kind_of, optics_of
from kognic.scenes.scene_view import FileView, FrameView, PoseView, SceneView
from kognic.viewer.stills.annotations import Annotations, Drawn
from kognic.viewer.stills.options import MAX_POINTS

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration
    from kognic.io.model.calibration.camera.common import BaseCameraCalibration

_NO_CALIBRATION = "there is no calibration, so nothing is projected into images"
# The same points are drawn every time, so that two previews of one scene can be compared.
_SEED = 7
# Over a shorter distance, noise of the poses dominates the direction of travel.
_MOVED_M = 2.0


@attrs.frozen(kw_only=True, eq=False)
class Lens:
    """A camera that points can be projected into.

    Attributes:
        mounting: From the camera to the reference system.
        to_pixels: Its formula.
        size: Width and height that the calibration gives, pixels.
        pinhole: Of a pinhole camera, distorted or not: fx, fy, cx, cy, pixels.
    """

    mounting: Rigid
    to_pixels: Optics
    size: tuple[int, int]
    pinhole: tuple[float, float, float, float] | None = None

    @classmethod
    def of(cls, calibration: BaseCameraCalibration) -> Lens:
        """Return the camera of a calibration.

        Raises:
            CameraError: It cannot be projected with.
            ValueError: Its quaternion is zero.
            ImportError: It is a custom camera, and what runs those is not installed.
        """
        matrix = getattr(calibration, "camera_matrix", None)
        is_pinhole = matrix is not None and kind_of(calibration) == "pinhole"
        return cls(
            mounting=Rigid.of_sensor(calibration),
            to_pixels=optics_of(calibration),
            size=(calibration.image_width, calibration.image_height),
            pinhole=(matrix.fx, matrix.fy, matrix.cx, matrix.cy) if matrix and is_pinhole else None,
        )


@attrs.frozen(kw_only=True, eq=False)
class Shot:
    """An image of a frame.

    Attributes:
        file: The image.
        lens: The camera; None when nothing can be projected into it, which `note` explains.
        motion: From the frame's system to that of the camera when the image was taken.
        shapes: 2D geometry, pixels.
        note: What a reader has to know.
    """

    file: FileView
    lens: Lens | None
    motion: Rigid
    shapes: Sequence[Drawn]
    note: str = ""

    @property
    def sensor(self) -> str:
        return self.file.sensor


@attrs.frozen(kw_only=True, eq=False)
class Stage:
    """A frame, ready to be drawn.

    Attributes:
        index: Position in the scene, from 0.
        title: The frame's name for people.
        frame: The frame.
        points: Metres, shape (N, 3); a part of them where there are too many.
        num_points: Of all of them.
        shots: Its images.
        solids: 3D geometry, in the same system as the points.
        path: Where the vehicle (with one lidar: the lidar) is over time, metres, shape (K, 3).
        to_world: From the frame's system to the world; None when it is not known.
        notes: What a reader has to know.
    """

    index: int
    title: str
    frame: FrameView
    points: FloatArray
    num_points: int
    shots: Sequence[Shot]
    solids: Sequence[Drawn]
    path: FloatArray
    to_world: Rigid | None
    notes: Sequence[str]


class SceneStage:
    """Makes the stages of a scene.

    Args:
        view: The scene.
        sensors: Sensor name to calibration; None without a calibration.
        annotations: The pre-annotation.
        cameras: Only these; None for all.
        max_points: Points kept per frame.

    Raises:
        ValueError: The scene has no such camera.
    """

    def __init__(
        self,
        view: SceneView,
        sensors: Mapping[str, BaseCalibration] | None,
        annotations: Annotations | None,
        *,
        cameras: Collection[str] | None = None,
        max_points: int = MAX_POINTS,
    ) -> None:
        unknown = sorted(set(cameras or ()) - set(view.camera_names))
        if unknown:
            known = ", ".join(view.camera_names) or "none"
            raise ValueError(f"the scene has no camera {unknown[0]!r}; it has {known}")
        self.view = view
        self.cameras = [name for name in view.camera_names if cameras is None or name in cameras]
        self.annotations = annotations
        self._max_points = max_points
        self._has_calibration = sensors is not None
        self.notes: list[str] = []
        self._lidars = self._lidar_poses(sensors)
        self.lenses: dict[str, Lens] = {}
        self._reasons: dict[str, str] = {}
        for name in self.cameras:
            self._add_camera(name, sensors)
        names = view.lidar_names
        # With one lidar, poses and annotations are in its system.
        self._only = self._lidars.get(names[0]) if len(names) == 1 else Rigid.identity()
        self._evidence = Evidence(
            frames=(),
            trajectory=Trajectory.of_scene(view),
            is_compensated=view.is_compensated,
            one_lidar=len(names) == 1,
        )

    def stage(self, index: int) -> Stage:
        """Read a frame."""
        frame = self.view.frames[index]
        notes: list[str] = []
        points, count = self._points(frame, notes)
        flat, solids = self._annotations(frame, notes)
        return Stage(
            index=index,
            title=self.title(index),
            frame=frame,
            points=points,
            num_points=count,
            shots=[
                self._shot(frame, file, [drawn for drawn in flat if drawn.stream == file.sensor])
                for file in sorted(frame.images, key=self._order)
                if file.sensor in self.cameras
            ],
            solids=solids,
            path=self._path(frame),
            to_world=self._to_world(frame),
            notes=notes,
        )

    def title(self, index: int) -> str:
        """Return the name of a frame for people."""
        name = self.view.frames[index].frame_id
        return f"frame {index}" if name in (None, str(index)) else f"frame {index} ({name})"

    def _order(self, file: FileView) -> int:
        return self.cameras.index(file.sensor) if file.sensor in self.cameras else len(self.cameras)

    def _lidar_poses(self, sensors: Mapping[str, BaseCalibration] | None) -> dict[str, Rigid]:
        names = self.view.lidar_names
        if sensors is None:
            if len(names) > 1:
                self.notes.append(
                    "there is no calibration: all point clouds are drawn in one coordinate system"
                )
            return {name: Rigid.identity() for name in names}
        poses = {}
        for name in names:
            try:
                poses[name] = Rigid.of_sensor(sensors[name])
            except KeyError:
                self.notes.append(f"the calibration has no lidar {name}: what depends on it is left out")
            except ValueError as exc:
                self.notes.append(f"lidar {name}: {exc}: what depends on it is left out")
        return poses

    def _add_camera(self, name: str, sensors: Mapping[str, BaseCalibration] | None) -> None:
        """Make a camera ready, or say why it cannot be projected into."""
        calibration = None if sensors is None else sensors.get(name)
        if calibration is None:
            self._reasons[name] = (
                _NO_CALIBRATION if sensors is None else f"the calibration has no camera {name}"
            )
            return
        if not is_camera(calibration):
            self._reasons[name] = f"in the calibration {name} is a lidar"
            return
        try:
            lens = Lens.of(cast("BaseCameraCalibration", calibration))
            self.lenses[name] = attrs.evolve(lens, to_pixels=self._forgiving(name, lens.to_pixels))
        except (CameraError, ImportError, ValueError) as exc:
            self._reasons[name] = str(exc)

    def _forgiving(self, name: str, to_pixels: Optics) -> Optics:
        """A formula that sees nothing, and says so once, where a custom camera's module fails."""

        def project(x: FloatArray, y: FloatArray, z: FloatArray) -> Pixels:
            try:
                return to_pixels(x, y, z)
            except CameraError as exc:
                note = f"{name}: {exc}: some points are left out"
                if note not in self.notes:
                    self.notes.append(note)
                nowhere = np.full_like(x, np.nan)
                return nowhere, nowhere.copy(), np.zeros(len(x), dtype=bool)

        return project

    def _points(self, frame: FrameView, notes: list[str]) -> tuple[FloatArray, int]:
        """Points of a frame, in its own system at its own time."""
        source, motion = frame, Rigid.identity()
        if self.view.is_aggregated and not frame.clouds:
            # A cloud that was aggregated before belongs to the first frame.
            source, motion = self.view.frames[0], self._between(self.view.frames[0], frame)
        clouds = []
        for file in source.clouds:
            try:
                clouds.append(Cloud(file.sensor, read_cloud(file)))
            except ContentError as exc:
                notes.append(f"the points of {file.sensor} cannot be read: {exc}")
        read = FrameEvidence(source.frame_id, source.unix_ns, tuple(clouds), ())
        points, _ = self._evidence.reference_points(read, self._lidars, None)
        count = len(points)
        if count > self._max_points:
            chosen = np.random.default_rng(_SEED).choice(count, self._max_points, replace=False)
            points = points[np.sort(chosen)]
        return motion.apply(points), count

    def _annotations(self, frame: FrameView, notes: list[str]) -> tuple[list[Drawn], list[Drawn]]:
        """2D geometry, and 3D geometry in the frame's system."""
        if self.annotations is None:
            return [], []
        # Annotations of aggregated scenes are in the system of the first frame, whichever is shown.
        home = self.view.frames[0] if self.view.is_aggregated else frame
        drawn, lost = self.annotations.at(home.relative_ms or 0)
        if lost:
            notes.append(f"{lost} geometries of the pre-annotation cannot be drawn; 'kognic check' says why")
        flat = [item for item in drawn if item.kind not in ("cuboid", "poly3d")] if home is frame else []
        if self._only is None:
            return flat, []
        motion = self._between(home, frame) @ self._only
        solids = []
        for item in drawn:
            if item.cuboid is not None:
                solids.append(attrs.evolve(item, cuboid=item.cuboid.moved(motion)))
            elif item.kind == "poly3d" and item.points is not None:
                solids.append(attrs.evolve(item, points=motion.apply(item.points)))
        return flat, solids

    def _shot(self, frame: FrameView, file: FileView, shapes: Sequence[Drawn]) -> Shot:
        lens = self.lenses.get(file.sensor)
        if lens is None:
            reason = self._reasons.get(file.sensor, "")
            return Shot(file=file, lens=None, motion=Rigid.identity(), shapes=shapes, note=reason)
        taken = None if file.shutter is None else (file.shutter[0] + file.shutter[1]) // 2
        motion = lens.mounting.inverse() @ self._motion(frame.unix_ns, taken)
        return Shot(file=file, lens=lens, motion=motion, shapes=shapes)

    def _motion(self, start_ns: int | None, end_ns: int | None) -> Rigid:
        """From the reference system at one time to that at another."""
        path = self._evidence.trajectory
        if path is None or start_ns is None or end_ns is None:
            return Rigid.identity()
        if not (path.covers(start_ns) and path.covers(end_ns)):
            return Rigid.identity()
        return self._of_reference(path.pose_at(end_ns).inverse() @ path.pose_at(start_ns))

    def _between(self, start: FrameView, end: FrameView) -> Rigid:
        """From the reference system at one frame to that at another."""
        first, second = self._vehicle(start), self._vehicle(end)
        if start is end or first is None or second is None:
            return Rigid.identity()
        return self._of_reference(second.inverse() @ first)

    def _of_reference(self, motion: Rigid) -> Rigid:
        return Rigid.identity() if self._only is None else self._only @ motion @ self._only.inverse()

    def _vehicle(self, frame: FrameView) -> Rigid | None:
        """From the vehicle (with one lidar: the lidar) at a frame to the world."""
        if frame.ego_pose is not None and frame.ego_pose.is_usable:
            return _rigid(frame.ego_pose)
        path, time = self._evidence.trajectory, frame.unix_ns
        return path.pose_at(time) if path is not None and time is not None and path.covers(time) else None

    def _path(self, frame: FrameView) -> FloatArray:
        """The vehicle's way as seen from a frame."""
        to_world, path = self._to_world(frame), self._evidence.trajectory
        if to_world is None:
            return np.empty((0, 3))
        if path is not None:
            world = path.positions
        else:
            found = [pose for other in self.view.frames if (pose := self._vehicle(other)) is not None]
            world = np.array([pose.position for pose in found])
        return to_world.inverse().apply(world)

    def _to_world(self, frame: FrameView) -> Rigid | None:
        """From the reference system at a frame to the world."""
        vehicle = self._vehicle(frame)
        return None if vehicle is None or self._only is None else vehicle @ self._only.inverse()

    @property
    def forward(self) -> FloatArray:
        """Where the vehicle's front is in the reference system: +x, or along y if it moves that way."""
        path = self._path(self.view.frames[0]) if self.view.frames else np.empty((0, 3))
        ahead = path[-1, :2] - path[0, :2] if len(path) else np.zeros(2)
        if np.linalg.norm(ahead) < _MOVED_M or abs(ahead[0]) >= abs(ahead[1]):
            return np.array([1.0, 0.0])
        return np.array([0.0, np.sign(ahead[1])])


def _rigid(pose: PoseView) -> Rigid:
    return Rigid(rotation_matrix(pose.quaternion), np.array(pose.position, dtype=float))
