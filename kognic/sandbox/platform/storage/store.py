"""The object storage behind signed URLs: files in a folder.

An object is named by a bucket (a scene, or `annotations`) and a key. What a caller calls its file never
becomes a path: the file is named by the hashes of the bucket and the key, so no name can leave the root.
All files are in one folder: a folder for each bucket would make resets slow, as disks take milliseconds to
delete one. Nothing is written to the database when a file arrives; sizes and hashes are kept in memory and
found again from the files after a restart.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

BLOCK = 1024 * 1024
PREFIX = "/_storage"
CLOUD_BUCKET = "cloud"  # What the sandbox knows of the cloud of a customer.


@dataclass(frozen=True)
class StoredObject:
    """One stored file: its place, size in bytes, and MD5 as storage services report it."""

    path: Path
    size: int
    md5: bytes

    @property
    def etag(self) -> str:
        """The MD5 in quotes, as Amazon's storage has it for objects of one part."""
        return f'"{self.md5.hex()}"'

    @property
    def goog_hash(self) -> str:
        """The `x-goog-hash` header of Google's storage."""
        return f"md5={base64.b64encode(self.md5).decode()}"


class Storage:
    """Objects below one folder."""

    def __init__(self, root: Path) -> None:
        self._objects = root / "objects"
        self._incoming = root / "incoming"
        self._known: dict[tuple[str, str], StoredObject] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        for folder in (self._objects, self._incoming):
            folder.mkdir(parents=True, exist_ok=True)
        # What is left in here was cut off by a stop: it was never acknowledged.
        _empty(self._incoming)

    def url_path(self, bucket: str, key: str, name: str) -> str:
        """Return the path of an object's URL; `name` only makes it readable."""
        safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name.replace("\\", "/").rsplit("/", 1)[-1]).lstrip(".")
        return f"{PREFIX}/{bucket}/{key_of(key)}/{safe or 'file'}"

    def open_incoming(self) -> Incoming:
        """Open a file to receive; nothing can see it before `keep`."""
        # A counter serves as well as `tempfile`, which takes longer than writing a small file.
        path = self._incoming / str(next(self._numbers))
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return Incoming(path, cast("BinaryIO", os.fdopen(handle, "wb", buffering=0)))

    def keep(self, bucket: str, hashed_key: str, incoming: Incoming) -> StoredObject:
        """Give a completely received file its place; replaces what was there."""
        target = self._path(bucket, hashed_key)
        incoming.file.close()
        incoming.path.replace(target)
        stored = StoredObject(target, incoming.size, incoming.md5.digest())
        with self._lock:
            self._known[bucket, hashed_key] = stored
        return stored

    def put(self, bucket: str, key: str, content: bytes) -> StoredObject:
        """Store bytes under a key."""
        return self.put_hashed(bucket, key_of(key), content)

    def put_hashed(self, bucket: str, hashed_key: str, content: bytes | bytearray) -> StoredObject:
        """Store an object under a key that is hashed already."""
        incoming = self.open_incoming()
        try:
            incoming.write(content)
            return self.keep(bucket, hashed_key, incoming)
        except BaseException:
            incoming.drop()
            raise

    def find(self, bucket: str, key: str) -> StoredObject | None:
        """Find an object by bucket and name; None if there is none."""
        return self.find_hashed(bucket, key_of(key))

    def find_hashed(self, bucket: str, hashed_key: str) -> StoredObject | None:
        """Find an object by bucket and hashed key; None if there is none."""
        known = self._known.get((bucket, hashed_key))
        if known is not None:
            return known
        path = self._path(bucket, hashed_key)
        if not path.is_file():
            return None
        with path.open("rb") as file:
            digest = _md5_of(file)
        found = StoredObject(path, path.stat().st_size, digest)
        with self._lock:
            self._known[bucket, hashed_key] = found
        return found

    def clear(self) -> None:
        """Delete all objects."""
        with self._lock:
            self._known.clear()
        _empty(self._objects)
        _empty(self._incoming)

    def _path(self, bucket: str, hashed_key: str) -> Path:
        return self._objects / f"{key_of(bucket)}-{key_of(hashed_key)}"


class Incoming:
    """A file being received: written and hashed block by block, off the event loop."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.file = file
        self.size = 0
        self.md5 = hashlib.md5(usedforsecurity=False)

    def write(self, block: bytes | bytearray) -> None:
        """Append bytes, and update size and checksum."""
        rest = memoryview(block)
        while rest:  # Unbuffered files may take a part.
            rest = rest[self.file.write(rest) :]
        self.md5.update(block)
        self.size += len(block)

    def drop(self) -> None:
        """Delete what was received."""
        self.file.close()
        self.path.unlink(missing_ok=True)


def key_of(name: str) -> str:
    """Return a name as a file name: 32 hexadecimal digits."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _empty(folder: Path) -> None:
    for entry in os.scandir(folder):
        Path(entry).unlink(missing_ok=True)


def _md5_of(file: BinaryIO) -> bytes:
    digest = hashlib.md5(usedforsecurity=False)
    while block := file.read(BLOCK):
        digest.update(block)
    return digest.digest()
