"""SQLite files that one process opens at a time, and that are marked as ours."""

from __future__ import annotations

import sqlite3


def claim(database: sqlite3.Connection, application_id: int) -> bool:
    """Lock a database until it is closed; an empty one is marked as ours.

    Returns:
        Whether it is ours; False for a database of another program, which is left unchanged.

    Raises:
        sqlite3.DatabaseError: Another process holds it ("locked"), or the file is not a database.
    """
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    (owner,) = database.execute("PRAGMA application_id").fetchone()
    (tables,) = database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if owner != application_id and (owner or tables):
        return False
    database.execute(f"PRAGMA application_id = {application_id}")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    return True


def is_out_of_space(error: sqlite3.Error) -> bool:
    """Whether a database could not grow: the disk is full, or a file has reached the limit of the process."""
    code = getattr(error, "sqlite_errorcode", None)
    return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
