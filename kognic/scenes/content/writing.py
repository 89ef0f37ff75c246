"""Points as a file in one of the layouts that the platform documents: PCD .7, CSV, LAS 1.2.

PCD and CSV keep whole nanoseconds. LAS keeps times as doubles, which step by 256 ns, and coordinates as whole
tenths of a millimetre.
"""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import Any

import numpy as np

from kognic.scenes.content.csv_clouds import HEADER
from kognic.scenes.content.pcd_clouds import INTENSITY, LAYOUT, TIME
from kognic.scenes.content.points import PointArrays

# LAS stores coordinates as 32-bit integers: with this scale they reach 214 km, and lidar noise is a
# hundred times larger.
_LAS_SCALE_M = 0.0001


def write_points(points: PointArrays, format: str) -> bytes:
    """Write points.

    Args:
        points: Coordinates in metres; intensity 0 to 255 and times in Unix nanoseconds, 0 where missing.
        format: `pcd` (binary), `csv`, `las` or `laz`.

    Raises:
        ValueError: The format is another one.
        ImportError: LAS needs the extra `checks`.
    """
    writers = {"pcd": _pcd, "csv": _csv, "las": _las, "laz": _laz}
    if format not in writers:
        raise ValueError(f"the format of a point cloud is '{format}', must be {', '.join(writers)}")
    return writers[format](points)


def _intensity(points: PointArrays) -> Any:
    return np.zeros(len(points), np.uint8) if points.intensity is None else points.intensity


def _times(points: PointArrays) -> Any:
    return np.zeros(len(points), np.uint64) if points.timestamps is None else points.timestamps


def _pcd(points: PointArrays) -> bytes:
    table = np.empty(len(points), [(name, f"<{kind.lower()}") for name, kind in LAYOUT.items()])
    for index, axis in enumerate("xyz"):
        table[axis] = points.xyz[:, index]
    table[INTENSITY], table[TIME] = _intensity(points), _times(points)
    header = (
        "# .PCD v.7 - Point Cloud Data file format",
        "VERSION .7",
        f"FIELDS {' '.join(LAYOUT)}",
        f"SIZE {' '.join(kind[1] for kind in LAYOUT.values())}",
        f"TYPE {' '.join(kind[0] for kind in LAYOUT.values())}",
        "COUNT 1 1 1 1 1",
        f"WIDTH {len(points)}",
        "HEIGHT 1",
        "VIEWPOINT 0 0 0 1 0 0 0",
        f"POINTS {len(points)}",
        "DATA binary",
        "",
    )
    return "\n".join(header).encode("ascii") + table.tobytes()


def _csv(points: PointArrays) -> bytes:
    buffer = StringIO()
    buffer.write(HEADER + "\n")
    times, intensity = _times(points).tolist(), _intensity(points).tolist()
    # The shortest text that gives the same float32 again.
    axes = [[str(value) for value in points.xyz[:, index].astype(np.float32)] for index in range(3)]
    for row in zip(times, *axes, intensity, strict=True):
        buffer.write("{},{},{},{},{}\n".format(*row))
    return buffer.getvalue().encode("ascii")


def _las(points: PointArrays, *, compressed: bool = False) -> bytes:
    from laspy.header import LasHeader
    from laspy.lasdata import LasData

    header = LasHeader(point_format=3, version="1.2")
    header.scales = np.full(3, _LAS_SCALE_M)
    header.offsets = np.floor(points.xyz.min(axis=0)) if len(points) else np.zeros(3)
    las = LasData(header)
    las.x, las.y, las.z = points.xyz[:, 0], points.xyz[:, 1], points.xyz[:, 2]
    las.intensity = _intensity(points)
    las.gps_time = _times(points).astype(np.float64)
    buffer = BytesIO()
    las.write(buffer, do_compress=compressed)
    return buffer.getvalue()


def _laz(points: PointArrays) -> bytes:
    return _las(points, compressed=True)
