"""Facts about a point cloud file, from its header or its whole content."""

from __future__ import annotations

import attrs

Vector = tuple[float, float, float]


@attrs.frozen(kw_only=True)
class PointCloudFacts:
    """Facts about a point cloud file. Attributes that were not determined are None.

    Attributes:
        format: `csv`, `las`, `laz` or `pcd`.
        version: Version of the format as the file states it; None for CSV.
        encoding: PCD: `ascii`, `binary` or `binary_compressed`; LAS: `point format 3`; CSV: `text`.
        fields: Names of the columns, as in the file.
        num_points: Number of points; None for a CSV of which only the beginning was read.
        is_organised: The cloud is a grid (PCD with HEIGHT above 1).
        has_timestamps: There is a column of times (`ts_gps`, `timestamp`, `gps_time`).
        has_intensity: There is a column of intensities.
        bounds: Smallest and largest coordinates, metres. LAS states them in its header.
        time_range_ns: First and last point time. Nanoseconds since the Unix epoch in a good file.
        intensity_range: Smallest and largest intensity.
        median_distance: Half of the points are nearer to the origin than this, metres.
        num_invalid: Points with a coordinate that is NaN or infinite.
        num_at_origin: Points at exactly (0, 0, 0), the usual mark of a missing return.
        header_prefix: What stands before the first column name and hides it from the platform: `#`, or a byte
            order mark; empty in a good file.
        fractional_intensity: An intensity has a fraction part, such as `12.000000`.
        is_full: Every point was read.
    """

    format: str
    version: str | None = None
    encoding: str
    fields: tuple[str, ...]
    num_points: int | None
    is_organised: bool = False
    has_timestamps: bool
    has_intensity: bool
    bounds: tuple[Vector, Vector] | None = None
    time_range_ns: tuple[int, int] | None = None
    intensity_range: tuple[float, float] | None = None
    median_distance: float | None = None
    num_invalid: int | None = None
    num_at_origin: int | None = None
    header_prefix: str = ""
    fractional_intensity: bool = False
    is_full: bool = False
