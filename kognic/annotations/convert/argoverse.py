"""Argoverse 2: `annotations.feather`, one row per cuboid and sweep, in the vehicle's system.

The columns are those of `kognic.annotations.convert.argoverse_tables`; the vehicle's system is that at the
time of the sweep.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kognic._core.annotation_errors import AnnotationError
from kognic._core.files import replacing
from kognic._core.standard_classes import keep_class
from kognic.annotations.arrow import pyarrow, pyarrow_feather
from kognic.annotations.convert.argoverse_tables import (
    CUBOID_COLUMNS,
    CUBOID_NUMBERS,
    cuboids_of,
    require_columns,
)
from kognic.annotations.convert.dataset_files import feather_table
from kognic.annotations.cuboids import ARGOVERSE, from_kognic, to_kognic, transform
from kognic.annotations.labels import Label, Poses, object_uuid, pose_in


def read_feather(path: str | Path) -> Any:
    """Read `annotations.feather` as a `pyarrow.Table`.

    Raises:
        AnnotationError: The file is not an annotation table.
        ModuleNotFoundError: The extra `parquet` is not installed.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise keep_class(AnnotationError(f"cannot read {path}: {error}"), error) from error
    table = feather_table(content, str(path), AnnotationError)
    require_columns(table, CUBOID_COLUMNS, f"{path} is not an annotations.feather: it", AnnotationError)
    return table


def from_argoverse(table: Any, *, frame_ids: Mapping[int, str] | None = None) -> Iterator[Label]:
    """Read the rows of an annotation table.

    Args:
        table: Of `read_feather`.
        frame_ids: Frame ID by sweep time, nanoseconds; other rows are skipped. None reads all rows and uses
            the time as frame ID.

    Returns:
        Labels in the order of the rows, cuboids in the vehicle's system at the time of the sweep.
    """
    for rows in cuboids_of(table, "the table", AnnotationError):
        values = to_kognic(rows.centres, rows.sizes, ARGOVERSE, quaternions=rows.rotations).tolist()
        columns = (rows.times_ns, rows.tracks, rows.categories, rows.points, values)
        for time, track, category, inside, value in zip(*columns, strict=True):
            frame_id = str(time) if frame_ids is None else frame_ids.get(time)
            if frame_id is not None:
                yield Label(
                    frame_id=frame_id,
                    track=track,
                    class_name=category,
                    cuboid=value,
                    properties={"num_interior_pts": inside},
                )


def to_argoverse(labels: Iterable[Label], *, to_ego: Poses, times_ns: Mapping[str, int]) -> Any:
    """Write cuboids as a `pyarrow.Table` with the columns of `annotations.feather`.

    Args:
        labels: Cuboids in one coordinate system; labels without a cuboid are skipped.
        to_ego: Transform from that system to the vehicle's at the frame's time, shape (4, 4), for all frames
            or by frame ID; the identity if cuboids are in the vehicle's system.
        times_ns: Time of the sweep by frame ID, nanoseconds.

    Returns:
        The table; `num_interior_pts` is 0 if no property has it.

    Raises:
        AnnotationError: A frame has no pose or no time.
        ModuleNotFoundError: The extra `parquet` is not installed.
    """
    pa = pyarrow()
    times, tracks, categories, points, rows = [], [], [], [], []
    for label in labels:
        if label.cuboid is None:
            continue
        if label.frame_id not in times_ns:
            raise AnnotationError(f"frame {label.frame_id!r} of track {label.track!r} has no time")
        moved = transform(np.array(label.cuboid), pose_in(to_ego, label.frame_id, "document to vehicle"))
        centre, size, rotation = from_kognic(moved, ARGOVERSE)
        times.append(times_ns[label.frame_id])
        tracks.append(object_uuid(label.track))
        categories.append(label.class_name)
        points.append(int(label.properties.get("num_interior_pts", 0)))
        rows.append(np.concatenate([size[0], rotation[0], centre[0]]))
    numbers = np.array(rows).reshape(-1, len(CUBOID_NUMBERS))
    columns = {
        "timestamp_ns": pa.array(times, pa.int64()),
        "track_uuid": pa.array(tracks, pa.string()),
        "category": pa.array(categories, pa.string()),
        **{name: pa.array(numbers[:, index], pa.float64()) for index, name in enumerate(CUBOID_NUMBERS)},
        "num_interior_pts": pa.array(points, pa.int64()),
    }
    return pa.table(columns)


def write_feather(table: Any, path: str | Path) -> None:
    """Write a table of `to_argoverse` as a Feather file, whole or not at all."""
    feather = pyarrow_feather()
    with replacing(Path(path)) as file:
        feather.write_feather(table, file)
