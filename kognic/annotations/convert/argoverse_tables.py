"""The columns of Argoverse 2's tables, and what they say.

Format: the sensor dataset of Argoverse 2 (Wilson et al., 2021) and the guide of its API. Poses lead from the
sensor to the vehicle, and from the vehicle to the city; rotations are `w, x, y, z`, lengths metres, times
nanoseconds. Boxes are in the vehicle's system at the time of the sweep, rotation 0 along +x.

Importers, converters of annotations and converters of calibrations share this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import numpy as np

from kognic._core.errors import KognicError
from kognic.annotations.rotations import FloatArray

POSITION = ("tx_m", "ty_m", "tz_m")
ROTATION = ("qw", "qx", "qy", "qz")
SIZE = ("length_m", "width_m", "height_m")
POSE_COLUMNS = ("sensor_name", *ROTATION, *POSITION)
"""Of `egovehicle_SE3_sensor`."""
LENS = ("fx_px", "fy_px", "cx_px", "cy_px")
IMAGE_SIZE = ("width_px", "height_px")
OPTICS_COLUMNS = ("sensor_name", *LENS, "k1", "k2", "k3", *IMAGE_SIZE)
"""Of `intrinsics`; `k1` to `k3` describe the lens, but the published images are undistorted."""
CUBOID_NUMBERS = (*SIZE, *ROTATION, *POSITION)
CUBOID_COLUMNS = ("timestamp_ns", "track_uuid", "category", *CUBOID_NUMBERS, "num_interior_pts")
"""Of `annotations`."""
# Rows converted to Python at once: some megabytes.
_ROWS_AT_ONCE = 10_000


def numbers_of(table: Any, columns: Sequence[str], what: str, error: type[KognicError]) -> FloatArray:
    """Return columns of a `pyarrow.Table` as an array, shape (rows, columns).

    Raises:
        KognicError: Of class `error`: a column is missing; the message starts with `what`.
    """
    require_columns(table, columns, what, error)
    return np.column_stack([table.column(name).to_numpy().astype(np.float64) for name in columns])


def require_columns(table: Any, columns: Sequence[str], what: str, error: type[KognicError]) -> None:
    """Check that a `pyarrow.Table` has columns.

    Raises:
        KognicError: Of class `error`: it lacks one; the message starts with `what` and lists what it has.
    """
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise error(f"{what} has no column {', '.join(missing)}; it has {', '.join(table.column_names)}")


def poses_of(table: Any, what: str, error: type[KognicError]) -> dict[str, tuple[list[float], list[float]]]:
    """Return position and rotation by sensor name, of `egovehicle_SE3_sensor`.

    Raises:
        KognicError: Of class `error`: a column is missing; the message starts with `what`.
    """
    require_columns(table, POSE_COLUMNS, what, error)
    rows = numbers_of(table, (*POSITION, *ROTATION), what, error)
    names = table.column("sensor_name").to_pylist()
    return {name: (row[:3], row[3:]) for name, row in zip(names, rows.tolist(), strict=True)}


@attrs.frozen(kw_only=True, eq=False)
class Cuboids:
    """Some rows of `annotations`, in order.

    Attributes:
        times_ns: Of the sweeps.
        tracks: Objects.
        categories: Their classes.
        points: Number of points inside.
        sizes: Length, width, height, shape (N, 3).
        rotations: Unit quaternions, shape (N, 4).
        centres: Shape (N, 3).
    """

    times_ns: list[int]
    tracks: list[str]
    categories: list[str]
    points: list[int]
    sizes: FloatArray
    rotations: FloatArray
    centres: FloatArray


def cuboids_of(table: Any, what: str, error: type[KognicError]) -> Iterator[Cuboids]:
    """Yield the rows of `annotations`, some at a time: a million of them must not become objects at once.

    Raises:
        KognicError: Of class `error`: a column is missing; the message starts with `what`.
    """
    require_columns(table, CUBOID_COLUMNS, what, error)
    for start in range(0, table.num_rows, _ROWS_AT_ONCE):
        rows = table.slice(start, _ROWS_AT_ONCE)
        times, tracks, categories, points = (
            rows.column(name).to_pylist()
            for name in ("timestamp_ns", "track_uuid", "category", "num_interior_pts")
        )
        yield Cuboids(
            times_ns=times,
            tracks=tracks,
            categories=categories,
            points=points,
            sizes=numbers_of(rows, SIZE, what, error),
            rotations=numbers_of(rows, ROTATION, what, error),
            centres=numbers_of(rows, POSITION, what, error),
        )
