"""What to upload and where to: the one input of the transfer engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import BinaryIO

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
