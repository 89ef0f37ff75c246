"""All points of a cloud as arrays, whatever the format of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from kognic._core.extras import needs_extra
from kognic._core.scene_errors import ContentError, ContentIssue
from kognic.scenes.content.csv_clouds import find_bad_row, read_csv
from kognic.scenes.content.facts import PointCloudFacts
from kognic.scenes.content.formats import detect_format
from kognic.scenes.content.las_clouds import read_las
from kognic.scenes.content.pcd_clouds import find_fault, read_pcd
from kognic.scenes.content.points import PointArrays
from kognic.scenes.content.source import Content, PointsError, Source

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_READERS = {"csv": read_csv, "las": read_las, "laz": read_las, "pcd": read_pcd}
_FAULTS = {"csv": find_bad_row, "pcd": find_fault}


def read_points(source: Content | Source, format: str | None = None) -> PointArrays:
    """Read all points of a file.

    Args:
        source: Path of the file, or its content.
        format: `csv`, `las`, `laz` or `pcd`; None tells it by content and name.

    Raises:
        ContentError: The file is missing, or its points cannot be read.
    """
    opened = source if isinstance(source, Source) else Source.of(source)
    kind = detect_format(opened, format)
    try:
        return _READERS[kind](opened)
    except ImportError as exc:
        raise ImportError(needs_extra(f"reading {kind} needs more", "checks", exc)) from exc
    except Exception as exc:  # the libraries raise whatever they meet in a damaged file
        find = _FAULTS.get(kind)
        issues = [] if find is None or isinstance(exc, PointsError) else find(opened)
        raise ContentError(issues or [_unreadable(kind, opened, exc)], name=opened.name) from exc


def add_statistics(facts: PointCloudFacts, points: PointArrays) -> PointCloudFacts:
    """Complete the facts of a header by what the points say."""
    import numpy as np

    valid = np.asarray(np.isfinite(points.xyz).all(axis=1))
    xyz = points.xyz if valid.all() else points.xyz[valid]
    low, high = (xyz.min(axis=0), xyz.max(axis=0)) if len(xyz) else (None, None)
    with np.errstate(over="ignore"):  # finite, but absurd coordinates: their distance is infinite
        distances = np.linalg.norm(xyz, axis=1)
    return attrs.evolve(
        facts,
        num_points=len(points),
        bounds=None if low is None or high is None else (_vector(low), _vector(high)),
        median_distance=float(np.median(distances)) if len(xyz) else None,
        time_range_ns=_time_range(points.timestamps),
        intensity_range=_range(points.intensity),
        num_invalid=int(len(valid) - np.count_nonzero(valid)),
        num_at_origin=int(np.count_nonzero((points.xyz == 0).all(axis=1))),
        is_full=True,
    )


def _vector(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def _range(values: npt.NDArray[Any] | None) -> tuple[float, float] | None:
    import numpy as np

    if values is None or not len(values):
        return None
    return float(np.nanmin(values)), float(np.nanmax(values))


def _time_range(values: npt.NDArray[Any] | None) -> tuple[int, int] | None:
    import numpy as np

    if values is None or not len(values):
        return None
    low, high = values.min(), values.max()
    return (int(low), int(high)) if np.isfinite(low) and np.isfinite(high) else None


def _unreadable(kind: str, source: Source, exc: Exception) -> ContentIssue:
    """Say that the points cannot be read; in our words, as those of a library help nobody here."""
    if isinstance(exc, PointsError):
        problem = f"the points cannot be read: {exc}"
    else:
        problem = (
            f"the points cannot be read: the {source.size} bytes do not hold what the {kind} header says"
        )
    return ContentIssue(
        code=f"{'las' if kind == 'laz' else kind}-unreadable",
        problem=problem,
        hint="write the file again, or check it with another reader",
        value=source.size,
    )
