"""The size of a camera's images, from the headers of images that lie beside its calibration."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kognic._core.camera_errors import ConversionError
from kognic._core.scene_errors import ContentError
from kognic.scenes.calibration.convert.values import Size
from kognic.scenes.content.images import SUFFIXES, survey_image

# Where datasets keep the images of a camera, below the folder of the calibration or the one above it.
_FOLDERS = ("{name}", "images/{name}", "image/{name}", "camera/{name}", "cameras/{name}", "{name}/data")
# Enough to see that the images of a folder do not all have one size; a folder may hold a whole drive.
_LOOKED_AT = 20


def size_of_images(folders: Iterable[Path]) -> Size | None:
    """Return the size that all images of the first folder with any have; files may stand for folders.

    Raises:
        ConversionError: Two images of one folder differ in size.
        ImportError: Pillow is not installed.
    """
    for folder in folders:
        found: dict[Size, Path] = {}
        for path in _images(folder):
            try:
                facts, _ = survey_image(path, full=False)
            except ContentError:
                continue
            if facts is not None:
                found.setdefault((facts.width, facts.height), path)
        if len(found) > 1:
            (one, first), (other, second) = list(found.items())[:2]
            raise ConversionError(
                f"{first} has {one[0]}x{one[1]} pixels, {second} {other[0]}x{other[1]}; pass image_size"
            )
        if found:
            return next(iter(found))
    return None


def beside(path: Path, names: Iterable[str], *, alone: bool = False) -> Size | None:
    """Return the size of the images beside a calibration.

    Args:
        path: The calibration's file, or its folder.
        names: What the camera's images may be called after.
        alone: The file holds one camera only, so that images right beside the file are its own.

    Raises:
        ConversionError: Two images of the camera differ in size.
    """
    folder = path if path.is_dir() else path.parent
    places = [folder, folder.parent]
    folders = [place / form.format(name=name) for name in names for place in places for form in _FOLDERS]
    files = [place / f"{name}.{suffix}" for name in names for place in places for suffix in SUFFIXES]
    return size_of_images([*files, *folders, *([folder] if alone else [])])


def _images(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    if not place.is_dir():
        return []
    found = sorted(path for path in place.iterdir() if path.suffix.lower().lstrip(".") in SUFFIXES)
    step = max(1, len(found) // _LOOKED_AT)
    return found[::step]
