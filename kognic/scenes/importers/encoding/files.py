"""Clouds and images as bytes of a file."""

from __future__ import annotations

from typing import Any

from kognic.scenes.content.points import PointArrays
from kognic.scenes.content.writing import write_points
from kognic.scenes.importers import pictures
from kognic.scenes.importers.lens import Lens
from kognic.scenes.importers.locations import Location, bytes_of
from kognic.scenes.importers.recording import Picture


def encoded(content: Location | bytes | Picture | Any, name: str, lens: Lens | None = None) -> bytes:
    """Return what a recording has read, as the file that a name ends like.

    Args:
        content: As `Recording.read` returns it.
        name: File name; of clouds, its suffix is the format that is written.
        lens: Undistort the image.

    Raises:
        RecordingError: An image cannot be decoded.
    """
    if isinstance(content, PointArrays):
        return write_points(content, name.rpartition(".")[2].lower())
    if lens is not None:
        return pictures.png_of(pictures.undistorted(pictures.decoded(content), lens))
    if isinstance(content, Picture):
        return pictures.png_of(content)
    return content if isinstance(content, bytes) else bytes_of(content)
