"""Images: does the file decode, and what does it show?

The platform takes PNG, JPEG, WebP and AVIF. Only the names and sizes of the pictures are of interest here;
what a picture shows is for `kognic.scenes.geometry`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from kognic._core.extras import needs_extra
from kognic._core.scene_errors import ContentError, ContentIssue
from kognic.scenes.content.source import Content, Source

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp", "AVIF": "avif"}
SUFFIXES = {"jpg": "jpg", "jpeg": "jpg", "png": "png", "webp": "webp", "avif": "avif"}
_CURE = "convert it to PNG, JPEG, WebP or AVIF"
# Some writers append metadata or padding after the end marker.
_TAIL = 65536
# Pillow's draft mode decodes a JPEG at reduced size, which is much faster.
_SMALL = 256
_BOX = 4  # Pillow's number for averaging
# Orientation: tag 274 of TIFF and EXIF.
_EXIF_ORIENTATION = 0x0112
# Formats people try, by their first bytes; only to name them in a message.
_FOREIGN = (
    (b"BM", "BMP"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\0\0\0\x0cjP", "JPEG 2000"),
    (b"\xffO\xffQ", "JPEG 2000"),
    (b"%PDF", "PDF"),
    (b"v/1\x01", "OpenEXR"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "ZIP"),
    (b"<", "HTML or XML"),
    (b"P5", "PGM"),
    (b"P6", "PPM"),
    (b"\xff\n", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\x93NUMPY", "a NumPy array"),
)
# Frames of JPEG that browsers do not decode, by the marker that starts them (ITU-T T.81, table B.1; T.87).
_JPEG_FRAMES = {0xC3: "lossless JPEG", 0xF7: "JPEG-LS"}


@attrs.frozen(kw_only=True)
class ImageFacts:
    """An image file.

    Attributes:
        format: `jpg`, `png`, `webp` or `avif`, from the content and not from the name.
        width: Columns, pixels, before any rotation by metadata.
        height: Rows, pixels, before any rotation by metadata.
        mode: Pixel layout in Pillow's terms, for example `RGB`, `L`, `I;16`.
        bits: Bits per channel; 8 unless the header says more. Pillow opens colour of 16 bits as `RGB`.
        num_pictures: More than 1 for an animation.
        orientation: EXIF orientation; 1 is upright, others ask a viewer to turn or mirror the picture.
        contrast: Lightest minus darkest of 32 x 32 averages, in the image's own units; None if not decoded.
        is_decoded: The whole content was decoded.
    """

    format: str
    width: int
    height: int
    mode: str
    bits: int = 8
    num_pictures: int = 1
    orientation: int = 1
    contrast: float | None = None
    is_decoded: bool = True


def inspect_image(source: Content, *, full: bool = True) -> ImageFacts:
    """Read an image and tell what it is.

    Args:
        source: Path of the file, or its content.
        full: Decode every pixel; otherwise read the header and see that the end of the file is there.

    Raises:
        ContentError: The file is missing, empty, cut off, damaged, or of a format the platform does not take.
        ImportError: Pillow is not installed (extras `checks` and `sandbox` have it).
    """
    opened = Source.of(source)
    facts, issues = survey_image(opened, full=full)
    if facts is None or issues:
        raise ContentError(issues, name=opened.name)
    return facts


def survey_image(
    source: Content | Source, *, full: bool = True
) -> tuple[ImageFacts | None, list[ContentIssue]]:
    """Inspect an image like `inspect_image`, but return the issues instead of raising them.

    Raises:
        ContentError: The file is missing or empty.
    """
    opened = source if isinstance(source, Source) else Source.of(source)
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as exc:
        raise ImportError(needs_extra("reading images needs Pillow", "checks")) from exc
    try:
        with opened.open() as file, Image.open(file, formats=("PNG", "JPEG", "WEBP", "AVIF")) as image:
            cut = _cut_off(opened, FORMATS[image.format or ""])
            facts = attrs.evolve(
                _facts(image, full and cut is None), bits=_bits(opened, FORMATS[image.format or ""])
            )
            if cut is not None:
                return facts, [cut]
            return (attrs.evolve(facts, contrast=_contrast(image, facts.bits)) if full else facts), []
    except UnidentifiedImageError:
        return None, [_not_an_image(opened)]
    except Image.DecompressionBombError:
        return None, [_too_large(opened)]
    except Exception:  # Pillow's decoders raise whatever they meet in a damaged file
        return None, [_undecodable(opened, _own_format(opened.head(16)))]


def _facts(image: Image, full: bool) -> ImageFacts:
    # A PNG keeps metadata behind the pixels: asking for it would decode them.
    known = full or image.format != "PNG" or "exif" in image.info
    orientation = image.getexif().get(_EXIF_ORIENTATION, 1) if known else 1
    return ImageFacts(
        format=FORMATS[image.format or ""],
        width=image.width,
        height=image.height,
        mode=image.mode,
        # A JPEG with a preview beside it is one picture to everybody but Pillow.
        num_pictures=1 if image.format == "MPO" else getattr(image, "n_frames", 1),
        orientation=orientation if orientation in range(1, 9) else 1,
        is_decoded=full,
    )


def _contrast(image: Image, bits: int) -> float | None:
    """Decode the picture and say how much there is to see; None where Pillow keeps too little to say it.

    A JPEG is read to its end, but only small pixels are made of it: Pillow finds the same damage in half the
    time.
    """
    image.draft("L", (_SMALL, _SMALL))
    image.load()
    if image.mode.startswith("I"):
        # Conversion to 8 bits would clip everything above 255.
        low, high = image.convert("I").resize((32, 32), resample=_BOX).getextrema()
        return float(high) - float(low)  # type: ignore[arg-type]
    low, high = image.convert("L").resize((32, 32)).getextrema()
    contrast = float(high) - float(low)  # type: ignore[arg-type]
    # Of 16-bit colour Pillow keeps the upper half: values up to 255 of 65535 all become 0.
    return None if bits > 8 and contrast < 1 else contrast


def _bits(source: Source, format: str) -> int:
    """Bits per channel by the header; WebP has 8 always."""
    if format == "png":
        head = source.head(32)
        return head[24] if len(head) > 24 else 8  # IHDR
    if format == "jpg":
        return _jpeg_frame(source)[1]
    if format == "avif":
        head = source.head(_TAIL)
        start = head.find(b"av1C")
        # AV1 Codec ISO Media File Format Binding, 2.3.3: the bits high_bitdepth and twelve_bit.
        flags = head[start + 6] if 0 <= start < len(head) - 6 else 0
        return 12 if flags & 0x60 == 0x60 else 10 if flags & 0x40 else 8
    return 8


def _jpeg_frame(source: Source) -> tuple[int, int]:
    """The marker that starts a JPEG's frame and its bits per channel; (0, 8) if there is none."""
    position = 2
    while (head := source.slice(position, 5))[:1] == b"\xff" and len(head) == 5:
        marker = head[1]
        if marker == 0xFF:  # padding
            position += 1
        # C4, C8 and CC are tables; F7 is JPEG-LS.
        elif (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)) or marker == 0xF7:
            return marker, head[4]
        else:
            position += 2 + int.from_bytes(head[2:4], "big")
    return 0, 8


def _too_large(source: Source) -> ContentIssue:
    return ContentIssue(
        code="image-too-large",
        problem="the image has more pixels than are decoded: a small file may unpack to any number of them",
        hint="scale the image down",
        value=source.size,
    )


def _cut_off(source: Source, format: str) -> ContentIssue | None:
    """Whether the end of the file is missing, told without decoding."""
    if format == "jpg":
        complete = b"\xff\xd9" in source.tail(_TAIL)
    elif format == "png":
        complete = b"IEND" in source.tail(_TAIL)
    elif format == "webp":
        complete = source.size >= 8 + int.from_bytes(source.slice(4, 4), "little")
    else:
        complete = _boxes_end(source) <= source.size
    if complete:
        return None
    return ContentIssue(
        code="image-truncated",
        problem=f"the {format} image ends too early, after {source.size} bytes",
        hint="copy or write the file again",
        value=source.size,
    )


def _boxes_end(source: Source) -> int:
    """Where the last box of an ISO base media file (AVIF) ends by its own account."""
    position = 0
    while position + 8 <= source.size:
        header = source.slice(position, 16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length == 0:  # the last box reaches to the end of the file
            return source.size
        if length < 8:
            return source.size + 1
        position += length
    return position


def _not_an_image(source: Source) -> ContentIssue:
    """Say what a content is that Pillow does not recognise as one of the platform's formats."""
    head = source.head(16)
    own = _own_format(head)
    if own is not None:
        return _cut_off(source, own) or _undecodable(source, own)
    name = next((name for magic, name in _FOREIGN if head.startswith(magic)), None)
    if head[4:8] == b"ftyp":
        name = "HEIC" if head[8:12] in (b"heic", b"heix", b"mif1") else "video"
    if name is not None:
        problem = f"the content is {name}, which the platform does not take"
        return ContentIssue(code="image-format", problem=problem, hint=_CURE, value=name)
    return ContentIssue(
        code="image-undecodable",
        problem=f"the content is not an image (it starts with {head[:8].hex(' ')})",
        hint=_CURE,
        value=head[:8].hex(),
    )


def _own_format(head: bytes) -> str | None:
    if head.startswith(b"\x89PNG"):
        return "png"
    if head.startswith(b"\xff\xd8"):
        return "jpg"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    return "avif" if head[4:12] in (b"ftypavif", b"ftypavis") else None


def _undecodable(source: Source, format: str | None) -> ContentIssue:
    """Say that an image cannot be decoded, and why if its header says it."""
    if format == "jpg":
        marker, bits = _jpeg_frame(source)
        kind = _JPEG_FRAMES.get(marker) or (f"JPEG with {bits} bits per channel" if bits > 8 else None)
        if kind is not None:
            problem = f"the content is {kind}, which browsers do not decode"
            return ContentIssue(
                code="image-format", problem=problem, hint="convert it to 8-bit JPEG or PNG", value=kind
            )
    return ContentIssue(
        code="image-undecodable",
        problem="the image cannot be decoded: its data is corrupt or incomplete",
        hint="write the file again",
        value=source.size,
    )
