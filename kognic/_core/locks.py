"""One process at a time changes a file. Apart from `files`, as filelock is only needed by those who write."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock


@contextlib.contextmanager
def locked(path: Path, timeout: float = 10) -> Iterator[None]:
    """Keep other threads and processes from changing a file; a lock file beside it stays behind.

    Args:
        path: The file; its folder is made (0700) if it is missing.
        timeout: Seconds to wait for the others.

    Raises:
        OSError: The lock file cannot be made, or the others did not finish in time.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(f"{path}.lock", mode=0o600).acquire(timeout=timeout, poll_interval=0.01):
        yield
