"""Locks on files."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from kognic._core.locks import locked


def _keep(path: Path, holds: Event) -> None:
    with locked(path):
        holds.set()
        signal.pause()


@pytest.mark.slow
def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    """The operating system takes it back."""
    path = tmp_path / "tokens.json"
    context = multiprocessing.get_context("spawn")
    holds = context.Event()
    other = context.Process(target=_keep, args=(path, holds))
    other.start()
    assert holds.wait(60)
    with pytest.raises(TimeoutError, match="another process holds it"), locked(path, timeout=0):
        pass

    assert other.pid is not None
    os.kill(other.pid, signal.SIGKILL)
    other.join(60)
    with locked(path, timeout=0):
        pass


def test_threads_take_turns(tmp_path: Path) -> None:
    """Within a process as well; no change is lost."""
    path = tmp_path / "count"
    path.write_text("0")

    def count() -> None:
        for _ in range(20):
            with locked(path):
                path.write_text(str(int(path.read_text()) + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert path.read_text() == "80"


def test_an_error_inside_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path / "f"):
        raise KeyError
    with locked(tmp_path / "f", timeout=0):
        pass


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_are_not_followed(tmp_path: Path) -> None:
    """Else somebody else's link would make us create or lock another file."""
    (tmp_path / "f.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"f\.lock"), locked(tmp_path / "f"):
        pass
    assert not (tmp_path / "elsewhere").exists()
