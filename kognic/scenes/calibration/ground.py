"""How high a lidar hangs above the ground, in whatever unit its points are.

Nothing here has a length in it: cells, tolerances and reach are shares of the height itself, so that points
in millimetres give the height in millimetres.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from kognic.scenes.geometry.poses import FloatArray

# Cells around the lidar: by azimuth, and by distance in steps of a fifth.
_SECTORS, _STEP = 48, 1.2
# A ground rises or falls less than this over its distance, and stays within a tenth of the height.
_STEEPEST, _TOLERANCE = 0.12, 0.1
# The search for the ground reaches this many heights from the lidar.
_REACH, _FEWEST_CELLS, _FEWEST_SECTORS = 12.0, 25, 10
# Of the cells, which lie on the plane. A choice: parked cars cover up to half of a street; a lower share
# finds the roofs of a car park.
_SHARE = 0.45
# With 45 % on the ground, three cells of one trial lie on it with 9 %: of 250 trials, 20 do.
_TRIALS = 250


@attrs.frozen(kw_only=True)
class Ground:
    """The ground below a lidar.

    Attributes:
        height: Of the lidar above it, in the unit of the points.
        slope_deg: Against the plane of the points' x and y.
        share: Part of the lowest points around the lidar that lie on it.
        cells: How many of them.
    """

    height: float
    slope_deg: float
    share: float
    cells: int


def ground_below(points: npt.ArrayLike) -> Ground | None:
    """Find the ground below a lidar, from points with z up, relative to the lidar.

    Args:
        points: Shape (N, 3), in any unit.

    Returns:
        None where no plane holds most of the lowest points around the lidar: indoors, under a roof rack, on
        a lidar that looks at a wall.
    """
    lowest, sectors = _lowest(np.asarray(points, dtype=np.float64))
    if len(lowest) < _FEWEST_CELLS:
        return None
    rng = np.random.default_rng(0)
    best: tuple[int, FloatArray] | None = None
    for _ in range(_TRIALS):
        trial = _plane(lowest[rng.choice(len(lowest), 3, replace=False)])
        if trial is None:
            continue
        count = int(_on(lowest, trial).sum())
        if best is None or count > best[0]:
            best = count, trial
    if best is None:
        return None
    plane = best[1]
    for _ in range(3):
        on = _on(lowest, plane)
        if on.sum() < _FEWEST_CELLS:
            return None
        design = np.column_stack([lowest[on, :2], np.ones(int(on.sum()))])
        plane = np.asarray(np.linalg.lstsq(design, lowest[on, 2], rcond=None)[0], dtype=np.float64)
    a, b, c = plane
    on = _on(lowest, plane)
    near = np.hypot(lowest[:, 0], lowest[:, 1]) < _REACH * abs(c)
    share = float(on[near].mean()) if near.any() else 0.0
    slope = float(np.degrees(np.arctan(np.hypot(a, b))))
    if (
        c >= 0
        or share < _SHARE
        or len(np.unique(sectors[on])) < _FEWEST_SECTORS
        or np.hypot(a, b) > _STEEPEST
    ):
        return None
    return Ground(height=float(-c), slope_deg=slope, share=share, cells=int(on.sum()))


def _lowest(points: FloatArray) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """The second lowest point of each cell around the lidar, and the cell's sector."""
    distance = np.hypot(points[:, 0], points[:, 1])
    usable = (distance > 0) & np.isfinite(points).all(axis=1) & (points[:, 2] < 0)
    points, distance = points[usable], distance[usable]
    if not len(points):
        return points, np.empty(0, dtype=np.intp)
    sector = ((np.arctan2(points[:, 1], points[:, 0]) + np.pi) / (2 * np.pi) * _SECTORS).astype(
        int
    ) % _SECTORS
    ring = np.floor(np.log(distance / distance.min()) / np.log(_STEP)).astype(int)
    cell = ring * _SECTORS + sector
    order = np.lexsort((points[:, 2], cell))
    cells, start, counts = np.unique(cell[order], return_index=True, return_counts=True)
    # The lowest is left out, and the second has to have another above it.
    kept = counts >= 3
    index = order[start[kept] + 1]  # the lowest alone may be a reflection
    return points[index], (cells[kept] % _SECTORS).astype(np.intp)


def _plane(three: FloatArray) -> FloatArray | None:
    """`a, b, c` of `z = a x + b y + c` through three points; None if it is steep or not below."""
    design = np.column_stack([three[:, :2], np.ones(3)])
    scale = np.abs(three).max()
    # Three cells in a line give no plane.
    if abs(np.linalg.det(design / [scale, scale, 1])) < 1e-6:
        return None
    plane = np.asarray(np.linalg.solve(design, three[:, 2]), dtype=np.float64)
    return plane if plane[2] < 0 and np.hypot(plane[0], plane[1]) <= _STEEPEST else None


def _on(points: FloatArray, plane: FloatArray) -> npt.NDArray[np.bool_]:
    """Points on a plane: within a tenth of the lidar's height, and not farther than the reach."""
    off = np.abs(points[:, 0] * plane[0] + points[:, 1] * plane[1] + plane[2] - points[:, 2])
    near = np.hypot(points[:, 0], points[:, 1]) < _REACH * abs(plane[2])
    return np.asarray((off < _TOLERANCE * abs(plane[2])) & near)
