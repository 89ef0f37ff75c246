"""Cuboids against the points of their frame: are they where the data is, and do they hold any?

Needs NumPy. Cuboids are in the lidar's system if there is one lidar, otherwise in the reference system.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np

from kognic._core.findings import Finding
from kognic.annotations.cuboids import points_inside
from kognic.annotations.document import Document, Geometry
from kognic.scenes.checks.rules import broken
from kognic.scenes.geometry.poses import FloatArray

# Cuboids also cover the hidden parts of objects, so they can exceed the points.
_SLACK_M = 5.0
# A choice: annotators and detectors leave out a mirror or the outermost points. Larger values let a wrong
# system pass on a road full of points.
_GROW_M = 0.3
# One or two empty cuboids are no evidence: distant objects often have no points.
_FEWEST_CUBOIDS = 3


def check_placement(document: Document, points_at: Callable[[int], FloatArray | None]) -> Iterator[Finding]:
    """Compare cuboids with the points of their frame.

    Args:
        document: The pre-annotation.
        points_at: Points of the frame at a relative time in milliseconds, metres, shape (N, 3), in the
            system of the cuboids; None for frames that are not looked at.
    """
    by_frame: dict[str, list[Geometry]] = defaultdict(list)
    for geometry in document.geometries():
        if _is_sound(geometry):
            by_frame[geometry.frame].append(geometry)
    for frame, cuboids in by_frame.items():
        time = document.timestamp(frame)
        points = None if time is None else points_at(time)
        if points is None or not len(points):
            continue
        low, high = points.min(axis=0) - _SLACK_M, points.max(axis=0) + _SLACK_M
        empty = []
        for cuboid in cuboids:
            numbers = cuboid.numbers() or []
            if (np.array(numbers[:3]) < low).any() or (np.array(numbers[:3]) > high).any():
                yield broken(
                    "ol-cuboid-far",
                    f"the cuboid is at {_vector(np.array(numbers[:3]))}, the points reach "
                    f"from {_vector(low + _SLACK_M)} to {_vector(high - _SLACK_M)}",
                    "use metres in the lidar's system (more than one lidar: the reference system)",
                    frame=frame,
                    sensor=cuboid.stream,
                    field=f"{cuboid.place}.val",
                    value=numbers[0],
                )
            elif not points_inside(points, numbers, grow=_GROW_M).any():
                empty.append(cuboid)
        yield from _judge_empty(empty, len(cuboids), frame)


def _judge_empty(empty: list[Geometry], total: int, frame: str) -> Iterator[Finding]:
    """Report empty cuboids only if most are empty, because distant objects often contain no points."""
    # A choice: in sparse clouds about half of the cuboids can be empty; in a wrong system nearly all are.
    if total >= _FEWEST_CUBOIDS and len(empty) > 0.7 * total:
        yield broken(
            "ol-cuboid-empty",
            f"{len(empty)} of {total} cuboids contain no points",
            "check their coordinate system, and the order x, y, z, qx, qy, qz, qw, width, length, height",
            frame=frame,
            field=empty[0].place,
            value=len(empty),
        )


def _is_sound(geometry: Geometry) -> bool:
    numbers = geometry.numbers()
    if geometry.kind != "cuboid" or numbers is None or len(numbers) != 10 or not np.isfinite(numbers).all():
        return False
    # Zero quaternions are reported by ol-cuboid-rotation.
    return float(np.linalg.norm(numbers[3:7])) > 1e-6 and min(numbers[7:]) > 0


def _vector(values: FloatArray) -> str:
    return "({:.4g}, {:.4g}, {:.4g})".format(*values)
