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
from kognic.scenes.importers.arrays import points_of

TIME_NAMES = (
    "t", "time", "timestamp", "time_stamp", "offset_time", "time_offset", "offset_ns", "timeoffset", "ts",
    "stamp", "point_time", "pts_time", "relative_time", "gps_time", "t_us",
)  # fmt: skip
INTENSITY_NAMES = ("intensity", "i", "reflectivity", "reflectance", "intensities", "remission")
# sensor_msgs/PointField, from 1 on.
ROS_KINDS = (None, "i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8")
# foxglove.PackedElementField.NumericType, from 1 on.
FOXGLOVE_KINDS = (None, "u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8")
_UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
# Of a sweep: 100 Hz and 0.5 Hz. Lidars turn with 5 to 25 Hz, so that a wrong unit is off by far more.
_SHORTEST_S, _LONGEST_S = 0.01, 2.0
# A value in this range can be an absolute time in seconds; a time since the start of a sweep cannot.
_SINCE_1990_S = 631_152_000
# 2100-01-01 in Unix seconds.
_UNTIL_2100_S = 4_102_444_800


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
    """How the points of a topic say when they were taken."""

    name: str
    unit: str
    absolute: bool

    def __str__(self) -> str:
        return f"{self.name}, {self.unit} {'since 1970' if self.absolute else 'from the stamp'}"


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


def time_field_of(table: npt.NDArray[Any]) -> TimeField | None:
    """Find the time of a point, and its unit by the length of the sweep.

    Returns:
        None if no field has the name of a time, or its values fit no unit.
    """
    names = table.dtype.names or ()
    name = next((name for name in TIME_NAMES if name in names), None)
    if name is None or not len(table):
        return None
    low, high = _range(table[name])
    span = high - low
    if not np.isfinite(span):
        return None
    for unit, scale in _UNITS.items():
        per_second = 1e9 / scale
        if low / per_second > _SINCE_1990_S and high / per_second < _UNTIL_2100_S:
            return TimeField(name, unit, absolute=True)
    for unit, scale in _UNITS.items():
        per_second = 1e9 / scale
        if _SHORTEST_S <= span / per_second <= _LONGEST_S and abs(low) / per_second <= _LONGEST_S:
            return TimeField(name, unit, absolute=False)
    return None


def _range(values: npt.NDArray[Any]) -> tuple[float, float]:
    finite = values if values.dtype.kind in "iu" else values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (np.nan, np.nan)


def times_of(table: npt.NDArray[Any], field: TimeField, stamp_ns: int) -> npt.NDArray[np.int64]:
    """When each point was taken, nanoseconds; integers stay integers all the way."""
    values = table[field.name]
    scale = _UNITS[field.unit]
    if values.dtype.kind in "iu":
        offsets = values.astype(np.int64) * scale
    else:
        seconds = np.nan_to_num(values.astype(np.float64))
        whole = np.floor(seconds)
        offsets = whole.astype(np.int64) * scale + np.rint((seconds - whole) * scale).astype(np.int64)
    return np.asarray(offsets if field.absolute else offsets + stamp_ns)


def sweep_range(cloud: PackedCloud, field: TimeField) -> tuple[int, int]:
    """First and last time of a sweep, without making times of all its points."""
    values = cloud.table[field.name]
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    pair = np.empty(2, dtype=[(field.name, values.dtype)])
    pair[field.name] = values.min(), values.max()
    first, last = times_of(pair, field, cloud.stamp_ns)
    return int(first), int(last)


def points_of_cloud(cloud: PackedCloud, field: TimeField | None) -> PointArrays:
    """The points of a message that are there: those whose coordinates are finite and not all zero.

    Raises:
        RecordingError: The message has no x, y, z.
    """
    table = cloud.table
    names = table.dtype.names or ()
    missing = [axis for axis in "xyz" if axis not in names]
    if missing:
        raise RecordingError(f"the cloud has no field {', '.join(missing)}; it has {', '.join(names)}")
    # Axis by axis: reductions over rows of three are ten times as slow.
    x, y, z = (np.ascontiguousarray(table[axis]) for axis in "xyz")
    valid = np.isfinite(x) & np.isfinite(y) & np.isfinite(z) & ((x != 0) | (y != 0) | (z != 0))
    xyz = np.column_stack([x, y, z]).astype(np.float64)
    if not valid.all():
        table, xyz = table[valid], xyz[valid]
    name = next((name for name in INTENSITY_NAMES if name in names), None)
    intensity = None if name is None else table[name]
    times: Any = cloud.stamp_ns if field is None else times_of(table, field, cloud.stamp_ns)
    if cloud.motion is not None:
        xyz = cloud.motion.apply(xyz)
    return points_of(xyz, intensity, times, scale=intensity_scale(intensity))


def intensity_scale(values: npt.NDArray[Any] | None) -> float:
    """What brings intensities to 0 to 255: 255 for floats from 0 to 1, 1/256 for 16 bits, else 1."""
    if values is None or not len(values):
        return 1.0
    if values.dtype.kind in "iu":
        return 1 / 256 if values.dtype.itemsize > 1 and int(values.max()) > 255 else 1.0
    highest = float(np.nanmax(values))
    if 0 < highest <= 1:
        return 255.0
    return 1 / 256 if highest > 255 else 1.0
