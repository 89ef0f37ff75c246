"""What a bulk run has done so far, on disk, so that a run that was killed goes on where it was.

One SQLite file. Every finished step is recorded before the next one begins; SQLite's write-ahead log
survives `kill -9`. The journal knows scenes by key and holds identifiers, sizes and messages: no
credentials, no token, no signed URL and no content. What the steps do is in `kognic.pipelines.bulk.steps`.
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

import attrs

from kognic._core.run_errors import ItemChangedError, JournalError
from kognic.pipelines.owned_database import claim

FORMAT = 1
"""Version of the file's layout; an older client refuses a newer journal."""


APPLICATION_ID = 0x6B6F676A
"""Marks the file as a journal of this kind (SQLite's `application_id`)."""

MEMORY = ":memory:"
"""Instead of a path: a journal that is gone when the run ends."""

_COPY_ATTEMPTS = 20


class Stage(str, Enum):
    """How far an item has come. A stage is recorded when it is reached, in this order."""

    WAITING = "waiting"
    """Known, nothing done."""
    RESERVED = "reserved"
    """The scene's UUID is known; nothing is visible on the platform."""
    POSTED = "posted"
    """The scene exists as `pending`; files may be missing."""
    COMMITTED = "committed"
    """Every file is stored and the platform has been told."""
    CREATED = "created"
    """The platform has processed the scene."""
    PRE_ANNOTATED = "pre-annotated"
    """The pre-annotation, if there is one, is on the platform."""
    DONE = "done"
    """The input, if one is wanted, exists."""
    SKIPPED = "skipped"
    """Nothing was to be done: the platform had the scene before the run."""
    FAILED = "failed"
    """Given up; `error_stage` and `error` say why. A resumed run tries it again."""

    @property
    def is_final(self) -> bool:
        """Whether a resumed run leaves the item alone."""
        return self in (Stage.DONE, Stage.SKIPPED)


@attrs.define(kw_only=True)
class Entry:
    """One item of the run.

    Attributes:
        key: The item's name in this run, unique; its scene's external id unless chosen otherwise.
        digest: Fingerprint of what is to be created; another one under the same key is an error.
        reached: The last stage that was reached before a failure; where a resumed run goes on.
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
CREATE INDEX IF NOT EXISTS item_stage ON item (stage);
CREATE INDEX IF NOT EXISTS item_position ON item (position);
"""


class Journal:
    """The record of one bulk run. Shared by the threads of one process; one process at a time.

    Args:
        path: The file; made, readable by its owner only, if it is not there.
        copy: Work on this copy of the file, and speak of `path`; see `snapshot`.

    Raises:
        JournalError: The file is something else, of a newer version, or in use by another run.
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
        """Read a journal as it is now, also while a run is using it; nothing is written to it.

        Raises:
            JournalError: The file is something else, or of a newer version.
            OSError: It cannot be read.
        """
        with TemporaryDirectory(prefix="kognic-journal-") as folder:
            copy = Path(folder) / "journal"
            _copy_database(Path(path).expanduser(), copy)
            with cls(path, copy=copy) as journal:
                yield journal

    def _touch(self) -> None:
        """Make the file, readable by its owner only, or make sure that it is a database."""
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
        """Hold the database for one thread, and say which file an error is about."""
        with self._lock:
            try:
                yield
            except sqlite3.OperationalError as error:
                reason = "another run is using it" if "locked" in str(error) else str(error)
                raise JournalError(f"cannot use the journal {self.path}: {reason}") from error
            except sqlite3.ProgrammingError as error:
                if "closed" not in str(error):
                    raise
                raise JournalError(
                    f"the journal {self.path} is closed: use it, or the run, inside the `with` block"
                ) from error
            except (sqlite3.DatabaseError, _UnreadableRowError, UnicodeDecodeError) as error:
                raise JournalError(
                    f"cannot use the journal {self.path}: it is not a journal, or damaged ({error})"
                ) from error

    def _open(self) -> None:
        # Held until close(): two runs with one journal would create everything twice.
        if not claim(self._db, APPLICATION_ID):
            raise JournalError(f"cannot use the journal {self.path}: it is a database of another program")
        self._db.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.split(";"):
            self._db.execute(statement)
        self._db.execute("INSERT OR IGNORE INTO run VALUES ('format', ?)", (str(FORMAT),))
        (found,) = self._db.execute("SELECT value FROM run WHERE name = 'format'").fetchone()
        self._db.execute("COMMIT")
        if found != str(FORMAT):
            raise JournalError(
                f"the journal {self.path} has format {found}, this client reads format {FORMAT}: "
                "update kognic-client"
            )

    def close(self) -> None:
        """Release the file. What was recorded stays."""
        with self._access():
            self._db.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def facts(self) -> dict[str, str]:
        """What is known of the run as a whole: workspace, target and so on."""
        with self._access(), closing(self._db.execute("SELECT name, value FROM run")) as rows:
            return dict(rows.fetchall())

    def bind(self, facts: Mapping[str, str]) -> None:
        """Tie the journal to a run, or make sure that it is tied to this one.

        A journal without items belongs to nobody yet: it takes the new facts.

        Raises:
            JournalError: See `expect`.
        """
        self.expect(facts)
        self.remember(facts)

    def expect(self, facts: Mapping[str, str]) -> None:
        """Make sure that the journal is not tied to another run; ties it to none.

        Raises:
            JournalError: It belongs to a run with other facts, e.g. another workspace or project.
        """
        with self._access():
            if self._db.execute("SELECT 1 FROM item LIMIT 1").fetchone() is None:
                return
        known = self.facts()
        for name, value in facts.items():
            if known.get(name, value) != value:
                raise JournalError(
                    f"the journal {self.path} belongs to a run with {name} {known[name]!r}, "
                    f"this one has {value!r}: "
                    "use another journal, or the same arguments"
                )

    def remember(self, facts: Mapping[str, str]) -> None:
        """Keep facts of the run, instead of what was known under their names."""
        with self._access():
            self._db.executemany("INSERT OR REPLACE INTO run VALUES (?, ?)", list(facts.items()))

    def enter(self, key: str, digest: str, external_id: str) -> Entry:
        """Get the entry of an item, made if the journal does not know it yet.

        Raises:
            ItemChangedError: The journal knows the key with another digest.
        """
        with self._access():
            self._db.execute(
                "INSERT OR IGNORE INTO item (key, digest, external_id, stage, reached, updated, position) "
                "VALUES (?, ?, ?, ?, ?, ?, (SELECT COALESCE(MAX(position) + 1, 0) FROM item))",
                (key, digest, external_id, Stage.WAITING.value, Stage.WAITING.value, _now()),
            )
            entry = self._read("WHERE key = ?", key)[0]
        if entry.digest != digest and entry.reached is not Stage.WAITING:
            raise ItemChangedError(
                f"item {key!r} has changed since the journal {self.path} began it as scene "
                f"{entry.scene_uuid}: "
                "give the changed one another key, or start a new journal"
            )
        if entry.digest != digest:
            entry.digest = digest
            self.record(entry)
        return entry

    def record(self, entry: Entry) -> None:
        """Write an entry down; on disk when this returns."""
        entry.updated = _now()
        values = [v.value if isinstance(v, Enum) else v for v in attrs.astuple(entry, recurse=False)]
        assignments = ", ".join(f"{c} = ?" for c in _COLUMNS)
        with self._access():
            self._db.execute(f"UPDATE item SET {assignments} WHERE key = ?", [*values, entry.key])  # noqa: S608  # nosec B608

    def file_stored(self, key: str, resource_id: str, size: int) -> None:
        """Write down that storage has confirmed a file of `size` bytes."""
        with self._access():
            self._db.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?)", (key, resource_id, size))

    def forget_files(self, key: str) -> None:
        """Strike out the files of an item: its scene is lost, another one will be created."""
        with self._access():
            self._db.execute("DELETE FROM file WHERE key = ?", (key,))

    def stored_files(self, key: str) -> dict[str, int]:
        """The files of an item that storage has confirmed: resource id to size in bytes."""
        with (
            self._access(),
            closing(self._db.execute("SELECT resource_id, size FROM file WHERE key = ?", (key,))) as rows,
        ):
            return dict(rows.fetchall())

    def entries(self, stages: Iterable[Stage] | None = None) -> Iterator[Entry]:
        """Iterate over the entries in the order in which they were entered, those of some stages or all."""
        wanted = None if stages is None else {stage.value for stage in stages}
        position = 0
        while True:
            with self._access():
                rows = self._read("WHERE position >= ? ORDER BY position LIMIT 500", position)
            if not rows:
                return
            yield from (e for e in rows if wanted is None or e.stage.value in wanted)
            position += len(rows)

    def counts(self) -> dict[Stage, int]:
        """How many items are at each stage; stages without items are left out."""
        with (
            self._access(),
            closing(self._db.execute("SELECT stage, COUNT(*) FROM item GROUP BY stage")) as rows,
        ):
            return {_stage(stage): count for stage, count in rows.fetchall()}

    def bytes_stored(self) -> int:
        """The sum of the sizes of all confirmed files."""
        with self._access(), closing(self._db.execute("SELECT COALESCE(SUM(size), 0) FROM file")) as rows:
            return int(rows.fetchone()[0])

    def _read(self, where: str, *values: object) -> list[Entry]:
        with closing(self._db.execute(f"SELECT {', '.join(_COLUMNS)} FROM item {where}", values)) as rows:  # noqa: S608  # nosec B608
            return [
                Entry(
                    **{**dict(zip(_COLUMNS, r, strict=True)), "stage": _stage(r[3]), "reached": _stage(r[4])}
                )
                for r in rows.fetchall()
            ]


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database and its write-ahead log, of which the owner holds the lock, as of one moment.

    The log has everything that the database lacks, whole or half, unless the owner began it anew in between,
    which changes its header (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
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
    raise JournalError(f"cannot read the journal {source}: it is changing too fast; try again")


def _header(log: Path) -> bytes:
    try:
        with log.open("rb") as file:
            return file.read(32)
    except FileNotFoundError:
        return b""


class _UnreadableRowError(ValueError):
    """A row that no run has written."""


def _stage(value: object) -> Stage:
    try:
        return Stage(value)
    except ValueError as error:
        raise _UnreadableRowError(str(error)) from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
