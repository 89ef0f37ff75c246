"""What a folder of exported annotations holds: an index on disk, whatever the number of annotations.

One SQLite file inside the folder. It makes an export resumable and incremental, and the manifest is written
from it in the platform's order. It holds names, times, sizes and hashes, no content and no signed URL.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import attrs

from kognic._core.run_errors import ExportError
from kognic.pipelines.owned_database import claim, is_out_of_space

NAME = ".export.sqlite"
# "koge" in ASCII, in the header of the SQLite file: marks a database as ours before it is written to.
APPLICATION_ID = 0x6B6F6765


@attrs.frozen(kw_only=True)
class Exported:
    """One annotation in the folder.

    Attributes:
        created: When the platform delivered it, ISO 8601; a re-delivery has another time.
        occurrence: Counts annotations of one scene, type and time, from 0.
        annotation_uuid: UUID in the document's metadata, None if it has none.
        file: Path relative to the folder.
        size: Bytes.
        sha256: Hash of the file, hexadecimal.
    """

    scene_uuid: str
    annotation_type: str
    created: str
    occurrence: int
    annotation_uuid: str | None
    file: str
    size: int
    sha256: str

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What tells it from other annotations."""
        return (self.scene_uuid, self.annotation_type, self.created, self.occurrence)


_COLUMNS = tuple(field.name for field in attrs.fields(Exported))


class Index:
    """The index of one folder; shared by threads, open in one process at a time.

    Args:
        folder: The folder; made if it is not there.

    Raises:
        ExportError: Another export is writing to the folder, or the index is not one.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = threading.Lock()
        self._db = sqlite3.connect(folder / NAME, check_same_thread=False, isolation_level=None, timeout=1)
        try:
            with self._access():
                self._open()
        except ExportError:
            self._db.close()
            raise

    def _open(self) -> None:
        if not claim(self._db, APPLICATION_ID):
            raise ExportError(f"{self.folder / NAME} is not the index of an export: export to another folder")
        keys = "scene_uuid, annotation_type, created, occurrence"
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS annotation (scene_uuid TEXT, annotation_type TEXT, created TEXT, "
            "occurrence INTEGER, annotation_uuid TEXT, file TEXT UNIQUE, size INTEGER, sha256 TEXT, "
            f"run TEXT, position INTEGER, PRIMARY KEY ({keys})) WITHOUT ROWID"
        )
        missing = {*_COLUMNS, "run", "position"} - self._columns()
        if missing:
            raise ExportError(
                f"{self.folder / NAME} is the index of another version: it has no "
                f"{', '.join(sorted(missing))}. Export to another folder, or delete it, and everything is "
                "fetched again"
            )
        self._db.execute("CREATE INDEX IF NOT EXISTS annotation_run ON annotation (run, position)")
        self._db.execute("CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT)")
        self._db.execute("CREATE TABLE IF NOT EXISTS scene (uuid TEXT PRIMARY KEY, external_id TEXT)")

    def _columns(self) -> set[str]:
        with closing(self._db.execute("PRAGMA table_info(annotation)")) as rows:
            return {row[1] for row in rows.fetchall()}

    @contextmanager
    def _access(self) -> Iterator[None]:
        """Hold the database for one thread, and say which folder an error is about."""
        with self._lock:
            try:
                yield
            except sqlite3.OperationalError as error:
                # A full disk or another process: nothing that deleting the index would hint.
                reason = "another export is writing to it" if "locked" in str(error) else f"{NAME}: {error}"
                if is_out_of_space(error):
                    reason = (
                        f"the disk is full ({NAME}: {error}); what has been fetched is kept, and the next "
                        "export resumes from there"
                    )
                raise ExportError(f"cannot export to {self.folder}: {reason}") from error
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                # SQLite quotes damaged text in its messages, which Python then cannot decode.
                raise ExportError(
                    f"cannot export to {self.folder}: {NAME} is not an index, or damaged ({error}); "
                    "delete it, and everything is fetched again"
                ) from error

    def close(self) -> None:
        """Release the folder."""
        with self._lock:
            self._db.close()

    @property
    def is_empty(self) -> bool:
        """Whether the folder has no annotation."""
        with self._access():
            return self._db.execute("SELECT 1 FROM annotation LIMIT 1").fetchone() is None

    def bind(self, name: str, value: str) -> None:
        """Tie the folder to a fact of the export, such as its project; one without annotations takes any.

        Raises:
            ExportError: The folder holds an export of another one.
        """
        is_empty = self.is_empty
        with self._access():
            insert = "INSERT OR REPLACE" if is_empty else "INSERT OR IGNORE"
            self._db.execute(f"{insert} INTO fact VALUES (?, ?)", (name, value))
            (known,) = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        if known != value:
            raise ExportError(
                f"{self.folder} holds an export with {name} {known!r}, this one has {value!r}: "
                "export to another folder"
            )

    def unnamed_scenes(self, after: str, limit: int) -> list[str]:
        """Return UUIDs of scenes whose external ID has not been looked up, the first ones behind a UUID."""
        with self._access():
            rows = self._db.execute(
                "SELECT DISTINCT scene_uuid FROM annotation WHERE scene_uuid > ? "
                "AND scene_uuid NOT IN (SELECT uuid FROM scene) ORDER BY scene_uuid LIMIT ?",
                (after, limit),
            ).fetchall()
        return [row[0] for row in rows]

    def name_scenes(self, external_ids: Mapping[str, str | None]) -> None:
        """Write down the external IDs of scenes by UUID."""
        with self._access():
            self._db.executemany("INSERT OR REPLACE INTO scene VALUES (?, ?)", list(external_ids.items()))

    def external_id_of(self, scene_uuid: str) -> str | None:
        """Return the external ID of a scene; None if it is not known."""
        with self._access():
            found = self._db.execute("SELECT external_id FROM scene WHERE uuid = ?", (scene_uuid,)).fetchone()
        return None if found is None else found[0]

    def get(self, key: tuple[str, str, str, int]) -> Exported | None:
        """Return the annotation of this key, if the folder has it."""
        found = self._select(
            "WHERE scene_uuid = ? AND annotation_type = ? AND created = ? AND occurrence = ?", *key
        )
        return found[0] if found else None

    def put(self, annotation: Exported, run: str, position: int) -> None:
        """Write down that the folder has an annotation, and where it stood in the list of this run."""
        values = [*attrs.astuple(annotation), run, position]
        with self._access():
            self._db.execute(
                f"INSERT OR REPLACE INTO annotation ({', '.join(_COLUMNS)}, run, position) "  # noqa: S608
                f"VALUES ({', '.join('?' * len(values))})",
                values,
            )

    def of_run(self, run: str) -> Iterator[Exported]:
        """Iterate over the annotations that a run listed, in their order."""
        position = -1
        while True:
            with (
                self._access(),
                closing(
                    self._db.execute(
                        f"SELECT position, {', '.join(_COLUMNS)} FROM annotation "  # noqa: S608  # nosec B608
                        "WHERE run = ? AND position > ? ORDER BY position LIMIT 500",
                        (run, position),
                    )
                ) as rows,
            ):
                found = rows.fetchall()
            if not found:
                return
            yield from (Exported(**dict(zip(_COLUMNS, row[1:], strict=True))) for row in found)
            position = found[-1][0]

    def gone_since(self, run: str) -> list[Exported]:
        """Annotations of the folder that a run did not list any more."""
        return self._select("WHERE run <> ? ORDER BY file", run)

    def forget(self, annotation: Exported) -> None:
        """Strike an annotation out."""
        with self._access():
            self._db.execute("DELETE FROM annotation WHERE file = ?", (annotation.file,))

    def _select(self, where: str, *values: object) -> list[Exported]:
        query = f"SELECT {', '.join(_COLUMNS)} FROM annotation {where}"  # noqa: S608  # nosec B608
        with self._access(), closing(self._db.execute(query, values)) as rows:
            return [Exported(**dict(zip(_COLUMNS, row, strict=True))) for row in rows.fetchall()]
