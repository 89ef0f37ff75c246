"""What a scene holds to judge its cameras by: points of some frames, and the images beside them.

Everything is read once; poses are applied later, because the verdict tries many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.scene_errors import ContentError, ContentIssue
from kognic.scenes.calibration.features import ImagePixels, read_pixels
from kognic.scenes.content.arrays import read_points
from kognic.scenes.content.points import PointArrays
from kognic.scenes.content.source import Source
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import FloatArray, Rigid, angle_between_deg
from kognic.scenes.scene_view import MAX_FRAMES, FileView, FrameView, SceneView

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration


@attrs.frozen(eq=False)
class Cloud:
    """The points of one lidar in one frame, in the lidar's own system."""

    lidar: str
    points: PointArrays


@attrs.frozen(eq=False)
class Picture:
    """One image.

    Attributes:
        camera: Name of the camera.
        image: What it shows.
        shutter: When its first and its last row were exposed, Unix nanoseconds; None when not known.
        reversed_shutter: The bottom row was exposed first.
    """

    camera: str
    image: ImagePixels
    shutter: tuple[int, int] | None = None
    reversed_shutter: bool = False

    @property
    def time_ns(self) -> int | None:
        """The middle of the exposure, Unix nanoseconds."""
        return None if self.shutter is None else (self.shutter[0] + self.shutter[1]) // 2


@attrs.frozen(eq=False)
class FrameEvidence:
    """Points and images of one frame; `time_ns` is the time that the points are moved to."""

    frame_id: str | None
    time_ns: int | None
    clouds: tuple[Cloud, ...]
    pictures: tuple[Picture, ...]


@attrs.frozen(eq=False)
class Evidence:
    """Some frames of a scene.

    Attributes:
        frames: Their points and images.
        trajectory: How the vehicle moves; None when the scene does not say.
        is_compensated: The platform will move points to the time of their frame.
        one_lidar: The scene has one lidar; ego poses and IMU data are then those of the lidar.
    """

    frames: tuple[FrameEvidence, ...]
    trajectory: Trajectory | None
    is_compensated: bool
    one_lidar: bool

    def knows_motion(self, camera: str) -> bool:
        """Whether points can be moved to the times of a camera's images."""
        pictures = [
            picture for frame in self.frames for picture in frame.pictures if picture.camera == camera
        ]
        return self.trajectory is not None and all(picture.time_ns is not None for picture in pictures)

    def reference_points(
        self, frame: FrameEvidence, lidars: Mapping[str, Rigid], target_ns: int | None
    ) -> tuple[FloatArray, FloatArray]:
        """Return the points in the reference system at the time of an image, and their intensities.

        Args:
            frame: The frame.
            lidars: Lidar name to its motion to the reference system.
            target_ns: Time of the image; None leaves points where they are at the frame.
        """
        moved, intensities = [np.empty((0, 3))], [np.empty(0)]
        for cloud in frame.clouds:
            pose = lidars.get(cloud.lidar)
            if pose is not None:
                moved.append(self._move(cloud.points, pose, frame.time_ns, target_ns))
                given = cloud.points.intensity
                intensities.append(np.zeros(len(cloud.points)) if given is None else given.astype(float))
        return np.vstack(moved), np.concatenate(intensities)

    def delays(self, frame: FrameEvidence, lidars: Mapping[str, Rigid], target_ns: int) -> FloatArray | None:
        """Return how much later than each of `reference_points` an image was taken, seconds, shape (N,).

        None when the times of points are not known.
        """
        found: list[FloatArray] = [np.empty(0)]
        for cloud in frame.clouds:
            if cloud.lidar not in lidars:
                continue
            times = cloud.points.timestamps if self.is_compensated else None
            if times is not None:
                found.append(np.asarray((target_ns - times.astype(np.int64)) * 1e-9, dtype=np.float64))
            elif frame.time_ns is not None:
                found.append(np.full(len(cloud.points), (target_ns - frame.time_ns) * 1e-9))
            else:
                return None
        return np.concatenate(found)

    def _move(
        self, points: PointArrays, pose: Rigid, frame_ns: int | None, target_ns: int | None
    ) -> FloatArray:
        path = self.trajectory
        if path is None or frame_ns is None or not path.covers(frame_ns):
            return pose.apply(points.xyz)
        target = frame_ns if target_ns is None or not path.covers(target_ns) else target_ns
        taken: npt.ArrayLike = frame_ns
        if self.is_compensated and points.timestamps is not None:
            times = points.timestamps.astype(np.int64)
            if len(times) and path.covers(int(times.min())) and path.covers(int(times.max())):
                taken = times
        # With one lidar the vehicle's poses are those of the lidar: move first, then change system.
        if self.one_lidar:
            return pose.apply(path.move(points.xyz, taken, target))
        return path.move(pose.apply(points.xyz), taken, target)


class Clouds:
    """The points of the files of one scene: each file is decoded once, however often it is asked for."""

    def __init__(self) -> None:
        self._known: dict[str, PointArrays | None] = {}

    def of(self, file: FileView) -> PointArrays | None:
        """Return the points of a file; None if it cannot be read."""
        if file.place not in self._known:
            self._known[file.place] = _points(file)
        return self._known[file.place]


def gather(scene: SceneView, *, max_frames: int = MAX_FRAMES, clouds: Clouds | None = None) -> Evidence:
    """Read points and images of a few frames, spread over the scene.

    Files that cannot be read are left out; the rules on files report them.

    Args:
        scene: The scene.
        max_frames: How many frames.
        clouds: Its points as far as they have been read; those that are read are added.
    """
    with_both = [frame for frame in scene.frames if frame.clouds and frame.images]
    return _evidence(scene, _spread(with_both, max_frames), Trajectory.of_scene(scene), clouds)


def gather_clouds(scene: SceneView, *, max_frames: int, clouds: Clouds | None = None) -> Evidence:
    """Read the points of a few frames, and no images; else as `gather`."""
    chosen = _spread([frame for frame in scene.frames if frame.clouds], max_frames)
    return _evidence(scene, _without_images(chosen), Trajectory.of_scene(scene), clouds)


def gather_run(scene: SceneView, *, max_frames: int = 8, clouds: Clouds | None = None) -> Evidence:
    """Read the points of neighbouring frames, of that part of a scene in which the vehicle moves most.

    Args:
        scene: The scene.
        max_frames: How many frames.
        clouds: As for `gather`.
    """
    frames = [frame for frame in scene.frames if frame.clouds]
    path = Trajectory.of_scene(scene)
    start = 0
    if path is not None:
        timed = [frame.unix_ns for frame in frames]
        lengths = [
            _length(path, timed[first], timed[first + max_frames - 1])
            for first in range(0, max(len(frames) - max_frames + 1, 0), max(1, max_frames // 2))
        ]
        start = int(np.argmax(lengths)) * max(1, max_frames // 2) if lengths else 0
    return _evidence(scene, _without_images(frames[start : start + max_frames]), path, clouds)


def _evidence(
    scene: SceneView, frames: Sequence[FrameView], path: Trajectory | None, clouds: Clouds | None
) -> Evidence:
    known = clouds or Clouds()
    return Evidence(
        frames=tuple(_read(frame, known) for frame in frames),
        trajectory=path,
        is_compensated=scene.is_compensated,
        one_lidar=len(scene.lidar_names) == 1,
    )


def _without_images(frames: Sequence[FrameView]) -> list[FrameView]:
    return [attrs.evolve(frame, images=()) for frame in frames]


def _length(path: Trajectory, first: int | None, last: int | None) -> float:
    """How far the vehicle gets between two times, metres, and half a metre for each degree that it turns."""
    if first is None or last is None:
        return 0.0
    moved = path.pose_at(first).inverse() @ path.pose_at(last)
    return float(np.linalg.norm(moved.position)) + 0.5 * angle_between_deg(np.eye(3), moved.rotation)


def _spread(frames: Sequence[FrameView], count: int) -> list[FrameView]:
    if len(frames) <= count:
        return list(frames)
    return [frames[round(index * (len(frames) - 1) / max(count - 1, 1))] for index in range(count)]


def _read(frame: FrameView, known: Clouds) -> FrameEvidence:
    clouds, pictures = [], []
    for file in frame.clouds:
        points = known.of(file)
        if points is not None:
            clouds.append(Cloud(file.sensor, points))
    for file in frame.images:
        image = _pixels(file)
        if image is not None:
            pictures.append(Picture(file.sensor, image, file.shutter, file.reversed_shutter))
    return FrameEvidence(frame.frame_id, frame.unix_ns, tuple(clouds), tuple(pictures))


def read_cloud(file: FileView) -> PointArrays:
    """Read the points of a file of a scene, without those that are no measurements (see `is_measured`).

    Raises:
        ContentError: The file is missing, elsewhere, or cannot be read.
    """
    points = read_whole_cloud(file)
    measured = is_measured(points)
    return points if measured.all() else chosen(points, measured)


def read_whole_cloud(file: FileView) -> PointArrays:
    """Read all points of a file of a scene, in the order of the file.

    Raises:
        ContentError: The file is missing, elsewhere, or cannot be read.
    """
    if file.content is None or file.remote:
        issue = ContentIssue(
            code="file-elsewhere", problem="the content is not on this machine", hint="download it"
        )
        raise ContentError([issue], name=file.name)
    suffix = file.format or file.name.rpartition(".")[2]
    return read_points(Source.of(file.content), suffix)


def is_measured(points: PointArrays) -> npt.NDArray[np.bool_]:
    """Return which points are measurements: not at infinity, and not at the origin ("nothing seen")."""
    return np.asarray(np.isfinite(points.xyz).all(axis=1) & (points.xyz != 0).any(axis=1))


def chosen(points: PointArrays, mask: npt.NDArray[np.bool_]) -> PointArrays:
    """Some of the points, shape of the mask (N,)."""
    return PointArrays(
        xyz=points.xyz[mask],
        intensity=None if points.intensity is None else points.intensity[mask],
        timestamps=None if points.timestamps is None else points.timestamps[mask],
    )


def _points(file: FileView) -> PointArrays | None:
    try:
        return read_cloud(file)
    except ContentError:
        return None


def _pixels(file: FileView) -> ImagePixels | None:
    if file.content is None or file.remote:
        return None
    try:
        with Source.of(file.content).open() as opened:
            return read_pixels(opened)
    except (ContentError, OSError, ValueError):  # what Pillow raises on damaged files
        return None


def points_of_frames(
    scene: SceneView, frames: Sequence[FrameView], sensors: Mapping[str, BaseCalibration]
) -> dict[int, FloatArray]:
    """Return the points of frames by relative time in milliseconds, in the system that annotations are in.

    That is the lidar's own with one lidar, the reference system with several; lidars without a calibration
    are then left out.
    """
    one_lidar = len(scene.lidar_names) == 1
    found = {}
    for frame in frames:
        parts = [np.empty((0, 3))]
        for file in frame.clouds:
            points = _points(file)
            if points is None:
                continue
            if one_lidar:
                parts.append(points.xyz)
            elif file.sensor in sensors:
                parts.append(Rigid.of_sensor(sensors[file.sensor]).apply(points.xyz))
        found[frame.relative_ms or 0] = np.vstack(parts)
    return found
