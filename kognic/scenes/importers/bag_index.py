"""One pass over the messages of a bag: every capture, transform and camera info, without their content."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs
import numpy as np

from kognic.scenes.content.images import survey_image
from kognic.scenes.content.source import Source
from kognic.scenes.importers.arrays import SECOND_NS, silences_of
from kognic.scenes.importers.bags import Bag, Message, Topic
from kognic.scenes.importers.clouds import (
    CloudReading,
    PackedCloud,
    TimeField,
    TimeRange,
    cloud_problem,
    intensity_range,
    intensity_scale,
    sweep_range,
    time_field_of,
    time_range_of,
)
from kognic.scenes.importers.gyros import GyroSamples
from kognic.scenes.importers.matching import MS_NS
from kognic.scenes.importers.messages import (
    CubeMessage,
    ImageMessage,
    InfoMessage,
    TransformMessage,
    VideoMessage,
    reader_of,
)
from kognic.scenes.importers.pictures import COMPRESSED, depth_of, layout_problem
from kognic.scenes.importers.recording import Skip
from kognic.scenes.importers.transforms import TransformTree
from kognic.scenes.importers.video import is_key_frame, missing_decoder

# A stamp that is so much farther from its log time than usual is of a clock that jumped.
_JUMP_NS = 2 * SECOND_NS
# Messages: some updates a second while a bag is read from disk.
_PROGRESS_EVERY = 500
_QUIET = {"rcl_interfaces", "rosgraph_msgs", "diagnostic_msgs"}
# The last part of a schema, and what to do about its messages.
_OTHERS = {
    "CompressedPointCloud2": (
        "a compressed cloud; republish it first, with 'ros2 run point_cloud_transport republish'"
    ),
    "Packet": "a theora video; republish it first, with 'ros2 run image_transport republish'",
    "PointCloud": "the cloud of ROS before PointCloud2; convert it first, with 'point_cloud_converter'",
    "VelodyneScan": "packets of a lidar; record the point clouds of its driver",
    "LaserScan": "a scan in one plane; it has no point cloud",
}
# What topics end in without naming their sensor.
_GENERIC = re.compile(
    r"(image.*|compressed(Depth)?|raw|color|mono|rect(ified)?|points?(_raw)?|point_?cloud2?(_raw)?|pointcloud_raw(_ex)?"
    r"|scan|data|h26[45]|ffmpeg|video)"
)
Progress = Callable[[int, int], None]


_NO_POINT_TIMES = "points have no timestamps of their own; every point has the timestamp of its message"


@attrs.define
class Shot:
    """One capture: its times, and its index among the messages of the topic with that log time.

    `reading` is set if a cloud does not show by itself how it is read; `bits` is the depth of an image of
    16-bit words.
    """

    time: int
    log_time: int
    start: int | None
    end: int | None
    number: int
    reading: CloudReading | None = None
    bits: int | None = None


@attrs.define(eq=False)
class _Sweep:
    """What is kept of a cloud until all have been seen."""

    stamp: int
    log_time: int
    number: int
    times: TimeRange | None
    kind: str
    highest: float


@attrs.define(eq=False)
class Stream:
    """What was seen of one topic with images or clouds; `bits` of images of 16-bit words is the depth that
    holds the pixels of all."""

    topic: Topic
    kind: str
    frame: str = ""
    suffix: str | None = None
    codec: str | None = None
    bits: int | None = None
    size: tuple[int, int] | None = None
    reading: CloudReading = attrs.field(factory=lambda: CloudReading(None))
    shots: list[Shot] = attrs.field(factory=list)
    sweeps: list[_Sweep] = attrs.field(factory=list)
    seen: dict[int, int] = attrs.field(factory=dict)
    unstamped: int = 0


@attrs.define(eq=False)
class BagIndex:
    """What one pass over the messages has found.

    Attributes:
        streams: By topic.
        read: Number of messages read, by topic.
        skipped: What was left out.
        notes: What was converted.
    """

    streams: dict[str, Stream] = attrs.field(factory=dict)
    infos: dict[str, InfoMessage] = attrs.field(factory=dict)
    tree: TransformTree = attrs.field(factory=TransformTree)
    odometry: dict[str, list[TransformMessage]] = attrs.field(factory=lambda: defaultdict(list))
    gyros: dict[str, GyroSamples] = attrs.field(factory=dict)
    cubes: list[CubeMessage] = attrs.field(factory=list)
    read: Counter[str] = attrs.field(factory=Counter)
    skipped: list[Skip] = attrs.field(factory=list)
    notes: list[str] = attrs.field(factory=list)


def index_of(bag: Bag, progress: Progress | None = None) -> BagIndex:
    """Read all messages of a bag once.

    What cannot be read is in `skipped`; a bag without anything to import gives an index without streams.
    """
    index = BagIndex()
    readers = dict(_readers(bag, index))
    total = sum(topic.count or 0 for topic, *_ in readers.values())
    last: dict[str, int] = {}
    for done, message in enumerate(bag.messages(readers), 1):
        if progress is not None and (done % _PROGRESS_EVERY == 0 or done == total):
            progress(done, max(done, total))
        topic, kind, reader = readers[message.topic]
        index.read[message.topic] += 1
        last[message.topic] = message.log_time
        try:
            for entry in reader(topic.decode(message.data)):
                _take(index, topic, kind, entry, message)
        except Exception as exc:  # a damaged message raises whatever its bytes ask for
            reason = f"the message cannot be read: {exc or type(exc).__name__}"
            index.skipped.append(Skip(message.topic, reason, message.log_time))
    _finish(index)
    for name, (topic, *_) in readers.items():
        if topic.count is not None and index.read[name] < topic.count:
            reason = f"{index.read[name]} of {topic.count} messages were read, this is the last"
            index.skipped.append(Skip(name, reason, last.get(name)))
    return index


def _readers(bag: Bag, index: BagIndex) -> Iterator[tuple[str, Any]]:
    """The topics that are read, each with its kind and what reads it; the others are left out."""
    for name, topic in bag.topics.items():
        found = reader_of(topic.schema)
        if found is None or topic.decode is None:
            _skip_topic(index, topic)
        elif topic.count == 0:
            index.skipped.append(Skip(name, "the topic has no messages"))
        else:
            yield name, (topic, *found)


def _skip_topic(index: BagIndex, topic: Topic) -> None:
    package, _, name = topic.schema.replace("/msg/", "/").rpartition("/")
    if package in _QUIET:
        return
    if name in _OTHERS:
        reason = _OTHERS[name]
    elif topic.decode is None:
        reason = f"no decoder for {topic.schema or 'messages without a schema'} in {topic.encoding}"
    else:
        reason = f"{topic.schema} is not an image, cloud, camera info, transform or odometry"
    index.skipped.append(Skip(topic.name, reason, count=topic.count or 1))


def _take(index: BagIndex, topic: Topic, kind: str, entry: Any, message: Message) -> None:
    if kind == "transform":
        static = topic.name.endswith("tf_static")
        index.tree.add(entry.parent, entry.child, entry.stamp_ns, entry.numbers, static=static)
    elif kind == "odometry":
        index.odometry[topic.name].append(entry)
    elif kind == "info":
        known = index.infos.get(topic.name)
        # Drivers send empty ones until they have found their calibration.
        if known is None or not (known.k and known.k[0]):
            index.infos[topic.name] = entry
    elif kind == "imu":
        samples = index.gyros.setdefault(topic.name, GyroSamples(entry.frame))
        if entry.rates is not None:
            samples.add(_stamp(entry, message), entry.rates)
    elif kind == "cubes":
        index.cubes.append(entry)
    else:
        _take_capture(index, topic, kind, entry, message)


def _stamp(entry: Any, message: Message) -> int:
    """The time of a header; that of the log where the header has none."""
    return int(entry.stamp_ns) if entry.stamp_ns > 0 else message.log_time


def _take_capture(index: BagIndex, topic: Topic, kind: str, entry: Any, message: Message) -> None:
    stream = index.streams.setdefault(topic.name, Stream(topic, kind, entry.frame))
    stream.frame = stream.frame or entry.frame
    number = stream.seen.get(message.log_time, 0)
    stream.seen[message.log_time] = number + 1
    problem = _problem(entry)
    if problem is None and isinstance(entry, (ImageMessage, VideoMessage)):
        problem = _learned(stream, entry)
    if problem is not None:
        index.skipped.append(Skip(topic.name, problem, message.log_time))
        return
    stamp = _stamp(entry, message)
    stream.unstamped += entry.stamp_ns <= 0
    if isinstance(entry, PackedCloud):
        intensity, highest = intensity_range(entry.table)
        times = time_range_of(entry.table)
        stream.sweeps.append(_Sweep(stamp, message.log_time, number, times, intensity, highest))
        return
    exposed = stamp if entry.stamp_ns > 0 else None
    bits = _depth(entry)
    stream.bits = max(stream.bits or 0, bits or 0) or None
    stream.shots.append(Shot(stamp, message.log_time, exposed, exposed, number, bits=bits))


def _problem(entry: Any) -> str | None:
    """Why a message cannot be used, whatever the others of its topic are."""
    if isinstance(entry, PackedCloud):
        return cloud_problem(entry.table)
    if not len(entry.data):
        return "the image is empty"
    if isinstance(entry, VideoMessage) or entry.suffix is not None or entry.encoding == COMPRESSED:
        return None
    if not entry.width:
        return f"its bytes are not jpeg, png, webp, avif, bmp, tiff or jp2; the format is '{entry.encoding}'"
    return layout_problem(len(entry.data), entry.encoding, entry.width, entry.height, entry.step)


def _learned(stream: Stream, entry: ImageMessage | VideoMessage) -> str | None:
    """Learn from the first image that can be used, and say why a later one does not go with it."""
    suffix, codec = (None, entry.codec) if isinstance(entry, VideoMessage) else (entry.suffix, None)
    if not stream.shots:
        # Asked until a frame can be used: looking for the decoder takes longer than reading a message.
        missing = None if codec is None else missing_decoder()
        if missing is not None:
            return f"a video stream: {missing}"
        if codec is not None and not is_key_frame(codec, entry.data):
            return "there is no key frame before this frame of the video, so that it cannot be decoded"
        stream.suffix, stream.codec = suffix, codec
        if isinstance(entry, ImageMessage):
            stream.size = _size_of(entry)
    elif (suffix, codec) != (stream.suffix, stream.codec):
        return f"the format has changed from {stream.codec or stream.suffix} to {codec or suffix}"
    return None


def _depth(entry: Any) -> int | None:
    """The depth of a raw image of 16-bit words; None of others."""
    if not isinstance(entry, ImageMessage) or not entry.width:
        return None
    return depth_of(
        entry.data, entry.encoding, entry.width, entry.height, entry.step, big_endian=entry.big_endian
    )


def _size_of(entry: ImageMessage) -> tuple[int, int] | None:
    if entry.width:
        return entry.width, entry.height
    facts, _ = survey_image(Source.of(bytes(entry.data)), full=False)
    return None if facts is None else (facts.width, facts.height)


def _finish(index: BagIndex) -> None:
    for name, stream in list(index.streams.items()):
        _resolve(name, stream, index)
        stream.shots = _checked(name, stream.shots, index.skipped)
        if not stream.shots:
            del index.streams[name]
        elif stream.unstamped:
            index.notes.append(
                f"{name}: {stream.unstamped} message headers have no timestamp; these messages use their log "
                "time instead"
            )
    _one_topic_per_camera(index)
    index.skipped += [Skip(frame, reason) for frame, reason in index.tree.problems()]


def _resolve(name: str, stream: Stream, index: BagIndex) -> None:
    """Find how the clouds of a topic are read, by all of them: the first and the last are often parts of
    sweeps."""
    if not stream.sweeps:
        return
    timed = [sweep for sweep in stream.sweeps if sweep.times is not None]
    usual = sorted(timed, key=lambda sweep: sweep.times.high - sweep.times.low if sweep.times else 0)
    field = None
    if usual:
        middle = usual[len(usual) // 2]
        field = time_field_of(middle.times, middle.stamp)
        index.notes.append(f"{name}: {_told(field, middle)}")
    else:
        index.notes.append(f"{name}: {_NO_POINT_TIMES}")
    scale = intensity_scale(stream.sweeps[0].kind, max(sweep.highest for sweep in stream.sweeps))
    stream.reading = CloudReading(field, scale)
    for sweep in stream.sweeps:
        own = CloudReading(
            time_field_of(sweep.times, sweep.stamp), intensity_scale(sweep.kind, sweep.highest)
        )
        start = end = None
        time, reading = sweep.stamp, CloudReading(None, scale)
        if field is not None and sweep.times is not None and sweep.times.name == field.name:
            start, end = sweep_range(sweep.times, field, sweep.stamp)
            time, reading = (start + end) // 2, stream.reading
        if start is not None and start < 0:
            index.skipped.append(Skip(name, "its points were taken before 1970", sweep.log_time))
            continue
        shown = None if own == reading else reading
        stream.shots.append(Shot(time, sweep.log_time, start, end, sweep.number, shown))
    stream.sweeps.clear()


def _told(field: TimeField | None, sweep: _Sweep) -> str:
    if field is not None:
        return f"point timestamps: read from the field {field}"
    times = sweep.times
    assert times is not None
    if times.low == times.high:
        return _NO_POINT_TIMES
    return (
        "points have no usable timestamps of their own; every point has the timestamp of its message: "
        f"the field {times.name} ranges from {times.low} to {times.high}, which fits the length of a sweep "
        f"in no unit, or comes from another clock than the headers ({sweep.stamp} ns)"
    )


def _checked(name: str, shots: list[Shot], skipped: list[Skip]) -> list[Shot]:
    """The captures of a topic in the order of time, without those whose clock jumped and those that came
    twice."""
    if not shots:
        return []
    offsets = np.array([shot.log_time - shot.time for shot in shots], dtype=np.int64)
    usual = int(np.median(offsets))
    kept: dict[int, Shot] = {}
    for shot, offset in zip(shots, offsets.tolist(), strict=True):
        if abs(offset - usual) > _JUMP_NS:
            seconds = (usual - offset) / SECOND_NS
            reason = f"the clock jumps: the stamp is {seconds:+.3f} s from where the other messages have it"
            skipped.append(Skip(name, reason, shot.log_time))
        elif shot.time in kept:
            skipped.append(Skip(name, "the stamp is that of an earlier message", shot.log_time))
        else:
            kept[shot.time] = shot
    found = [kept[time] for time in sorted(kept)]
    skipped += _silences(name, [shot.time for shot in found])
    return found


def _silences(name: str, times: list[int]) -> Iterable[Skip]:
    for start, length in silences_of(times):
        yield Skip(name, f"no messages for the next {length / MS_NS:.0f} ms", start)


def _one_topic_per_camera(index: BagIndex) -> None:
    """Of a camera that sends its images raw, compressed or as a video, keep the topic with more of them,
    compressed if equal."""
    by_name: dict[tuple[str, str], list[Stream]] = defaultdict(list)
    for stream in index.streams.values():
        if stream.kind == "image":
            by_name["/".join(_naming_parts(stream.topic.name)), stream.frame].append(stream)
    for streams in by_name.values():
        best = max(
            streams,
            key=lambda one: (len(one.shots), one.suffix is not None, one.codec is None, one.topic.name),
        )
        for stream in streams:
            if stream is not best:
                reason = f"the images are those of {best.topic.name}, which is taken"
                index.skipped.append(Skip(stream.topic.name, reason, count=len(stream.shots)))
                del index.streams[stream.topic.name]


def sensor_name(topic: str) -> str:
    """A short name of a sensor: the last two parts of its topic that say which one it is."""
    return "_".join(_naming_parts(topic)[-2:])


def _naming_parts(topic: str) -> list[str]:
    """The parts of a topic without those at its end that only say what its messages are."""
    kept = [part for part in topic.split("/") if part]
    while len(kept) > 1 and _GENERIC.fullmatch(kept[-1]):
        kept.pop()
    return kept


def merged(skipped: Iterable[Skip]) -> list[Skip]:
    """Those of one topic with one reason as one, with the time of the first."""
    found: dict[tuple[str, str], Skip] = {}
    for skip in skipped:
        known = found.get((skip.source, skip.reason))
        found[skip.source, skip.reason] = (
            skip if known is None else attrs.evolve(known, count=known.count + skip.count)
        )
    return list(found.values())
