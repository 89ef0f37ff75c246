"""Where content comes from: a path or bytes, read in pieces so that a header costs one small read."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

import attrs

from kognic._core.errors import KognicError
from kognic._core.scene_errors import ContentError, ContentIssue


@runtime_checkable
class Deferred(Protocol):
    """Content that is made when it is needed, such as a cloud that is converted from another format."""

    @property
    def name(self) -> str:
        """File name for messages."""
        ...

    def load(self) -> bytes:
        """Make the content.

        Raises:
            KognicError: It cannot be made.
        """
        ...


Content = str | os.PathLike[str] | bytes | bytearray | memoryview | Deferred


@attrs.frozen
class Source:
    """Random access to some content.

    Attributes:
        name: File name for messages; None for bytes.
        suffix: Lower-case suffix without its dot, empty when there is none.
        size: Length in bytes.
    """

    name: str | None
    suffix: str
    size: int
    _content: Path | bytes

    @classmethod
    def of(cls, content: Content) -> Source:
        """Open a path or bytes, or make a deferred content.

        Raises:
            ContentError: The file does not exist, it is a folder, it is empty, or it cannot be made.
        """
        if isinstance(content, Deferred):
            data = _made(content)
            suffix = content.name.rpartition(".")[2].lower() if "." in content.name else ""
            source = cls(content.name, suffix, len(data), data)
        elif isinstance(content, (bytes, bytearray, memoryview)):
            data = bytes(content)
            source = cls(None, "", len(data), data)
        else:
            path = Path(content).expanduser()
            source = cls(str(content), path.suffix.lower().lstrip("."), _file_size(path), path)
        if source.size == 0:
            issue = ContentIssue(code="file-empty", problem="the file is empty", hint="write it again")
            raise ContentError([issue], name=source.name)
        return source

    def head(self, length: int) -> bytes:
        """Return the first `length` bytes, fewer when there are fewer."""
        return self.slice(0, length)

    def tail(self, length: int) -> bytes:
        """Return the last `length` bytes, fewer when there are fewer."""
        return self.slice(max(0, self.size - length), length)

    def slice(self, start: int, length: int) -> bytes:
        """Up to `length` bytes from `start`."""
        if isinstance(self._content, bytes):
            return self._content[start : start + length]
        with self._content.open("rb") as file:
            file.seek(start)
            return file.read(length)

    def open(self) -> BinaryIO:
        """Return a binary file object at the start; the caller closes it."""
        return BytesIO(self._content) if isinstance(self._content, bytes) else self._content.open("rb")


def _made(content: Deferred) -> bytes:
    try:
        return content.load()
    except KognicError as exc:
        issue = ContentIssue(
            code="file-missing", problem=f"the file cannot be made: {exc}", hint="correct its source"
        )
        raise ContentError([issue], name=content.name) from exc


def _file_size(path: Path) -> int:
    if not path.is_file():
        found = "it is a folder" if path.is_dir() else "there is no such file"
        issue = ContentIssue(code="file-missing", problem=f"{path}: {found}", hint="correct the path")
        raise ContentError([issue], name=None)
    return path.stat().st_size


class PointsError(ValueError):
    """The points of a file cannot be read; the text says why, in words for a finding."""
