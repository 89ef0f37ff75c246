"""Where the tests put temporary files: in memory, where that has room.

They create thousands of folders, and write hundreds of journals and tokens with `fsync`. Disks take
milliseconds for each folder that is deleted and for each `fsync`: a third of the time of `make quick`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
# What is in there at once is below 1 GB; containers often have 64 MB.
LEAST_ROOM = 4 << 30


def use_memory() -> None:
    """Make `/dev/shm` the folder of temporary files of this process and its children, if it will do.

    A TMPDIR of the caller's stays. The tests run programs from temporary folders, too.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    room = os.statvfs(MEMORY)
    if room.f_flag & os.ST_NOEXEC or min(room.f_bavail * room.f_frsize, _free_memory()) < LEAST_ROOM:
        return
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def _free_memory() -> int:
    """Bytes of memory that the system can give; 0 where it does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")), 0)
