"""SQLite files with one owner at a time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kognic.pipelines.owned_database import claim

OURS = 0x4B4F4701


def test_an_empty_database_becomes_ours_and_stays_so(tmp_path: Path) -> None:
    for _ in range(2):
        with closing(sqlite3.connect(tmp_path / "d")) as database:
            assert claim(database, OURS)
            assert database.execute("PRAGMA application_id").fetchone() == (OURS,)
            assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("mark", ["PRAGMA application_id = 7", "CREATE TABLE theirs (a)"])
def test_a_database_of_another_program_stays_as_it_is(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "d"
    with closing(sqlite3.connect(path)) as database:
        database.execute(mark)
        database.commit()
    before = path.read_bytes()

    with closing(sqlite3.connect(path)) as database:
        assert not claim(database, OURS)
    assert path.read_bytes() == before


def test_a_database_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "d")) as first,
        closing(sqlite3.connect(tmp_path / "d", timeout=0)) as second,
    ):
        assert claim(first, OURS)
        first.execute("CREATE TABLE a (b)")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            claim(second, OURS)
