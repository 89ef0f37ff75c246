"""Cuboids and lines in space as lines in an image: through the true lens, so straight edges may be curves.

Edges are cut into short pieces before they are projected, and end where the camera's formula does: behind the
camera, beyond the lens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
import numpy as np

from kognic.scenes.geometry.optics import Optics
from kognic.scenes.geometry.poses import FloatArray, Rigid, rotation_matrix
from kognic.scenes.geometry.projection import project_with

STEP_M = 0.1
"""Longest piece of an edge, metres."""
# 40 m in pieces of `STEP_M`; a longer edge gets longer pieces instead of more.
_MOST_PIECES = 400
# How far outside the image lines are followed, as a share of its size.
_BEYOND = 0.25
# Signs of the corners; x is the width of the object, +y its front, z up.
_SIGNS = np.array(
    [[-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1], [-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]]
)
# Pairs of corners: bottom, top, and the four between.
_EDGES = ((0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7))
# Corners of the face at +y.
_FRONT_CROSS = ((2, 7), (3, 6))


@attrs.frozen(kw_only=True, eq=False)
class Cuboid:
    """A box in space.

    Attributes:
        pose: From the box (x to the right, y to the front, z up, origin in its middle) to the scene.
        size: Width, length and height, metres, shape (3,).
    """

    pose: Rigid
    size: FloatArray

    @classmethod
    def of_openlabel(cls, val: Sequence[float]) -> Cuboid:
        """Make the box of an OpenLABEL cuboid, `x, y, z, qx, qy, qz, qw, sx, sy, sz`, whose heading is +y.

        Raises:
            ValueError: The quaternion is zero, or there are not ten finite numbers.
        """
        numbers = np.asarray(val, dtype=float)
        if numbers.shape != (10,) or not np.isfinite(numbers).all():
            raise ValueError(f"the cuboid has {numbers.size} numbers, must have ten that are finite")
        x, y, z, w = numbers[3:7]
        return cls(pose=Rigid(rotation_matrix([w, x, y, z]), numbers[:3]), size=np.abs(numbers[7:]))

    def moved(self, motion: Rigid) -> Cuboid:
        """Return the same box in another system."""
        return Cuboid(pose=motion @ self.pose, size=self.size)

    @property
    def corners(self) -> FloatArray:
        """Its corners, metres, shape (8, 3): the lower four, the upper four; 2, 3, 6 and 7 are in front."""
        return self.pose.apply(_SIGNS * self.size / 2)

    def edges(self) -> list[FloatArray]:
        """Return its twelve edges, cut into pieces, each of shape (K, 3)."""
        return self._lines(_EDGES)

    def front(self) -> list[FloatArray]:
        """Return the diagonals of its front face, which show where it is heading."""
        return self._lines(_FRONT_CROSS)

    def _lines(self, pairs: Sequence[tuple[int, int]]) -> list[FloatArray]:
        corners = self.corners
        return [subdivided(corners[list(pair)]) for pair in pairs]


def subdivided(line: FloatArray, step: float = STEP_M) -> FloatArray:
    """Return the points along a line through points, shape (N, 3), at most `step` metres apart."""
    lengths = np.linalg.norm(np.diff(line, axis=0), axis=1)
    parts = []
    for start, end, length in zip(line[:-1], line[1:], lengths, strict=True):
        pieces = int(np.clip(np.ceil(length / step), 1, _MOST_PIECES))
        parts.append(start + np.arange(pieces)[:, None] / pieces * (end - start))
    return np.vstack([*parts, line[-1:]])


def project_lines(
    lines: Sequence[FloatArray], motion: Rigid, to_pixels: Optics, size: tuple[int, int]
) -> list[list[FloatArray]]:
    """Project lines in space into an image.

    Args:
        lines: Points of each line, metres, shape (K, 3).
        motion: From the system of the points to that of the camera.
        to_pixels: The camera's formula.
        size: Width and height of the image, pixels.

    Returns:
        For each line its visible parts: columns and rows, pixels, shape (M, 2), M > 1. A part may reach a
        little out of the image; none has only points outside.
    """
    if not lines:
        return []
    seen = project_with(np.vstack(lines), motion, to_pixels, size)
    found, start = [], 0
    for line in lines:
        part = slice(start, start + len(line))
        found.append(list(_visible_parts(seen.pixels[part], size)))
        start += len(line)
    return found


def _visible_parts(pixels: FloatArray, size: tuple[int, int]) -> Iterator[FloatArray]:
    limits = np.array(size, dtype=float)
    # Comparisons with NaN, which stands for "nowhere in the image", are false.
    near = np.asarray(((pixels > -_BEYOND * limits) & (pixels < (1 + _BEYOND) * limits)).all(axis=1))
    jumps = np.abs(np.diff(pixels, axis=0)).max(axis=1, initial=0) > limits.max() / 4
    breaks = np.flatnonzero((near[1:] != near[:-1]) | (near[1:] & near[:-1] & jumps)) + 1
    for part in np.split(np.arange(len(pixels)), breaks):
        # An image begins half a pixel before the centre of its first pixel.
        inside = ((pixels[part] >= -0.5) & (pixels[part] < limits)).all(axis=1)
        if len(part) > 1 and near[part[0]] and inside.any():
            yield pixels[part]
