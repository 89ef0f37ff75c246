"""Small private JSON files: whole or not at all, for one user, by one writer at a time."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from kognic._core import files as _files
from kognic._core.files import NotJsonError, decode_json, read_json, replacing_files, write_private
from kognic._core.locks import locked


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_written_files_are_private(tmp_path: Path) -> None:
    """Whatever the umask and the file before; folders too."""
    path = tmp_path / "a" / "b" / "f.json"
    before = os.umask(0)
    try:
        write_private(path, "{}")
    finally:
        os.umask(before)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)

    path.chmod(0o644)
    write_private(path, '{"x": 1}')
    assert mode(path) == 0o600
    assert read_json(path) == {"x": 1}


def test_failed_write_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing beside it."""
    path = tmp_path / "folder" / "f.json"
    write_private(path, "1")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_private(path, "2")

    assert path.read_text() == "1"
    assert os.listdir(path.parent) == ["f.json"]


def test_links_stay_links(tmp_path: Path) -> None:
    """A file that is kept elsewhere is replaced there."""
    target = tmp_path / "elsewhere.json"
    target.write_text("1")
    link = tmp_path / "link.json"
    link.symlink_to(target)
    write_private(link, "2")
    assert link.is_symlink()
    assert target.read_text() == "2"


def _count_up(path: Path, times: int) -> None:
    for _ in range(times):
        with locked(path):
            number = read_json(path) if path.exists() else 0
            write_private(path, str(number + 1))


@pytest.mark.slow
def test_processes_take_turns(tmp_path: Path) -> None:
    """No change is lost; the lock file is private."""
    path = tmp_path / "folder" / "count.json"
    other = multiprocessing.get_context("spawn").Process(target=_count_up, args=(path, 30))
    other.start()
    _count_up(path, 30)
    other.join(60)

    assert read_json(path) == 60
    assert mode(path.with_name("count.json.lock")) == 0o600


def test_lock_that_others_keep_is_an_os_error(tmp_path: Path) -> None:
    """After the time allowed."""
    path = tmp_path / "f"
    with locked(path), pytest.raises(OSError, match="lock"), locked(path, timeout=0):
        pass


def test_positions_of_json_errors() -> None:
    """Line and column are attributes; the document is nowhere."""
    with pytest.raises(NotJsonError, match="at line 2, column 6") as caught:
        decode_json('{\n "a" s3cr3t}')
    assert (caught.value.line, caught.value.column) == (2, 6)
    assert caught.value.__context__ is None
    assert "s3cr3t" not in repr(vars(caught.value))


def test_files_of_a_folder_appear_together(tmp_path: Path) -> None:
    """Subfolders as well; other files of the folder stay."""
    target = tmp_path / "a" / "out"
    for content in ("old", "new"):
        with replacing_files(target) as folder:
            (folder / "in").mkdir()
            (folder / "in" / "b.txt").write_text(content)
            assert target.exists() == (content == "new")
        assert (target / "in" / "b.txt").read_text() == content
        (target / "mine.txt").touch()
    assert sorted(path.name for path in target.iterdir()) == ["in", "mine.txt"]


def test_files_of_a_failed_run_are_not_there(tmp_path: Path) -> None:
    """Neither the folder nor its parents are created."""

    def fail() -> None:
        with replacing_files(tmp_path / "a" / "out") as folder:
            (folder / "b.txt").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []
