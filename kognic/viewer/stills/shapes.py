"""Lines and texts over a picture, drawn with Pillow."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import attrs
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kognic.scenes.geometry.poses import FloatArray
from kognic.viewer.stills.colours import rgb

# Lines of Pillow have steps; drawn larger and scaled down they are smooth.
_SMOOTH = 2


@attrs.frozen(kw_only=True, eq=False)
class Line:
    """Lines through points, or the outline of an area, drawn alike.

    Attributes:
        parts: Columns and rows of each line, pixels, shape (N, 2).
        colour: `#rrggbb`.
        width: Pixels.
        closed: The last point is joined to the first.
        fill: How opaque the area is, 0 to 1.
        title: What it is, in a line.
        label: Short name, written above it.
        object_id: What it is part of; one label is enough for all its parts.
        layer: What it belongs to: boxes, labels, or the scene around them.
    """

    parts: Sequence[FloatArray]
    colour: str
    # Pixels: 1 is lost among points, 2 hides them.
    width: float = 1.5
    closed: bool = False
    fill: float = 0.0
    title: str = ""
    label: str = ""
    object_id: str = ""
    layer: str = "boxes"


@attrs.frozen(kw_only=True)
class Text:
    """A short text; `at` is the middle of its lower edge, pixels."""

    at: tuple[float, float]
    text: str
    colour: str
    # Pixels; the smallest that is read at once.
    size: float = 12.0
    layer: str = "labels"


Shape = Line | Text


def paint(image: Image.Image, shapes: Sequence[Shape]) -> Image.Image:
    """Draw shapes over a picture; the picture given is left as it is."""
    if not shapes:
        return image
    layer = Image.new("RGBA", (image.width * _SMOOTH, image.height * _SMOOTH))
    draw = ImageDraw.Draw(layer)
    for shape in shapes:
        if isinstance(shape, Line) and shape.closed and shape.fill:
            for part in shape.parts:
                draw.polygon(_enlarged(part), fill=(*rgb(shape.colour), round(255 * shape.fill)))
    for shape in shapes:
        if isinstance(shape, Line):
            _paint_line(draw, shape)
        else:
            _paint_text(draw, shape)
    result = image.convert("RGBA")
    result.alpha_composite(layer.resize(image.size, Image.Resampling.BOX))
    return result.convert(image.mode)


def _paint_line(draw: ImageDraw.ImageDraw, line: Line) -> None:
    width = max(1, round(line.width * _SMOOTH))
    for part in line.parts:
        points = _enlarged(part)
        points += points[:1] if line.closed else []
        if len(points) > 1:
            draw.line(points, fill=(*rgb(line.colour), 255), width=width, joint="curve")


def _enlarged(points: FloatArray) -> list[tuple[float, float]]:
    return [(x, y) for x, y in ((points + 0.5) * _SMOOTH).tolist()]


def _paint_text(draw: ImageDraw.ImageDraw, text: Text) -> None:
    at = ((text.at[0] + 0.5) * _SMOOTH, (text.at[1] + 0.5) * _SMOOTH)
    draw.text(
        at,
        text.text,
        fill=(*rgb(text.colour), 255),
        font=_font(text.size * _SMOOTH),
        anchor="ms",
        stroke_width=_SMOOTH,
        stroke_fill=(0, 0, 0, 200),
    )


@functools.cache
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def box(centre: tuple[float, float], size: tuple[float, float]) -> FloatArray:
    """Return the corners of an upright rectangle, pixels, shape (4, 2)."""
    half = np.array(size) / 2
    return np.asarray(np.array(centre) + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]))


# A third of a pixel is not seen.
def simplified(points: FloatArray, tolerance: float = 0.3) -> FloatArray:
    """Thin a line; no point is farther than `tolerance` from the given one, shape (M, 2).

    D. Douglas, T. Peucker, "Algorithms for the reduction of the number of points required to represent a
    digitized line", 1973.
    """
    kept = np.zeros(len(points), dtype=bool)
    kept[[0, -1]] = True
    open_spans = [(0, len(points) - 1)]
    while open_spans:
        start, end = open_spans.pop()
        if end - start < 2:
            continue
        chord = points[end] - points[start]
        offset = points[start + 1 : end] - points[start]
        length = float(np.hypot(*chord))
        if length > 0:
            away = np.abs(offset[:, 0] * chord[1] - offset[:, 1] * chord[0]) / length
        else:
            away = np.hypot(offset[:, 0], offset[:, 1])
        farthest = int(np.argmax(away))
        if away[farthest] > tolerance:
            middle = start + 1 + farthest
            kept[middle] = True
            open_spans += [(start, middle), (middle, end)]
    return points[kept]
