"""Pictures for pages: small enough that a frame of seven sensors stays below 5 MB, whatever it shows."""

from __future__ import annotations

import base64
import io

from PIL import Image

PICTURE_LIMIT = 500_000
"""Bytes of all layers of one picture; as text in a page they are a third more."""
_QUALITIES = (82, 70, 55, 40, 25)
_SMALLEST = 64


def encode_layers(image: Image.Image, points: Image.Image | None) -> tuple[str, str | None]:
    """A picture and its layer of points as `data:` addresses.

    Quality, and then size, give way until both together are below `PICTURE_LIMIT`.
    """
    layer = None if points is None else _points(points)
    room = PICTURE_LIMIT - (0 if layer is None else len(layer))
    return _address(_photo(image, room)), None if layer is None else _address(layer)


def _points(points: Image.Image) -> bytes:
    data = _webp(points, lossless=True, quality=30)
    while len(data) > PICTURE_LIMIT // 2 and min(points.size) > _SMALLEST:
        points = points.reduce(2)
        data = _webp(points, lossless=True, quality=30)
    return data


def _photo(image: Image.Image, room: int) -> bytes:
    for quality in _QUALITIES:
        data = _webp(image, quality=quality)
        if len(data) <= room:
            return data
    if min(image.size) > _SMALLEST:
        return _photo(image.reduce(2), room)
    return _webp(image, quality=_QUALITIES[-1])


def _webp(image: Image.Image, *, quality: int, lossless: bool = False) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=quality, lossless=lossless, method=2)
    return file.getvalue()


def _address(data: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(data).decode('ascii')}"
