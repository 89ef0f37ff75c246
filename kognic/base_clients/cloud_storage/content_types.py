"""The content types of sensor data: a fixed table, the same on every machine."""

from __future__ import annotations

import os
from pathlib import PurePath

OCTET_STREAM = "application/octet-stream"
CONTENT_TYPES = {
    ".avif": "image/avif",
    ".csv": "text/csv",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".las": OCTET_STREAM,
    ".laz": OCTET_STREAM,
    ".pcd": OCTET_STREAM,
    ".png": "image/png",
    ".webp": "image/webp",
}


def content_type_of(filename: str | os.PathLike[str]) -> str:
    """Return the content type of a file, by its suffix in any letter case; unknown ones are octet streams."""
    return CONTENT_TYPES.get(PurePath(filename).suffix.lower(), OCTET_STREAM)
