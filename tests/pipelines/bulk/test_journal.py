"""The journal of a bulk run: what it keeps, and whom it refuses."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kognic._core.run_errors import ItemChangedError, JournalError
from kognic.pipelines.bulk.journal import Journal, Placement, Stage


def test_entries_survive_closing(tmp_path: Path) -> None:
    """What was recorded is there when the journal is opened again, in the order of entering."""
    path = tmp_path / "run.journal"
    with Journal(path) as journal:
        for key in ("b", "a", "c"):
            entry = journal.enter(key, f"digest-{key}", f"external-{key}")
            entry.scene_uuid = f"scene-{key}"
            entry.stage = entry.reached = Stage.POSTED
            journal.record(entry)
        journal.file_stored("a", "x.jpg", 10)
        journal.file_stored("a", "y.jpg", 32)

    with Journal(path) as journal:
        assert [(e.key, e.scene_uuid, e.stage) for e in journal.entries()] == [
            ("b", "scene-b", Stage.POSTED),
            ("a", "scene-a", Stage.POSTED),
            ("c", "scene-c", Stage.POSTED),
        ]
        assert journal.stored_files("a") == {"x.jpg": 10, "y.jpg": 32}
        assert journal.stored_files("b") == {}
        assert journal.bytes_stored() == 42
        assert journal.counts() == {Stage.POSTED: 3}


def test_many_entries_are_read_in_order(tmp_path: Path) -> None:
    """Reading in portions neither loses nor repeats an entry."""
    with Journal(tmp_path / "j") as journal:
        for n in range(1203):
            journal.enter(str(n), "d", "")
        assert [e.key for e in journal.entries([Stage.WAITING])] == [str(n) for n in range(1203)]
        assert list(journal.entries([Stage.DONE])) == []


def test_entries_after_refused_items_are_forgotten(tmp_path: Path) -> None:
    """A later run deletes the rows of items that an earlier one refused; the others appear once."""
    with Journal(tmp_path / "j") as journal:
        for key in ("broken", "missing"):
            journal.refuse(key, "", "cannot be read")
        for key in "abc":
            journal.enter(key, "d", "")
        journal.forget_refused()
        journal.enter("broken", "d", "")
        assert [entry.key for entry in journal.entries()] == ["a", "b", "c", "broken"]


def test_entering_costs_the_same_whatever_the_size(tmp_path: Path) -> None:
    """The work of SQLite for an item, counted in its own instructions, does not grow with the journal."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with Journal(tmp_path / "j") as journal:
        costs = []
        for n in range(3000):
            if n in (100, 2900):
                journal._db.set_progress_handler(count, 1)
            journal.enter(str(n), "d", "")
            if n in (199, 2999):
                journal._db.set_progress_handler(None, 0)
                costs.append(steps)
                steps = 0

    assert costs[1] < 1.5 * costs[0]


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """The journal names scenes and files of the user: nobody else's business."""
    with Journal(tmp_path / "j"):
        modes = {stat.S_IMODE(f.stat().st_mode) for f in tmp_path.iterdir()}
    assert modes == {0o600}


def test_changed_item_is_refused(tmp_path: Path) -> None:
    """An item that was begun with other content is an error; one that was not begun takes the new content."""
    with Journal(tmp_path / "j") as journal:
        journal.enter("k", "old", "")
        assert journal.enter("k", "new", "").digest == "new"
        entry = journal.enter("k", "new", "")
        entry.stage = entry.reached = Stage.RESERVED
        journal.record(entry)
        with pytest.raises(ItemChangedError, match="item 'k' has changed since the journal"):
            journal.enter("k", "newer", "")


def test_other_run_is_refused(tmp_path: Path) -> None:
    """A journal belongs to one workspace and target, once it has an item."""
    with Journal(tmp_path / "j") as journal:
        journal.bind({"workspace": "mistaken", "project": "p"})
        journal.bind({"workspace": "w1"})
        journal.enter("k", "digest", "")
        journal.bind({"workspace": "w1", "project": "p"})
        with pytest.raises(JournalError, match="belongs to a run with workspace 'w1', this one has 'w2'"):
            journal.bind({"workspace": "w2"})
        with pytest.raises(JournalError, match="belongs to a run with workspace 'w1', this one has 'w2'"):
            journal.expect({"workspace": "w2"})
        journal.remember({"check": "no"})
        journal.remember({"check": "yes"})
        assert journal.facts() == {"format": "2", "workspace": "w1", "project": "p", "check": "yes"}


@pytest.mark.slow
def test_two_runs_cannot_share_it(tmp_path: Path) -> None:
    """While one run has the journal open, a second run gets an error."""
    with Journal(tmp_path / "j"), pytest.raises(JournalError, match="another run is using it"):
        Journal(tmp_path / "j")
    Journal(tmp_path / "j").close()


def test_snapshot_shows_a_run_that_goes_on(tmp_path: Path) -> None:
    """Whatever has been recorded, in the database or its log, is seen without disturbing the run."""
    path = tmp_path / "j"
    with Journal(path) as journal:
        for n in range(0, 1500, 100):
            for key in range(n, n + 100):
                entry = journal.enter(str(key), "digest", "external")
                entry.stage = Stage.DONE
                journal.record(entry)
            with Journal.snapshot(path) as seen:
                assert seen.counts() == {Stage.DONE: n + 100}
                seen.enter("not in the journal itself", "digest", "")
        journal.enter("last", "digest", "")
    with Journal.snapshot(path) as seen:
        assert seen.counts() == {Stage.DONE: 1500, Stage.WAITING: 1}
    assert [file.name for file in tmp_path.iterdir()] == ["j"]


def test_snapshot_of_anything_else(tmp_path: Path) -> None:
    """The file is named, not the copy, and stays as it is."""
    (tmp_path / "text").write_text("no journal")
    with pytest.raises(JournalError, match=rf"cannot use the journal {tmp_path}/text: it is not"):
        Journal.snapshot(tmp_path / "text").__enter__()
    (tmp_path / "empty").touch()
    with Journal.snapshot(tmp_path / "empty") as seen:
        assert seen.counts() == {}
    assert (tmp_path / "empty").stat().st_size == 0
    with pytest.raises(FileNotFoundError):
        Journal.snapshot(tmp_path / "missing").__enter__()


def test_journal_of_the_first_format_is_read(tmp_path: Path) -> None:
    """It had no placements; its items go on, and the file is upgraded."""
    with Journal(tmp_path / "j") as journal:
        journal.enter("k", "digest", "e")
    with sqlite3.connect(tmp_path / "j") as db:
        db.execute("UPDATE run SET value = '1' WHERE name = 'format'")
        db.execute("DROP TABLE placement")
    db.close()
    with Journal(tmp_path / "j") as journal:
        assert [entry.key for entry in journal.entries()] == ["k"]
        assert journal.placements("k") == {}
        journal.placed("k", Placement("project p", "pre", "input"))
        journal.placed("k", Placement("project q", error_stage="input", error="no"))
        assert [p.ok for p in journal.placements("k").values()] == [True, False]
        assert journal.facts()["format"] == "2"
        journal.forget_placements("k")
        assert journal.placements("k") == {}


def test_is_in_use(tmp_path: Path) -> None:
    """Only while a run holds it."""
    with Journal(tmp_path / "j"):
        assert Journal.is_in_use(tmp_path / "j")
    assert not Journal.is_in_use(tmp_path / "j")


def test_newer_format_is_refused(tmp_path: Path) -> None:
    """A journal of a later version is left alone."""
    Journal(tmp_path / "j").close()
    with sqlite3.connect(tmp_path / "j") as db:
        db.execute("UPDATE run SET value = '99' WHERE name = 'format'")
    db.close()
    with pytest.raises(JournalError, match="has format 99, this client reads formats up to 2"):
        Journal(tmp_path / "j")


@pytest.mark.parametrize("stage", ["'nowhere'", "NULL", "CAST(X'ff' AS TEXT)"])
def test_damaged_row_is_told(tmp_path: Path, stage: str) -> None:
    """A row that no run has written is damage, not a mistake of the program."""
    with Journal(tmp_path / "j") as journal:
        journal.enter("k", "digest", "scene")
    with closing(sqlite3.connect(tmp_path / "j")) as db:
        db.execute(f"UPDATE item SET stage = {stage}")
        db.commit()

    with Journal(tmp_path / "j") as journal:
        with pytest.raises(JournalError, match="cannot use the journal"):
            list(journal.entries())
        with pytest.raises(JournalError, match="cannot use the journal"):
            journal.counts()


@settings(max_examples=50, deadline=None)
@given(content=st.binary(min_size=1, max_size=4096))
def test_any_other_file_is_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever the file holds, it is a journal or a clear error."""
    path = tmp_path_factory.mktemp("j") / "j"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"it is not a journal|another program"):
        Journal(path)
    assert path.read_bytes() == content


def test_truncated_journal_is_refused_or_read(tmp_path: Path) -> None:
    """A journal that lost its tail gives an error or entries, never a crash of another kind."""
    with Journal(tmp_path / "j") as journal:
        for n in range(300):
            journal.enter(str(n), "d" * 64, "external")
    whole = (tmp_path / "j").read_bytes()
    for cut in range(0, len(whole), 1499):
        path = tmp_path / f"cut-{cut}"
        path.write_bytes(whole[:cut])
        try:
            with Journal(path) as journal:
                entries = list(journal.entries())
        except JournalError as error:
            assert str(path) in str(error)  # noqa: PT017
        else:
            assert len(entries) <= 300


def test_kill_loses_nothing_that_was_recorded(tmp_path: Path) -> None:
    """After `kill -9` every record that had returned is there."""
    program = """
        import sys
        from kognic.pipelines.bulk.journal import Journal, Stage
        journal = Journal(sys.argv[1])
        n = 0
        while True:
            entry = journal.enter(str(n), "d", "")
            entry.stage = entry.reached = Stage.COMMITTED
            journal.record(entry)
            print(n, flush=True)
            n += 1
    """
    path = tmp_path / "j"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), path], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    for line in process.stdout:
        if int(line) >= 25:
            break
    os.kill(process.pid, signal.SIGKILL)
    confirmed = [25, *(int(line) for line in process.stdout if line.endswith("\n"))]
    process.wait()

    with Journal(path) as journal:
        committed = [int(e.key) for e in journal.entries([Stage.COMMITTED])]
    assert committed[: confirmed[-1] + 1] == list(range(confirmed[-1] + 1))
