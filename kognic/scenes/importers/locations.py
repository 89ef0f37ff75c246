"""Where recordings lie: a local path, or any URL that fsspec knows, such as `s3://bucket/drive`.

A local path stays a `pathlib.Path`; a URL becomes a `UPath` (universal-pathlib), which has the same methods
and streams what is read.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from kognic._core.errors import KognicError
from kognic._core.extras import needs_extra
from kognic._core.scene_errors import RecordingError
from kognic._core.standard_classes import keep_class

RANGE_BYTES = 1 << 20
"""How much of an object is read at a time where messages are picked out of it."""
# s3fs reads 50 MB at a time where the other stores' clients read 5 MB.
_OPTIONS: dict[str, dict[str, Any]] = {
    scheme: {"default_block_size": 5 * RANGE_BYTES} for scheme in ("s3", "s3a")
}
# UPath has the methods of Path that are used here, but is none.
Location = Path


def locate(source: str | os.PathLike[str]) -> Location:
    """Turn a path or URL into a location.

    Raises:
        RecordingError: The URL needs a library that is missing.
    """
    if not is_url(source):
        return Path(source).expanduser() if isinstance(source, (str, Path)) else cast("Location", source)
    try:
        from upath import UPath

        return cast(
            "Location", UPath(cast("Any", source), **_OPTIONS.get(str(source).split("://", 1)[0], {}))
        )
    except ImportError as exc:
        scheme = str(source).split("://", 1)[0]
        raise RecordingError(
            needs_extra(f"{source}: reading {scheme}:// needs more", "cloud")
            + f" and the fsspec library of {scheme}, such as s3fs, gcsfs or adlfs ({exc})"
        ) from exc
    except ValueError as exc:
        raise RecordingError(f"{source}: {exc}") from exc


def is_url(source: object) -> bool:
    """Whether a source is a URL, not a local path."""
    return "://" in str(source)


def text_of(location: Location) -> str:
    """Return the content of a text file.

    Raises:
        RecordingError: It cannot be read.
    """
    try:
        return location.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise keep_class(RecordingError(f"{location}: cannot be read: {reason_of(exc)}"), exc) from exc


def json_of(location: Location) -> Any:
    """The content of a JSON file.

    Raises:
        RecordingError: It cannot be read, or is not JSON.
    """
    text = text_of(location)
    try:
        return json.loads(text)
    except ValueError as exc:
        raise RecordingError(f"{location}: is not JSON: {exc}") from exc


def bytes_of(location: Location) -> bytes:
    """Return the content of a file.

    Raises:
        RecordingError: It cannot be read.
    """
    try:
        return location.read_bytes()
    except OSError as exc:
        raise keep_class(RecordingError(f"{location}: cannot be read: {reason_of(exc)}"), exc) from exc


def reason_of(exc: Exception) -> str:
    """Return what an exception says, without the path that the message names already."""
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__


def file_problem(location: Location) -> str | None:
    """Return why a file cannot be taken, `the file is missing` or `the file is empty`; None if it can.

    One request for a file on object storage, as `exists` is.
    """
    try:
        size = location.stat().st_size
    except OSError:
        return "the file is missing"
    return None if size else "the file is empty"


@contextmanager
def named_damage(what: str) -> Iterator[None]:
    """Turn whatever damaged content makes an importer raise into a `RecordingError` that names the recording.

    Importers check what they can say something about; a table without a column, or a number that is none,
    may still surface anywhere.
    """
    try:
        yield
    except KognicError:
        raise
    except (ArithmeticError, AttributeError, EOFError, LookupError, OSError, TypeError, ValueError) as exc:
        raise RecordingError(
            f"{what}: is damaged, or of an unknown layout: {type(exc).__name__}: {exc}"
        ) from exc


@contextmanager
def local_copy(location: Location) -> Iterator[Path]:
    """Give a local path with the content of a location: itself if it is local, else a temporary copy."""
    if isinstance(location, Path) and not is_url(location):
        yield location
        return
    with tempfile.TemporaryDirectory(prefix="kognic-import-") as folder:
        target = Path(folder) / location.name
        with location.open("rb") as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        yield target
