"""Content that does not come from a file of its own: bytes, or a function that gets them when needed."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from kognic.base_clients.cloud_storage.upload_spec import Callback, UploadableData

_CONTENT_TYPES = {
    "avif": "image/avif",
    "csv": "text/csv",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "png": "image/png",
    "webp": "image/webp",
}
DEFAULT_CONTENT_TYPE = "application/octet-stream"
_IMAGES = frozenset({"avif", "jpg", "png", "webp"})


def content_type_of(filename: str) -> str:
    """The content type of a file by the end of its name, the same on every machine."""
    return _CONTENT_TYPES.get(filename.rpartition(".")[2].lower(), DEFAULT_CONTENT_TYPE)


@attrs.define(repr=False)
class FileData:
    """The content of an image or point cloud.

    Attributes:
        format: What it is; a member or its value, such as "jpg".
        data: Bytes, a binary file-like object, or a generator of bytes.
        callback: Called with the file name when the upload starts, again if it must be repeated; plain or
            async; returns what `data` takes.

    Raises:
        ModelValidationError: Neither or both of `data` and `callback` are given.
    """

    class Format(Enum):
        """Formats that the platform reads."""

        CSV = "csv"
        LAS = "las"
        LAZ = "laz"
        PCD = "pcd"
        JPG = "jpg"
        PNG = "png"
        WEBP = "webp"
        AVIF = "avif"

        is_image: bool
        """Whether it is a format of images."""
        is_pointcloud: bool
        """Whether it is a format of point clouds."""
        suffix: str
        """The end of a file name of this format, such as `.jpg`."""

        def __init__(self, value: str) -> None:
            self.is_image = value in _IMAGES
            self.is_pointcloud = not self.is_image
            self.suffix = f".{value}"

    format: Format
    data: UploadableData | None = None
    callback: Callback | None = None

    def __attrs_post_init__(self) -> None:
        if self.format.__class__ is not FileData.Format:
            self.format = _format(self.format)
        if (self.data is None) == (self.callback is None):
            raise _wrong_source(both=self.data is not None)

    @property
    def suffix(self) -> str:
        """The end of a file name of this format, such as `.jpg`."""
        return self.format.suffix

    @property
    def content_type(self) -> str:
        """The content type of the upload."""
        return content_type_of(self.suffix)

    def __repr__(self) -> str:
        source = "blob" if self.callback is None else "callback"
        return f"FileData({source} format={self.format})"


def _format(value: Any) -> FileData.Format:
    from kognic.base_clients.errors import ModelValidationError

    try:
        return FileData.Format(value)
    except ValueError:
        allowed = ", ".join(kind.value for kind in FileData.Format)
        raise ModelValidationError(
            f"FileData.format is {value!r}, must be one of {allowed}", path="format"
        ) from None


def _wrong_source(*, both: bool) -> ValueError:
    from kognic.base_clients.errors import ModelValidationError

    if both:
        return ModelValidationError("Only one of data or callback may be set on FileData", path="callback")
    return ModelValidationError("One of data or callback must be set on FileData", path="data")
