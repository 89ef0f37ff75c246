"""Modules, signals, flags and calls that only POSIX has are optional: Windows, simulated by their absence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kognic.sandbox import Sandbox
from tests.pipelines.bulk.conftest import picture

pytestmark = pytest.mark.slow

WITHOUT_POSIX = """
import json, os, signal, socket, sys, time, types

def remove():
    for module in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog"):
        sys.modules[module] = None
    for owner, names in (
        (signal, "SIGHUP SIGKILL SIGUSR1 SIGUSR2 SIGALRM SIGPIPE SIGCHLD SIGQUIT alarm"),
        (os, "O_NOFOLLOW O_DIRECTORY O_TMPFILE O_CLOEXEC preadv pread sendfile fork register_at_fork getuid"
             " geteuid getgid fchmod chown killpg mkfifo sched_getaffinity statvfs posix_fadvise"),
        (socket, "AF_UNIX SO_REUSEPORT MSG_DONTWAIT MSG_NOSIGNAL"),
        (time, "tzset"),
    ):
        for name in names.split():
            if hasattr(owner, name):
                delattr(owner, name)
    signal.SIGBREAK = signal.SIGTERM
    msvcrt = types.ModuleType("msvcrt")
    msvcrt.LK_NBLCK, msvcrt.LK_UNLCK = 2, 0
    msvcrt.locking = lambda handle, mode, size: None
    sys.modules["msvcrt"] = msvcrt
    sys.platform = "win32"
"""

IMPORTS = """
import importlib
from pathlib import Path
import kognic._core

root = Path(kognic._core.__file__).parent.parent
names = [
    path.relative_to(root.parent).with_suffix("").parts
    for path in sorted(root.rglob("*.py"))
    if "static" not in path.parts and path.stem != "__main__"
]

def import_all():
    for parts in names:
        importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))

# First as it is, because libraries of others have modules of their own for Windows.
import_all()
for name in [name for name in sys.modules if name.partition(".")[0] == "kognic"]:
    del sys.modules[name]
remove()
import_all()
from kognic.cli import signals
signals.install()
print("imported")
"""

WORKS = """
import asyncio, cattrs, click, numpy, PIL.Image, requests, sqlite3, subprocess, tempfile, tqdm, uuid

remove()
from kognic.cli import signals
from kognic.io.client import KognicIOClient
from kognic.io.model.scene import cameras
from kognic.pipelines.bulk import BulkRun

signals.install()
given = json.loads(sys.stdin.read())
images = [cameras.Image(sensor_name="C", filename=given["image"])]
scene = cameras.Cameras(external_id="elsewhere", frame=cameras.Frame(images=images))
with KognicIOClient(**given["client"]) as client, BulkRun(client, [scene], journal=given["journal"]) as run:
    print([result.error for result in run])
"""


def run(code: str, given: object = None) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_POSIX + code],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_module_is_imported() -> None:
    assert run(IMPORTS) == "imported"


def test_a_run_creates_a_scene(kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """Locks, files, sockets and the watchdog do without what is missing."""
    image = tmp_path / "a.png"
    image.write_bytes(picture(0))
    client = {"auth": kognic_sandbox.credentials, **kognic_sandbox.hosts()}
    given = {"client": client, "image": str(image), "journal": str(tmp_path / "journal")}
    assert run(WORKS, given) == "[None]"
    (scene,) = kognic_sandbox.control.scenes("elsewhere")
    assert scene["status"] == "created"
