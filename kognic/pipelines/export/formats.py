"""Writing an export as one file: manifest, JSON Lines, Parquet. A file takes its place when it is whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import attrs

from kognic._core.files import replacing
from kognic.annotations.arrow import pyarrow, pyarrow_parquet
from kognic.annotations.reading import CUBOIDS, ISO_CUBOIDS
from kognic.base_clients import fast_json
from kognic.pipelines.export.index import Exported

ROW_GROUP_BYTES = 16 << 20
"""Content held in memory at a time while Parquet is written."""


def write_manifest(
    path: Path,
    annotations: Iterable[Exported],
    *,
    iso_cuboids: bool = False,
    external_id_of: Callable[[str], str | None] | None = None,
) -> int:
    """Write one JSON object per annotation and line, and return how many.

    Args:
        path: The file.
        annotations: In the platform's order.
        iso_cuboids: Mark the export as one with ISO 8855 cuboids.
        external_id_of: Gives the external ID of a scene by UUID, for `scene_external_id`; None if unknown.
    """
    mark = _mark(iso_cuboids)
    count = 0
    with replacing(path) as file:
        for annotation in annotations:
            named = None if external_id_of is None else external_id_of(annotation.scene_uuid)
            name = {} if named is None else {"scene_external_id": named}
            file.write(json.dumps(attrs.asdict(annotation) | name | mark).encode() + b"\n")
            count += 1
    return count


def write_json_lines(
    path: Path, annotations: Iterable[Exported], folder: Path, *, iso_cuboids: bool = False
) -> None:
    """Write one JSON object per annotation and line, with the content as delivered under `content`."""
    mark = _mark(iso_cuboids)
    with replacing(path) as file:
        for annotation in annotations:
            head = {n: getattr(annotation, n) for n in ("scene_uuid", "annotation_type", "created")}
            content = fast_json.loads((folder / annotation.file).read_bytes())
            file.write(
                json.dumps({**head, **mark, "content": content}, separators=(",", ":")).encode() + b"\n"
            )


def require_pyarrow() -> None:
    """Make sure that Parquet can be written.

    Raises:
        ModuleNotFoundError: The extra `parquet` is not installed.
    """
    pyarrow_parquet()


def write_parquet(
    path: Path, annotations: Iterable[Exported], folder: Path, *, iso_cuboids: bool = False
) -> None:
    """Write one row per annotation: the fields of `Exported`, `created` as a time, the content as JSON text.

    Raises:
        ModuleNotFoundError: The extra `parquet` is not installed.
    """
    pa, pq = pyarrow(), pyarrow_parquet()
    text = pa.string()
    schema = pa.schema(
        [("scene_uuid", text), ("annotation_type", text), ("annotation_uuid", text),
         ("created", pa.timestamp("us", tz="UTC")), ("size", pa.int64()), ("sha256", text),
         ("content", pa.large_string())],
        metadata=_mark(iso_cuboids),
    )  # fmt: skip

    def rows() -> Iterator[dict[str, object]]:
        for annotation in annotations:
            row = {n: getattr(annotation, n) for n in schema.names if n not in ("created", "content")}
            row["created"] = datetime.fromisoformat(annotation.created)
            row["content"] = (folder / annotation.file).read_text("utf-8")
            yield row

    with replacing(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _groups(rows()):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def _mark(iso_cuboids: bool) -> dict[str, str]:
    return {CUBOIDS: ISO_CUBOIDS} if iso_cuboids else {}


def _groups(rows: Iterable[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    """Gather rows into groups of bounded size."""
    group: list[dict[str, object]] = []
    size = 0
    for row in rows:
        group.append(row)
        size += len(str(row["content"]))
        if size >= ROW_GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group
