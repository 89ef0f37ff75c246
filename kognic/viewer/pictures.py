"""Images for the viewer: opened with bounds, scaled down, and packed as WebP."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from PIL import Image, UnidentifiedImageError

from kognic._core.scene_errors import ContentError

# Pixels of an image that is decoded: 192 MB as RGB. Cameras on vehicles have 1 to 12 megapixels; a crafted
# file can claim any number.
PIXEL_LIMIT = 64_000_000
# A choice, Pillow's default for JPEG: lower values blur thin lines, higher ones make pages larger.
QUALITY = 75
# Bytes. A choice: a page of 100 frames with six cameras then has 90 MB.
STILL_LIMIT = 150_000
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "AVIF": "image/avif"}
ERRORS = (ContentError, OSError, SyntaxError, ValueError, Image.DecompressionBombError)
"""What reading and opening an image raises, see `open_picture`."""


def not_shown(error: Exception) -> str:
    """Return what stands in place of an image that cannot be opened."""
    is_other = isinstance(error, UnidentifiedImageError)
    return f"the image cannot be shown: {'the content is not an image' if is_other else error}"


def open_picture(stream: IO[bytes], width: int | None) -> tuple[Image.Image, tuple[int, int]]:
    """Decode an image as RGB.

    Args:
        stream: JPEG, PNG, WebP or AVIF.
        width: A wider image is scaled down to it, pixels; None leaves it.

    Returns:
        The image, and its original width and height.

    Raises:
        OSError, SyntaxError, ValueError, DecompressionBombError: As Pillow does; ValueError also for an image
            of more than 64 megapixels.
    """
    with Image.open(stream, formats=FORMATS) as opened:
        original = opened.size
        _check_size(original)
        size = limited(original, width)
        opened.draft("RGB", size)  # JPEG decodes to a half or a quarter at little cost
        picture = opened.point(lambda value: value / 256).convert("L") if opened.mode[0] == "I" else opened
        return picture.convert("RGB").resize(size, Image.Resampling.BOX), original


def encoded(stream: IO[bytes], width: int | None) -> tuple[bytes, str, tuple[int, int]]:
    """Encode an image as WebP: its bytes, media type, and original width and height.

    Raises:
        OSError, SyntaxError, ValueError, DecompressionBombError: See `open_picture`.
    """
    picture, original = open_picture(stream, width)
    return webp(picture), MEDIA_TYPES["WEBP"], original


def as_it_is(content: bytes) -> tuple[bytes, str, tuple[int, int]]:
    """Return an image whose file a browser can show: the file itself, its media type, width and height.

    Images of 16 bits are turned into WebP, because browsers keep only their upper byte in ways of their own.

    Raises:
        OSError, SyntaxError, ValueError, DecompressionBombError: See `open_picture`.
    """
    with Image.open(BytesIO(content), formats=FORMATS) as opened:
        kind, size, mode = opened.format or "", opened.size, opened.mode
        _check_size(size)
    if mode[0] == "I" or mode == "CMYK" or kind not in MEDIA_TYPES:
        return encoded(BytesIO(content), None)
    return content, MEDIA_TYPES[kind], size


def webp(picture: Image.Image, *, limit: int | None = None) -> bytes:
    """Encode a picture as WebP; quality and then size give way until it has at most `limit` bytes."""
    for quality in (QUALITY, 60, 45, 30):
        file = BytesIO()
        picture.save(file, "WEBP", quality=quality, method=2)
        if limit is None or file.tell() <= limit:
            return file.getvalue()
    # Halved again, nothing is left to see; the limit gives way.
    if min(picture.size) < 64:
        return file.getvalue()
    return webp(picture.reduce(2), limit=limit)


def limited(size: tuple[int, int], width: int | None) -> tuple[int, int]:
    """Return a size no wider than `width`, in the same proportions."""
    if width is None or size[0] <= width:
        return size
    return width, max(1, round(size[1] * width / size[0]))


def _check_size(size: tuple[int, int]) -> None:
    if size[0] * size[1] > PIXEL_LIMIT:
        raise ValueError(f"the image has {size[0]} x {size[1]} pixels, must have at most 64 megapixels")
