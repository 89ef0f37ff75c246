"""What to upload and where to: the one input of the transfer engine."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, BinaryIO

import attrs

from kognic.base_clients.cloud_storage.signed_urls import shown

UploadableData = bytes | bytearray | memoryview | BinaryIO | Iterable[bytes] | AsyncIterator[bytes]
"""Content: bytes, a binary file-like object, or an iterable, generator or async generator of bytes."""

Callback = Callable[[str], UploadableData | Awaitable[UploadableData]]
"""Gives the content of the file that it is asked for, at once or as a coroutine."""


@attrs.define
class UploadSpec:
    """One file to upload.

    Content is `data` if that is given, else what `callback(filename)` returns, else the file called
    `filename`. File-like objects are closed when done. A callback is called anew for each attempt; one
    generator can be sent only once, so that its upload is not tried again after a failure.

    Attributes:
        destination: Signed URL; a secret.
        content_type: Sent as `Content-Type`.
        filename: Path of a local file; with `callback` the name that it is given.
        data: The content itself.
        callback: Where the content comes from, called when its turn has come.

    Raises:
        ValueError: There is neither `data` nor a file name.
    """

    destination: str
    content_type: str
    filename: str | None = None
    data: UploadableData | None = None
    callback: Callback | None = None

    def __attrs_post_init__(self) -> None:
        if self.data is None and self.filename is None:
            raise ValueError("When not providing data, filename must be provided")

    def __repr__(self) -> str:
        source = "data" if self.data is not None else "callback" if self.callback is not None else "file"
        return (
            f"UploadSpec({self.content_type}, destination={shown(self.destination)}, "
            f"filename={self.filename}, from {source})"
        )


def length_of(file: Any) -> int | None:
    """Measure a file-like object, and put its position back.

    Args:
        file: Any object with `read`. Memory maps can seek, but have no `seekable` before Python 3.13.

    Returns:
        Its size in bytes; None if it cannot seek.
    """
    try:
        seekable = getattr(file, "seekable", None)
        if seekable is not None and not seekable():
            return None
        position = file.tell()
        # What seek returns is not the position for all of them.
        file.seek(0, os.SEEK_END)
        length = file.tell()
        file.seek(position)
    except Exception:
        # File-like objects of all kinds raise all kinds of things here; then it is a plain stream.
        return None
    return int(length)
