"""Small conversions that importers share: points of packed files, times, poses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from kognic._core.scene_errors import RecordingError
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import FloatArray, Rigid, quaternion_of, rotation_matrix
from kognic.scenes.importers.locations import Location, bytes_of

SECOND_NS = 1_000_000_000
# A silence that is so many times longer than usual, and at least so long, is reported.
_SILENCE_TIMES, _SILENCE_NS = 5, SECOND_NS
# Unix time.
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def rigid(matrix: npt.ArrayLike) -> Rigid:
    """A matrix of shape (3, 4) or (4, 4) as a rigid motion; its rotation becomes the nearest exact one.

    Files keep few digits, and a rotation that is off by 1e-7 does not survive as a quaternion.

    Raises:
        ValueError: The upper left is not a rotation.
    """
    values = np.asarray(matrix, dtype=float)
    return Rigid(nearest_rotation(values[:3, :3]), values[:3, 3].copy())


def nearest_rotation(matrix: npt.ArrayLike) -> FloatArray:
    """The rotation matrix nearest to a matrix of shape (3, 3).

    Raises:
        ValueError: The matrix is off by more than 1 percent, or mirrors.
    """
    values = np.asarray(matrix, dtype=float)
    if not np.isfinite(values).all():
        raise ValueError(f"the rotation {values.tolist()} is not finite")
    left, _, right = np.linalg.svd(values)
    nearest = left @ right
    # Matrices written with three or more digits are within it; mirrored or scaled ones are not.
    if np.linalg.det(nearest) < 0 or np.abs(nearest - values).max() > 1e-2:
        raise ValueError(f"{np.round(values, 4).tolist()} is not a rotation")
    return np.asarray(nearest)


def pose_of(position: Sequence[float], quaternion: Sequence[float]) -> Rigid:
    """A position in metres and a quaternion `w, x, y, z` of any length as a rigid motion.

    Raises:
        ValueError: The quaternion is zero or not finite.
    """
    return Rigid(rotation_matrix(quaternion), np.asarray(position, dtype=float))


def trajectory_of(poses: Iterable[tuple[int, Rigid]]) -> Trajectory | None:
    """Poses by time in nanoseconds, in any order; of two at one time the later one counts.

    Returns:
        None for fewer than two poses.
    """
    by_time = dict(poses)
    if len(by_time) < 2:
        return None
    times = sorted(by_time)
    return Trajectory(
        np.array(times, dtype=np.int64),
        np.array([by_time[time].position for time in times]),
        np.array([quaternion_of(by_time[time].rotation) for time in times]),
    )


def seconds_to_ns(seconds: str | float) -> int:
    """Seconds as they are written, to nanoseconds, without a detour through a float.

    A float is taken as the shortest decimal that stands for it, which is what its file says.
    """
    return int((Decimal(str(seconds)) * SECOND_NS).to_integral_value())


def split_seconds_to_ns(seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Seconds as doubles to nanoseconds: whole and fraction apart, so that nothing but the double rounds."""
    whole = np.floor(seconds)
    return np.asarray(whole.astype(np.int64) * SECOND_NS + np.rint((seconds - whole) * 1e9).astype(np.int64))


def silences_of(times: npt.ArrayLike) -> list[tuple[int, int]]:
    """Return where increasing times in nanoseconds leave a gap: its start and its length."""
    values = np.asarray(times, dtype=np.int64)
    if len(values) < 3:  # one step says nothing about what is usual
        return []
    steps = np.diff(values)
    longest = max(_SILENCE_NS, _SILENCE_TIMES * int(np.median(steps)))
    return [(int(values[index]), int(steps[index])) for index in np.flatnonzero(steps > longest)]


def date_to_ns(text: str) -> int:
    """A date with up to nine decimals, UTC unless it says otherwise, to Unix nanoseconds.

    Raises:
        ValueError: It is not a date.
    """
    text = text.strip()
    zone = "+00:00"
    if text.endswith("Z"):
        text = text[:-1]
    # An offset such as +01:00 has six characters.
    elif len(text) > 6 and text[-6] in "+-" and text[-3] == ":":
        text, zone = text[:-6], text[-6:]
    date, _, fraction = text.partition(".")
    moment = dt.datetime.fromisoformat(date)  # with a zone, a date alone is read as naive
    moment = moment.replace(tzinfo=dt.datetime.fromisoformat(f"2000-01-01T00:00:00{zone}").tzinfo)
    return ((moment - _EPOCH) // dt.timedelta(seconds=1)) * SECOND_NS + int((fraction + "0" * 9)[:9] or 0)


def ns_to_date(time_ns: int) -> str:
    """Unix nanoseconds as a date in UTC with whole nanoseconds, as `date_to_ns` reads it; clocks that are not
    Unix clocks give dates near 1970."""
    seconds, fraction = divmod(time_ns, SECOND_NS)
    try:
        moment = _EPOCH + dt.timedelta(seconds=seconds)
    except OverflowError:
        return str(time_ns)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"


def packed_floats(location: Location, columns: int) -> npt.NDArray[np.float32]:
    """Points of a file without a header: little-endian float32, `columns` to a point; shape (N, columns).

    Raises:
        RecordingError: The file is missing, or is not a whole number of points.
    """
    data = bytes_of(location)
    if data.startswith(b"version https://git-lfs"):
        raise RecordingError(f"{location}: this is a Git LFS pointer, not the file; run 'git lfs pull'")
    if len(data) % (4 * columns):
        raise RecordingError(
            f"{location}: {len(data)} bytes are no whole number of points of {columns} float32; the file "
            "is cut off "
            "or of another layout"
        )
    return np.frombuffer(data, dtype="<f4").reshape(-1, columns)


def points_of(
    xyz: npt.ArrayLike,
    intensity: npt.NDArray[np.generic] | None,
    times_ns: npt.NDArray[np.int64] | int | None,
    *,
    scale: float = 1.0,
) -> PointArrays:
    """Points for the platform: intensity 0 to 255, unsigned times.

    Args:
        xyz: Metres, shape (N, 3).
        intensity: As recorded, shape (N,).
        times_ns: Per point, shape (N,), or one for all.
        scale: What the recorded intensity is multiplied by to reach 0 to 255.

    Raises:
        RecordingError: A time is before 1970.
    """
    points = np.asarray(xyz, dtype=np.float64)
    values = None
    if intensity is not None:
        scaled = np.nan_to_num(np.asarray(intensity, dtype=np.float32)) * np.float32(scale)
        values = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    times = None
    if times_ns is not None:
        signed = np.broadcast_to(np.asarray(times_ns, dtype=np.int64), len(points))
        if len(points) and int(signed.min()) < 0:
            raise RecordingError(
                f"a point was taken at {int(signed.min())} ns: times before 1970 do not exist"
            )
        times = signed.astype(np.uint64)
    return PointArrays(xyz=points, intensity=values, timestamps=times)
