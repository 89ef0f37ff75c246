"""Images are decoded for real, and what is wrong with them is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from kognic._core.scene_errors import ContentError
from kognic.scenes.content import inspect_image

Make = Callable[..., bytes]
Save = Callable[[str, bytes], Path]


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(
    ("format", "name"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp"), ("AVIF", "avif")]
)
def test_inspect_image_takes_the_platforms_formats(
    make_image: Make, format: str, name: str, full: bool
) -> None:
    """Format and size come from the content."""
    facts = inspect_image(make_image(format), full=full)

    assert (facts.format, facts.width, facts.height, facts.is_decoded) == (name, 64, 48, full)


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_inspect_image_finds_a_cut_off_file(make_image: Make, format: str, full: bool) -> None:
    """A file whose end is missing is found with and without decoding."""
    content = make_image(format, (640, 480))

    with pytest.raises(ContentError) as error:
        inspect_image(content[: len(content) // 2], full=full)

    assert error.value.code in ("image-truncated", "image-undecodable")


def test_inspect_image_finds_damaged_pixels(make_image: Make) -> None:
    """A file that is whole but scrambled in the middle does not decode."""
    content = make_image("PNG", (640, 480))
    middle = len(content) // 2
    scrambled = content[:middle] + bytes(2000) + content[middle + 2000 :]

    inspect_image(scrambled, full=False)
    with pytest.raises(ContentError, match="cannot be decoded") as error:
        inspect_image(scrambled)

    assert error.value.code == "image-undecodable"


@pytest.mark.parametrize("format", ["BMP", "GIF", "TIFF", "JPEG2000"])
def test_inspect_image_names_a_foreign_format(make_image: Make, save: Save, format: str) -> None:
    """A picture in another format is called by its name, whatever the file is called."""
    path = save("front.jpg", make_image(format))

    with pytest.raises(
        ContentError, match=r"front\.jpg: the content is .*, which the platform does not take"
    ) as error:
        inspect_image(path)

    assert error.value.code == "image-format"
    assert str(error.value.issues[0].value).replace(" ", "") == format


def test_inspect_image_refuses_text() -> None:
    with pytest.raises(ContentError, match="not an image"):
        inspect_image(b"just some text that is long enough")


def test_inspect_image_says_missing_empty_and_folder(tmp_path: Path, save: Save) -> None:
    """Three ways of having no content are three messages."""
    with pytest.raises(ContentError, match="there is no such file"):
        inspect_image(tmp_path / "absent.png")
    with pytest.raises(ContentError, match="it is a folder"):
        inspect_image(tmp_path)
    with pytest.raises(ContentError, match="the file is empty"):
        inspect_image(save("empty.png", b""))


def test_inspect_image_reads_the_orientation(make_image: Make) -> None:
    """A picture that asks to be turned says so; width and height stay those of the pixels."""
    exif = Image.Exif()
    exif[0x0112] = 6

    facts = inspect_image(make_image("JPEG", exif=exif.tobytes()), full=False)

    assert (facts.orientation, facts.width) == (6, 64)


def test_inspect_image_counts_pictures(make_image: Make) -> None:
    """An animation is recognised."""
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue", "green")]

    facts = inspect_image(make_image("WEBP", (16, 16), save_all=True, append_images=frames))

    assert facts.num_pictures == 4
