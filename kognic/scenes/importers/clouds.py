"""Point clouds of messages (PointCloud2, foxglove.PointCloud) to points with exact times, and points to
files.

The name and unit of the time of a point differ between drivers: `t` of Ouster counts nanoseconds since the
stamp, `time` of Velodyne seconds (also negative), `timestamp` of Hesai and RoboSense absolute seconds, of
Livox absolute nanoseconds. The unit is inferred from the duration of a sweep, which is between 10 ms and
2 s for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.scene_errors import RecordingError
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.importers.arrays import SECOND_NS, points_of

TIME_NAMES = (
    "t", "time", "timestamp", "time_stamp", "offset_time", "time_offset", "offset_ns", "timeoffset", "ts",
    "stamp", "point_time", "pts_time", "relative_time", "gps_time", "t_us", "t_ns", "time_ns", "time_us",
    "timestamp_ns", "timestamp_us", "time_offset_ns", "time_offset_us", "point_time_offset", "time_offset_s",
    "relative_timestamp", "point_timestamp", "gps_timestamp", "dt", "delta_t",
)  # fmt: skip
INTENSITY_NAMES = ("intensity", "i", "reflectivity", "reflectance", "intensities", "remission")
# sensor_msgs/PointField, from 1 on; 9 and 10 are PCL's, which it sends for integers of 64 bits.
ROS_KINDS = (None, "i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8", "i8", "u8")
# foxglove.PackedElementField.NumericType, from 1 on.
FOXGLOVE_KINDS = (None, "u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8")
_UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
# Of a sweep: 100 Hz and 0.5 Hz. Lidars turn with 5 to 25 Hz, so that a wrong unit is off by far more.
_SHORTEST_S, _LONGEST_S = 0.01, 2.0
# A value in this range can be an absolute time in seconds; a time since the start of a sweep cannot.
_SINCE_1990_S = 631_152_000
# 2100-01-01 in Unix seconds.
_UNTIL_2100_S = 4_102_444_800
# Clocks of lidars that are not set to UTC count GPS time, 18 seconds ahead since 2017, or TAI, 37 seconds;
# more leap seconds may come.
_LEAP_S = range(10, 41)
# Or they count local time: offsets are multiples of a quarter of an hour, up to UTC+14.
_QUARTER_S, _FARTHEST_ZONE_S = 900, 14 * 3600
# How far a stamp, which is that of the first or of the last point, may be from the middle of its sweep.
_NEAR_S = 0.3
# Points that are checked before the whole cloud: lidars have up to 128 lasers, of which a few see something.
_SAMPLE = 256


@attrs.frozen(eq=False)
class PackedCloud:
    """The points of a message, not copied.

    Attributes:
        table: Structured array, one dimension.
        frame: Coordinate frame.
        stamp_ns: Of the header.
        motion: From the points to the frame; None where the points are in it already.
    """

    table: npt.NDArray[Any]
    frame: str
    stamp_ns: int
    motion: Rigid | None = None


@attrs.frozen
class TimeField:
    """How the points of a topic say when they were taken.

    Attributes:
        name: The field.
        unit: `s`, `ms`, `us` or `ns`.
        absolute: Whether it counts from 1970, not from the stamp of the message.
        ahead_s: Seconds that its clock is ahead of UTC, for absolute times.
    """

    name: str
    unit: str
    absolute: bool
    ahead_s: int = 0

    def __str__(self) -> str:
        clock = (
            f", corrected for a clock {self.ahead_s:+d} s from that of the headers" if self.ahead_s else ""
        )
        start = "since 1970" if self.absolute else "since the timestamp of the message"
        return f"'{self.name}' ({self.unit} {start}{clock})"


@attrs.frozen
class TimeRange:
    """First and last value of the time field of a sweep, as recorded; `kind` is its NumPy kind, such as
    `f4`."""

    name: str
    kind: str
    low: int | float
    high: int | float


@attrs.frozen
class CloudReading:
    """What the sweeps of a topic have in common.

    Attributes:
        time: Where the times of the points are; None without.
        scale: What brings intensities to 0 to 255.
    """

    time: TimeField | None
    scale: float = 1.0

    def as_text(self) -> str:
        """For the reference of a sweep that does not show it by itself; `read_as` reads it."""
        if self.time is None:
            return f"time=none;scale={self.scale:g}"
        time = self.time
        start = f"utc{time.ahead_s:+d}" if time.absolute else "stamp"
        return f"time={time.name}:{time.unit}:{start};scale={self.scale!r}"


def read_as(text: str) -> CloudReading:
    """The opposite of `CloudReading.as_text`.

    Raises:
        RecordingError: It is something else.
    """
    try:
        values = dict(part.split("=", 1) for part in text.split(";"))
        scale = float(values["scale"])
        if values["time"] == "none":
            return CloudReading(None, scale)
        name, unit, start = values["time"].rsplit(":", 2)
        absolute = start.startswith("utc")
        if unit not in _UNITS:
            raise ValueError(unit)
        return CloudReading(
            TimeField(name, unit, absolute, int(start.removeprefix("utc")) if absolute else 0), scale
        )
    except (KeyError, ValueError) as exc:
        raise RecordingError(f"'{text}' does not say how a cloud is read") from exc


def field_kind(name: str, kind: str, count: int) -> str:
    """Return the NumPy kind of a field: integers of 64 bits, which ROS does not have, are sent as arrays.

    Args:
        name: The field.
        kind: NumPy kind of an element.
        count: Number of elements.
    """
    size = int(kind[1:]) * count
    is_time = name.lower() in TIME_NAMES and count > 1 and kind[0] in "iu"
    return "u8" if is_time and size == 8 else kind


def packed(
    data: bytes | memoryview | npt.NDArray[np.uint8],
    fields: Sequence[tuple[str, int, str]],
    *,
    point_step: int,
    width: int,
    height: int,
    row_step: int = 0,
    big_endian: bool = False,
) -> npt.NDArray[Any]:
    """Look at the bytes of a cloud as a structured array, row padding left out.

    Args:
        data: The bytes.
        fields: Name, offset and NumPy kind of each field.
        point_step: Bytes of a point.
        width: Points of a row.
        height: Rows.
        row_step: Bytes of a row; 0 means rows without gaps.
        big_endian: Byte order.

    Raises:
        RecordingError: A field reaches beyond its point, or there are fewer bytes than promised.
    """
    layout = _layout(fields, point_step, ">" if big_endian else "<")
    row_step = row_step or point_step * width
    flat = np.frombuffer(data, dtype=np.uint8)
    if not width or not height:
        return np.empty(0, layout)
    if len(flat) < row_step * (height - 1) + point_step * width or row_step < point_step * width:
        raise RecordingError(
            f"{len(flat)} bytes are too few for {height} x {width} points of {point_step} bytes in rows of "
            f"{row_step}"
        )
    if height == 1 or row_step == point_step * width:
        return np.frombuffer(flat[: point_step * width * height].data, dtype=layout)
    rows = [
        np.frombuffer(flat[row * row_step : row * row_step + point_step * width].data, dtype=layout)
        for row in range(height)
    ]
    return np.concatenate(rows)


def _layout(fields: Sequence[tuple[str, int, str]], point_step: int, order: str) -> np.dtype[Any]:
    """The fields of a point by lower-case name; of two with one name the first."""
    known: dict[str, tuple[int, np.dtype[Any]]] = {}
    for name, offset, kind in fields:
        known.setdefault(name.lower(), (offset, np.dtype(order + kind)))
    beyond = [name for name, (offset, kind) in known.items() if offset + kind.itemsize > point_step]
    if beyond:
        raise RecordingError(f"the field {beyond[0]} reaches beyond its point of {point_step} bytes")
    return np.dtype(
        {
            "names": list(known),
            "formats": [kind for _, kind in known.values()],
            "offsets": [offset for offset, _ in known.values()],
            "itemsize": point_step,
        }
    )


def cloud_problem(table: npt.NDArray[Any]) -> str | None:
    """Why the points of a message cannot be used; None if they can."""
    names = table.dtype.names or ()
    if not len(table):
        return "the cloud has no points"
    missing = [axis for axis in "xyz" if axis not in names]
    if missing:
        return f"the cloud has no field {', '.join(missing)}; it has {', '.join(names) or 'none'}"
    whole = [axis for axis in "xyz" if table.dtype[axis].kind != "f"]
    if whole:
        return f"{', '.join(whole)} of the cloud are whole numbers, whose unit is not known"
    # The first points mostly suffice; checking all costs as much as reading the message.
    if not _valid(table[:_SAMPLE]).any() and not _valid(table).any():
        return "no point of the cloud has a place: all are NaN or at (0, 0, 0)"
    return None


def _valid(table: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """The points that are there: those whose coordinates are finite and not all zero."""
    # Axis by axis: reductions over rows of three are ten times as slow.
    x, y, z = (np.ascontiguousarray(table[axis]) for axis in "xyz")
    finite = np.isfinite(x) & np.isfinite(y) & np.isfinite(z)
    return np.asarray(finite & ((x != 0) | (y != 0) | (z != 0)))


def time_range_of(table: npt.NDArray[Any]) -> TimeRange | None:
    """First and last time of a sweep as recorded; None if no field has the name of a time."""
    names = table.dtype.names or ()
    name = next((name for name in TIME_NAMES if name in names), None)
    if name is None or not len(table):
        return None
    values = table[name]
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    if not len(values):
        return None
    return TimeRange(name, values.dtype.str[1:], values.min().item(), values.max().item())


def time_field_of(times: TimeRange | None, stamp_ns: int) -> TimeField | None:
    """Infer what the times of a sweep mean, by its length and its stamp.

    Returns:
        None without times, or if they fit no unit, or count by a clock that has nothing to do with that of
        the headers.
    """
    if times is None:
        return None
    units = {unit: _UNITS[unit] for unit in _UNITS if times.name.endswith(f"_{unit}")} or _UNITS
    # A float32 of seconds since 1970 has steps of two minutes.
    for unit, scale in units.items() if times.kind != "f4" else ():
        low, high = times.low * scale / 1e9, times.high * scale / 1e9
        difference = (low + high) / 2 - stamp_ns / 1e9
        # Simulators count from 0.
        is_simulated = low > 2 * _LONGEST_S and abs(difference) <= _LONGEST_S
        if is_simulated or (low > _SINCE_1990_S and high < _UNTIL_2100_S):
            ahead = _ahead_s(difference)
            return None if ahead is None else TimeField(times.name, unit, absolute=True, ahead_s=ahead)
    for unit, scale in units.items():
        span, first = (times.high - times.low) * scale / 1e9, abs(times.low) * scale / 1e9
        if _SHORTEST_S <= span <= _LONGEST_S and first <= _LONGEST_S:
            return TimeField(times.name, unit, absolute=False)
    return None


def _ahead_s(difference_s: float) -> int | None:
    """Whole seconds that a clock is ahead, by how far a sweep is from its stamp; None for a clock of its
    own."""
    if abs(difference_s) <= _LONGEST_S:
        return 0
    whole = round(difference_s)
    usual = whole in _LEAP_S or (whole % _QUARTER_S == 0 and abs(whole) <= _FARTHEST_ZONE_S)
    return whole if usual and abs(difference_s - whole) <= _NEAR_S else None


def reading_of(cloud: PackedCloud) -> CloudReading:
    """How a sweep is read, as far as it shows by itself."""
    field = time_field_of(time_range_of(cloud.table), cloud.stamp_ns)
    return CloudReading(field, intensity_scale(*intensity_range(cloud.table)))


def times_of(table: npt.NDArray[Any], field: TimeField, stamp_ns: int) -> npt.NDArray[np.int64]:
    """When each point was taken, nanoseconds; integers stay integers all the way."""
    return _nanoseconds(table[field.name], field, stamp_ns)


def _nanoseconds(values: npt.NDArray[Any], field: TimeField, stamp_ns: int) -> npt.NDArray[np.int64]:
    scale = _UNITS[field.unit]
    if values.dtype.kind in "iu":
        offsets = values.astype(np.int64) * scale
    else:
        seconds = np.nan_to_num(values.astype(np.float64))
        whole = np.floor(seconds)
        offsets = whole.astype(np.int64) * scale + np.rint((seconds - whole) * scale).astype(np.int64)
    return np.asarray(offsets - field.ahead_s * SECOND_NS if field.absolute else offsets + stamp_ns)


def sweep_range(times: TimeRange, field: TimeField, stamp_ns: int) -> tuple[int, int]:
    """First and last time of a sweep, nanoseconds."""
    first, last = _nanoseconds(np.array([times.low, times.high], dtype=times.kind), field, stamp_ns)
    return int(first), int(last)


def points_of_cloud(cloud: PackedCloud, reading: CloudReading | None = None) -> PointArrays:
    """The points of a message that are there: those whose coordinates are finite and not all zero.

    Args:
        cloud: The message.
        reading: How it is read; None takes what it shows by itself.

    Raises:
        RecordingError: The message has no points, or none that can be used.
    """
    table = cloud.table
    problem = cloud_problem(table)
    if problem is not None:
        raise RecordingError(problem)
    reading = reading or reading_of(cloud)
    valid = _valid(table)
    if not valid.all():
        table = table[valid]
    xyz = np.column_stack([table[axis] for axis in "xyz"]).astype(np.float64)
    names = table.dtype.names or ()
    name = next((name for name in INTENSITY_NAMES if name in names), None)
    intensity = None if name is None else table[name]
    field = reading.time
    if field is not None and field.name not in names:
        raise RecordingError(f"the cloud has no field {field.name}; it has {', '.join(names)}")
    times: Any = cloud.stamp_ns if field is None else times_of(table, field, cloud.stamp_ns)
    if cloud.motion is not None:
        xyz = cloud.motion.apply(xyz)
    return points_of(xyz, intensity, times, scale=reading.scale)


def intensity_range(table: npt.NDArray[Any]) -> tuple[str, float]:
    """NumPy kind and highest value of the intensities of a sweep; an empty kind without."""
    name = next((name for name in INTENSITY_NAMES if name in (table.dtype.names or ())), None)
    if name is None or not len(table):
        return "", 0.0
    values = table[name]
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    return table.dtype[name].str[1:], float(values.max()) if len(values) else 0.0


def intensity_scale(kind: str, highest: float) -> float:
    """What brings intensities to 0 to 255: 255 for floats from 0 to 1, 1/256 for 16 bits, else 1.

    Args:
        kind: NumPy kind of the field.
        highest: The highest value of all sweeps, which have one scale so that they do not flicker.
    """
    if kind.startswith("f") and 0 < highest <= 1:
        return 255.0
    return 1 / 256 if highest > 255 and kind[1:] != "1" else 1.0
