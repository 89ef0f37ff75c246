"""What an image shows at each pixel, and what a lidar knows of each point, as columns of numbers.

The columns are compared by `objective`. Each says how a place differs from what is around it: brightness and
colour, how sharp the image is; depth, intensity and height, and how much they vary. Nothing is assumed about
the sign or the unit of a relation, so no training data is needed.

Points are described on the rays from the camera's centre. A rotation of the camera moves no ray against
another, so the columns (and what hides what) hold for every rotation and are computed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import IO

import attrs
import numpy as np
import numpy.typing as npt
from PIL import Image

from kognic.scenes.geometry.poses import FloatArray

Float32Array = npt.NDArray[np.float32]
FOCAL_PX = 600.0
"""Images are scaled to about this focal length, 10.5 pixels a degree: radii and cells below are then angles.
Features of finer scale made no estimate better on any recording, as clouds are rarely denser."""
# Pixels: wide lenses must not shrink to a thumbnail, nor long ones grow beyond what a core reads in a second.
_NARROWEST, _WIDEST = 480, 1400
# Pixels, about 0.7 and 1.6 degrees, and 0.4: from the gap between a lidar's rows to a person at 20 m.
_CELLS, _FINE_CELLS = (7.0, 17.0), (4.0, 7.0)
# Pixels: edges are measured against their neighbourhood of 2.4 degrees. Softened images are four degrees wide
# at the search's grid.
_WIDEST_BLUR, _SOFTENING_PX = 25, 7
# What a camera does not see because something is in front, see `_hidden`. A point stands for what is around
# it, up to half of the gap to the next one; in pixels, a surface is never finer than that nor coarser, except
# for the rows of a lidar. Synthetic rigs, for which the truth is known, give these numbers.
_LEAST_COVER, _MOST_COVER = 2.5, 4.0
# Points in front on both sides, so many gaps away, but at least and at most so many pixels.
_BETWEEN_GAPS, _BETWEEN = 2.5, (6.0, 9.0)
# How much nearer what hides a point is, as a logarithm: in front of it; above and below it, where nothing
# that rises or falls evenly is; to its left and right.
_IN_FRONT, _ABOVE_AND_BELOW, _ON_BOTH_SIDES = 0.25, 0.08, 0.15
# To search with, points are left out in cells of this size around nearer ones: that also takes those beside
# edges away, which makes maxima wider, and moves them by a part of a cell.
_HIDING_CELL = 4.0
# Cells of the map of what is in front, pixels, and how many of them a gap has.
_FRONT_CELL, _CELLS_IN_GAP = (1.0, 4.0), 5
# Strips in which points lie above or beside each other: wider than the step of a turning lidar. Larger gaps
# are sky or an object's edge.
_STRIP_DEG, _LARGEST_GAP_DEG = 1.5, 5.0
# Outliers count no more than this many deviations.
_CLIP = 3.0


@attrs.frozen(eq=False)
class ImagePixels:
    """An image as it was read.

    Attributes:
        pixels: Red, green, blue, uint8, shape (height, width, 3); reduced where it is large.
        size: Width and height of the original, pixels.
    """

    pixels: npt.NDArray[np.uint8]
    size: tuple[int, int]


def read_pixels(file: IO[bytes]) -> ImagePixels:
    """Decode an image, reduced to what `describe_image` needs of it.

    Raises:
        OSError: It cannot be decoded.
    """
    with Image.open(file) as image:
        width, height = image.size
        image.draft("RGB", (_WIDEST, _WIDEST))  # JPEG decodes to half or a quarter at little cost
        size = min(_WIDEST, width), max(1, round(height * min(_WIDEST, width) / width))
        reduced = image.convert("RGB").resize(size, Image.Resampling.BOX)
    return ImagePixels(np.asarray(reduced), (width, height))


@attrs.frozen(eq=False)
class ImageMaps:
    """What an image shows at each scaled pixel.

    Attributes:
        maps: float32, shape (height, width, 6): two scales each of brightness and edges, two colours.
        scale: Original pixels per scaled pixel.
        mirrored: The image is flipped left to right; `maps` are those of the image as it was.
        upside_down: It is flipped top to bottom.
    """

    maps: Float32Array
    scale: float
    mirrored: bool = False
    upside_down: bool = False

    def at(self, u: FloatArray, v: FloatArray) -> Float32Array:
        """The columns at original pixels (centre of the first at 0, 0), shape (N, 6).

        Pixels outside take the value of the border.
        """
        height, width, channels = self.maps.shape
        column = np.minimum(np.maximum(((u + 0.5) / self.scale).astype(np.intp), 0), width - 1)
        row = np.minimum(np.maximum(((v + 0.5) / self.scale).astype(np.intp), 0), height - 1)
        if self.mirrored:
            column = width - 1 - column
        if self.upside_down:
            row = height - 1 - row
        return np.asarray(self.maps.reshape(-1, channels).take(row * width + column, axis=0))

    @cached_property
    def softened(self) -> ImageMaps:
        """The same maps, blurred, so that a coarse search does not step over the maximum."""
        layers = [
            standardised(Blurs(self.maps[..., index]).blurred(_SOFTENING_PX))
            for index in range(self.maps.shape[2])
        ]
        return attrs.evolve(self, maps=np.stack(layers, axis=-1))

    def flipped(self, *, mirrored: bool, upside_down: bool) -> ImageMaps:
        """The maps of the image flipped left to right, top to bottom, or both; nothing is copied."""
        mirrored, upside_down = self.mirrored != mirrored, self.upside_down != upside_down
        found = attrs.evolve(self, mirrored=mirrored, upside_down=upside_down)
        # Blurs are the same the other way round, so those that are known need not be made again.
        softened = attrs.evolve(self.softened, mirrored=mirrored, upside_down=upside_down)
        object.__setattr__(found, "softened", softened)
        return found


def scaled_width(width: int, focal_px: float) -> int:
    """Width that an image is scaled to, from its own width and focal length, pixels."""
    wanted = FOCAL_PX * width / max(focal_px, 1.0)
    return int(np.clip(wanted, _NARROWEST, _WIDEST))


def describe_image(image: ImagePixels, focal_px: float) -> ImageMaps:
    """Describe an image.

    Args:
        image: As read.
        focal_px: Focal length in pixels of the original.
    """
    width, height = image.size
    size = scaled_width(width, focal_px)
    shape = (size, max(1, round(height * size / width)))
    scaled = Image.fromarray(image.pixels).resize(shape, Image.Resampling.BOX)
    pixels = np.asarray(scaled, np.float32) / 255
    total = pixels.sum(axis=2) + 0.1
    grey, red, blue = (
        Blurs(values) for values in (total / 3, pixels[..., 0] / total, pixels[..., 2] / total)
    )
    edges = Blurs(_edges(grey.blurred(1)))
    sharpness = np.log(edges.blurred(1) + 0.05)
    sharp = Blurs(sharpness)
    layers = [
        grey.blurred(1) - grey.blurred(7),
        grey.blurred(3) - grey.blurred(20),
        red.blurred(2) - red.blurred(14),
        blue.blurred(2) - blue.blurred(14),
        sharpness - sharp.blurred(7),
        sharp.blurred(3) - sharp.blurred(20),
    ]
    return ImageMaps(np.stack([standardised(layer) for layer in layers], axis=-1), width / size)


@attrs.frozen(eq=False)
class RayColumns:
    """What a lidar knows of the points that a camera's centre sees.

    Attributes:
        index: Which of the points given, shape (N,).
        columns: float32, mean 0 and deviation 1, shape (N, 14); with the finer ones, shape (N, 22).
    """

    index: npt.NDArray[np.intp]
    columns: Float32Array


class Rays:
    """Points as seen from a camera's centre: to search a rotation with, and to refine it with.

    Args:
        points: In the camera's system, metres, shape (N, 3).
        height: Along the reference system's z, metres, shape (N,).
        intensity: As in the file, shape (N,).
        focal_px: Focal length of the scaled image, pixels per radian.
    """

    def __init__(
        self, points: FloatArray, height: FloatArray, intensity: FloatArray, focal_px: float
    ) -> None:
        depth = np.sqrt(np.einsum("ij,ij->i", points, points))
        self._log_depth = np.log(np.maximum(depth, 0.1))
        self._across = np.arctan2(points[:, 0], points[:, 2]) * focal_px
        self._down = np.arctan2(points[:, 1], np.hypot(points[:, 0], points[:, 2])) * focal_px
        self._known = (self._log_depth, np.log1p(np.maximum(intensity, 0)), np.clip(height, -3, 8))
        self._points, self._focal_px = points, focal_px

    def to_search(self) -> RayColumns:
        """Describe the points to search with: those without anything near in front of them or beside them."""
        nearest, _ = _Grid(self._across, self._down, _HIDING_CELL).extremes(self._log_depth)
        return self._described(np.flatnonzero(self._log_depth < nearest + _IN_FRONT), is_fine=False)

    def to_refine(self) -> RayColumns:
        """Describe the points that the camera sees up to the edges of what is near, with finer columns too.

        They bring the maximum nearer to the truth, but make it too narrow to be found.
        """
        gaps = np.radians(gaps_deg(self._points)) * self._focal_px
        hidden = _hidden(self._across, self._down, self._log_depth, gaps)
        return self._described(np.flatnonzero(~hidden), is_fine=True)

    def _described(self, index: npt.NDArray[np.intp], *, is_fine: bool) -> RayColumns:
        across, down = self._across[index], self._down[index]
        known = [values[index] for values in self._known]
        log_depth = known[0]
        grids = [_Grid(across, down, cell) for cell in _CELLS]
        columns = [column for grid in grids for column in _contrasts(grid, known)]
        nearest, farthest = grids[0].extremes(log_depth)
        columns += [np.minimum(farthest - log_depth, 1), np.minimum(log_depth - nearest, 1)]
        if is_fine:
            grids = [_Grid(across, down, cell) for cell in _FINE_CELLS]
            columns += [column for grid in grids for column in _contrasts(grid, known[:2])]
        return RayColumns(index, _standardised(columns))


def _hidden(
    across: FloatArray, down: FloatArray, log_depth: FloatArray, gaps: FloatArray
) -> npt.NDArray[np.bool_]:
    """Return which points something is in front of, seen from the camera, that the lidar sees past.

    A lidar above a camera sees over what is near, so that points behind it appear between its points. They
    would pull the edges of what is near inwards: by up to a degree on cameras that look to the side. Points
    beside it are kept: without them, it would seem to be larger than it is.

    Args:
        across: Where points are, pixels, shape (N,).
        down: The same, downwards.
        log_depth: Logarithm of their distance.
        gaps: To the next point above or below, and beside, pixels.
    """
    if not len(across):
        return np.zeros(0, dtype=bool)
    # Rows are far apart although each is dense. Thinning opens gaps both ways, and there edges are not drawn
    # that far, or too few points would be left.
    most = _MOST_COVER + np.maximum(gaps - gaps[::-1], 0) / 2
    cell = np.clip(gaps / _CELLS_IN_GAP, *_FRONT_CELL)
    cover = np.maximum(np.round(np.clip(gaps / 2, _LEAST_COVER, most) / cell - 0.5), 1).astype(int)
    reach = np.round(np.clip(gaps * _BETWEEN_GAPS, *_BETWEEN) / cell).astype(int)
    reach = np.maximum(reach, cover + 1)
    margin = int(reach.max()) + 1  # so that nothing comes round from the other end
    row = np.floor((down - down.min()) / cell[0]).astype(np.intp) + margin
    column = np.floor((across - across.min()) / cell[1]).astype(np.intp) + margin
    shape = int(row.max()) + 1 + margin, int(column.max()) + 1 + margin
    place = row * shape[1] + column
    front = np.full(shape[0] * shape[1], np.inf, np.float32)
    np.minimum.at(front, place, log_depth.astype(np.float32))
    widened = _least(front.reshape(shape), 1, -cover[1], cover[1])
    covered = _least(widened, 0, -cover[0], cover[0])
    above, below = (_least(widened, 0, *ends) for ends in ((1, reach[0]), (-reach[0], -1)))
    ends = (cover[1] + 1, reach[1]), (-reach[1], -cover[1] - 1)
    left, right = (_least(covered, 1, *pair) for pair in ends)
    nearest = (
        covered + _IN_FRONT,
        np.maximum(above, below) + _ABOVE_AND_BELOW,
        np.maximum(left, right) + _ON_BOTH_SIDES,
    )
    return np.asarray(log_depth > np.minimum.reduce(nearest).ravel()[place])


def _least(table: Float32Array, axis: int, first: int, last: int) -> Float32Array:
    """The least of the cells from `first` to `last` before each along an axis, both included."""
    length, wanted = 1, last - first + 1
    while 2 * length <= wanted:
        table = np.minimum(table, np.roll(table, length, axis))
        length *= 2
    table = np.minimum(table, np.roll(table, wanted - length, axis))
    return np.roll(table, first, axis)


def _contrasts(grid: _Grid, known: Sequence[FloatArray]) -> Iterator[FloatArray]:
    """How far values are from those around them, and how much those vary."""
    for values in known:
        mean, deviation = grid.statistics(values)
        yield values - mean
        yield np.log(deviation + 0.02)


def _standardised(columns: Sequence[FloatArray]) -> Float32Array:
    return np.column_stack([standardised(column) for column in columns])


def gaps_deg(points: FloatArray) -> tuple[float, float]:
    """Typical angles from a point to the next one above or below, and beside it, degrees; 0 without points.

    The first is the angle between the rows of a lidar, the second large where a cloud was thinned. Each is
    the mean gap between neighbours in narrow strips, each gap weighted by its size: that is how far from a
    point in view the next one is. An edge between two points may be at either.

    Args:
        points: Those in view, in the camera's system, metres, shape (N, 3).
    """
    across = np.degrees(np.arctan2(points[:, 0], points[:, 2]))
    down = np.degrees(np.arctan2(points[:, 1], np.hypot(points[:, 0], points[:, 2])))
    return _gap(down, across), _gap(across, down)


def _gap(along: FloatArray, beside: FloatArray) -> float:
    """The mean gap along strips, degrees."""
    if len(along) < 2:
        return 0.0
    strip = np.floor(beside / _STRIP_DEG)
    order = np.lexsort((along, strip))
    gaps = np.diff(along[order])[np.diff(strip[order]) == 0]
    gaps = gaps[gaps < _LARGEST_GAP_DEG]
    return float(np.sum(gaps**2) / np.sum(gaps)) if gaps.sum() > 0 else 0.0


def standardised(values: npt.NDArray[np.floating]) -> Float32Array:
    """Mean 0 and deviation 1, outliers clipped; zeros where nothing varies."""
    deviation = values.std()
    # An image of one colour, or points in one plane.
    if deviation < 1e-6:
        return np.zeros(values.shape, np.float32)
    return np.asarray(np.clip((values - values.mean()) / deviation, -_CLIP, _CLIP), np.float32)


def _edges(grey: Float32Array) -> Float32Array:
    """Gradient magnitude relative to its surroundings, so that contrast in shadow counts as well."""
    down, right = np.gradient(grey)
    strength = np.hypot(right, down)
    return np.asarray(np.minimum(strength / (Blurs(strength).blurred(_WIDEST_BLUR) + 0.01), 4))


class _Grid:
    """Points in square cells, to compare each with those around it in linear time."""

    def __init__(self, across: FloatArray, down: FloatArray, cell: float) -> None:
        column = np.floor((across - across.min(initial=0)) / cell).astype(np.intp) + 1
        row = np.floor((down - down.min(initial=0)) / cell).astype(np.intp) + 1
        self._shape = (int(row.max(initial=0)) + 2, int(column.max(initial=0)) + 2)
        self._index = row * self._shape[1] + column
        self._count = np.maximum(self._around(np.ones(len(across))), 1)

    def statistics(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the nine cells around each point."""
        mean = self._around(values) / self._count
        square = self._around(values * values) / self._count
        return mean, np.sqrt(np.maximum(square - mean * mean, 0))

    def extremes(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Smallest and largest of the nine cells around each point."""
        found = []
        for combine, start in ((np.minimum, np.inf), (np.maximum, -np.inf)):
            cells = np.full(self._shape[0] * self._shape[1], start)
            combine.at(cells, self._index, values)
            table = cells.reshape(self._shape)
            for axis in (0, 1):
                table = combine(table, combine(np.roll(table, 1, axis), np.roll(table, -1, axis)))
            found.append(table.ravel()[self._index])
        return found[0], found[1]

    def _around(self, values: FloatArray) -> FloatArray:
        height, width = self._shape
        total = np.bincount(self._index, values, minlength=height * width).reshape(self._shape)
        for axis in (0, 1):
            total = total + np.roll(total, 1, axis) + np.roll(total, -1, axis)
        return np.asarray(total.ravel()[self._index], dtype=np.float64)


class Blurs:
    """Box blurs of any radius from one summed-area table; edge pixels repeat beyond the image."""

    def __init__(self, values: npt.NDArray[np.floating]) -> None:
        self._shape = values.shape
        padded = np.pad(values, ((_WIDEST_BLUR + 1, _WIDEST_BLUR),) * 2, mode="edge")
        self._sums = np.cumsum(padded, axis=0, dtype=np.float64)
        np.cumsum(self._sums, axis=1, out=self._sums)

    def blurred(self, radius: int) -> Float32Array:
        """Mean over a square of 2 radius + 1 pixels, which is at most 51."""
        height, width = self._shape
        low, high = _WIDEST_BLUR - radius, _WIDEST_BLUR + radius + 1
        above, below = self._sums[low : low + height], self._sums[high : high + height]
        total = below[:, high : high + width] - below[:, low : low + width]
        total -= above[:, high : high + width]
        total += above[:, low : low + width]
        return (total * (1 / (2 * radius + 1) ** 2)).astype(np.float32)
