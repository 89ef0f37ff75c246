"""KITTI: the raw drives, the object benchmark and the odometry benchmark.

Formats: A. Geiger et al., "Vision meets Robotics: The KITTI Dataset" (2013) and the readme files of the
development kits. Pictures are rectified in all three, so the projection matrix of the rectified camera
alone describes them; the coefficients D of `calib_cam_to_cam.txt` belong to the unrectified pictures, which
are not published.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from kognic._core.annotation_errors import AnnotationError
from kognic._core.scene_errors import RecordingError
from kognic.annotations.convert.kitti import DONT_CARE, KittiObject, read_objects
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import FloatArray, Rigid, quaternion_of, rotate_about, rotation_rpy
from kognic.scenes.importers.arrays import (
    date_to_ns,
    nearest_rotation,
    packed_floats,
    points_of,
    rigid,
    seconds_to_ns,
    trajectory_of,
)
from kognic.scenes.importers.folders import FolderRecording
from kognic.scenes.importers.locations import Location, text_of
from kognic.scenes.importers.recording import (
    BoxLabel,
    Capture,
    Optics,
    RecordedFrame,
    Recording,
    Sensor,
)

LIDAR = "velodyne"
_EARTH_RADIUS_M = 6378137.0  # as the development kit has it
_RECTIFIED = (
    "cameras: images are rectified, so cameras have no distortion; intrinsics and offsets between cameras "
    "come from all four columns of P"
)


def open_raw(source: Location, *, drive: str | None = None) -> Iterator[Recording]:
    """Yield the drives of a date folder, or one drive.

    Args:
        source: `2011_09_26/2011_09_26_drive_0001_sync`, the date above it, or the folder of the dates.
        drive: Only this one.

    Raises:
        RecordingError: There is no drive.
    """
    drives = [source] if (source / "velodyne_points").is_dir() or (source / "oxts").is_dir() else []
    if not drives and source.is_dir():
        dates = [source, *(path for path in source.iterdir() if path.is_dir())]
        drives = sorted(
            (path for date in dates for path in date.iterdir() if path.name.endswith("_sync")), key=str
        )
    found = [path for path in drives if drive in (None, path.name)]
    if not found:
        raise RecordingError(
            f"{source}: no KITTI raw drive{'' if drive is None else f' {drive}'}; pass the folder of a drive "
            "(..._sync), or of a date with calib_cam_to_cam.txt and drives"
        )
    for path in found:
        yield RawDrive(path)


def open_object(source: Location) -> Iterator[Recording]:
    """Yield the frames of `training`, else of `testing`, each a scene of one frame.

    Raises:
        RecordingError: The folder has no calib.
    """
    root = next((source / name for name in ("training", "testing") if (source / name).is_dir()), source)
    if not (root / "calib").is_dir() or not any(path.suffix == ".txt" for path in (root / "calib").iterdir()):
        raise RecordingError(
            f"{source}: no KITTI object data; pass the folder that holds velodyne, and calib with a file per "
            "frame"
        )
    yield ObjectFrames(root)


def open_odometry(source: Location, *, sequence: str | None = None) -> Iterator[Recording]:
    """Yield the sequences of `sequences`, or one of them.

    Args:
        source: The folder that holds `sequences`, or `sequences/00`.
        sequence: Only this one, such as `00`.

    Raises:
        RecordingError: There is none.
    """
    if (source / "calib.txt").exists():
        folders = [source]
    elif (source / "sequences").is_dir():
        folders = sorted((source / "sequences").iterdir(), key=str)
    else:
        folders = []
    found = [path for path in folders if sequence in (None, path.name)]
    if not found:
        raise RecordingError(f"{source}: no KITTI odometry sequence; pass the folder that holds sequences/00")
    for path in found:
        yield OdometrySequence(path)


class RawDrive(FolderRecording):
    """A drive of KITTI raw; ego is the IMU (x forward, y left, z up), world the place of its first record."""

    compensated = False

    def __init__(self, folder: Location) -> None:
        super().__init__(folder, folder.name)

    @property
    def notes(self) -> Sequence[str]:
        """Conversions of this format."""
        return (
            "timestamps: dates with nine decimals, read as UTC and converted to Unix nanoseconds",
            _RECTIFIED,
            (
                "ego poses: OXTS latitude, longitude and altitude in the Mercator projection of the "
                "development kit"
            ),
            "points have no timestamps of their own; every point has the timestamp of its sweep",
        )

    @cached_property
    def _calibration(self) -> tuple[Mapping[str, FloatArray], Rigid, Rigid]:
        """Camera entries, lidar to unrectified camera 0, lidar to IMU."""
        folder = self._folder.parent
        if not (folder / "calib_cam_to_cam.txt").exists():
            folder = self._folder
        cameras = _entries(folder / "calib_cam_to_cam.txt")
        to_camera = _pose(_entries(folder / "calib_velo_to_cam.txt"), folder / "calib_velo_to_cam.txt")
        imu_file = folder / "calib_imu_to_velo.txt"
        return cameras, to_camera, _pose(_entries(imu_file), imu_file).inverse()

    def sensors(self) -> Sequence[Sensor]:
        """Return the lidar and the cameras whose folders hold data."""
        cameras, to_camera, to_imu = self._calibration
        found = []
        if (self._folder / "velodyne_points" / "data").is_dir():
            found.append(Sensor(name=LIDAR, kind="lidar", pose=to_imu, source="velodyne_points"))
        rectified = Rigid(_square(cameras, "R_rect_00"), np.zeros(3)) @ to_camera
        for number in ("00", "01", "02", "03"):
            folder = self._folder / f"image_{number}"
            if not (folder / "data").is_dir():
                continue
            projection = _projection(cameras, f"P_rect_{number}")
            size = cameras.get(f"S_rect_{number}")
            found.append(
                _camera(
                    f"image_{number}",
                    projection,
                    rectified,
                    to_imu,
                    None if size is None else (int(size[0]), int(size[1])),
                )
            )
        if not found:
            raise RecordingError(
                f"{self._folder}: no velodyne_points/data and no image_0x/data; the download is not complete "
                "(timestamps alone make no scene)"
            )
        return found

    def captures(self, sensor: str) -> Iterator[Capture]:
        """Yield the files of a sensor."""
        for index, time in enumerate(self._times(sensor)):
            capture = self._capture(sensor, index, time)
            if capture is not None:
                yield capture

    def frames(self) -> Iterable[RecordedFrame]:
        """Yield the frames of the synchronised drive: files of one number belong together."""
        sensors = [sensor.name for sensor in self.sensors()]
        times = {name: self._times(name) for name in sensors}
        first = times[sensors[0]]
        for index, time in enumerate(first):
            captures = {
                name: capture
                for name in sensors
                if index < len(times[name])
                and (capture := self._capture(name, index, times[name][index])) is not None
            }
            if captures:
                yield RecordedFrame(name=f"{index:010d}", time_ns=time, captures=captures)

    def _times(self, sensor: str) -> list[int]:
        folder = "velodyne_points" if sensor == LIDAR else sensor
        return _dates(self._folder / folder / "timestamps.txt")

    @cached_property
    def _sweeps(self) -> tuple[list[int], list[int]]:
        folder = self._folder / "velodyne_points"
        try:
            return _dates(folder / "timestamps_start.txt"), _dates(folder / "timestamps_end.txt")
        except RecordingError:
            return [], []

    def _capture(self, sensor: str, index: int, time: int) -> Capture | None:
        if sensor == LIDAR:
            reference, suffix = f"velodyne_points/data/{index:010d}.bin", None
        else:
            suffix = _image_suffix(self._folder / sensor / "data")
            reference = f"{sensor}/data/{index:010d}{suffix}"
        if not self._has(reference, "timestamps.txt has a time for it", time):
            return None
        starts, ends = self._sweeps if sensor == LIDAR else ([], [])
        return Capture(
            sensor=sensor,
            reference=reference,
            time_ns=time,
            start_ns=starts[index] if index < len(starts) else None,
            end_ns=ends[index] if index < len(ends) else None,
            suffix=suffix,
        )

    def read(self, capture: Capture) -> Location | PointArrays:
        """Return an image as it is, or the points of a sweep."""
        path = self._folder / capture.reference
        return path if capture.suffix else _velodyne(path, capture.time_ns)

    def trajectory(self) -> Trajectory | None:
        """Return the poses of the IMU from OXTS, relative to its first record."""
        folder = self._folder / "oxts"
        if not (folder / "timestamps.txt").exists():
            return None
        poses: list[tuple[int, Rigid]] = []
        scale: float | None = None
        for index, time in enumerate(_dates(folder / "timestamps.txt")):
            path = folder / "data" / f"{index:010d}.txt"
            if not path.exists():
                continue
            record = _numbers(text_of(path), path)[:6]
            scale = math.cos(math.radians(record[0])) if scale is None else scale
            poses.append((time, _mercator(record, scale)))
        if not poses:
            return None
        # Subtracted before anything else: Mercator coordinates have seven digits before the point.
        origin = poses[0][1].position
        return trajectory_of((time, Rigid(pose.rotation, pose.position - origin)) for time, pose in poses)

    def labels(self) -> Iterator[BoxLabel]:
        """Boxes of `tracklet_labels.xml`, in the lidar's system."""
        path = self._folder / "tracklet_labels.xml"
        if not path.exists():
            return
        for number, item in enumerate(_tracklets(path)):
            height, width, length = (_child(item, name, path) for name in "hwl")
            first = int(_child(item, "first_frame", path))
            poses = item.find("poses")
            for offset, pose in enumerate([] if poses is None else poses.findall("item")):
                x, y, z = (_child(pose, name, path) for name in ("tx", "ty", "tz"))
                yaw = _child(pose, "rz", path)
                yield BoxLabel(
                    track=f"tracklet-{number}",
                    category=item.findtext("objectType") or "unknown",
                    frame=f"{first + offset:010d}",
                    system=LIDAR,
                    centre=(x, y, z + height / 2),  # tz is the bottom of the box
                    size=(length, width, height),
                    rotation=(math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2)),
                    attributes={
                        "occlusion": int(_child(pose, "occlusion", path)),
                        "truncation": int(_child(pose, "truncation", path)),
                    },
                )


class ObjectFrames(FolderRecording):
    """The object benchmark: frames without times or poses; ego is the lidar (x forward, y left, z up)."""

    compensated = True

    def __init__(self, folder: Location) -> None:
        super().__init__(folder, f"kitti-object-{folder.name}")

    @property
    def notes(self) -> Sequence[str]:
        """Conversions of this format."""
        return (
            "timestamps: the format has none; all points have the timestamp 0, and each frame is a scene",
            _RECTIFIED,
            (
                "labels: moved from the bottom of each box to its centre, and from the coordinates of the "
                "rectified camera 0 to those of the lidar"
            ),
        )

    @cached_property
    def _names(self) -> list[str]:
        return sorted(path.stem for path in (self._folder / "calib").iterdir() if path.suffix == ".txt")

    def sensors(self) -> Sequence[Sensor]:
        """Return the lidar and cameras as the first frame has them."""
        return self._sensors(self._names[0])

    def sensors_of(self, frame: RecordedFrame) -> Sequence[Sensor]:
        """Return the lidar and cameras as a frame has them: each has a calibration file of its own."""
        return self._sensors(frame.name)

    def _sensors(self, name: str) -> list[Sensor]:
        entries = _entries(self._folder / "calib" / f"{name}.txt")
        rectified = _object_rectified(entries, self._folder / "calib" / f"{name}.txt")
        identity = Rigid.identity()
        found = []
        if (self._folder / "velodyne").is_dir():
            found.append(Sensor(name=LIDAR, kind="lidar", pose=identity))
        for number in (2, 3):
            if (self._folder / f"image_{number}").is_dir():
                projection = _projection(entries, f"P{number}")
                found.append(_camera(f"image_{number}", projection, rectified, identity, None))
        return found

    def captures(self, sensor: str) -> Iterator[Capture]:
        """Yield the files of a sensor, by frame name."""
        for frame in self.frames():
            if sensor in frame.captures:
                yield frame.captures[sensor]

    def frames(self) -> Iterable[RecordedFrame]:
        """Yield one frame per calibration file."""
        sensors = self.sensors()
        for name in self._names:
            captures = {}
            for sensor in sensors:
                suffix = None if sensor.kind == "lidar" else _image_suffix(self._folder / sensor.name)
                reference = f"{sensor.name}/{name}{suffix or '.bin'}"
                if self._has(reference, f"calib/{name}.txt belongs to it"):
                    captures[sensor.name] = Capture(sensor=sensor.name, reference=reference, suffix=suffix)
            if captures:
                yield RecordedFrame(name=name, time_ns=None, captures=captures)

    def read(self, capture: Capture) -> Location | PointArrays:
        """Return an image as it is, or the points of a sweep."""
        path = self._folder / capture.reference
        return path if capture.suffix else _velodyne(path, 0)

    def labels(self) -> Iterator[BoxLabel]:
        """Boxes of `label_2`, in the lidar's system, without DontCare."""
        if not (self._folder / "label_2").is_dir():
            return
        for name in self._names:
            path = self._folder / "label_2" / f"{name}.txt"
            if not path.exists():
                continue
            calib = self._folder / "calib" / f"{name}.txt"
            to_lidar = _object_rectified(_entries(calib), calib).inverse()
            try:
                for found in read_objects(text_of(path)):
                    if found.kind != DONT_CARE:
                        yield _object_label(name, found, to_lidar)
            except AnnotationError as exc:
                raise RecordingError(f"{path}: {exc}") from exc


class OdometrySequence(FolderRecording):
    """A sequence of the odometry benchmark; ego is the lidar, world the lidar where the poses begin.

    The poses of the benchmark have y down. As in the tools of SemanticKITTI, `inv(Tr) @ pose @ Tr` gives
    those of the lidar, in a world with z up.
    """

    compensated = True

    def __init__(self, folder: Location) -> None:
        super().__init__(folder, f"kitti-odometry-{folder.name}")

    @property
    def notes(self) -> Sequence[str]:
        """Conversions of this format."""
        return (
            "timestamps: nanoseconds since the start of the sequence; the format has no date",
            _RECTIFIED,
            (
                "ego poses: converted from poses of the rectified camera 0 to poses of the lidar "
                "(inv(Tr) @ pose @ Tr), so that the world has z up"
            ),
            "points: motion-compensated already in the dataset",
        )

    @cached_property
    def _entries(self) -> Mapping[str, FloatArray]:
        return _entries(self._folder / "calib.txt")

    @cached_property
    def _rectified(self) -> Rigid:
        name = "Tr" if "Tr" in self._entries else "Tr_velo_to_cam"
        return rigid(_projection(self._entries, name))

    @cached_property
    def _times(self) -> list[int]:
        path = self._folder / "times.txt"
        try:
            return [seconds_to_ns(line) for line in text_of(path).split()]
        except ArithmeticError as exc:
            raise RecordingError(f"{path}: contains a value that is not a time in seconds") from exc

    def sensors(self) -> Sequence[Sensor]:
        """Return the lidar and the cameras whose folders are there."""
        identity = Rigid.identity()
        found = []
        if (self._folder / "velodyne").is_dir():
            found.append(Sensor(name=LIDAR, kind="lidar", pose=identity))
        for number in range(4):
            if (self._folder / f"image_{number}").is_dir():
                projection = _projection(self._entries, f"P{number}")
                found.append(_camera(f"image_{number}", projection, self._rectified, identity, None))
        if not found:
            raise RecordingError(
                f"{self._folder}: no folder velodyne or image_0 to image_3; the benchmark has calibrations, "
                "poses, images and point clouds in downloads of their own, to be unpacked into one folder"
            )
        return found

    def captures(self, sensor: str) -> Iterator[Capture]:
        """Yield the files of a sensor."""
        for frame in self.frames():
            if sensor in frame.captures:
                yield frame.captures[sensor]

    def frames(self) -> Iterable[RecordedFrame]:
        """Yield frames: the files of one number belong together."""
        sensors = self.sensors()
        for index, time in enumerate(self._times):
            captures = {}
            for sensor in sensors:
                suffix = None if sensor.kind == "lidar" else _image_suffix(self._folder / sensor.name)
                reference = f"{sensor.name}/{index:06d}{suffix or '.bin'}"
                if self._has(reference, "times.txt has a time for it", time):
                    captures[sensor.name] = Capture(
                        sensor=sensor.name, reference=reference, time_ns=time, suffix=suffix
                    )
            if captures:
                yield RecordedFrame(name=f"{index:06d}", time_ns=time, captures=captures)

    def read(self, capture: Capture) -> Location | PointArrays:
        """Return an image as it is, or the points of a sweep."""
        path = self._folder / capture.reference
        return path if capture.suffix else _velodyne(path, capture.time_ns)

    def trajectory(self) -> Trajectory | None:
        """Read poses of the lidar, from `poses/NN.txt` beside `sequences`, or `poses.txt` in the sequence."""
        beside = self._folder.parent.parent / "poses" / f"{self._folder.name}.txt"
        path = beside if beside.exists() else self._folder / "poses.txt"
        if not path.exists():
            return None
        lines = [line for line in text_of(path).splitlines() if line.strip()]
        matrices = [np.array(_numbers(line, path, 12)).reshape(3, 4) for line in lines]
        return trajectory_of(
            (time, self._rectified.inverse() @ rigid(matrix) @ self._rectified)
            for time, matrix in zip(self._times, matrices, strict=False)
        )


@lru_cache(maxsize=64)
def _image_suffix(folder: Location) -> str:
    """The suffix of the images of a folder: PNG as published, JPEG in smaller copies of the dataset."""
    suffixes = {path.suffix.lower(): path.suffix for path in folder.iterdir()} if folder.is_dir() else {}
    return next((suffixes[name] for name in (".png", ".jpg", ".jpeg") if name in suffixes), ".png")


def _camera(
    name: str, projection: FloatArray, rectified: Rigid, ego_from_lidar: Rigid, size: tuple[int, int] | None
) -> Sensor:
    """A rectified camera.

    P = K [I | t]: its fourth column moves rectified camera 0 to this one, by up to 6 cm also for camera 2.
    """
    matrix = projection[:, :3]
    offset = np.asarray(np.linalg.solve(matrix, projection[:, 3]), dtype=np.float64)
    camera_from_lidar = Rigid(np.eye(3), offset) @ rectified
    return Sensor(
        name=name,
        kind="camera",
        pose=ego_from_lidar @ camera_from_lidar.inverse(),
        optics=Optics(matrix=matrix, size=size),
    )


def _velodyne(path: Location, time_ns: int | None) -> PointArrays:
    """Points of a .bin: x, y, z in metres and reflectance from 0 to 1."""
    table = packed_floats(path, 4)
    return points_of(table[:, :3], table[:, 3], time_ns, scale=255)


def _entries(path: Location) -> dict[str, FloatArray]:
    """The lines `name: numbers` of a calibration file; others, such as a date, are left out."""
    found = {}
    for line in text_of(path).splitlines():
        name, colon, rest = line.partition(":")
        try:
            values = np.array([float(word) for word in rest.split()])
        except ValueError:
            continue
        if colon and len(values):
            found[name.strip()] = values
    return found


def _pose(entries: Mapping[str, FloatArray], path: Location) -> Rigid:
    if len(entries.get("R", ())) != 9 or len(entries.get("T", ())) != 3:
        raise RecordingError(f"{path}: R with nine numbers and T with three are missing")
    return rigid(np.hstack([entries["R"].reshape(3, 3), entries["T"].reshape(3, 1)]))


def _projection(entries: Mapping[str, FloatArray], name: str) -> FloatArray:
    if len(entries.get(name, ())) != 12:
        raise RecordingError(
            f"the calibration has no {name} with twelve numbers; it has {', '.join(entries)}"
        )
    return entries[name].reshape(3, 4)


def _square(entries: Mapping[str, FloatArray], name: str) -> FloatArray:
    if len(entries.get(name, ())) != 9:
        raise RecordingError(f"the calibration has no {name} with nine numbers; it has {', '.join(entries)}")
    return nearest_rotation(entries[name].reshape(3, 3))


def _object_rectified(entries: Mapping[str, FloatArray], path: Location) -> Rigid:
    """Lidar to rectified camera 0."""
    try:
        rotation = _square(entries, "R0_rect" if "R0_rect" in entries else "R_rect")
        name = "Tr_velo_to_cam" if "Tr_velo_to_cam" in entries else "Tr_velo_cam"
        return Rigid(rotation, np.zeros(3)) @ rigid(_projection(entries, name))
    except RecordingError as exc:
        raise RecordingError(f"{path}: {exc}") from exc


def _object_label(frame: str, found: KittiObject, to_lidar: Rigid) -> BoxLabel:
    (height, width, length), (x, y, z) = found.size, found.bottom
    # Camera 0: y is down and rotation_y turns x (the heading at 0) towards -z. (0, 1, 0) is the camera's
    # axis, and a box of ours has z up, so a quarter turn about x comes first.
    upright = rotate_about([1.0, 0.0, 0.0], 90.0)
    rotation = to_lidar.rotation @ rotate_about([0.0, 1.0, 0.0], math.degrees(found.rotation_y)) @ upright
    centre = to_lidar.apply([[x, y - height / 2, z]])[0]
    w, qx, qy, qz = (float(value) for value in quaternion_of(rotation))
    return BoxLabel(
        track=f"{frame}-{found.number - 1}",
        category=found.kind,
        frame=frame,
        system=LIDAR,
        centre=(float(centre[0]), float(centre[1]), float(centre[2])),
        size=(length, width, height),
        rotation=(w, qx, qy, qz),
        boxes={"image_2": found.edges},
        attributes={"truncated": found.truncated, "occluded": int(found.occluded)},
    )


def _mercator(record: Sequence[float], scale: float) -> Rigid:
    """Pose of the IMU as `convertOxtsToPose.m` of the development kit has it."""
    latitude, longitude, altitude, roll, pitch, yaw = record
    position = [
        scale * longitude * math.pi * _EARTH_RADIUS_M / 180,
        scale * _EARTH_RADIUS_M * math.log(math.tan((90 + latitude) * math.pi / 360)),
        altitude,
    ]
    return Rigid(rotation_rpy(roll, pitch, yaw), np.array(position))


def _dates(path: Location) -> list[int]:
    times = []
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            times.append(date_to_ns(line))
        except ValueError as exc:
            raise RecordingError(f"{path}: line {number} is {line.strip()!r}, must be a date") from exc
    return times


def _numbers(text: str, path: Location, count: int | None = None) -> list[float]:
    try:
        values = [float(word) for word in text.split()]
    except ValueError as exc:
        raise RecordingError(f"{path}: {exc}") from exc
    if count is not None and len(values) != count:
        raise RecordingError(f"{path}: a line has {len(values)} numbers, must have {count}")
    return values


def _tracklets(path: Location) -> list[Any]:
    text = text_of(path)
    if "<!ENTITY" in text:
        raise RecordingError(f"{path}: the file declares XML entities, which tracklets have no use for")
    try:
        root = ET.fromstring(text)  # noqa: S314 - entities are rejected above
    except ET.ParseError as exc:
        raise RecordingError(f"{path}: is not XML: {exc}") from exc
    tracklets = root.find("tracklets")
    return [] if tracklets is None else tracklets.findall("item")


def _child(item: Any, name: str, path: Location) -> float:
    text = item.findtext(name)
    try:
        return float(text)
    except (TypeError, ValueError) as exc:
        raise RecordingError(f"{path}: {name} is {text!r}, must be a number") from exc
