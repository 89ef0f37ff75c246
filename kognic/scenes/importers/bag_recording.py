"""A recording in a bag: one pass over its messages finds every capture, and reading one goes straight to
its message.

Names: a sensor is called by its topic (`/sensing/camera/front/image_raw/compressed` is `camera_front`).
Frames come from the headers and the tree of transforms; optics from the CameraInfo beside the images.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import attrs
import numpy as np

from kognic._core.scene_errors import RecordingError
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import Rigid, quaternion_of
from kognic.scenes.importers.arrays import pose_of, trajectory_of
from kognic.scenes.importers.bag_files import open_bag
from kognic.scenes.importers.bag_index import BagIndex, Shot, Stream, index_of, merged, sensor_name
from kognic.scenes.importers.bags import Bag
from kognic.scenes.importers.clouds import PackedCloud, points_of_cloud, read_as
from kognic.scenes.importers.gyros import GyroMismatchError, refined
from kognic.scenes.importers.locations import Location
from kognic.scenes.importers.messages import InfoMessage, VideoMessage, reader_of
from kognic.scenes.importers.pictures import picture_of
from kognic.scenes.importers.recording import (
    BoxLabel,
    Capture,
    Optics,
    Picture,
    RecordedTopic,
    Recording,
    Sensor,
    Skip,
)
from kognic.scenes.importers.registry import Importer
from kognic.scenes.importers.video import VideoReader

_KITTI2BAG = "/kitti/camera_"
# How far the proportions of images may be from those of the camera info that is taken for them.
_SAME_SHAPE = 0.01
# Of the reference of an image: how deep the pixels of its topic are.
_BITS = "bits="
_USES = {
    "cloud": "lidar",
    "image": "camera",
    "info": "camera info",
    "transform": "transforms",
    "odometry": "poses",
    "imu": "IMU",
    "cubes": "labels",
}


def open_messages(
    source: Location,
    *,
    format: str | None = None,
    ego_frame: str | None = None,
    world_frame: str | None = None,
    rectified: str = "auto",
    imu: str = "auto",
) -> Iterator[Recording]:
    """The recording of a bag.

    Args:
        source: An .mcap, .db3 or .bag file, or a folder of rosbag2; files of one folder are one recording.
        format: `rosbag1`, `rosbag2` or `mcap`, of which it must be one; None takes any.
        ego_frame: Frame of the vehicle; None takes that which the sensors hang on, such as `base_link`.
        world_frame: Frame that the vehicle moves in; None takes the highest, such as `map`.
        rectified: `true` if images are rectified, so that P describes them, `false` if K and D do, `auto`
            tells it by the topic (`image_rect`).
        imu: Topic of the IMU that the vehicle's rotations between its poses are taken from; `auto` takes the
            fastest, `none` interpolates.

    Raises:
        RecordingError: It is not a bag, or is damaged from the start.
    """
    if rectified not in ("auto", "true", "false"):
        raise RecordingError(f"rectified is '{rectified}', must be auto, true or false")
    yield BagRecording(
        source, open_bag(source, format), ego_frame, world_frame, rectified=rectified, imu=imu or "none"
    )


def _opener(format: str) -> Importer:
    """What opens bags of one format; its keyword arguments are the options of the format."""

    def opened(
        source: Location,
        *,
        ego_frame: str | None = None,
        world_frame: str | None = None,
        rectified: str = "auto",
        imu: str = "auto",
    ) -> Iterator[Recording]:
        return open_messages(
            source, format=format, ego_frame=ego_frame, world_frame=world_frame, rectified=rectified, imu=imu
        )

    return opened


open_rosbag1, open_rosbag2, open_mcap = _opener("rosbag1"), _opener("rosbag2"), _opener("mcap")


class BagRecording(Recording):
    """A bag; ego and world are frames of its tree of transforms."""

    compensated = False

    def __init__(
        self,
        location: Location,
        bag: Bag,
        ego_frame: str | None,
        world_frame: str | None,
        *,
        rectified: str = "auto",
        imu: str = "auto",
    ) -> None:
        self.name = location.stem if location.suffix.lower() in (".mcap", ".bag", ".db3") else location.name
        self._location = location
        self._bag = bag
        self._ego_frame = ego_frame
        self._world_frame = world_frame
        self._rectified = rectified
        self._imu = imu
        self._videos = lru_cache(maxsize=None)(self._video)
        if imu not in ("auto", "none") and imu not in bag.topics:
            raise RecordingError(
                f"{location}: no topic '{imu}' with an IMU; there are: {', '.join(bag.topics)}"
            )

    def close(self) -> None:
        """Close the files."""
        self._bag.close()

    @property
    def notes(self) -> Sequence[str]:
        """Conversions of this format."""
        index = self._index
        world = self._moves[1] if self._moves else None
        return [
            (
                "timestamps: taken from the message headers, with nanosecond precision; the time of a lidar "
                "sweep is the middle between its first and last point"
            ),
            f"coordinate frames: the vehicle is the frame '{self._ego}', the world is the frame '{world}'"
            if world
            else f"coordinate frames: the vehicle is the frame '{self._ego}'",
            *index.notes,
        ]

    @property
    def skipped(self) -> Sequence[Skip]:
        """Topics that were not used, damaged messages, clocks that jumped."""
        return merged([*self._bag.skipped, *self._index.skipped])

    @cached_property
    def _index(self) -> BagIndex:
        return index_of(self._bag, self.progress)

    def topics(self) -> Sequence[RecordedTopic]:
        """All topics of the bag; counts of a file that is cut off are those of what was read."""
        names = {topic: name for name, topic in self._names.items()} if self._index.streams else {}
        found = []
        for topic in self._bag.topics.values():
            reader = reader_of(topic.schema)
            is_used = reader is not None and (reader[0] not in ("cloud", "image") or topic.name in names)
            found.append(
                RecordedTopic(
                    name=topic.name,
                    type=topic.schema,
                    count=self._index.read[topic.name] if topic.count is None else topic.count,
                    use=names.get(topic.name) or (_USES[reader[0]] if reader and is_used else ""),
                )
            )
        return sorted(found, key=lambda one: one.name)

    def system_tree(self) -> Mapping[str, str]:
        """The frames of the tree of transforms with the frame above each."""
        return self._index.tree.parents

    @cached_property
    def _names(self) -> dict[str, str]:
        """Topic by sensor name, lidars first."""
        if not self._index.streams:
            topics = ", ".join(f"{topic.name} ({topic.schema})" for topic in self._bag.topics.values())
            reasons = "; ".join(
                str(skip) for skip in self.skipped if (skip.source in self._bag.topics and skip.time_ns)
            )
            raise RecordingError(
                f"{self._location}: no topic with images or point clouds that can be read; the bag has: "
                f"{topics or 'no topics'}{reasons and '. Left out: '}{reasons}"
            )
        streams = sorted(self._index.streams.values(), key=lambda one: (one.kind != "cloud", one.topic.name))
        short = [sensor_name(stream.topic.name) for stream in streams]
        return {
            name
            if short.count(name) == 1
            else stream.topic.name.strip("/").replace("/", "_"): stream.topic.name
            for name, stream in zip(short, streams, strict=True)
        }

    @cached_property
    def _ego(self) -> str:
        if self._ego_frame is not None:
            known = {*self._index.tree.frames, *(stream.frame for stream in self._index.streams.values())}
            if self._ego_frame.lstrip("/") not in known:
                raise RecordingError(
                    f"{self._location}: no frame '{self._ego_frame}'; there are: {', '.join(sorted(known))}"
                )
            return self._ego_frame.lstrip("/")
        frames = [stream.frame for stream in self._index.streams.values()]
        return self._index.tree.ego_frame(frames)

    def sensors(self) -> Sequence[Sensor]:
        """The topics with clouds and images."""
        found = []
        for name, topic in self._names.items():
            stream = self._index.streams[topic]
            # Headers without a frame say nothing, even if they all have none.
            pose = self._index.tree.place(stream.frame, self._ego) if stream.frame else None
            if stream.kind == "cloud":
                found.append(Sensor(name=name, kind="lidar", pose=pose, source=topic))
                continue
            optics, offset = self._optics(stream)
            if pose is not None:
                pose = pose @ offset
            found.append(Sensor(name=name, kind="camera", pose=pose, optics=optics, source=topic))
        return found

    def _optics(self, stream: Stream) -> tuple[Optics | None, Rigid]:
        """The lens of a camera, and from the camera that the image is of to the frame of its header."""
        topic = stream.topic.name
        info = _info_of(stream, self._index.infos)
        if info is None or len(info.k) != 9 or not info.k[0] or not np.isfinite(info.k).all():
            return None, Rigid.identity()
        info, problem = self._fitted(info, stream)
        if problem is not None:
            self._leave_out(topic, problem)
            return None, Rigid.identity()
        size = (info.width, info.height) if info.width and info.height else stream.size
        if self._is_rectified(topic) and len(info.p) == 12 and info.p[0]:
            projection = np.array(info.p).reshape(3, 4)
            # P = K [I | t]; kitti2bag has moved the frame by t already.
            offset = np.zeros(3)
            if not topic.startswith(_KITTI2BAG):
                offset = -np.asarray(np.linalg.solve(projection[:, :3], projection[:, 3]))
            return Optics(matrix=projection[:, :3], size=size), Rigid(np.eye(3), offset)
        lens = _lens(info, size)
        if isinstance(lens, str):
            self._leave_out(topic, lens)
            return None, Rigid.identity()
        return lens, Rigid.identity()

    def _fitted(self, info: InfoMessage, stream: Stream) -> tuple[InfoMessage, str | None]:
        """The camera info for images of another size, as resizing nodes leave it, or why it does not fit."""
        if (
            stream.size is None
            or not (info.width and info.height)
            or stream.size == (info.width, info.height)
        ):
            return info, None
        across, down = stream.size[0] / info.width, stream.size[1] / info.height
        sizes = (
            f"images are {stream.size[0]} x {stream.size[1]}, CameraInfo is for {info.width} x {info.height}"
        )
        if abs(across / down - 1) > _SAME_SHAPE:
            return info, f"{sizes}: the proportions differ, so the camera matrix cannot be scaled"
        note = f"{stream.topic.name}: {sizes}; the camera matrix is scaled by {across:.4g} and {down:.4g}"
        if note not in self._index.notes:
            self._index.notes.append(note)
        return _scaled(info, across, down, stream.size), None

    def _leave_out(self, topic: str, reason: str) -> None:
        skip = Skip(topic, reason)
        if skip not in self._index.skipped:
            self._index.skipped.append(skip)

    def _is_rectified(self, topic: str) -> bool:
        if self._rectified != "auto":
            return self._rectified == "true"
        # kitti2bag writes rectified images to image_raw, with K and D of the camera before.
        return any("rect" in part for part in topic.split("/")[-2:]) or topic.startswith(_KITTI2BAG)

    def captures(self, sensor: str) -> Iterator[Capture]:
        """The messages of a topic."""
        topic = self._names[sensor]
        stream = self._index.streams[topic]
        for shot in stream.shots:
            yield Capture(
                sensor=sensor,
                reference=_reference(stream, shot),
                time_ns=shot.time,
                start_ns=shot.start,
                end_ns=shot.end,
                suffix=stream.suffix,
            )

    def read(self, capture: Capture) -> bytes | Picture | PointArrays:
        """An image as it was sent, its pixels, or the points of a sweep."""
        topic_name, _, place = capture.reference.rpartition("@")
        topic = self._bag.topics.get(topic_name)
        found = None if topic is None else reader_of(topic.schema)
        if topic is None or topic.decode is None or found is None:
            raise RecordingError(f"{self._location}: no topic '{topic_name}' with images or clouds")
        place, _, reading = place.partition(";")
        log_time, _, number = place.partition("#")
        try:
            data = self._bag.message(topic_name, int(log_time), int(number or 0))
            (message,) = found[1](topic.decode(data))
            if isinstance(message, VideoMessage):
                return self._videos(topic_name, message.codec).frame(int(log_time), int(number or 0))
            return _content(message, int(log_time), reading)
        except RecordingError as exc:
            raise RecordingError(f"{self._location}: {topic_name} at {log_time}: {exc}") from exc
        except Exception as exc:  # a damaged message raises whatever its bytes ask for
            raise RecordingError(
                f"{self._location}: {topic_name} at {log_time}: the message cannot be read: "
                f"{exc or type(exc).__name__}"
            ) from exc

    def _video(self, topic_name: str, codec: str) -> VideoReader:
        topic = self._bag.topics[topic_name]
        found = reader_of(topic.schema)
        assert topic.decode is not None
        assert found is not None
        decode, read = topic.decode, found[1]
        return VideoReader(self._bag, topic_name, codec, lambda data: bytes(next(read(decode(data))).data))

    @cached_property
    def _moves(self) -> tuple[Trajectory, str] | None:
        """Poses of the vehicle and the frame they are in."""
        return self._poses()

    def _poses(self) -> tuple[Trajectory, str] | None:
        """From transforms, else from odometry."""
        found = self._index.tree.trajectory(self._ego, self._world_frame)
        if found is not None:
            return found
        # Odometry names the frame that it is about, poses do not.
        sources = sorted(self._index.odometry.items(), key=lambda item: (not item[1][0].child, item[0]))
        for topic, messages in sources:
            child = messages[0].child or self._ego
            place = self._index.tree.place(self._ego, child)
            if place is None and child != self._ego:
                continue
            if self._index.tree.place(messages[0].parent, self._ego) is not None:
                continue  # where something sits on the vehicle, not where the vehicle is
            offset = place or Rigid.identity()
            usable = [one for one in messages if np.isfinite(one.numbers).all() and any(one.numbers[3:])]
            trajectory = trajectory_of(
                (one.stamp_ns, pose_of(one.numbers[:3], one.numbers[3:]) @ offset) for one in usable
            )
            if trajectory is not None:
                self._index.notes.append(f"ego poses: read from the topic {topic}")
                return trajectory, messages[0].parent
        return None

    @cached_property
    def _gyro_poses(self) -> Trajectory | None:
        """The poses with the rotations of the fastest IMU between them; the others are reported."""
        trajectory = self.trajectory()
        gyros = self._index.gyros if self._imu != "none" else {}
        if trajectory is None:
            return None
        wanted = [self._imu] if self._imu in gyros else sorted(gyros, key=lambda name: -gyros[name].rate_hz)
        taken = ""
        for name in wanted:
            samples = gyros[name]
            place = self._index.tree.place(samples.frame, self._ego) if samples.frame else None
            if not len(samples):
                self._leave_out(name, "its messages have no angular velocities")
            elif place is None and samples.frame != self._ego:
                self._leave_out(
                    name, f"no fixed transform leads from its frame '{samples.frame}' to the vehicle"
                )
            elif taken:
                self._leave_out(name, f"the IMU {taken} is taken; choose this one with '-o imu={name}'")
            else:
                mount = np.eye(3) if place is None else place.rotation
                try:
                    trajectory = refined(trajectory, samples, mount)
                except GyroMismatchError as exc:
                    self._leave_out(name, f"the IMU is not used: {exc}")
                    continue
                taken = name
                self._index.notes.append(
                    f"rotations between ego poses: integrated from the angular velocities of the IMU {name} "
                    f"({samples.rate_hz:.0f} Hz, frame '{samples.frame}')"
                )
        return trajectory if taken else None

    def imu(self) -> Trajectory | None:
        """The same poses, with the rotations that an IMU measured between them; see `gyros`."""
        return self._gyro_poses

    def trajectory(self) -> Trajectory | None:
        """Poses of the vehicle in the world."""
        if not self._index.streams:
            return None
        return self._moves[0] if self._moves else None

    def labels(self) -> Iterator[BoxLabel]:
        """Cubes of scene updates."""
        world = self._moves[1] if self._moves else None
        for cube in self._index.cubes:
            numbers = cube.numbers
            system = "world" if cube.frame == world else "ego"
            if system == "ego" and cube.frame != self._ego:
                place = self._index.tree.place(cube.frame, self._ego)
                if place is None:
                    continue
                motion = place @ pose_of(numbers[:3], numbers[3:])
                numbers = (*map(float, motion.position), *map(float, quaternion_of(motion.rotation)))
            x, y, z, w, qx, qy, qz = numbers
            metadata = dict(cube.metadata)
            yield BoxLabel(
                track=cube.id,
                category=metadata.pop("category", metadata.pop("class", "unknown")),
                time_ns=cube.stamp_ns,
                system=system,
                centre=(x, y, z),
                size=cube.size,
                rotation=(w, qx, qy, qz),
                attributes=metadata,
            )


def _reference(stream: Stream, shot: Shot) -> str:
    """How `read` finds a message, and reads one that does not show by itself how."""
    number = f"#{shot.number}" if shot.number else ""
    reading = f";{shot.reading.as_text()}" if shot.reading is not None else ""
    if stream.bits != shot.bits:
        reading = f";{_BITS}{stream.bits}"
    return f"{stream.topic.name}@{shot.log_time}{number}{reading}"


def _content(message: Any, log_time: int, reading: str) -> bytes | Picture | PointArrays:
    if isinstance(message, PackedCloud):
        if message.stamp_ns <= 0:
            message = attrs.evolve(message, stamp_ns=log_time)
        return points_of_cloud(message, read_as(reading) if reading else None)
    if message.suffix is not None:
        return bytes(message.data)
    return picture_of(
        message.data,
        message.encoding,
        message.width,
        message.height,
        message.step,
        big_endian=message.big_endian,
        bits=int(reading.removeprefix(_BITS)) if reading.startswith(_BITS) else None,
    )


def _info_of(stream: Stream, infos: dict[str, InfoMessage]) -> InfoMessage | None:
    """The camera info beside an image topic, else one of the same frame."""
    parts = stream.topic.name.split("/")
    for length in range(len(parts) - 1, 0, -1):
        for name in ("camera_info", "calibration", "info"):
            found = infos.get("/".join([*parts[:length], name]))
            if found is not None:
                return found
    return next((info for info in infos.values() if info.frame == stream.frame), None)


def _scaled(info: InfoMessage, across: float, down: float, size: tuple[int, int]) -> InfoMessage:
    """Camera info of an image that was resized.

    Pixel (0, 0) is the centre of the first pixel, so that the corner at (-0.5, -0.5) stays.
    """
    found = {}
    for name, columns in (("k", 3), ("p", 4)):
        values = np.array(getattr(info, name), dtype=float)
        if values.size == 3 * columns:
            values = values.reshape(3, columns)
            values[:2, 2] += 0.5
            values[0] *= across
            values[1] *= down
            values[:2, 2] -= 0.5
        found[name] = tuple(values.ravel().tolist())
    return attrs.evolve(info, k=found["k"], p=found["p"], width=size[0], height=size[1])


def _lens(info: InfoMessage, size: tuple[int, int] | None) -> Optics | str:
    """The lens, or why the camera has none."""
    matrix = np.array(info.k).reshape(3, 3)
    model, d = info.model.lower(), info.d
    if not np.isfinite(d).all():
        return f"the distortion {list(d)} is not finite"
    if not any(d):
        return Optics(matrix=matrix, size=size)
    if model in ("equidistant", "fisheye", "kannala_brandt", "kannala_brandt4"):
        # k1 to k4: sensor_msgs/distortion_models.hpp.
        if len(d) < 4 or any(d[4:]):
            return f"the distortion model '{info.model}' has four coefficients, not {len(d)}"
        return Optics(model="kannala", matrix=matrix, size=size, distortion=d[:4])
    if model in ("rational_polynomial", "plumb_bob", "radtan", "radial_tangential", ""):
        # plumb_bob has k1, k2, p1, p2, k3; rational_polynomial has k4 to k6 behind them
        # (sensor_msgs/CameraInfo).
        if any(d[8:]):
            return f"the distortion has {len(d)} coefficients; those after the eighth have no model here"
        rational = any(d[5:])
        return Optics(model="rational" if rational else "pinhole", matrix=matrix, size=size, distortion=d[:8])
    return (
        f"the distortion model '{info.model}' is not known; known are plumb_bob, rational_polynomial and "
        "equidistant"
    )
