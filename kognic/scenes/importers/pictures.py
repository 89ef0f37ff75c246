"""Raw pixels to pictures: the encodings of `sensor_msgs/image_encodings.hpp`, bayer patterns, undistortion.

Everything ends as 8 bits, grey or RGB, which is what the platform shows.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kognic._core.extras import needs_extra
from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers.locations import Location, bytes_of
from kognic.scenes.importers.recording import Picture

if TYPE_CHECKING:
    from kognic.scenes.importers.lens import Lens

Floats = npt.NDArray[Any]
Pixels = npt.NDArray[np.uint8]

# Encoding to channels, bits, and where red, green and blue are.
_PACKED: dict[str, tuple[int, int, tuple[int, ...]]] = {
    "mono8": (1, 8, (0,)),
    "8uc1": (1, 8, (0,)),
    "mono16": (1, 16, (0,)),
    "16uc1": (1, 16, (0,)),
    "rgb8": (3, 8, (0, 1, 2)),
    "bgr8": (3, 8, (2, 1, 0)),
    "8uc3": (3, 8, (2, 1, 0)),
    "rgba8": (4, 8, (0, 1, 2)),
    "bgra8": (4, 8, (2, 1, 0)),
    "8uc4": (4, 8, (2, 1, 0)),
    "rgb16": (3, 16, (0, 1, 2)),
    "bgr16": (3, 16, (2, 1, 0)),
}
# Rows and columns of the red and blue pixels in each block of two by two.
_BAYER = {
    "rggb": ((0, 0), (1, 1)),
    "bggr": ((1, 1), (0, 0)),
    "gbrg": ((1, 0), (0, 1)),
    "grbg": ((0, 1), (1, 0)),
}
# Where Y, U and V lie in two bytes of each pixel pair: sensor_msgs/image_encodings.
_YUV = {"yuv422": (1, 0, 2), "uyvy": (1, 0, 2), "yuv422_yuy2": (0, 1, 3), "yuyv": (0, 1, 3)}
# Of Bayer and grey images in 16-bit words; the maximum of the values tells which.
_BITS = (8, 10, 12, 14, 16)
SIGNATURES = {
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG\r\n\x1a\n": ".png",
}


def suffix_of(data: bytes) -> str | None:
    """The suffix of a compressed image that the platform takes as it is, by its first bytes; None for
    others."""
    for signature, suffix in SIGNATURES.items():
        if data.startswith(signature):
            return suffix
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    return ".avif" if data[4:12] in (b"ftypavif", b"ftypavis") else None


def is_known(encoding: str) -> bool:
    """Whether `picture_of` reads an encoding."""
    name = encoding.lower()
    return name in _PACKED or name in _YUV or _bayer_pattern(name) is not None


def picture_of(
    data: bytes | memoryview | Pixels,
    encoding: str,
    width: int,
    height: int,
    step: int,
    *,
    big_endian: bool = False,
) -> Picture:
    """Turn the bytes of an image message into a picture.

    Args:
        data: Rows of `step` bytes; what follows the pixels of a row is left out.
        encoding: Name of the encoding, in any letter case.
        width: Pixels of a row.
        height: Rows.
        step: Bytes of a row; 0 means rows without gaps.
        big_endian: Byte order of encodings with 16 bits.

    Raises:
        RecordingError: The encoding is not known, or there are fewer bytes than the message promises.
    """
    name = encoding.lower()
    pattern = _bayer_pattern(name)
    channels, bits, order = (
        (1, 16 if name.endswith("16") else 8, (0,)) if pattern else _PACKED.get(name, (2, 8, ()))
    )
    if not is_known(name):
        raise RecordingError(
            f"the encoding '{encoding}' is not known; known are {', '.join([*_PACKED, *_YUV])}, bayer_*"
        )
    row = width * channels * bits // 8
    step = step or row
    flat = np.frombuffer(data, dtype=np.uint8)
    # The last row need not be padded.
    if width <= 0 or height <= 0 or step < row or len(flat) < step * (height - 1) + row:
        raise RecordingError(
            f"{len(flat)} bytes are too few for {width} x {height} pixels of {encoding} in rows of {step} "
            "bytes"
        )
    rows = np.lib.stride_tricks.as_strided(flat, (height, row), (step, 1), writeable=False)
    if bits == 16:
        values = np.ascontiguousarray(rows).view(">u2" if big_endian else "<u2")
        rows = to_eight_bits(values)
    if pattern:
        return Picture(pixels=_debayer(np.ascontiguousarray(rows), *pattern))
    if name in _YUV:
        return Picture(pixels=_yuv(rows.reshape(height, width // 2, 4), _YUV[name]))
    pixels = rows.reshape(height, width, channels)[:, :, list(order)]
    return Picture(pixels=np.ascontiguousarray(pixels[:, :, 0] if len(order) == 1 else pixels))


def to_eight_bits(values: npt.NDArray[Any]) -> Pixels:
    """Scale unsigned 16-bit values to 8 bits by the smallest usual depth (8, 10, 12, 14, 16) that holds them.

    The scale depends on the depth alone, so that the pictures of a camera do not flicker.
    """
    highest = int(values.max(initial=0))
    bits = next(bits for bits in _BITS if highest < 1 << bits)
    return np.asarray(values >> (bits - 8), dtype=np.uint8)


def _bayer_pattern(name: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Places of red and blue in `bayer_rggb8`, `bayer_grbg16` and the like."""
    if not name.startswith("bayer_"):
        return None
    return _BAYER.get(name.removeprefix("bayer_").removesuffix("16").removesuffix("8"))


def _debayer(raw: Pixels, red: tuple[int, int], blue: tuple[int, int]) -> Pixels:
    """Interpolate a bayer pattern bilinearly: each missing colour is the mean of its nearest pixels."""
    height, width = raw.shape
    padded = np.pad(raw, 1, mode="reflect").astype(np.uint16)
    centre = padded[1:-1, 1:-1]
    up, down = padded[:-2, 1:-1], padded[2:, 1:-1]
    left, right = padded[1:-1, :-2], padded[1:-1, 2:]
    across, along = (left + right) >> 1, (up + down) >> 1
    cross = (up + down + left + right) >> 2
    corners = (padded[:-2, :-2] + padded[:-2, 2:] + padded[2:, :-2] + padded[2:, 2:]) >> 2
    out = np.empty((height, width, 3), np.uint8)
    for channel, (row, column) in ((0, red), (2, blue)):
        other_row, other_column = 1 - row, 1 - column
        out[row::2, column::2, channel] = centre[row::2, column::2]
        out[row::2, other_column::2, channel] = across[row::2, other_column::2]
        out[other_row::2, column::2, channel] = along[other_row::2, column::2]
        out[other_row::2, other_column::2, channel] = corners[other_row::2, other_column::2]
    out[:, :, 1] = centre
    for row, column in (red, blue):
        out[row::2, column::2, 1] = cross[row::2, column::2]
    return out


def _yuv(pairs: npt.NDArray[np.uint8], order: tuple[int, int, int]) -> Pixels:
    """Two pixels in four bytes, BT.601, limited range; `order` has the first luma and both chromas."""
    luma, first, second = order
    y = pairs[:, :, [luma, luma + 2]].astype(np.float32) - 16
    u = pairs[:, :, first, None].astype(np.float32) - 128
    v = pairs[:, :, second, None].astype(np.float32) - 128
    rgb = np.stack([1.164 * y + 1.596 * v, 1.164 * y - 0.392 * u - 0.813 * v, 1.164 * y + 2.017 * u], axis=-1)
    height, half = pairs.shape[:2]
    pixels = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    return np.asarray(pixels.reshape(height, half * 2, 3))


def png_of(picture: Picture) -> bytes:
    """A picture as PNG, lossless, with little effort spent on its size.

    Raises:
        RecordingError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as exc:
        raise RecordingError(needs_extra("writing pictures needs more", "checks", exc)) from exc
    buffer = io.BytesIO()
    Image.fromarray(picture.pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def decoded(content: Location | bytes | Picture) -> Picture:
    """An image of any kind as pixels.

    Raises:
        RecordingError: It cannot be decoded, or Pillow is not installed.
    """
    if isinstance(content, Picture):
        return content
    data = content if isinstance(content, bytes) else bytes_of(content)
    try:
        from PIL import Image

        image = Image.open(io.BytesIO(data))
        return Picture(pixels=np.asarray(image if image.mode == "L" else image.convert("RGB")))
    except ImportError as exc:
        raise RecordingError(needs_extra("reading pictures needs more", "checks", exc)) from exc
    except (OSError, ValueError, SyntaxError) as exc:
        raise RecordingError(f"the image cannot be decoded: {exc}") from exc


def undistorted(picture: Picture, lens: Lens) -> Picture:
    """Remap an image to a pinhole camera of the same matrix without distortion; what it does not show is
    black.

    Each pixel of the new image is sampled from the distorted one, with bilinear interpolation.
    """
    height, width = picture.pixels.shape[:2]
    u, v = _distortion_map(lens, width, height)
    return Picture(pixels=_sampled(picture.pixels, u, v))


@lru_cache(maxsize=12)
def _distortion_map(lens: Lens, width: int, height: int) -> tuple[Floats, Floats]:
    """Where each pixel of the undistorted image is in the distorted one, float32, shapes (height, width)."""
    fx, skew, cx, _, fy, cy = lens.camera_matrix[:6]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
    y = (rows - cy) / fy
    x = (columns - cx - skew * y) / fx
    xd, yd = _kannala(x, y, lens.distortion) if lens.model == "kannala" else _rational(x, y, lens.distortion)
    return (fx * xd + skew * yd + cx).astype(np.float32), (fy * yd + cy).astype(np.float32)


def _kannala(x: Floats, y: Floats, coefficients: Sequence[float]) -> tuple[Floats, Floats]:
    radius = np.hypot(x, y)
    angle = np.arctan(radius)
    powers = sum(k * angle ** (2 * index) for index, k in enumerate((1.0, *coefficients)))
    scale = np.divide(angle * powers, radius, out=np.ones_like(radius), where=radius > 0)
    return x * scale, y * scale


def _rational(x: Floats, y: Floats, coefficients: Sequence[float]) -> tuple[Floats, Floats]:
    """OpenCV's model with up to eight coefficients, which has Brown-Conrady's five in it."""
    k1, k2, p1, p2, k3, k4, k5, k6 = (*coefficients, *[0.0] * 8)[:8]
    square = x * x + y * y
    radial = (1 + square * (k1 + square * (k2 + square * k3))) / (
        1 + square * (k4 + square * (k5 + square * k6))
    )
    return (
        x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x),
        y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y,
    )


def _sampled(pixels: Pixels, u: Floats, v: Floats) -> Pixels:
    """Bilinear samples at columns `u` and rows `v`; black outside."""
    height, width = pixels.shape[:2]
    inside = (u >= 0) & (u <= width - 1) & (v >= 0) & (v <= height - 1)
    left = np.clip(np.floor(u), 0, max(0, width - 2)).astype(np.intp)
    top = np.clip(np.floor(v), 0, max(0, height - 2)).astype(np.intp)
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = (u - left).astype(np.float32), (v - top).astype(np.float32)
    if pixels.ndim == 3:
        across, down, inside = across[..., None], down[..., None], inside[..., None]
    upper = pixels[top, left] * (1 - across) + pixels[top, right] * across
    lower = pixels[below, left] * (1 - across) + pixels[below, right] * across
    mixed = upper * (1 - down) + lower * down
    return np.where(inside, np.rint(mixed), 0).astype(np.uint8)
