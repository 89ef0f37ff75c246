"""Writes point clouds in the layouts that the platform documents: CSV, LAS 1.2 with point format 3, PCD 0.7.

By hand and without an array library: a drive that is to be right must not share code with what reads it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

TimedPoint = tuple[float, float, float, int, int]  # x, y, z in metres, intensity 0-255, Unix nanoseconds

# Metres: LAS holds whole numbers, here of millimetres, which is finer than `RANGE_NOISE`.
_LAS_SCALE = 0.001
# Public header block of LAS 1.2.
_LAS_HEADER_SIZE = 227
_LAS_POINT = struct.Struct("<iiiHBBbBHdHHH")  # point format 3: time and colour


def write_csv(path: Path, points: Sequence[TimedPoint]) -> None:
    """Write one line per point; millimetres are kept."""
    lines = [f"{time},{x:.3f},{y:.3f},{z:.3f},{intensity}" for x, y, z, intensity, time in points]
    path.write_text("\n".join(["ts_gps,x,y,z,intensity", *lines, ""]), encoding="ascii", newline="\n")


def write_pcd(path: Path, points: Sequence[TimedPoint]) -> None:
    """Binary, with the fields and types that the platform asks for."""
    header = (
        "# .PCD v.7 - Point Cloud Data file format",
        "VERSION .7",
        "FIELDS x y z intensity timestamp",
        "SIZE 4 4 4 4 8",
        "TYPE F F F U U",
        "COUNT 1 1 1 1 1",
        f"WIDTH {len(points)}",
        "HEIGHT 1",
        "VIEWPOINT 0 0 0 1 0 0 0",
        f"POINTS {len(points)}",
        "DATA binary",
        "",
    )
    body = b"".join(struct.pack("<fffIQ", *point) for point in points)
    path.write_bytes("\n".join(header).encode("ascii") + body)


def write_las(path: Path, points: Sequence[TimedPoint]) -> None:
    """`gps_time` holds Unix nanoseconds, which a double keeps to about 256 ns."""
    axes = list(zip(*(point[:3] for point in points), strict=True)) or [(0.0,)] * 3
    bounds = [bound for axis in axes for bound in (max(axis), min(axis))]
    header = struct.pack(
        "<4sHHIHH8sBB32s32sHHHIIBHI5I3d3d6d",
        *(b"LASF", 0, 0, 0, 0, 0, b"", 1, 2, b"sample drive", b"kognic-client", 1, 2026),
        *(_LAS_HEADER_SIZE, _LAS_HEADER_SIZE, 0, 3, _LAS_POINT.size, len(points)),
        *(len(points), 0, 0, 0, 0),
        *(_LAS_SCALE, _LAS_SCALE, _LAS_SCALE, 0.0, 0.0, 0.0),
        *bounds,
    )
    path.write_bytes(header + b"".join(_las_record(point) for point in points))


def _las_record(point: TimedPoint) -> bytes:
    x, y, z = (round(part / _LAS_SCALE) for part in point[:3])
    single_return = 0b00001001
    return _LAS_POINT.pack(x, y, z, point[3], single_return, 0, 0, 0, 0, float(point[4]), 0, 0, 0)


WRITERS: dict[str, Callable[[Path, Sequence[TimedPoint]], None]] = {
    "csv": write_csv,
    "las": write_las,
    "pcd": write_pcd,
}
