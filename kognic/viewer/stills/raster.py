"""Draws many points at once into a transparent picture; near ones cover far ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from kognic.viewer.stills.colours import Colours


def draw_points(
    size: tuple[int, int],
    pixels: npt.ArrayLike,
    colours: Colours,
    order: npt.ArrayLike,
    *,
    radius: float = 1.0,
) -> Image.Image:
    """Draw points as discs.

    Args:
        size: Width and height, pixels.
        pixels: Column and row of each point, where whole numbers are the middle of a pixel, shape (N, 2).
            Points outside are left out.
        colours: Red, green and blue, shape (N, 3).
        order: Points with larger numbers are covered by those with smaller ones, shape (N,).
        radius: Pixels; below 1 one pixel each.
    """
    width, height = size
    at = np.rint(np.asarray(pixels, dtype=float).reshape(-1, 2))
    margin = np.ceil(radius)
    near = ((at >= -margin) & (at < np.array([width, height]) + margin)).all(axis=1)  # not so for NaN
    at, colours, rank = at[near].astype(np.int64), colours[near], np.asarray(order)[near]
    far_first = np.argsort(-rank, kind="stable")
    dots = _disc(radius)
    x = (at[far_first, 0][:, None] + dots[:, 0]).ravel()
    y = (at[far_first, 1][:, None] + dots[:, 1]).ravel()
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    picture = np.zeros((height, width, 4), dtype=np.uint8)
    drawn = np.empty((len(at), len(dots), 4), dtype=np.uint8)
    drawn[..., :3] = colours[far_first][:, None]
    drawn[..., 3] = 255
    # Where an index occurs several times, NumPy keeps the last value: that of the nearest point.
    picture[y[inside], x[inside]] = drawn.reshape(-1, 4)[inside]
    return Image.fromarray(picture)


def _disc(radius: float) -> npt.NDArray[np.int64]:
    """Offsets of the pixels of a disc, shape (M, 2)."""
    reach = int(radius)
    grid = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1).T
    return np.asarray(grid[(grid**2).sum(axis=1) <= radius**2 + 0.25], dtype=np.int64)
