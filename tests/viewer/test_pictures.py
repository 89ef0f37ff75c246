"""Images for the viewer."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from kognic.viewer import pictures


def encoded(image: Image.Image, kind: str) -> bytes:
    """A picture as a file."""
    file = BytesIO()
    image.save(file, kind)
    return file.getvalue()


def test_a_wide_image_is_scaled_down_and_keeps_its_size_in_words() -> None:
    """The page needs to know how large it was."""
    content, kind, size = pictures.encoded(BytesIO(encoded(Image.new("RGB", (2000, 1000)), "PNG")), 500)

    assert (kind, size) == ("image/webp", (2000, 1000))
    assert Image.open(BytesIO(content)).size == (500, 250)


@pytest.mark.parametrize(
    ("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_files_that_browsers_know_are_served_as_they_are(kind: str, media_type: str) -> None:
    """Byte for byte."""
    file = encoded(Image.new("RGB", (40, 30), "red"), kind)

    assert pictures.as_it_is(file) == (file, media_type, (40, 30))


def test_sixteen_bits_are_shown_by_their_upper_byte() -> None:
    """In all browsers alike, so the image is converted."""
    deep = Image.fromarray(np.full((20, 30), 40_000, dtype=np.uint16))

    content, kind, size = pictures.as_it_is(encoded(deep, "PNG"))

    assert (kind, size) == ("image/webp", (30, 20))
    shown = np.asarray(Image.open(BytesIO(content)).convert("L"))
    assert np.abs(shown.astype(int) - 40_000 // 256).max() <= 3


def test_an_image_of_more_than_64_megapixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is decoded."""
    monkeypatch.setattr(pictures, "PIXEL_LIMIT", 1000)
    file = encoded(Image.new("L", (50, 50)), "PNG")

    with pytest.raises(ValueError, match="50 x 50 pixels, must have at most 64 megapixels"):
        pictures.as_it_is(file)


@pytest.mark.slow
def test_a_still_stays_below_its_limit() -> None:
    """Quality gives way first, then size."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (600, 800, 3), dtype=np.uint8))

    assert len(pictures.webp(noise, limit=20_000)) <= 20_000
