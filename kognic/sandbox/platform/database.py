"""The SQLite database behind the platform: engine, sessions, who may write when.

SQLite has one writer at a time. Waiting for it inside SQLite is a poll with sleeps, so writers queue on a
lock of ours instead and find the database free; readers never wait (WAL).
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, create_engine, delete, event, func, select
from sqlalchemy.orm import Session

from kognic.sandbox.platform.tables import Base

# These survive a reset: who may log in, and the keys that tokens and URLs are signed with.
KEPT_BY_RESET = frozenset({"organizations", "users", "api_clients", "secrets"})
_DELETIONS = [
    str(delete(table)) for table in reversed(Base.metadata.sorted_tables) if table.name not in KEPT_BY_RESET
]


class Database:
    """Sessions on one SQLite file.

    Args:
        path: The file; made, readable by its owner only, when absent.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30}, pool_size=64)
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        self._writer = threading.RLock()
        Base.metadata.create_all(self._engine)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session whose changes are discarded."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session that is committed at the end, or rolled back by an exception. One at a time."""
        with self._writer, Session(self._engine, expire_on_commit=False) as session:
            yield session
            session.commit()

    def clear(self) -> None:
        """Empty every table but those of the credentials."""
        with self._writer, self._engine.begin() as connection:
            for statement in _DELETIONS:
                connection.exec_driver_sql(statement)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def among(column: Any, values: Iterable[str]) -> ColumnElement[bool]:
    """Compare a column with any number of values: as variables, SQLite would limit them."""
    listed = func.json_each(json.dumps(list(values))).table_valued("value")
    found: ColumnElement[bool] = column.in_(select(listed.c.value))
    return found


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # The driver's own BEGIN is late; `_begin` sends it.
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")
