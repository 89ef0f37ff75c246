"""One process at a time changes a file: a lock of the operating system on a file beside it.

The lock goes with the process that holds it, also when that is killed, so none is ever left behind.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try_to_lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _unlock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    # flock and not lockf: its locks belong to the opened file, so they also keep threads apart.
    def _try_to_lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


# A choice: the other process holds the lock while it writes a small file, for milliseconds. Longer delays
# commands that start at once, shorter keeps a core busy.
_INTERVAL_SECONDS = 0.01
# What a lock that others hold is reported as, on POSIX and on Windows.
_HELD = (BlockingIOError, PermissionError)


@contextlib.contextmanager
def locked(path: Path, timeout: float = 10) -> Iterator[None]:
    """Keep other threads and processes from changing a file; a lock file beside it stays behind.

    Args:
        path: The file; its folder is made (0700) if it is missing.
        timeout: Seconds to wait for the others.

    Raises:
        OSError: The lock file cannot be made, or the others did not finish in time (`TimeoutError`).
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Nobody's link may lead the lock to another file.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(f"{path}.lock", flags, 0o600)
    try:
        _wait_for_lock(handle, f"{path}.lock", timeout)
        try:
            yield
        finally:
            _unlock(handle)
    finally:
        os.close(handle)


def _wait_for_lock(handle: int, name: str, timeout: float) -> None:
    end = time.monotonic() + timeout
    while True:
        try:
            return _try_to_lock(handle)
        except _HELD:
            if time.monotonic() >= end:
                break
        time.sleep(_INTERVAL_SECONDS)
    raise TimeoutError(
        f"The lock '{name}' could not be acquired within {timeout:g} s: another process holds it; try again"
    )
