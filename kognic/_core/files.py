"""Files that are written whole or not at all, and small JSON files that belong to one user.

Raises exceptions of its own; callers turn them into theirs, which add what to do.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

# For credentials, configurations and token caches, which are kilobytes.
MAX_BYTES = 4 * 1024 * 1024


class NotJsonError(ValueError):
    """The file does not hold JSON; the text says where, never what stands there.

    Attributes:
        line: Where it stops being JSON, from 1; 0 when that is not known.
        column: See `line`.
    """

    def __init__(self, message: str, *, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def user_folder(variable: str, otherwise: str) -> Path:
    """Return the folder that an XDG variable such as `XDG_CACHE_HOME` names, else one in the home folder."""
    folder = os.environ.get(variable)
    return Path(folder) if folder else Path.home() / otherwise


def read_json(path: Path) -> Any:
    """Decode a JSON file in UTF-8, UTF-16 or UTF-32.

    Raises:
        OSError: It cannot be read.
        NotJsonError: It is too large or not JSON.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise NotJsonError(f"is larger than {MAX_BYTES // 1024**2} MiB")
    return decode_json(content)


def decode_json(content: bytes | str) -> Any:
    """Decode JSON text.

    Raises:
        NotJsonError: It is not JSON.
    """
    line = column = 0
    # The decoder's own errors carry the document, so ours must not be chained to them.
    try:
        return json.loads(content)
    except json.JSONDecodeError as exc:
        line, column = exc.lineno, exc.colno
        trouble = f"is not JSON: {exc.msg} at line {line}, column {column}"
    except UnicodeDecodeError as exc:
        trouble = f"is not JSON: byte {exc.start} is not {exc.encoding.upper()} text"
    except RecursionError:
        trouble = "is not JSON that can be read: nested too deeply"
    except ValueError:
        trouble = "is not JSON that can be read: a number has too many digits"
    raise NotJsonError(trouble if content else "is empty", line=line, column=column)


def write_private(path: Path, content: str) -> None:
    """Replace a file in one step by one that only its owner can read (0600); missing folders are made (0700).

    Raises:
        OSError: It could not be written; a file that was there is unchanged.
    """
    # Through a link, so that a file kept elsewhere stays linked.
    path = path.resolve()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes files of mode 0600.
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that replaces `path` once everything has been written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_files(folder: Path) -> Iterator[Path]:
    """Write into a temporary folder, whose files move into `folder` once everything has been written.

    `folder` is created then; files of the same names in it are replaced, others stay. On an error nothing of
    it changes.
    """
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=existing))
    try:
        yield temporary
        for path in sorted(temporary.rglob("*")):
            if path.is_file():
                target = folder / path.relative_to(temporary)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
