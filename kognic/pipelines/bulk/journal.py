"""The journal of a bulk run: a file that records every finished step, so that a killed run can resume.

One SQLite database. Each step is recorded before the next one begins; SQLite's write-ahead log survives
`kill -9`. The journal identifies scenes by key and holds ids, sizes and messages: no credentials, tokens,
signed URLs or content. The steps themselves are in `kognic.pipelines.bulk.steps`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs

from kognic._core.run_errors import ItemChangedError, JournalError
from kognic.pipelines.owned_database import claim, is_out_of_space

FORMAT = 2
"""Version of the database schema; a client refuses a journal of a later version."""

READABLE_FORMATS = frozenset({"1", "2"})
"""Version 1 had no placements: one target per item."""

APPLICATION_ID = 0x6B6F676A
"""Marks the file as a journal of this kind (SQLite's `application_id`)."""

MEMORY = ":memory:"
"""Instead of a path: a journal that is deleted when the run ends."""

# A copy is repeated if the run restarted its write-ahead log in between.
_COPY_ATTEMPTS = 20


class Stage(str, Enum):
    """How far an item has come. Stages are reached, and recorded, in this order."""

    WAITING = "waiting"
    """Known; nothing done yet."""
    RESERVED = "reserved"
    """The scene's UUID is known; nothing is visible on the platform."""
    POSTED = "posted"
    """The scene exists as `pending`; files may be missing."""
    COMMITTED = "committed"
    """All files are stored, and the platform processes the scene."""
    CREATED = "created"
    """The platform has processed the scene."""
    PRE_ANNOTATED = "pre-annotated"
    """The pre-annotations, if any, are on the platform."""
    DONE = "done"
    """The inputs, if any are wanted, exist."""
    SKIPPED = "skipped"
    """Nothing to do: the platform had the scene, and its inputs, before the run."""
    FAILED = "failed"
    """Failed; `error_stage` and `error` say why. A resumed run retries it."""

    @property
    def is_final(self) -> bool:
        """Whether a resumed run leaves the item alone."""
        return self in (Stage.DONE, Stage.SKIPPED)


@attrs.define(kw_only=True)
class Entry:
    """One item of the run.

    Attributes:
        key: The item's unique name in this run; by default the external ID of its scene.
        digest: Fingerprint of what is to be created; a different one for the same key is an error. Empty for
            an item that was refused before it was begun.
        reached: The last stage that was reached before a failure; a resumed run starts from there.
    """

    key: str
    digest: str
    external_id: str = ""
    stage: Stage = Stage.WAITING
    reached: Stage = Stage.WAITING
    scene_uuid: str | None = None
    pre_annotation_uuid: str | None = None
    input_uuid: str | None = None
    error_stage: str | None = None
    error: str | None = None
    updated: str = ""


@attrs.frozen
class Placement:
    """The outcome of one item for one target.

    Attributes:
        target: The target's label: `project p, batch b` or `request <uuid>`; empty without a target.
        error_stage: The step that failed: `pre-annotation` or `input`.
        error: Why it failed.
    """

    target: str
    pre_annotation_uuid: str | None = None
    input_uuid: str | None = None
    error_stage: str | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the target has what it should have."""
        return self.error is None


_COLUMNS = tuple(field.name for field in attrs.fields(Entry))

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS run (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS item (
    {", ".join(f"{c} TEXT" + (" PRIMARY KEY" if c == "key" else "") for c in _COLUMNS)},
    position INTEGER
);
CREATE TABLE IF NOT EXISTS file (
    key TEXT NOT NULL, resource_id TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (key, resource_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS placement (
    key TEXT NOT NULL, target TEXT NOT NULL, pre_annotation_uuid TEXT, input_uuid TEXT,
    error_stage TEXT, error TEXT, PRIMARY KEY (key, target)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS item_stage ON item (stage);
CREATE INDEX IF NOT EXISTS item_position ON item (position);
"""

_INSERT = (
    "INSERT OR IGNORE INTO item (key, digest, external_id, stage, reached, updated, position) "
    "VALUES (?, ?, ?, ?, ?, ?, (SELECT COALESCE(MAX(position) + 1, 0) FROM item))"
)


class Journal:
    """The record of one bulk run. Thread-safe; used by one process at a time.

    Args:
        path: The file; created, readable by its owner only, if it is missing.
        copy: Read this copy, but name `path` in messages; see `snapshot`.

    Raises:
        JournalError: The file is not a journal, has a later version, or is in use by another run.
    """

    def __init__(self, path: str | os.PathLike[str], *, copy: Path | None = None) -> None:
        self.path = Path(path).expanduser()
        self._file = copy or self.path
        self._lock = threading.Lock()
        if str(path) != MEMORY:
            self._touch()
        self._db = sqlite3.connect(
            MEMORY if str(path) == MEMORY else self._file,
            check_same_thread=False,
            isolation_level=None,
            timeout=1,
        )
        try:
            with self._access():
                self._open()
        except JournalError:
            self._db.close()
            raise

    @classmethod
    @contextmanager
    def snapshot(cls, path: str | os.PathLike[str]) -> Iterator[Journal]:
        """Read a journal as it is now, even while a run uses it; nothing is written to it.

        Raises:
            JournalError: The file is not a journal, or has a later version.
            OSError: It cannot be read.
        """
        with TemporaryDirectory(prefix="kognic-journal-") as folder:
            copy = Path(folder) / "journal"
            _copy_database(Path(path).expanduser(), copy)
            with cls(path, copy=copy) as journal:
                yield journal

    @staticmethod
    def is_in_use(path: str | os.PathLike[str]) -> bool:
        """Whether a run holds the journal at this moment."""
        uri = f"{Path(path).expanduser().absolute().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True, timeout=0)) as database:
                database.execute("SELECT 1 FROM run LIMIT 1").fetchall()
        except sqlite3.DatabaseError as error:
            # A file that is not a database is in nobody's use; reading it says what is wrong with it.
            return "locked" in str(error)
        return False

    def _touch(self) -> None:
        """Create the file, readable by its owner only, or check that it is a database."""
        try:
            os.close(os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            with self._file.open("rb") as file:
                start = file.read(16)
            # SQLite takes a file that is too short for its header as empty, and would overwrite it.
            if start and start != b"SQLite format 3\0":
                raise JournalError(f"cannot use the journal {self.path}: it is not a journal") from None

    @contextmanager
    def _access(self) -> Iterator[None]:
        """Reserve the database for one thread, and name the file in every error."""
        with self._lock:
            try:
                yield
            except sqlite3.OperationalError as error:
                reason = "another run is using it" if "locked" in str(error) else str(error)
                if is_out_of_space(error):
                    reason = (
                        f"the disk is full ({error}). What has been recorded is kept: free some space, then "
                        "resume the run"
                    )
                raise JournalError(f"cannot use the journal {self.path}: {reason}") from error
            except sqlite3.ProgrammingError as error:
                if "closed" not in str(error):
                    raise
                raise JournalError(
                    f"the journal {self.path} is closed: use it, or the run, inside the `with` block"
                ) from error
            except (sqlite3.DatabaseError, _UnreadableRowError, UnicodeDecodeError) as error:
                raise JournalError(
                    f"cannot use the journal {self.path}: it is not a journal, or it is corrupt ({error})"
                ) from error

    def _open(self) -> None:
        # Held until close(): two runs that share a journal would create everything twice.
        if not claim(self._db, APPLICATION_ID):
            raise JournalError(f"cannot use the journal {self.path}: it is a database of another program")
        self._db.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.split(";"):
            self._db.execute(statement)
        self._db.execute("INSERT OR IGNORE INTO run VALUES ('format', ?)", (str(FORMAT),))
        (found,) = self._db.execute("SELECT value FROM run WHERE name = 'format'").fetchone()
        if found not in READABLE_FORMATS:
            self._db.execute("ROLLBACK")
            raise JournalError(
                f"the journal {self.path} has format {found}, this client reads formats up to {FORMAT}: "
                "update kognic-client"
            )
        self._db.execute("UPDATE run SET value = ? WHERE name = 'format'", (str(FORMAT),))
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Release the file."""
        with self._access():
            self._db.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def facts(self) -> dict[str, str]:
        """Facts about the run as a whole: workspace, target and so on."""
        with self._access(), closing(self._db.execute("SELECT name, value FROM run")) as rows:
            return dict(rows.fetchall())

    def bind(self, facts: Mapping[str, str]) -> None:
        """Bind the journal to a run, or check that it is bound to this one.

        A journal without items is not bound yet: it takes the new facts.

        Raises:
            JournalError: See `expect`.
        """
        self.expect(facts)
        self.remember(facts)

    def expect(self, facts: Mapping[str, str]) -> None:
        """Check that the journal is not bound to another run, without binding it.

        Items that were refused before they were begun do not bind it.

        Raises:
            JournalError: It belongs to a run with different facts, such as another workspace or project.
        """
        if not self.is_bound():
            return
        known = self.facts()
        for name, value in facts.items():
            if known.get(name, value) != value:
                raise JournalError(
                    f"the journal {self.path} belongs to a run with {name} {known[name]!r}, "
                    f"this one has {value!r}: "
                    "use another journal, or the same arguments"
                )

    def is_bound(self) -> bool:
        """Whether any item was begun."""
        with self._access():
            return self._db.execute("SELECT 1 FROM item WHERE digest != '' LIMIT 1").fetchone() is not None

    def remember(self, facts: Mapping[str, str]) -> None:
        """Record facts about the run; they replace earlier values."""
        with self._access():
            self._db.executemany("INSERT OR REPLACE INTO run VALUES (?, ?)", list(facts.items()))

    def enter(self, key: str, digest: str, external_id: str) -> Entry:
        """Get the entry of an item; create it if the journal does not have it.

        Raises:
            ItemChangedError: The item was begun with another digest.
        """
        with self._access():
            self._db.execute(
                _INSERT, (key, digest, external_id, Stage.WAITING.value, Stage.WAITING.value, _now())
            )
            entry = self._read("WHERE key = ?", key)[0]
        if entry.digest != digest and entry.reached is not Stage.WAITING:
            raise ItemChangedError(
                f"item {key!r} has changed since the journal {self.path} began it as scene "
                f"{entry.scene_uuid}: "
                "give the changed item another key, or start a new journal"
            )
        if entry.digest != digest:
            entry.digest = digest
            self.record(entry)
        return entry

    def refuse(self, key: str, external_id: str, error: str) -> None:
        """Record an item that failed before it was begun; an item that an earlier run finished stays so."""
        with self._access():
            self._db.execute(
                _INSERT, (key, "", external_id, Stage.WAITING.value, Stage.WAITING.value, _now())
            )
            entry = self._read("WHERE key = ?", key)[0]
        if entry.stage.is_final:
            return
        entry.stage, entry.error_stage, entry.error = Stage.FAILED, "scene", error
        self.record(entry)

    def forget_refused(self) -> None:
        """Delete the items that failed before they were begun: a run that starts again decides anew."""
        with self._access():
            self._db.execute("DELETE FROM item WHERE digest = ''")

    def record(self, entry: Entry) -> None:
        """Record an entry; it is on disk when this returns."""
        entry.updated = _now()
        values = [v.value if isinstance(v, Enum) else v for v in attrs.astuple(entry, recurse=False)]
        assignments = ", ".join(f"{c} = ?" for c in _COLUMNS)
        with self._access():
            self._db.execute(f"UPDATE item SET {assignments} WHERE key = ?", [*values, entry.key])  # noqa: S608  # nosec B608

    def file_stored(self, key: str, resource_id: str, size: int) -> None:
        """Record that storage has confirmed a file of `size` bytes."""
        with self._access():
            self._db.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?)", (key, resource_id, size))

    def forget_files(self, key: str) -> None:
        """Delete the files of an item: its scene cannot be used, a new one will be created."""
        with self._access():
            self._db.execute("DELETE FROM file WHERE key = ?", (key,))

    def stored_files(self, key: str) -> dict[str, int]:
        """Return the confirmed files of an item: resource id to size in bytes."""
        with (
            self._access(),
            closing(self._db.execute("SELECT resource_id, size FROM file WHERE key = ?", (key,))) as rows,
        ):
            return dict(rows.fetchall())

    def placed(self, key: str, placement: Placement) -> None:
        """Record the outcome of an item for one target; it replaces an earlier one."""
        with self._access():
            self._db.execute(
                "INSERT OR REPLACE INTO placement VALUES (?, ?, ?, ?, ?, ?)",
                (key, *attrs.astuple(placement)),
            )

    def placements(self, key: str) -> dict[str, Placement]:
        """Return the outcomes of an item by target; empty if none is recorded."""
        query = (
            "SELECT target, pre_annotation_uuid, input_uuid, error_stage, error FROM placement WHERE key = ?"
        )
        with self._access(), closing(self._db.execute(query, (key,))) as rows:
            return {row[0]: Placement(*row) for row in rows.fetchall()}

    def forget_placements(self, key: str) -> None:
        """Delete the outcomes of an item: its scene cannot be used, a new one will be created."""
        with self._access():
            self._db.execute("DELETE FROM placement WHERE key = ?", (key,))

    def entries(self, stages: Iterable[Stage] | None = None) -> Iterator[Entry]:
        """Iterate over the entries in the order of the run, of all stages or of some."""
        wanted = None if stages is None else {stage.value for stage in stages}
        last: Any = -1
        while True:
            with self._access():
                rows = self._read("WHERE position > ? ORDER BY position LIMIT 500", last)
                if rows:
                    # The positions have gaps where refused items were deleted.
                    last = self._position_of(rows[-1].key)
            if not rows:
                return
            yield from (e for e in rows if wanted is None or e.stage.value in wanted)

    def counts(self) -> dict[Stage, int]:
        """Count the items by stage; stages without items are left out."""
        with (
            self._access(),
            closing(self._db.execute("SELECT stage, COUNT(*) FROM item GROUP BY stage")) as rows,
        ):
            return {_stage(stage): count for stage, count in rows.fetchall()}

    def bytes_stored(self) -> int:
        """Total size of all confirmed files."""
        with self._access(), closing(self._db.execute("SELECT COALESCE(SUM(size), 0) FROM file")) as rows:
            return int(rows.fetchone()[0])

    def _position_of(self, key: str) -> Any:
        with closing(self._db.execute("SELECT position FROM item WHERE key = ?", (key,))) as rows:
            return rows.fetchone()[0]

    def _read(self, where: str, *values: object) -> list[Entry]:
        with closing(self._db.execute(f"SELECT {', '.join(_COLUMNS)} FROM item {where}", values)) as rows:  # noqa: S608  # nosec B608
            return [
                Entry(
                    **{**dict(zip(_COLUMNS, r, strict=True)), "stage": _stage(r[3]), "reached": _stage(r[4])}
                )
                for r in rows.fetchall()
            ]


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database and its write-ahead log, consistently, while another process holds the lock.

    The log has everything that the database lacks, unless the owner restarted it in between, which changes
    its header (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
    """
    log, log_copy = Path(f"{source}-wal"), Path(f"{target}-wal")
    for _ in range(_COPY_ATTEMPTS):
        before = _header(log)
        shutil.copyfile(source, target)
        log_copy.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            shutil.copyfile(log, log_copy)
        if _header(log_copy) == before:
            return
    raise JournalError(f"cannot read the journal {source}: it changes too fast; retry in a moment")


def _header(log: Path) -> bytes:
    try:
        with log.open("rb") as file:
            return file.read(32)
    except FileNotFoundError:
        return b""


class _UnreadableRowError(ValueError):
    """A row that no run can have written."""


def _stage(value: object) -> Stage:
    try:
        return Stage(value)
    except ValueError as error:
        raise _UnreadableRowError(str(error)) from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
