"""SQLite files that one process holds at a time, and that no other program's file is taken for."""

from __future__ import annotations

import sqlite3


def claim(database: sqlite3.Connection, application_id: int) -> bool:
    """Take a database until it is closed; an empty one becomes ours.

    Returns:
        Whether it is ours; False for that of another program, which stays as it is.

    Raises:
        sqlite3.DatabaseError: Somebody else holds it ("locked"), or it is no database.
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
