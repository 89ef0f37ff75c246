"""Raw pixels to pictures: the encodings of `sensor_msgs/image_encodings.hpp`, bayer patterns, undistortion.

Everything ends as 8 bits, grey or RGB, which is what the platform shows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
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
    "rgba16": (4, 16, (0, 1, 2)),
    "bgra16": (4, 16, (2, 1, 0)),
    "16uc3": (3, 16, (2, 1, 0)),
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
# Luma of all pixels, then pairs of chromas: where the first and the second are, and how many pixels wide and
# high the block is that shares a pair.
_PLANAR = {"nv12": (0, 1, 2), "nv21": (1, 0, 2), "nv24": (0, 1, 1)}
# Floats, signed and wide integers of OpenCV: `32FC1`, `TYPE_16SC1`.
_NUMBERS = re.compile(r"(type_)?(64f|32f|32s|16s|8s)c\d+")
# Of Bayer and grey images in 16-bit words; the maximum of the values tells which.
_BITS = (8, 10, 12, 14, 16)
PNG = b"\x89PNG\r\n\x1a\n"
SIGNATURES = {
    b"\xff\xd8\xff": ".jpg",
    PNG: ".png",
}
COMPRESSED = "compressed"
"""Encoding of the bytes of an image file that the platform does not take, and Pillow reads."""
# BMP, TIFF in both byte orders, JPEG 2000 as file and as stream.
_READABLE = (b"BM", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")
# Of a PNG: signature, length and name of its first chunk, width, height; then bits per channel.
_PNG_BITS = 24
_DEEP_MODES = ("I", "I;16", "I;16B", "I;16L")


def suffix_of(data: bytes) -> str | None:
    """The suffix of a compressed image that the platform takes as it is, by its first bytes; None for
    others."""
    for signature, suffix in SIGNATURES.items():
        if data.startswith(signature):
            return suffix
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    return ".avif" if data[4:12] in (b"ftypavif", b"ftypavis") else None


def is_deep_png(head: bytes) -> bool:
    """Whether an image is a PNG of 16 bits, of which the platform shows the upper 8: depth, thermal."""
    return head.startswith(PNG) and head[_PNG_BITS : _PNG_BITS + 1] == b"\x10"


def is_readable(head: bytes) -> bool:
    """Whether an image is of a kind that the platform does not take, and Pillow reads."""
    return head.startswith(_READABLE)


def is_known(encoding: str) -> bool:
    """Whether `picture_of` reads an encoding."""
    name = encoding.lower()
    return name in _PACKED or name in _YUV or name in _PLANAR or _bayer_pattern(name) is not None


def layout_problem(size: int, encoding: str, width: int, height: int, step: int) -> str | None:
    """Why the bytes of an image message cannot be used; None if they can.

    Args:
        size: Number of bytes.
        encoding: Name of the encoding, in any letter case.
        width: Pixels of a row.
        height: Rows.
        step: Bytes of a row; 0 means rows without gaps.
    """
    name = encoding.lower()
    if _NUMBERS.fullmatch(name):
        return (
            f"images in {encoding} are measurements, such as depth, not colours; convert them to mono8 or "
            "mono16 to see them as pictures"
        )
    if not is_known(name):
        known = ", ".join([*_PACKED, *_YUV, *_PLANAR])
        return f"the encoding '{encoding}' is not known; known are {known}, bayer_*"
    channels, bits, _ = _layout_of(name)
    row = width * channels * bits // 8
    rows = _count_of_rows(name, height)
    # The last row need not be padded.
    if width <= 0 or height <= 0 or (step or row) < row or size < (step or row) * (rows - 1) + row:
        return (
            f"{size} bytes are too few for {width} x {height} pixels of {encoding} in rows of {step or row} "
            "bytes"
        )
    across, down = _block_of(name)
    if width % across or height % down:
        return f"{width} x {height} pixels: images in {encoding} have even sizes"
    return None


def _block_of(name: str) -> tuple[int, int]:
    """Columns and rows of the pixels that share a pair of chromas."""
    if name in _PLANAR:
        return _PLANAR[name][2], _PLANAR[name][2]
    return (2, 1) if name in _YUV else (1, 1)


def _count_of_rows(name: str, height: int) -> int:
    """Rows of luma and chroma together."""
    if name not in _PLANAR:
        return height
    return height + (height // 2 if _PLANAR[name][2] == 2 else 2 * height)


def _layout_of(name: str) -> tuple[int, int, tuple[int, ...]]:
    """Channels to a pixel, bits to a channel, and where red, green and blue are."""
    if name in _PACKED:
        return _PACKED[name]
    if name in _YUV:
        return 2, 8, ()
    return 1, 16 if name.endswith("16") else 8, (0,)


def picture_of(
    data: bytes | memoryview | Pixels,
    encoding: str,
    width: int,
    height: int,
    step: int,
    *,
    big_endian: bool = False,
    bits: int | None = None,
) -> Picture:
    """Turn the bytes of an image message into a picture.

    Args:
        data: Rows of `step` bytes; what follows the pixels of a row is left out.
        encoding: Name of the encoding, in any letter case.
        width: Pixels of a row.
        height: Rows.
        step: Bytes of a row; 0 means rows without gaps.
        big_endian: Byte order of encodings with 16 bits.
        bits: How many of 16 bits are used, for images that belong together; None takes what this image needs.

    Raises:
        RecordingError: The encoding is not known, or there are fewer bytes than the message promises.
    """
    name = encoding.lower()
    if name == COMPRESSED:
        return decoded(bytes(data))
    flat = np.frombuffer(data, dtype=np.uint8)
    problem = layout_problem(len(flat), encoding, width, height, step)
    if problem is not None:
        raise RecordingError(problem)
    pattern = _bayer_pattern(name)
    channels, _, order = _layout_of(name)
    rows = _rows_of(flat, name, width, height, step)
    if _is_deep(name):
        rows = to_eight_bits(_words(rows, big_endian=big_endian), bits)
    if pattern:
        return Picture(pixels=_debayer(np.ascontiguousarray(rows), *pattern))
    if name in _PLANAR:
        return Picture(pixels=_planar(rows, height, _PLANAR[name]))
    if name in _YUV:
        return Picture(pixels=_yuv(rows.reshape(height, width // 2, 4), _YUV[name]))
    pixels = rows.reshape(height, width, channels)[:, :, list(order)]
    return Picture(pixels=np.ascontiguousarray(pixels[:, :, 0] if len(order) == 1 else pixels))


def _is_deep(name: str) -> bool:
    return _layout_of(name)[1] == 16


def _rows_of(
    flat: Pixels, name: str, width: int, height: int, step: int
) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """The bytes of the pixels, without what follows them in a row."""
    channels, bits, _ = _layout_of(name)
    row = width * channels * bits // 8
    count = _count_of_rows(name, height)
    return np.lib.stride_tricks.as_strided(flat, (count, row), (step or row, 1), writeable=False)


def _words(rows: Pixels, *, big_endian: bool) -> npt.NDArray[Any]:
    return np.ascontiguousarray(rows).view(">u2" if big_endian else "<u2")


def depth_of(
    data: bytes | memoryview | Pixels,
    encoding: str,
    width: int,
    height: int,
    step: int,
    *,
    big_endian: bool = False,
) -> int | None:
    """Return the smallest usual depth, in bits, that holds the pixels of an image; None unless it has 16-bit
    words.

    Args: As for `picture_of`; there must be as many bytes as the message promises.
    """
    name = encoding.lower()
    if not is_known(name) or not _is_deep(name):
        return None
    rows = _rows_of(np.frombuffer(data, dtype=np.uint8), name, width, height, step)
    return _depth(_words(rows, big_endian=big_endian))


def _depth(values: npt.NDArray[Any]) -> int:
    highest = int(values.max(initial=0))
    return next(bits for bits in _BITS if highest < 1 << bits)


def to_eight_bits(values: npt.NDArray[Any], bits: int | None = None) -> Pixels:
    """Scale unsigned 16-bit values to 8 bits by their depth: 8, 10, 12, 14 or 16 bits.

    Args:
        values: Any shape.
        bits: The depth of all images of the camera, so that they do not flicker; None takes the smallest that
            holds these.
    """
    return np.asarray(np.minimum(values >> ((bits or _depth(values)) - 8), 255), dtype=np.uint8)


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
    y = pairs[:, :, [luma, luma + 2]]
    height, half = pairs.shape[:2]
    return _rgb(y, pairs[:, :, first, None], pairs[:, :, second, None]).reshape(height, half * 2, 3)


def _planar(rows: npt.NDArray[np.uint8], height: int, layout: tuple[int, int, int]) -> Pixels:
    """Luma, then chromas of half the size (4:2:0) or of the same (4:4:4), BT.601, limited range."""
    first, second, block = layout
    chromas = rows[height:].reshape(height // block, -1, 2).repeat(block, axis=0).repeat(block, axis=1)
    return _rgb(rows[:height], chromas[:, :, first], chromas[:, :, second])


def _rgb(luma: Pixels, blue: Pixels, red: Pixels) -> Pixels:
    y = luma.astype(np.float32) - 16
    u, v = blue.astype(np.float32) - 128, red.astype(np.float32) - 128
    rgb = np.stack([1.164 * y + 1.596 * v, 1.164 * y - 0.392 * u - 0.813 * v, 1.164 * y + 2.017 * u], axis=-1)
    return np.asarray(np.clip(np.rint(rgb), 0, 255).astype(np.uint8))


def png_of(picture: Picture) -> bytes:
    """A picture as PNG, lossless, with little effort spent on its size.

    Raises:
        RecordingError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as exc:
        raise RecordingError(needs_extra("writing pictures needs more", "checks", exc)) from exc
    buffer = BytesIO()
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

        image = Image.open(BytesIO(data))
        if image.mode in _DEEP_MODES:
            return Picture(pixels=to_eight_bits(np.asarray(image).astype(np.uint16)))
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
