"""Reading annotation documents: single files, folders, exports of whole projects, one document at a time.

    for document in read_documents("export/"):
        print(document.scene_uuid, len(document.frames))

Memory holds one document, whatever the size of the export.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, cast

from kognic._core.annotation_errors import AnnotationError
from kognic._core.standard_classes import keep_class
from kognic.annotations.arrow import pyarrow_parquet
from kognic.annotations.document import Document, root_of
from kognic.base_clients import fast_json

MANIFEST = "manifest.jsonl"
CUBOIDS, ISO_CUBOIDS = "cuboids", "iso8855"
"""Documents do not name the convention of their cuboids, so an export with ISO 8855 cuboids does, by this key
and value: in each line of its manifest and of JSON Lines, and in the metadata of Parquet."""

Source = str | os.PathLike[str]


class Delivered(Protocol):
    """An annotation as `client.annotation` returns it.

    Attributes:
        scene_uuid: UUID of its scene.
        created: Time of the delivery.
        content: The OpenLABEL document; None if it was not downloaded.
    """

    @property
    def scene_uuid(self) -> str: ...

    @property
    def created(self) -> datetime: ...

    @property
    def content(self) -> Any: ...


Annotations = Source | Iterable[Document | Delivered | Mapping[str, Any] | os.PathLike[str]]
"""Any number of annotations: a path for `read_documents`, or documents, annotations and paths one by one."""


def read_document(
    source: Source | bytes | Mapping[str, Any] | Document | Delivered, **known: Any
) -> Document:
    """Read one OpenLABEL document.

    Args:
        source: A path, the bytes of a file, a decoded document, a model of `kognic.openlabel`, or an
            annotation that `client.annotation` returned.
        **known: `name`, `scene_uuid`, `scene_external_id`, `annotation_type`, `created` of the document.

    Raises:
        AnnotationError: The file cannot be read, is not JSON, or holds no OpenLABEL; or the annotation has no
            content.
    """
    if isinstance(source, Document):
        return source
    where = "the document"
    plain: Any = source
    if hasattr(source, "scene_uuid") and hasattr(source, "created"):
        where, plain, known = _delivered(source, known)
    if isinstance(source, str | os.PathLike):
        path = Path(source).expanduser()
        where = str(path)
        known.setdefault("name", "")
        try:
            plain = path.read_bytes()
        except OSError as error:
            raise keep_class(AnnotationError(f"cannot read {where}: {error.strerror}"), error) from error
    if isinstance(plain, bytes):
        plain = _decoded(plain, where)
    dump = getattr(plain, "model_dump", None)
    if dump is not None:
        plain = dump(mode="json", exclude_none=True)
    if not isinstance(plain, Mapping):
        raise AnnotationError(f"{where} is not OpenLABEL: it is {type(plain).__name__}, must be an object")
    if not root_of(plain) and not isinstance(plain.get("openlabel"), Mapping):
        raise AnnotationError(
            f"{where} is not OpenLABEL: it has no key 'openlabel', "
            f"but {', '.join(sorted(map(str, plain))[:8])}"
        )
    document = Document.of(plain, **known)
    if document.name or not isinstance(source, str | os.PathLike):
        return document
    return Document.of(plain, **{**known, "name": Path(source).stem})


def _delivered(annotation: Any, known: dict[str, Any]) -> tuple[str, Any, dict[str, Any]]:
    """Name for errors, content and facts of an annotation that the client returned."""
    where = f"the annotation of scene {annotation.scene_uuid}"
    content = getattr(annotation, "content", None)
    if content is None:
        raise AnnotationError(
            f"{where} has no content, only its entry in the list: use "
            "client.annotation.get_project_annotations(...) with include_content=True"
        )
    created = getattr(annotation, "created", None)
    facts = {
        "scene_uuid": annotation.scene_uuid,
        "annotation_type": getattr(annotation, "annotation_type", None),
        "created": created.isoformat() if isinstance(created, datetime) else None,
    }
    return where, content, facts | known


def documents_of(annotations: Annotations) -> Iterator[Document]:
    """Read any number of annotations, one at a time.

    Args:
        annotations: A path as `read_documents` takes it; or documents, decoded documents, paths and
            annotations of `client.annotation`.

    Raises:
        AnnotationError: An annotation is not OpenLABEL, or has no content.
    """
    if isinstance(annotations, str | os.PathLike):
        yield from read_documents(annotations)
    elif isinstance(annotations, Document | Mapping) or hasattr(annotations, "scene_uuid"):
        yield read_document(cast("Document", annotations))
    elif isinstance(annotations, Iterable):
        for one in annotations:
            yield from read_documents(one) if isinstance(one, str | os.PathLike) else [read_document(one)]
    else:
        raise AnnotationError(
            f"annotations is {type(annotations).__name__}, must be a path, or documents and annotations"
        )


def read_documents(source: Source) -> Iterator[Document]:
    """Read documents one after the other.

    Args:
        source: A document; a folder, with the documents of an export (`manifest.jsonl`) in the platform's
            order, or with `*.json` files, sorted; or a file of JSON Lines or Parquet that `kognic annotation
            export` wrote.

    Raises:
        AnnotationError: The source does not exist, has ISO 8855 cuboids, or a document cannot be read; names
            the file and line.
        ModuleNotFoundError: The source is Parquet and the extra `parquet` is not installed.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        yield from _of_export(path) if (path / MANIFEST).is_file() else _of_folder(path)
    elif path.suffix == ".jsonl":
        yield from _of_lines(path)
    elif path.suffix == ".parquet":
        yield from _of_parquet(path)
    else:
        yield read_document(path)


def exported_files(folder: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Documents of an export in the platform's order, each with its entry in the manifest.

    Args:
        folder: Folder that `kognic annotation export` wrote.

    Raises:
        AnnotationError: The manifest cannot be read or names a file outside the folder, or the export has
            ISO 8855 cuboids.
    """
    manifest = folder / MANIFEST
    for number, entry in _lines(manifest):
        file = entry.get("file")
        if not isinstance(file, str) or not (folder / file).resolve().is_relative_to(folder.resolve()):
            raise AnnotationError(
                f"{manifest}, line {number}: file is {file!r}, must be a path in the folder"
            )
        _refuse_iso_cuboids(entry.get(CUBOIDS), folder)
        yield folder / file, entry


def _refuse_iso_cuboids(mark: object, source: Path) -> None:
    if mark == ISO_CUBOIDS:
        raise AnnotationError(
            f"{source} was exported with ISO 8855 cuboids (heading along +x, length before width), and "
            "would be read as Kognic's (heading along +y): export without --iso8855 to another folder"
        )


def _of_folder(folder: Path) -> Iterator[Document]:
    paths = sorted(folder.rglob("*.json"))
    if not paths:
        raise AnnotationError(f"{folder} has neither a {MANIFEST} nor *.json files")
    for path in paths:
        yield read_document(path)


def _of_export(folder: Path) -> Iterator[Document]:
    for path, entry in exported_files(folder):
        yield read_document(
            path,
            name=entry.get("annotation_uuid") or "",
            scene_uuid=entry.get("scene_uuid"),
            scene_external_id=entry.get("scene_external_id"),
            annotation_type=entry.get("annotation_type"),
            created=entry.get("created"),
        )


def _of_lines(path: Path) -> Iterator[Document]:
    for number, entry in _lines(path):
        _refuse_iso_cuboids(entry.get(CUBOIDS), path)
        content = entry.get("content", entry)
        if not isinstance(content, Mapping) or not root_of(content):
            raise AnnotationError(f"{path}, line {number}: no OpenLABEL document")
        known: dict[str, Any] = {
            name: entry.get(name) for name in ("scene_uuid", "annotation_type", "created")
        }
        yield Document.of(content, **known)


def _of_parquet(path: Path) -> Iterator[Document]:
    file = pyarrow_parquet().ParquetFile(path)
    if "content" not in file.schema_arrow.names:
        raise AnnotationError(f"{path} has no column 'content': it is not an export of annotations")
    mark = (file.schema_arrow.metadata or {}).get(CUBOIDS.encode(), b"")
    _refuse_iso_cuboids(mark.decode(), path)
    for batch in file.iter_batches(batch_size=16):
        for row in batch.to_pylist():
            created = row.get("created")
            yield read_document(
                row["content"].encode(),
                name=row.get("annotation_uuid") or "",
                scene_uuid=row.get("scene_uuid"),
                annotation_type=row.get("annotation_type"),
                created=created.isoformat() if created is not None else None,
            )


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                entry = _decoded(line, f"{path}, line {number}")
                if not isinstance(entry, Mapping):
                    raise AnnotationError(f"{path}, line {number}: expected a JSON object")
                yield number, entry
    except OSError as error:
        raise keep_class(AnnotationError(f"cannot read {path}: {error.strerror}"), error) from error


def _decoded(content: bytes, where: str) -> Any:
    try:
        return fast_json.loads(content)
    except RecursionError:
        raise AnnotationError(f"{where} is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise AnnotationError(f"{where} is not JSON: {error}") from error
    except ValueError as error:
        raise AnnotationError(f"{where} is not JSON text: {error}") from error
