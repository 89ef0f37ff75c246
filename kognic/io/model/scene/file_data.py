"""Content that is not in a local file: bytes, or a callback that returns them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

import attrs

from kognic.base_clients.cloud_storage.upload_spec import length_of
from kognic.base_clients.errors import ModelValidationError
from kognic.base_clients.serialization.modes import Mode
from kognic.base_clients.serialization.problems import Invalid, expected

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
    """Return the content type of a file by its suffix, the same on every machine."""
    return _CONTENT_TYPES.get(filename.rpartition(".")[2].lower(), DEFAULT_CONTENT_TYPE)


@attrs.define(repr=False)
class FileData:
    """The content of an image or point cloud.

    Attributes:
        format: What it is; a member, which is text too, or its value, such as "jpg".
        data: Bytes, a binary file-like object, or a generator of bytes.
        callback: Called with the file name when the upload starts, again if it must be repeated; plain or
            async; returns what `data` takes.

    Raises:
        ModelValidationError: Neither or both of `data` and `callback` are given.
    """

    class Format(str, Enum):
        """Formats that the platform supports."""

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
        """Suffix of this format, such as `.jpg`."""

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
        """Suffix of this format, such as `.jpg`."""
        return self.format.suffix

    @property
    def content_type(self) -> str:
        """The content type of the upload."""
        return content_type_of(self.suffix)

    @classmethod
    def _from_plain(cls, value: Any) -> FileData:
        """Read what `_to_plain` wrote."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping) or "format" not in value:
            raise expected("FileData, or a dict with format and data", value)
        data, callback = value.get("data"), value.get("callback")
        if data is None and callback is None:
            raise Invalid("has no content: JSON has no callbacks and generators; give it to FileData again")
        if isinstance(data, str):
            try:
                data = base64.b64decode(data, validate=True)
            except ValueError as exc:
                raise Invalid(f"is not Base64 ({exc})", "data") from exc
        return cls(format=value["format"], data=data, callback=callback)

    def _to_plain(self, mode: Mode) -> dict[str, Any]:
        """Write the content, for JSON in Base64."""
        if not mode.is_json:
            return {"format": self.format, "data": self.data, "callback": self.callback}
        content = _content(self.data)
        encoded = None if content is None else base64.b64encode(content).decode("ascii")
        return {"format": self.format.value, "data": encoded}

    def __repr__(self) -> str:
        source = "blob" if self.callback is None else "callback"
        return f"FileData({source} format={self.format})"


def _content(data: Any) -> bytes | None:
    """Content that can be read without consuming it: bytes, or a file from its start."""
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    if not hasattr(data, "read") or length_of(data) is None:
        return None
    position = data.tell()
    try:
        data.seek(0)
        content: bytes = data.read()
    finally:
        data.seek(position)
    return content


def _format(value: Any) -> FileData.Format:
    try:
        return FileData.Format(value)
    except ValueError:
        allowed = ", ".join(kind.value for kind in FileData.Format)
        raise ModelValidationError(
            f"FileData.format is {value!r}, must be one of {allowed}", path="format"
        ) from None


def _wrong_source(*, both: bool) -> ValueError:
    if both:
        return ModelValidationError("Only one of data or callback may be set on FileData", path="callback")
    return ModelValidationError("One of data or callback must be set on FileData", path="data")
