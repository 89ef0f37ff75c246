"""Transfers when threads or descriptors are scarce: slower, never lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.base_clients.scripted_server import ScriptedServer

UPLOAD = """
import sys, threading
from kognic.base_clients.cloud_storage import FileResourceClient, UploadSpec

def upload():
    with FileResourceClient() as files:
        stored = files.upload_files({
            str(n): UploadSpec(f"{sys.argv[1]}/bucket/{n}", "text/plain", filename="a", data=b"content")
            for n in range(30)
        })
    print(len(stored), flush=True)
"""
AT_THE_END = """
def late():
    threading.main_thread().join()
    upload()

threading.Thread(target=late).start()
"""
WITH_FEW_DESCRIPTORS = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]), int(sys.argv[2])))
upload()
"""


def run(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", UPLOAD + program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_thread_uploads_while_the_interpreter_shuts_down(
    make_server: Callable[..., ScriptedServer],
) -> None:
    """The executor takes no more work then, so that this thread sends all files by itself."""
    server = make_server()
    assert run(AT_THE_END, server.url) == "30"
    assert len({request.path for request in server.requests}) == 30


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit on Windows")
@pytest.mark.parametrize("limit", ["64", "32"])
def test_few_descriptors_give_slower_transfers(
    limit: str, make_server: Callable[..., ScriptedServer]
) -> None:
    server = make_server()
    assert run(WITH_FEW_DESCRIPTORS, server.url, limit) == "30"
