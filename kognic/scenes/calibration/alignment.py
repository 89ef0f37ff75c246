"""How well a projected point cloud agrees with an image, as one number.

What the lidar knows of a point (how far it and its neighbours are, how high, how bright) and what the
image shows at its pixel (brightness, colour, edges) are independent when the calibration is wrong, beyond
what the position in the image alone explains: roads are below, skies above. So both sides are described by
a few columns, the part that a polynomial in the pixel position explains is taken out, and the agreement is
the sum of squared canonical correlations of the rest (Pillai's trace; T. W. Anderson, "An Introduction to
Multivariate Statistical Analysis", chapter 12). It is 0 for no relation and needs no common unit, no edges
sharper than the distance between points, and no training.

Two descriptions serve two questions. `Scale.COARSE` compares levels and finds gross mistakes from few
points; `Scale.FINE` compares with the neighbourhood and tells rotations of a degree apart.
"""

from __future__ import annotations

from enum import Enum

import attrs
import numpy as np
import numpy.typing as npt
from PIL import Image

from kognic.scenes.content.source import Source
from kognic.scenes.geometry.poses import FloatArray

WIDTH = 800
"""Images are scaled to this width, pixels; distances below are in these pixels."""
_CELLS = {"coarse": (14.0,), "fine": (7.0, 17.0)}
_POWERS = {"coarse": 3, "fine": 5}
_WIDEST_BLUR = 25
# Products of thin matrices are taken in parts for which a BLAS does not wake its threads.
_ROWS = 512


class Scale(str, Enum):
    """Which of the two descriptions."""

    COARSE = "coarse"
    FINE = "fine"


@attrs.frozen(eq=False)
class ImageFeatures:
    """What an image shows at each pixel.

    Attributes:
        scale: Original pixels per scaled pixel.
        maps: Columns of each description, float32, shape (height, width, columns).
    """

    scale: float
    maps: dict[Scale, npt.NDArray[np.float32]]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, scaled pixels."""
        height, width, _ = self.maps[Scale.COARSE].shape
        return width, height


@attrs.frozen(eq=False)
class SeenPoints:
    """Points that appear in an image.

    Attributes:
        pixels: Where, scaled pixels, shape (N, 2).
        columns: What the lidar knows of them, without what their position explains; orthonormal over the
            points, shape (N, columns).
        basis: Orthonormal basis of what the position explains, shape (N, terms).
    """

    pixels: FloatArray
    columns: FloatArray
    basis: FloatArray

    def __len__(self) -> int:
        return len(self.pixels)


def describe_image(source: Source) -> ImageFeatures:
    """Decode and describe an image.

    Raises:
        OSError: It cannot be decoded.
    """
    with source.open() as file, Image.open(file) as opened:
        width, height = opened.size
        opened.draft("RGB", (WIDTH, WIDTH))  # JPEG decodes to half or a quarter at little cost
        size = (WIDTH, max(1, round(height * WIDTH / width)))
        pixels = np.asarray(opened.convert("RGB").resize(size, Image.Resampling.BOX), np.float32) / 255
    brightness = pixels.mean(axis=2)
    total = pixels.sum(axis=2) + 0.1
    grey, red, blue = _Blurs(brightness), _Blurs(pixels[..., 0] / total), _Blurs(pixels[..., 2] / total)
    edges = _Blurs(_edges(brightness))
    sharpness, soft = np.log(edges.blurred(1) + 0.05), np.log(edges.blurred(9) + 0.05)
    sharp = _Blurs(sharpness)
    maps = {
        Scale.COARSE: [
            grey.blurred(2),
            grey.blurred(10),
            red.blurred(2),
            blue.blurred(2),
            sharpness,
            soft,
        ],
        Scale.FINE: [
            grey.blurred(1) - grey.blurred(7),
            grey.blurred(3) - grey.blurred(20),
            red.blurred(2) - red.blurred(14),
            blue.blurred(2) - blue.blurred(14),
            sharpness - sharp.blurred(7),
            sharp.blurred(3) - sharp.blurred(20),
        ],
    }
    return ImageFeatures(width / WIDTH, {scale: _stacked(layers) for scale, layers in maps.items()})


def describe_points(
    pixels: FloatArray,
    depth: FloatArray,
    height: FloatArray,
    intensity: FloatArray,
    size: tuple[int, int],
    scale: Scale,
) -> SeenPoints:
    """Describe points that appear in an image.

    Args:
        pixels: Where, scaled pixels, shape (N, 2).
        depth: Distance from the camera, metres, shape (N,).
        height: Along the reference system's z, metres, shape (N,).
        intensity: As in the file, shape (N,).
        size: Width and height of the scaled image.
        scale: Which description.
    """
    known = [np.log(np.maximum(depth, 0.1)), np.log1p(np.maximum(intensity, 0)), np.clip(height, -3, 8)]
    columns = list(known) if scale is Scale.COARSE else []
    for cell in _CELLS[scale.value]:
        grid = _Grid(pixels, size, cell)
        for values in known:
            mean, deviation = grid.statistics(values)
            columns.append(values - mean)
            columns.append(deviation if scale is Scale.COARSE else np.log(deviation + 0.02))
    basis = _position_basis(pixels, size, _POWERS[scale.value])
    return SeenPoints(pixels, _orthonormal(_without(basis, _standardised(np.column_stack(columns)))), basis)


def agreement(
    points: SeenPoints, image: ImageFeatures, scale: Scale, pixels: FloatArray | None = None
) -> float:
    """How well points agree with an image: 0 for no relation, rarely above 1.

    What chance alone gives with so few points is taken off, so that numbers of points can be compared.

    Args:
        points: Described with the same scale.
        image: The image.
        scale: Which description.
        pixels: Where the points appear instead, scaled pixels, shape (N, 2); those outside or NaN tell
            nothing.
    """
    maps = image.maps[scale]
    at = points.pixels if pixels is None else pixels
    with np.errstate(invalid="ignore"):
        columns, rows = np.floor(at[:, 0]), np.floor(at[:, 1])
        outside = ~((columns >= 0) & (columns < maps.shape[1]) & (rows >= 0) & (rows < maps.shape[0]))
    columns, rows = np.where(outside, 0, columns).astype(int), np.where(outside, 0, rows).astype(int)
    shown = maps.reshape(-1, maps.shape[2]).take(rows * maps.shape[1] + columns, axis=0).astype(np.float64)
    shown[outside] = 0
    # `columns` is free of `basis` already, so it is enough to take the basis out of the other side's scatter.
    common, explained = _inner(points.columns, shown), _inner(points.basis, shown)
    scatter = _inner(shown, shown) - explained.T @ explained
    scatter += 1e-6 * len(at) * np.eye(len(scatter))
    trace = float(np.sum(common * np.linalg.solve(scatter, common.T).T))
    by_chance = points.columns.shape[1] * shown.shape[1] / max(len(at) - points.basis.shape[1], 1)
    return trace - float(by_chance)


class _Grid:
    """Points in square cells, to compare each with those around it in linear time."""

    def __init__(self, pixels: FloatArray, size: tuple[int, int], cell: float) -> None:
        self._shape = (int(size[1] // cell) + 3, int(size[0] // cell) + 3)
        column = np.floor(pixels[:, 0] / cell).astype(int) + 1
        row = np.floor(pixels[:, 1] / cell).astype(int) + 1
        self._index = row * self._shape[1] + column
        self._count = np.maximum(self._around(np.ones(len(pixels))), 1)

    def statistics(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the nine cells around each point."""
        mean = self._around(values) / self._count
        square = self._around(values * values) / self._count
        return mean, np.sqrt(np.maximum(square - mean * mean, 0))

    def _around(self, values: FloatArray) -> FloatArray:
        height, width = self._shape
        total: FloatArray = np.bincount(self._index, values, minlength=height * width).astype(np.float64)
        total = total.reshape(self._shape)
        for axis in (0, 1):
            total = total + np.roll(total, 1, axis) + np.roll(total, -1, axis)
        return np.asarray(total.ravel()[self._index], dtype=np.float64)


def _position_basis(pixels: FloatArray, size: tuple[int, int], power: int) -> FloatArray:
    """Polynomials in column and row up to a total power, orthonormal over the points."""
    x, y = pixels[:, 0] / size[0] * 2 - 1, pixels[:, 1] / size[1] * 2 - 1
    terms = [x**i * y**j for i in range(power + 1) for j in range(power + 1 - i)]
    return _orthonormal(np.column_stack(terms))


def _without(basis: FloatArray, columns: FloatArray) -> FloatArray:
    """Columns without what an orthonormal basis explains."""
    return columns - _times(basis, _inner(basis, columns))


def _orthonormal(columns: FloatArray) -> FloatArray:
    """Orthonormal columns that span the same; fewer where some are combinations of others."""
    values, vectors = np.linalg.eigh(_inner(columns, columns))
    kept = values > 1e-10 * values[-1]
    return _times(columns, vectors[:, kept] / np.sqrt(values[kept]))


def _inner(first: FloatArray, second: FloatArray) -> FloatArray:
    """`first.T @ second` of tall, thin matrices."""
    return np.asarray(np.sum([first[part].T @ second[part] for part in _parts(first)], axis=0))


def _times(tall: FloatArray, small: FloatArray) -> FloatArray:
    """`tall @ small`."""
    return np.concatenate([tall[part] @ small for part in _parts(tall)])


def _parts(rows: FloatArray) -> list[slice]:
    return [slice(start, start + _ROWS) for start in range(0, len(rows), _ROWS)]


def _standardised(columns: FloatArray) -> FloatArray:
    """Columns of mean 0 and deviation 1, without outliers beyond three."""
    scaled = (columns - columns.mean(axis=0)) / (columns.std(axis=0) + 1e-9)
    return np.asarray(np.clip(scaled, -3, 3), dtype=np.float64)


def _stacked(layers: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Maps of mean 0 and deviation 1, without outliers beyond three, as one array."""
    stacked = np.empty((*layers[0].shape, len(layers)), np.float32)
    for index, layer in enumerate(layers):
        scaled = (layer - layer.mean()) / (layer.std() + 1e-9)
        stacked[..., index] = np.clip(scaled, -3, 3)
    return stacked


def _edges(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Gradient magnitude relative to its surroundings, so that contrast in shadow counts as well."""
    down, right = np.gradient(grey)
    strength = np.hypot(right, down)
    return np.asarray(np.minimum(strength / (_Blurs(strength).blurred(_WIDEST_BLUR) + 0.01), 4))


class _Blurs:
    """Means over squares of several sizes from one summed-area table; edges are continued."""

    def __init__(self, values: npt.NDArray[np.float32]) -> None:
        self._shape = values.shape
        padded = np.pad(values, ((_WIDEST_BLUR + 1, _WIDEST_BLUR),) * 2, mode="edge")
        self._sums = np.cumsum(padded, axis=0, dtype=np.float64)
        np.cumsum(self._sums, axis=1, out=self._sums)

    def blurred(self, radius: int) -> npt.NDArray[np.float32]:
        """Mean over a square of 2 radius + 1 pixels, which is at most `_WIDEST_BLUR`."""
        height, width = self._shape
        low, high = _WIDEST_BLUR - radius, _WIDEST_BLUR + radius + 1
        above, below = self._sums[low : low + height], self._sums[high : high + height]
        total = below[:, high : high + width] - below[:, low : low + width]
        total -= above[:, high : high + width]
        total += above[:, low : low + width]
        return (total * (1 / (2 * radius + 1) ** 2)).astype(np.float32)
