"""A recording in a bag: one pass over its messages finds every capture, and reading one goes straight to
its message.

Names: a sensor is called by its topic (`/sensing/camera/front/image_raw/compressed` is `camera_front`).
Frames come from the headers and the tree of transforms; optics from the CameraInfo beside the images.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np

from kognic._core.scene_errors import RecordingError
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import Rigid, quaternion_of
from kognic.scenes.importers.arrays import SECOND_NS, pose_of, trajectory_of
from kognic.scenes.importers.bags import Bag, Message, Topic, open_bag
from kognic.scenes.importers.clouds import PackedCloud, TimeField, points_of_cloud, sweep_range, time_field_of
from kognic.scenes.importers.locations import Location
from kognic.scenes.importers.messages import (
    CubeMessage,
    ImageMessage,
    InfoMessage,
    TransformMessage,
    reader_of,
)
from kognic.scenes.importers.pictures import is_known, picture_of
from kognic.scenes.importers.recording import BoxLabel, Capture, Optics, Picture, Recording, Sensor, Skip
from kognic.scenes.importers.transforms import TransformTree

# What topics end in without naming their sensor.
_GENERIC = re.compile(
    r"(image.*|compressed|raw|color|mono|rect(ified)?|points?(_raw)?|point_?cloud2?(_raw)?|pointcloud_raw(_ex)?|scan|data)"
)
# A stamp that is so much farther from its log time than usual is of a clock that jumped.
_JUMP_NS = 2 * SECOND_NS
# Messages: some updates a second while a bag is read from disk.
_PROGRESS_EVERY = 500
_KITTI2BAG = "/kitti/camera_"
_VIDEOS = ("CompressedVideo", "FFMPEGPacket")
_QUIET = {"rcl_interfaces", "rosgraph_msgs", "diagnostic_msgs"}


def open_messages(
    source: Location,
    *,
    ego_frame: str | None = None,
    world_frame: str | None = None,
    rectified: str = "auto",
) -> Iterator[Recording]:
    """The recording of a bag.

    Args:
        source: An .mcap, .db3 or .bag file, or a folder of rosbag2; files of one folder are one recording.
        ego_frame: Frame of the vehicle; None takes that which the sensors hang on, such as `base_link`.
        world_frame: Frame that the vehicle moves in; None takes the highest, such as `map`.
        rectified: `true` if images are rectified, so that P describes them, `false` if K and D do, `auto`
            tells it by the topic (`image_rect`).

    Raises:
        RecordingError: It is not a bag, or is damaged from the start.
    """
    if rectified not in ("auto", "true", "false"):
        raise RecordingError(f"rectified is '{rectified}', must be auto, true or false")
    yield BagRecording(source, open_bag(source), ego_frame, world_frame, rectified)


@attrs.define(eq=False)
class _Stream:
    """What was seen of one topic with images or clouds."""

    topic: Topic
    kind: str
    frame: str = ""
    suffix: str | None = None
    size: tuple[int, int] | None = None
    time_field: TimeField | None = None
    captures: list[tuple[int, int, int | None, int | None, int]] = attrs.field(factory=list)
    seen: dict[int, int] = attrs.field(factory=dict)


@attrs.define(eq=False)
class _Index:
    """What one pass over the messages has found."""

    streams: dict[str, _Stream] = attrs.field(factory=dict)
    infos: dict[str, InfoMessage] = attrs.field(factory=dict)
    tree: TransformTree = attrs.field(factory=TransformTree)
    odometry: dict[str, list[TransformMessage]] = attrs.field(factory=lambda: defaultdict(list))
    cubes: list[CubeMessage] = attrs.field(factory=list)
    skipped: list[Skip] = attrs.field(factory=list)
    notes: list[str] = attrs.field(factory=list)


class BagRecording(Recording):
    """A bag; ego and world are frames of its tree of transforms."""

    compensated = False

    def __init__(
        self, location: Location, bag: Bag, ego_frame: str | None, world_frame: str | None, rectified: str
    ) -> None:
        self.name = location.stem if location.suffix in (".mcap", ".bag", ".db3") else location.name
        self._location = location
        self._bag = bag
        self._ego_frame = ego_frame
        self._world_frame = world_frame
        self._rectified = rectified

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
                "times: stamps of the headers, seconds and nanoseconds; a sweep counts for the middle of its "
                "points"
            ),
            f"ego is the frame '{self._ego}', world the frame '{world}'"
            if world
            else f"ego is the frame '{self._ego}'",
            *index.notes,
        ]

    @property
    def skipped(self) -> Sequence[Skip]:
        """Topics that were not used, damaged messages, clocks that jumped."""
        return [*self._bag.skipped, *self._index.skipped]

    @cached_property
    def _index(self) -> _Index:
        index = _Index()
        readers: dict[str, Any] = {}
        for name, topic in self._bag.topics.items():
            found = reader_of(topic.schema)
            if found is None or topic.decode is None:
                _skip_topic(index, topic)
            elif topic.count == 0:
                index.skipped.append(Skip(name, "the topic has no messages"))
            else:
                readers[name] = (topic, *found)
        total = sum(topic.count or 0 for topic, *_ in readers.values())
        for done, message in enumerate(self._bag.messages(readers), 1):
            if self.progress is not None and (done % _PROGRESS_EVERY == 0 or done == total):
                self.progress(done, max(done, total))
            topic, kind, reader = readers[message.topic]
            try:
                for entry in reader(topic.decode(message.data)):
                    _take(index, topic, kind, entry, message)
            except Exception as exc:  # a damaged message raises whatever its bytes ask for
                reason = f"the message cannot be read: {exc or type(exc).__name__}"
                index.skipped.append(Skip(message.topic, reason, message.log_time))
        self._finish(index)
        return index

    def _finish(self, index: _Index) -> None:
        for name, stream in list(index.streams.items()):
            stream.captures = _checked(name, stream, index.skipped)
            if not stream.captures:
                del index.streams[name]
        _one_topic_per_camera(index)
        if not index.streams:
            topics = ", ".join(f"{topic.name} ({topic.schema})" for topic in self._bag.topics.values())
            raise RecordingError(
                f"{self._location}: no topic with images or point clouds that can be read; the bag has: "
                f"{topics or 'no topics'}"
            )
        index.skipped += [Skip(frame, reason) for frame, reason in index.tree.problems()]
        for stream in index.streams.values():
            if stream.time_field is not None:
                index.notes.append(f"{stream.topic.name}: time of each point: {stream.time_field}")
            elif stream.kind == "cloud":
                index.notes.append(
                    f"{stream.topic.name}: points have no individual timestamps; all have the stamp"
                )

    @cached_property
    def _names(self) -> dict[str, str]:
        """Topic by sensor name, lidars first."""
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
            return self._ego_frame
        frames = [stream.frame for stream in self._index.streams.values()]
        return self._index.tree.ego_frame(frames)

    def sensors(self) -> Sequence[Sensor]:
        """The topics with clouds and images."""
        found = []
        for name, topic in self._names.items():
            stream = self._index.streams[topic]
            pose = self._index.tree.place(stream.frame, self._ego)
            if stream.kind == "cloud":
                found.append(Sensor(name=name, kind="lidar", pose=pose, source=topic))
                continue
            optics, offset = self._optics(stream)
            if pose is not None:
                pose = pose @ offset
            found.append(Sensor(name=name, kind="camera", pose=pose, optics=optics, source=topic))
        return found

    def _optics(self, stream: _Stream) -> tuple[Optics | None, Rigid]:
        """The lens of a camera, and from the camera that the image is of to the frame of its header."""
        info = _info_of(stream, self._index.infos)
        if info is None or len(info.k) != 9 or not info.k[0]:
            return None, Rigid.identity()
        size = (info.width, info.height) if info.width and info.height else stream.size
        if self._is_rectified(stream.topic.name) and len(info.p) == 12 and info.p[0]:
            projection = np.array(info.p).reshape(3, 4)
            # P = K [I | t]; kitti2bag has moved the frame by t already.
            offset = np.zeros(3)
            if not stream.topic.name.startswith(_KITTI2BAG):
                offset = -np.asarray(np.linalg.solve(projection[:, :3], projection[:, 3]))
            return Optics(matrix=projection[:, :3], size=size), Rigid(np.eye(3), offset)
        return _lens(stream.topic.name, info, size), Rigid.identity()

    def _is_rectified(self, topic: str) -> bool:
        if self._rectified != "auto":
            return self._rectified == "true"
        # kitti2bag writes rectified images to image_raw, with K and D of the camera before.
        return any("rect" in part for part in topic.split("/")[-2:]) or topic.startswith(_KITTI2BAG)

    def captures(self, sensor: str) -> Iterator[Capture]:
        """The messages of a topic."""
        topic = self._names[sensor]
        stream = self._index.streams[topic]
        for time, log_time, start, end, number in stream.captures:
            yield Capture(
                sensor=sensor,
                reference=f"{topic}@{log_time}" + (f"#{number}" if number else ""),
                time_ns=time,
                start_ns=start,
                end_ns=end,
                suffix=stream.suffix,
            )

    def read(self, capture: Capture) -> bytes | Picture | PointArrays:
        """An image as it was sent, its pixels, or the points of a sweep."""
        topic_name, _, place = capture.reference.rpartition("@")
        topic = self._bag.topics.get(topic_name)
        found = None if topic is None else reader_of(topic.schema)
        if topic is None or topic.decode is None or found is None:
            raise RecordingError(f"{self._location}: no topic '{topic_name}' with images or clouds")
        log_time, _, number = place.partition("#")
        try:
            data = self._bag.message(topic_name, int(log_time), int(number or 0))
            (message,) = found[1](topic.decode(data))
            return self._content(topic_name, message)
        except RecordingError as exc:
            raise RecordingError(f"{self._location}: {topic_name} at {log_time}: {exc}") from exc
        except Exception as exc:  # a damaged message raises whatever its bytes ask for
            raise RecordingError(
                f"{self._location}: {topic_name} at {log_time}: the message cannot be read: "
                f"{exc or type(exc).__name__}"
            ) from exc

    def _content(self, topic: str, message: Any) -> bytes | Picture | PointArrays:
        if isinstance(message, PackedCloud):
            return points_of_cloud(message, self._time_field(topic, message))
        if message.suffix is not None:
            return bytes(message.data)
        return picture_of(
            message.data,
            message.encoding,
            message.width,
            message.height,
            message.step,
            big_endian=message.big_endian,
        )

    def _time_field(self, topic: str, message: PackedCloud) -> TimeField | None:
        """As the first sweep has it: also where the index has not been made, since scene files name
        messages."""
        if "_index" in self.__dict__:
            stream = self._index.streams.get(topic)
            return None if stream is None else stream.time_field
        return time_field_of(message.table)

    @cached_property
    def _moves(self) -> tuple[Trajectory, str] | None:
        """Poses of the vehicle and the frame they are in: from transforms, else from odometry."""
        found = self._index.tree.trajectory(self._ego, self._world_frame)
        if found is not None:
            return found
        # Odometry names the frame that it is about, poses do not.
        sources = sorted(self._index.odometry.items(), key=lambda item: (not item[1][0].child, item[0]))
        for topic, messages in sources:
            child = messages[0].child.lstrip("/") or self._ego
            place = self._index.tree.place(self._ego, child)
            if place is None and child != self._ego:
                continue
            offset = place or Rigid.identity()
            trajectory = trajectory_of(
                (one.stamp_ns, pose_of(one.numbers[:3], one.numbers[3:]) @ offset) for one in messages
            )
            if trajectory is not None:
                self._index.notes.append(f"ego poses: {topic}")
                return trajectory, messages[0].parent
        return None

    def trajectory(self) -> Trajectory | None:
        """Poses of the vehicle in the world."""
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


def sensor_name(topic: str) -> str:
    """A short name of a sensor: the last two parts of its topic that say which one it is."""
    parts = [part for part in topic.split("/") if part]
    kept = list(parts)
    while len(kept) > 1 and _GENERIC.fullmatch(kept[-1]):
        kept.pop()
    return "_".join(kept[-2:])


def _skip_topic(index: _Index, topic: Topic) -> None:
    if topic.schema.split("/")[0] in _QUIET:
        return
    if topic.schema.replace("/msg/", "/") == "sensor_msgs/Imu":
        reason = "IMU messages have no position; IMU data is made from the poses of the vehicle"
    elif topic.schema.endswith(_VIDEOS):
        reason = (
            "a video stream (H.264, H.265): its frames depend on each other; record images of it first, for "
            "example with 'ros2 run image_transport republish'"
        )
    elif topic.decode is None:
        reason = f"no decoder for {topic.schema or 'messages without a schema'} in {topic.encoding}"
    else:
        reason = f"{topic.schema} is not an image, cloud, camera info, transform or odometry"
    index.skipped.append(Skip(topic.name, reason, count=topic.count or 1))


def _take(index: _Index, topic: Topic, kind: str, entry: Any, message: Message) -> None:
    if kind == "transform":
        static = topic.name.endswith("tf_static")
        index.tree.add(entry.parent, entry.child, entry.stamp_ns, entry.numbers, static=static)
    elif kind == "odometry":
        index.odometry[topic.name].append(entry)
    elif kind == "info":
        index.infos.setdefault(topic.name, entry)
    elif kind == "cubes":
        index.cubes.append(entry)
    else:
        _take_capture(index, topic, kind, entry, message)


def _take_capture(index: _Index, topic: Topic, kind: str, entry: Any, message: Message) -> None:
    stream = index.streams.get(topic.name)
    if stream is None:
        stream = index.streams[topic.name] = _Stream(topic, kind, entry.frame)
        if isinstance(entry, ImageMessage):
            stream.suffix = entry.suffix
            stream.size = (entry.width, entry.height) if entry.width else None
    problem = _problem(stream, entry)
    if problem is not None:
        index.skipped.append(Skip(topic.name, problem, message.log_time))
        return
    stamp = entry.stamp_ns or message.log_time
    start = end = None
    if isinstance(entry, PackedCloud):
        if stream.time_field is None and not stream.captures:
            stream.time_field = time_field_of(entry.table)
        if stream.time_field is not None:
            start, end = sweep_range(entry, stream.time_field)
            stamp = (start + end) // 2
    elif entry.stamp_ns:
        start = end = stamp
    number = stream.seen.get(message.log_time, 0)
    stream.seen[message.log_time] = number + 1
    stream.captures.append((stamp, message.log_time, start, end, number))


def _problem(stream: _Stream, entry: Any) -> str | None:
    """Why a message cannot be used."""
    if isinstance(entry, PackedCloud):
        return None if len(entry.table) else "the cloud has no points"
    if entry.suffix is None and not entry.width:
        return f"the compressed format '{entry.encoding}' is not jpeg, png, webp or avif"
    if entry.suffix is None and not is_known(entry.encoding):
        return f"the encoding '{entry.encoding}' is not known"
    if entry.suffix != stream.suffix:
        return f"the format has changed from {stream.suffix} to {entry.suffix}"
    return None


def _checked(
    name: str, stream: _Stream, skipped: list[Skip]
) -> list[tuple[int, int, int | None, int | None, int]]:
    """The captures of a topic in the order of time, without those whose clock jumped and those that came
    twice."""
    if not stream.captures:
        return []
    offsets = np.array([capture[1] - capture[0] for capture in stream.captures], dtype=np.int64)
    usual = int(np.median(offsets))
    kept: dict[int, tuple[int, int, int | None, int | None, int]] = {}
    for capture, offset in zip(stream.captures, offsets.tolist(), strict=True):
        if abs(offset - usual) > _JUMP_NS:
            seconds = (usual - offset) / SECOND_NS
            reason = f"the clock jumps: the stamp is {seconds:+.3f} s from where the other messages have it"
            skipped.append(Skip(name, reason, capture[1]))
        elif capture[0] in kept:
            skipped.append(Skip(name, "the stamp is that of an earlier message", capture[1]))
        else:
            kept[capture[0]] = capture
    return [kept[time] for time in sorted(kept)]


def _one_topic_per_camera(index: _Index) -> None:
    """Of a camera that sends its images raw and compressed, keep the topic with more of them, compressed if
    equal."""
    by_name: dict[tuple[str, str], list[_Stream]] = defaultdict(list)
    for stream in index.streams.values():
        if stream.kind == "image":
            by_name[sensor_name(stream.topic.name), stream.frame].append(stream)
    for streams in by_name.values():
        best = max(streams, key=lambda one: (len(one.captures), one.suffix is not None, one.topic.name))
        for stream in streams:
            if stream is not best:
                reason = f"the images are those of {best.topic.name}, which is taken"
                index.skipped.append(Skip(stream.topic.name, reason, count=len(stream.captures)))
                del index.streams[stream.topic.name]


def _info_of(stream: _Stream, infos: dict[str, InfoMessage]) -> InfoMessage | None:
    """The camera info beside an image topic, else one of the same frame."""
    parts = stream.topic.name.split("/")
    for length in range(len(parts) - 1, 0, -1):
        for name in ("camera_info", "calibration", "info"):
            found = infos.get("/".join([*parts[:length], name]))
            if found is not None:
                return found
    return next((info for info in infos.values() if info.frame == stream.frame), None)


def _lens(topic: str, info: InfoMessage, size: tuple[int, int] | None) -> Optics:
    matrix = np.array(info.k).reshape(3, 3)
    model, d = info.model.lower(), info.d
    if not any(d):
        return Optics(matrix=matrix, size=size)
    if model in ("equidistant", "fisheye", "kannala_brandt", "kannala_brandt4"):
        return Optics(model="kannala", matrix=matrix, size=size, distortion=d[:4])
    if model in ("rational_polynomial", "plumb_bob", "radtan", ""):
        # plumb_bob has k1, k2, p1, p2, k3; rational_polynomial has k4 to k6 behind them
        # (sensor_msgs/CameraInfo).
        rational = len(d) > 5 and any(d[5:])
        return Optics(model="rational" if rational else "pinhole", matrix=matrix, size=size, distortion=d)
    raise RecordingError(
        f"{topic}: the distortion model '{info.model}' is not known; known are plumb_bob, "
        "rational_polynomial and "
        "equidistant"
    )
