"""Annotations as Arrow tables, and back without loss.

    tables = to_tables("export/")
    tables.geometries.to_pandas()            # or polars.from_arrow(...), duckdb.sql("from geometries")
    documents = list(from_tables(tables))    # equal to what was read

    write_tables(client.annotation.get_project_annotations("city", "objects"), "tables/")

`geometries` has one row per object, frame and geometry; `objects` one per object (a track) of a document;
`properties` one per property or attribute; `documents` one per document. What the columns do not hold
(metadata, relations, transforms, ...) is kept in `documents.skeleton`, so that nothing is lost on the way
back.

`write_tables` writes the four tables as Parquet files one document at a time, and `table_reader` streams one
of them: memory does not grow with the export. `kognic.annotations.table_columns` has the columns.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs

from kognic._core.annotation_errors import AnnotationError
from kognic._core.files import replacing_files
from kognic.annotations.arrow import pyarrow, pyarrow_parquet
from kognic.annotations.chain_codes import CHAIN_CODES
from kognic.annotations.document import ANY_GEOMETRY, Document, Geometry, as_mapping, mappings, root_of
from kognic.annotations.reading import Annotations, documents_of
from kognic.annotations.table_columns import COLUMNS, schemas

TABLES = tuple(COLUMNS)
BATCH_ROWS = 50_000
"""Rows held in memory at a time while Parquet is written."""

# Keys of an entry that have columns of their own; what else an entry has goes to `extra`.
_COLUMNS = ("name", "closed", "mode", "coordinate_system")


@attrs.frozen(kw_only=True, eq=False)
class Tables:
    """Four `pyarrow.Table`s that belong together; rows of one document have the same number in `document`.

    Attributes:
        documents: One row per document; `skeleton` is its JSON without geometries.
        objects: One row per object of a document: a track, with the frames it is in and its static
            properties (JSON).
        geometries: One row per object, frame and geometry. `frame` is the document's key and null for
            geometry outside frames; `frame_id` the scene's frame ID. `val` holds the numbers of the kind,
            `text` the text of `binary` and `image`. `properties` (JSON) are the object's in this frame,
            static ones included; `attributes` (JSON) the geometry's own.
        properties: One row per property of an object (`geometry_kind` null) or attribute of a geometry. The
            value is in the column of its kind: `text`, `num`, `boolean`, or `texts` and `numbers` for `vec`.
    """

    documents: Any
    objects: Any
    geometries: Any
    properties: Any


def to_tables(annotations: Annotations) -> Tables:
    """Read annotations into tables, in memory.

    Args:
        annotations: Path of a document, a folder or an export; or documents, or annotations as
            `client.annotation` returns them.

    Raises:
        AnnotationError: An annotation is not OpenLABEL, or has no content.
        ModuleNotFoundError: The extra `parquet` is not installed.
    """
    pa = pyarrow()
    known = schemas()
    batches: dict[str, list[Any]] = {name: [] for name in TABLES}
    for rows in _gathered(documents_of(annotations)):
        for name in TABLES:
            batches[name].append(pa.RecordBatch.from_pydict(rows[name], schema=known[name]))
    return Tables(**{name: pa.Table.from_batches(batches[name], schema=known[name]) for name in TABLES})


def table_reader(annotations: Annotations, table: str = "geometries") -> Any:
    """Stream one table as a `pyarrow.RecordBatchReader`: documents are read as batches are taken.

    Args:
        annotations: As of `to_tables`.
        table: `documents`, `objects`, `geometries` or `properties`.

    Raises:
        ValueError: There is no such table.
        AnnotationError: From the reader: an annotation is not OpenLABEL, or has no content.
        ModuleNotFoundError: The extra `parquet` is not installed.
    """
    if table not in COLUMNS:
        raise ValueError(f"table is {table!r}, must be one of {', '.join(TABLES)}")
    pa = pyarrow()
    schema = schemas()[table]
    rows = _gathered(documents_of(annotations))
    batches = (pa.RecordBatch.from_pydict(found[table], schema=schema) for found in rows)
    return pa.RecordBatchReader.from_batches(schema, batches)


def write_tables(annotations: Annotations, folder: str | os.PathLike[str]) -> dict[str, Path]:
    """Write the four tables as Parquet files (`<table>.parquet`) into a folder, in constant memory.

    The files appear together at the end. On an error the folder stays as it was.

    Args:
        annotations: As of `to_tables`; `client.annotation.get_project_annotations(...)` is written while it
            is downloaded.
        folder: Created if it is missing.

    Returns:
        The file of each table.

    Raises:
        AnnotationError: An annotation is not OpenLABEL, or has no content.
        ModuleNotFoundError: The extra `parquet` is not installed.
    """
    pa, pq = pyarrow(), pyarrow_parquet()
    known = schemas()
    target = Path(folder).expanduser()
    with replacing_files(target) as unfinished, ExitStack() as writing:
        writers = {
            name: writing.enter_context(
                pq.ParquetWriter(unfinished / f"{name}.parquet", known[name], compression="zstd")
            )
            for name in TABLES
        }
        for rows in _gathered(documents_of(annotations)):
            for name, writer in writers.items():
                writer.write_batch(pa.RecordBatch.from_pydict(rows[name], schema=known[name]))
    return {name: target / f"{name}.parquet" for name in TABLES}


def read_tables(folder: str | os.PathLike[str]) -> Tables:
    """Read what `write_tables` wrote.

    Raises:
        AnnotationError: A file is missing.
        ModuleNotFoundError: The extra `parquet` is not installed.
    """
    pq = pyarrow_parquet()
    source = Path(folder).expanduser()
    missing = [f"{name}.parquet" for name in TABLES if not (source / f"{name}.parquet").is_file()]
    if missing:
        raise AnnotationError(
            f"{source} has no {', '.join(missing)}: it is not a folder of annotation tables"
        )
    return Tables(**{name: pq.read_table(source / f"{name}.parquet") for name in TABLES})


def from_tables(tables: Tables) -> Iterator[Document]:
    """Build documents from tables, one at a time, in the order of `documents`.

    Rows of `geometries` decide what is in a document: a removed row removes the geometry, a changed `val`,
    `text`, `name`, `closed`, `mode`, `coordinate_system`, `attributes` or `extra` changes it, and a row for
    a frame or an object that the skeleton lacks creates it. `objects` and `properties` are views and are not
    read.

    Raises:
        AnnotationError: `geometries` refers to a document that `documents` does not have.
    """
    rows = _by_document(tables.geometries)
    for entry in tables.documents.to_pylist():
        plain = json.loads(entry["skeleton"]) if entry["skeleton"] else _empty()
        _fill(plain, rows.pop(entry["document"], []))
        yield Document.of(
            plain,
            name=entry["document_name"] or "",
            scene_uuid=entry["scene_uuid"],
            annotation_type=entry["annotation_type"],
            created=entry["created"],
        )
    if rows:
        raise AnnotationError(f"geometries refer to document {min(rows)}, which documents does not have")


def cuboid_array(geometries: Any) -> Any:
    """Return the values of cuboids as a NumPy array, shape (N, 10), without a copy if they are in one chunk.

    Args:
        geometries: Rows of the table `geometries` that are all cuboids:
            `tables.geometries.filter(pyarrow.compute.field("kind") == "cuboid")`.

    Raises:
        AnnotationError: A row is not a cuboid, or does not have ten numbers.
    """
    kinds = set(geometries.column("kind").unique().to_pylist()) - {"cuboid"}
    if kinds:
        raise AnnotationError(
            f"geometries has rows of kind {', '.join(sorted(map(str, kinds)))}, all must be cuboids: "
            'filter them with geometries.filter(pyarrow.compute.field("kind") == "cuboid")'
        )
    column = geometries.column("val")
    lists = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    lengths = lists.value_lengths().to_pylist()
    wrong = next((row for row, length in enumerate(lengths) if length != 10), None)
    if wrong is not None:
        raise AnnotationError(
            f"row {wrong} of geometries has {lengths[wrong] or 'no'} numbers in val, a cuboid has 10"
        )
    first = lists.offsets[0].as_py() if lengths else 0
    # Not flatten(), which copies.
    values = lists.values.slice(first, 10 * len(lengths))
    return values.to_numpy(zero_copy_only=True).reshape(-1, 10)


def _empty() -> dict[str, Any]:
    return {"openlabel": {"metadata": {"schema_version": "1.0.0"}, "objects": {}, "frames": {}}}


def _gathered(documents: Iterable[Document]) -> Iterator[dict[str, dict[str, list[Any]]]]:
    """Rows of all tables as columns, in groups of bounded size."""

    def start() -> dict[str, dict[str, list[Any]]]:
        return {name: {column.name: [] for column in columns} for name, columns in COLUMNS.items()}

    rows = start()
    count = 0
    for number, document in enumerate(documents):
        _Flattened(document, number, rows).append()
        count += 1
        if len(rows["geometries"]["document"]) + len(rows["properties"]["document"]) >= BATCH_ROWS:
            yield rows
            rows, count = start(), 0
    if count:
        yield rows


class _Flattened:
    """Appends one document to columns."""

    def __init__(self, document: Document, number: int, rows: dict[str, dict[str, list[Any]]]) -> None:
        self.document = document
        self.head = (number, document.name, document.scene_uuid, document.annotation_type)
        self.rows = rows
        self.tracks: dict[str, tuple[list[str], int]] = {}

    def append(self) -> None:
        document = self.document
        for object_id, entry in document.objects.items():
            self._object_data("", object_id, as_mapping(entry.get("object_data")))
        for frame in document.frame_keys:
            for object_id, data in document.objects_in(frame).items():
                self._object_data(frame, object_id, data)
        self._objects()
        skeleton = json.dumps(_skeleton(document.plain), separators=(",", ":"))
        self._row("documents", document.created, len(document.frames), len(document.objects), skeleton)

    def _row(self, table: str, *values: Any) -> None:
        for column, value in zip(self.rows[table].values(), (*self.head, *values), strict=True):
            column.append(value)

    def _place(self, frame: str, object_id: str) -> tuple[Any, ...]:
        if not frame:
            return None, None, None, object_id
        return frame, self.document.external_id(frame), self.document.timestamp(frame), object_id

    def _object_data(self, frame: str, object_id: str, data: Mapping[str, Any]) -> None:
        place = self._place(frame, object_id)
        frames, count = self.tracks.setdefault(object_id, ([], 0))
        if frame and data:
            frames.append(frame)
        for item in self.document.properties_of(data):
            self._property(place, None, None, item.kind, item.name, item.val)
        properties = None
        for geometry in self.document.geometries_of(frame, object_id):
            if properties is None:
                properties = _json(self.document.properties(object_id, frame))
            self._geometry(place, geometry, properties)
            count += 1
        self.tracks[object_id] = (frames, count)

    def _geometry(self, place: tuple[Any, ...], geometry: Geometry, properties: str | None) -> None:
        raw, document = geometry.raw, self.document
        columns, extra = _columns_of(raw)
        if geometry.kind == "poly2d" and geometry.mode in CHAIN_CODES:
            columns["val"] = geometry.numbers()
        # A null is not the same as no key at all: it stays in `extra`.
        attributes = None if extra.get("attributes") is None else extra.pop("attributes")
        entry = document.objects.get(geometry.object_id, {})
        name = entry.get("name")
        self._row(
            "geometries", *place, name if isinstance(name, str) else None,
            document.class_of(geometry.object_id), geometry.kind, geometry.index, columns.get("name"),
            geometry.sensor, columns.get("coordinate_system"), geometry.confidence,
            geometry.is_interpolated, columns.get("closed"), columns.get("mode"),
            columns.get("val"), columns.get("text"), properties,
            None if attributes is None else _json(attributes),            _json(extra) if extra else None,
        )  # fmt: skip
        for item in document.properties_of(attributes):
            self._property(place, geometry.kind, geometry.index, item.kind, item.name, item.val)

    def _property(
        self, place: tuple[Any, ...], geometry: str | None, index: int | None, kind: str, name: str, val: Any
    ) -> None:
        values: list[Any] = [None] * 5
        if isinstance(val, bool):
            values[2] = val
        elif isinstance(val, str):
            values[0] = val
        elif isinstance(val, int | float):
            values[1] = float(val)
        elif isinstance(val, list) and all(isinstance(item, str) for item in val):
            values[3] = val
        elif isinstance(val, list) and all(_is_number(item) for item in val):
            values[4] = [float(item) for item in val]
        self._row("properties", *place, geometry, index, kind, name, *values)

    def _objects(self) -> None:
        for object_id, (frames, count) in self.tracks.items():
            entry = self.document.objects.get(object_id, {})
            name = entry.get("name")
            self._row(
                "objects", object_id, name if isinstance(name, str) else None,
                self.document.class_of(object_id), len(frames), frames[0] if frames else None,
                frames[-1] if frames else None, count,
                _json(self.document.properties(object_id)),
            )  # fmt: skip


def _columns_of(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of an entry goes to columns, and what is left for `attributes` and `extra`."""
    columns: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key, value in raw.items():
        if key == "val" and isinstance(value, str):
            columns["text"] = value
        elif key == "val" and isinstance(value, list) and all(_is_number(item) for item in value):
            columns["val"] = [float(item) for item in value]
        elif key in _COLUMNS and isinstance(value, bool if key == "closed" else str):
            columns[key] = value
        else:
            extra[key] = value
    return columns, extra


def _is_number(value: Any) -> bool:
    # Integers beyond 2**53 would change in a float.
    return isinstance(value, float) or (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
    )


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _skeleton(plain: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a document with an empty object in the place of every geometry."""
    root = root_of(plain)
    emptied = dict(root)
    emptied["objects"] = _without(root.get("objects"), _without_geometry)
    frames = root.get("frames")
    if isinstance(frames, Mapping):
        emptied["frames"] = {
            key: {**frame, "objects": _without(frame["objects"], _without_geometry)}
            if isinstance(frame, Mapping) and "objects" in frame
            else frame
            for key, frame in frames.items()
        }
    if "objects" not in root:
        del emptied["objects"]
    return _wrapped(plain, root, emptied)


def _wrapped(plain: Mapping[str, Any], root: Mapping[str, Any], emptied: dict[str, Any]) -> dict[str, Any]:
    if plain is root:
        return emptied
    return {
        key: emptied if value is root else {**value, "openlabel": emptied} if key == "data" else value
        for key, value in plain.items()
    }


def _without(entries: Any, change: Any) -> Any:
    return {key: change(entry) for key, entry in entries.items()} if isinstance(entries, Mapping) else entries


def _without_geometry(entry: Any) -> Any:
    data = as_mapping(as_mapping(entry).get("object_data"))
    kinds = [kind for kind in ANY_GEOMETRY if _has_rows(data.get(kind))]
    if not kinds:
        return entry
    return {**entry, "object_data": {**data, **{kind: [{}] * len(data[kind]) for kind in kinds}}}


def _has_rows(entries: Any) -> bool:
    """Whether all entries of a kind have rows; a list with anything else stays in the skeleton as it is."""
    return isinstance(entries, list) and bool(entries) and len(mappings(entries)) == len(entries)


def _by_document(geometries: Any) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    columns = ["document", "frame", "frame_id", "timestamp_ms", "object_id", "object_name", "class",
               "kind", "index", "name", "coordinate_system", "closed", "mode", "val", "text",
               "attributes", "extra"]  # fmt: skip
    for batch in geometries.select(columns).to_batches(max_chunksize=BATCH_ROWS):
        for row in batch.to_pylist():
            found.setdefault(row["document"], []).append(row)
    return found


def _fill(plain: dict[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Put geometries back into a skeleton."""
    root = root_of(plain)
    if not isinstance(root, dict):
        raise AnnotationError("the skeleton of a document is damaged")
    held = _geometry_lists(root)
    for data, kind in held:
        data[kind] = [None] * len(data[kind])
    for row in rows:
        entries = _entries(root, row)
        index = row["index"]
        if index is None or index >= len(entries):
            entries.append(_entry(row))
        else:
            entries[index] = _entry(row)
    for data, kind in held:
        data[kind] = [entry for entry in data[kind] if entry is not None]
        if not data[kind]:
            del data[kind]


def _geometry_lists(root: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Where a skeleton has places for geometries: object data and kind.

    A list of nothing but objects is always such a place, because `_skeleton` empties every one of them.
    """
    holders = list(as_mapping(root.get("objects")).values())
    for frame in as_mapping(root.get("frames")).values():
        holders += as_mapping(as_mapping(frame).get("objects")).values()
    found = []
    for holder in holders:
        data = as_mapping(holder).get("object_data")
        if isinstance(data, dict):
            found += [(data, kind) for kind in ANY_GEOMETRY if _has_rows(data.get(kind))]
    return found


def _entries(root: dict[str, Any], row: Mapping[str, Any]) -> list[Any]:
    holder: dict[str, Any]
    if row["class"] and row["object_id"] not in root.setdefault("objects", {}):
        name = row["object_name"] or row["object_id"]
        root["objects"][row["object_id"]] = {"name": name, "type": row["class"]}
    if row["frame"] is None:
        holder = root.setdefault("objects", {}).setdefault(row["object_id"], {})
    else:
        frames = root.setdefault("frames", {})
        if row["frame"] not in frames:
            properties = {"external_id": row["frame_id"], "timestamp": row["timestamp_ms"]}
            frames[row["frame"]] = {
                "frame_properties": {key: value for key, value in properties.items() if value is not None}
            }
        holder = frames[row["frame"]].setdefault("objects", {}).setdefault(row["object_id"], {})
    entries: list[Any] = holder.setdefault("object_data", {}).setdefault(row["kind"], [])
    return entries


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(row["extra"]) if row["extra"] else {}
    entry.update((key, row[key]) for key in _COLUMNS if row[key] is not None)
    if row["val"] is not None and "val" not in entry:  # `extra` has the code of a chain code
        entry["val"] = row["val"]
    if row["text"] is not None:
        entry["val"] = row["text"]
    if row["attributes"] is not None:
        entry["attributes"] = json.loads(row["attributes"])
    return entry
