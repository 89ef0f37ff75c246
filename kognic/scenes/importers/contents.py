"""What is in a recording, before anything is made of it: sensors, topics, coordinate systems, poses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from kognic._core.scene_errors import RecordingError
from kognic.scenes.checks.structure.times import SMALLEST_NS
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.importers.arrays import SECOND_NS, ns_to_date
from kognic.scenes.importers.locations import named_damage
from kognic.scenes.importers.recording import Capture, RecordedTopic, Recording, Sensor, Skip


@attrs.frozen(kw_only=True)
class Span:
    """Something over time.

    Attributes:
        count: How many captures or poses.
        start_ns: The first, nanoseconds; None without times.
        end_ns: The last.
        rate_hz: Per second, on average; None for fewer than two.
    """

    count: int
    start_ns: int | None = None
    end_ns: int | None = None
    rate_hz: float | None = None

    @property
    def start(self) -> str | None:
        """The first as a date, where the clock is a Unix clock."""
        if self.start_ns is None:
            return None
        return ns_to_date(self.start_ns) if self.start_ns >= SMALLEST_NS else str(self.start_ns)

    @property
    def seconds(self) -> float | None:
        """From the first to the last."""
        if self.start_ns is None or self.end_ns is None:
            return None
        return (self.end_ns - self.start_ns) / SECOND_NS


@attrs.frozen(kw_only=True)
class SensorContents:
    """A sensor.

    Attributes:
        name: As `--sensor` takes it.
        kind: `camera` or `lidar`.
        source: Topic or folder, where that is not the name.
        type: Type of its messages, for formats of topics.
        span: Its captures.
        is_placed: Whether the recording says where it sits on the vehicle.
        lens: Model and size of a camera that has a camera matrix; None without.
    """

    name: str
    kind: str
    source: str
    type: str
    span: Span
    is_placed: bool
    lens: str | None


@attrs.frozen(kw_only=True)
class RecordingContents:
    """A recording.

    Attributes:
        name: Its name.
        sensors: What `kognic import` can make scenes of.
        topics: All topics, for formats that have them.
        systems: Coordinate systems, each with the one above it.
        poses: Poses of the vehicle; None without.
        problem: Why no sensor can be used; None if some can.
        notes: How times and systems are understood.
        skipped: What cannot be used.
    """

    name: str
    sensors: Sequence[SensorContents]
    topics: Sequence[RecordedTopic]
    systems: Mapping[str, str]
    poses: Span | None
    problem: str | None
    notes: Sequence[str]
    skipped: Sequence[Skip]


def contents_of(recording: Recording) -> RecordingContents:
    """List what a recording has; images and clouds are not read, except what a pass over a bag reads.

    Raises:
        RecordingError: It is damaged.
    """
    with named_damage(recording.name):
        problem = None
        sensors: list[SensorContents] = []
        topics = {topic.name: topic for topic in recording.topics()}
        try:
            sensors += [_sensor(recording, sensor, topics) for sensor in recording.sensors()]
            poses = recording.trajectory()
            recording.imu()  # which says in notes what it uses
        except RecordingError as exc:
            if not topics:
                raise
            problem, poses = str(exc), None
        return RecordingContents(
            name=recording.name,
            sensors=sensors,
            topics=list(topics.values()),
            systems=recording.system_tree(),
            poses=None if poses is None else _span_of_poses(poses),
            problem=problem,
            notes=[] if problem else list(recording.notes),
            skipped=list(recording.skipped),
        )


def _sensor(recording: Recording, sensor: Sensor, topics: Mapping[str, RecordedTopic]) -> SensorContents:
    optics = sensor.optics
    lens = None
    if optics is not None:
        size = "" if optics.size is None else f" {optics.size[0]}x{optics.size[1]}"
        lens = f"{optics.model}{size}{' distorted' if any(optics.distortion) else ''}"
    topic = topics.get(sensor.source)
    return SensorContents(
        name=sensor.name,
        kind=sensor.kind,
        source=sensor.source,
        type="" if topic is None else topic.type,
        span=_span(list(recording.captures(sensor.name))),
        is_placed=sensor.pose is not None,
        lens=lens,
    )


def _span(captures: Sequence[Capture]) -> Span:
    times = [capture.time_ns for capture in captures if capture.time_ns is not None]
    if not times:
        return Span(count=len(captures))
    return attrs.evolve(_between(len(times), min(times), max(times)), count=len(captures))


def _span_of_poses(poses: Trajectory) -> Span:
    return _between(len(poses.times), int(poses.times[0]), int(poses.times[-1]))


def _between(count: int, start: int, end: int) -> Span:
    rate = (count - 1) * SECOND_NS / (end - start) if end > start else None
    return Span(count=count, start_ns=start, end_ns=end, rate_hz=rate)
