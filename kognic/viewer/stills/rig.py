"""Where cameras look in bird's-eye view: to lay out their pictures, and to draw their fields of view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from kognic.scenes.geometry.poses import FloatArray
from kognic.viewer.stills.stage import Lens

# Cameras within this angle of the front form the upper row, from left to right; the others look back.
_FRONT_DEG = 75.0
# Three pictures of `WIDTH` fill a wide screen; more are too small.
_MOST_PER_ROW = 3
# Of the rays whose range on the ground outlines a sector: less than a pixel at the sector's end.
_STEP_DEG = 0.25
# Rays of length 1 that are shorter on the ground point up or down, within 12 degrees, and bound no sector.
_STEEP = 0.2


@attrs.frozen(kw_only=True, eq=False)
class Sector:
    """What a camera sees of the ground.

    Attributes:
        origin: The camera in the reference system, metres, shape (2,).
        directions: Unit vectors from its left to its right edge, shape (K, 2).
    """

    origin: FloatArray
    directions: FloatArray


def rows(cameras: Sequence[str], lenses: Mapping[str, Lens], forward: FloatArray) -> list[list[str]]:
    """Cameras in the order in which they look from left to right: those ahead in the first row.

    Args:
        cameras: All of them.
        lenses: Those whose pose is known; if one is missing the order is kept and rows are filled.
        forward: Unit vector in the reference system, shape (2,).
    """
    if any(name not in lenses for name in cameras):
        return [
            list(cameras[start : start + _MOST_PER_ROW]) for start in range(0, len(cameras), _MOST_PER_ROW)
        ]
    turned = {name: azimuth_deg(lenses[name], forward) for name in cameras}
    ahead = sorted(
        (name for name in cameras if abs(turned[name]) <= _FRONT_DEG), key=lambda name: -turned[name]
    )
    # Seen in the mirror of the layout: what is left behind the vehicle stays left.
    behind = sorted(
        (name for name in cameras if abs(turned[name]) > _FRONT_DEG), key=lambda name: turned[name] % 360
    )
    return [row for row in (ahead, behind) if row]


def azimuth_deg(lens: Lens, forward: FloatArray) -> float:
    """Return where a camera looks, degrees to the left of the vehicle's front, -180 to 180."""
    x, y = lens.mounting.rotation[:2, 2]
    return float(np.degrees(np.arctan2(forward[0] * y - forward[1] * x, forward[0] * x + forward[1] * y)))


def edge_rays(lens: Lens) -> FloatArray | None:
    """Unit vectors in the horizontal plane of a camera from its left to its right edge, shape (K, 3).

    They are in the camera's system; None for a camera that sees nothing of that plane.
    """
    angles = np.radians(np.arange(-179.5, 179.51, _STEP_DEG))
    across, along, none = np.sin(angles), np.cos(angles), np.zeros_like(angles)
    with np.errstate(all="ignore"):
        columns, _, valid = lens.to_pixels(across, none, along)
        seen = angles[valid & (columns >= 0) & (columns <= lens.size[0])]
    if not len(seen):
        return None
    spread = np.linspace(seen[0], seen[-1], max(2, int(np.degrees(seen[-1] - seen[0]) / 2)))
    return np.column_stack([np.sin(spread), np.zeros_like(spread), np.cos(spread)])


def sector(lens: Lens) -> Sector | None:
    """Return what a camera sees of the ground; None for one that looks up or down."""
    rays = edge_rays(lens)
    if rays is None:
        return None
    flat = (rays @ lens.mounting.rotation.T)[:, :2]
    lengths = np.linalg.norm(flat, axis=1)
    if lengths.min() < _STEEP:
        return None
    return Sector(origin=lens.mounting.position[:2], directions=flat / lengths[:, None])
