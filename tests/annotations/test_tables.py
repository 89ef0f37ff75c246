"""Annotations as Arrow tables, and back."""

from __future__ import annotations

import copy
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.document import ANY_GEOMETRY, Document
from kognic.annotations.reading import read_document, read_documents
from kognic.annotations.table_columns import COLUMNS, schemas
from kognic.annotations.tables import (
    Tables,
    cuboid_array,
    from_tables,
    read_tables,
    table_reader,
    to_tables,
    write_tables,
)
from kognic.io.model.annotation.annotation import Annotation as AnnotationOfInput
from kognic.io.model.annotation.client_annotation import Annotation

pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
pc = pytest.importorskip("pyarrow.compute", reason="the extra parquet is not installed")

CAR = "1232b4f4-e3ca-446a-91cb-d8d403703df7"


def _plain(frames: int = 2) -> dict[str, Any]:
    cuboid = {
        "name": "c",
        "val": [1.5, 2.0, 3.0, 0.0, 0.0, 0.0, 1.0, 1.8, 4.1, 1.4],
        "attributes": {
            "text": [{"name": "stream", "val": "ROOF"}],
            "num": [{"name": "confidence", "val": 0.75}],
            "boolean": [{"name": "interpolated", "val": False}],
        },
    }
    keys = [str(key) for key in range(frames)]
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0", "uuid": "u"},
            "objects": {
                CAR: {
                    "name": "car-1",
                    "type": "Car",
                    "object_data": {"text": [{"name": "colour", "val": "red"}]},
                }
            },
            "frames": {
                key: {
                    "frame_properties": {"external_id": f"f{key}", "timestamp": 100 * int(key)},
                    "objects": {
                        CAR: {
                            "object_data": {
                                "cuboid": [copy.deepcopy(cuboid)],
                                "num": [{"name": "speed", "val": 3 + int(key)}],
                                "vec": [{"name": "parts", "val": ["a", "b"]}],
                            }
                        }
                    },
                }
                for key in keys
            },
        }
    }


def test_a_row_has_everything_of_its_geometry() -> None:
    """Frame by its external ID, object, values, properties, attributes."""
    (first, second) = to_tables([Document.of(_plain(), scene_uuid="s")]).geometries.to_pylist()
    assert first["val"] == [1.5, 2, 3, 0, 0, 0, 1, 1.8, 4.1, 1.4]
    names = ("document", "document_name", "scene_uuid", "frame", "frame_id", "timestamp_ms",
             "object_id", "object_name", "class", "kind", "index", "name", "stream", "confidence",
             "interpolated")  # fmt: skip
    assert [second[name] for name in names] == [
        0, "u", "s", "1", "f1", 100, CAR, "car-1", "Car", "cuboid", 0, "c", "ROOF", 0.75, False,
    ]  # fmt: skip
    assert json.loads(second["properties"]) == {"colour": "red", "speed": 4, "parts": ["a", "b"]}


def test_properties_and_tracks() -> None:
    """One row per property in the column of its kind; one row per object with its frames."""
    tables = to_tables([Document.of(_plain())])
    rows = [row for row in tables.properties.to_pylist() if row["geometry_kind"] is None]
    assert [(r["frame"], r["name"], r["text"], r["num"], r["texts"]) for r in rows] == [
        (None, "colour", "red", None, None),
        ("0", "speed", None, 3.0, None),
        ("0", "parts", None, None, ["a", "b"]),
        ("1", "speed", None, 4.0, None),
        ("1", "parts", None, None, ["a", "b"]),
    ]
    of_geometry = [r for r in tables.properties.to_pylist() if r["geometry_kind"] == "cuboid"]
    assert {(r["name"], r["text"], r["num"], r["boolean"]) for r in of_geometry} == {
        ("stream", "ROOF", None, None),
        ("confidence", None, 0.75, None),
        ("interpolated", None, None, False),
    }
    (track,) = tables.objects.to_pylist()
    assert (track["class"], track["frames"], track["first_frame"], track["last_frame"]) == (
        "Car",
        2,
        "0",
        "1",
    )


@pytest.mark.shared
def test_every_document_comes_back_equal(documents_folder: Path) -> None:
    """Documents of five producers, as files of Parquet on the way."""
    paths = [p for p in sorted(documents_folder.rglob("*.json")) if "openlabel" in p.read_text()[:4000]]
    documents = [read_document(p) for p in paths if "facts" not in p.name]
    assert len(documents) > 20
    back = list(from_tables(to_tables(documents)))
    for document, other in zip(documents, back, strict=True):
        assert other.plain == document.plain, document.name
        assert other.name == document.name


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
entries = st.dictionaries(
    st.sampled_from(["name", "val", "closed", "mode", "coordinate_system", "attributes", "x"]), json_values
) | st.fixed_dictionaries({"val": st.lists(st.floats(allow_nan=False), max_size=3)})
object_data = st.dictionaries(
    st.sampled_from([*ANY_GEOMETRY, "text", "num"]), st.lists(entries | json_values, max_size=3) | json_values
)
holders = st.fixed_dictionaries({"object_data": object_data | json_values}) | json_values
objects = st.dictionaries(st.sampled_from(["0", "1", CAR]), holders)
frames = st.fixed_dictionaries({"objects": objects | json_values}, optional={"frame_properties": json_values})
roots = st.fixed_dictionaries(
    {},
    optional={
        "objects": objects,
        "frames": st.dictionaries(st.sampled_from("0123"), frames),
        "y": json_values,
    },
)


@given(roots, st.sampled_from(["openlabel", "data", "bare"]))
@example({"objects": {"0": {"object_data": {"bbox": [{"val": None, "attributes": None}]}}}}, "openlabel")
@example({"objects": {"0": {"object_data": {"bbox": [None, {}]}}}, "frames": {"0": None}}, "data")
def test_any_document_comes_back_equal(root: dict[str, Any], wrapper: str) -> None:
    """Whatever other producers write, well formed or not."""
    plain = {"openlabel": root} if wrapper == "openlabel" else {"data": {"openlabel": root, "z": 1}, "w": 2}
    if wrapper == "bare":
        plain = root
    plain = json.loads(json.dumps(plain))
    (back,) = from_tables(to_tables([Document.of(plain)]))
    assert back.plain == plain


def test_changed_rows_change_the_document() -> None:
    """A moved cuboid, a removed row, a new row for a new frame and object."""
    tables = to_tables([Document.of(_plain())])
    rows = tables.geometries.to_pylist()
    rows[0]["val"] = [9.0, *rows[0]["val"][1:]]
    new = {**rows[1], "frame": "7", "frame_id": "f7", "timestamp_ms": 700, "object_id": "o", "class": "Van",
           "object_name": "van", "index": None}  # fmt: skip
    changed = pa.Table.from_pylist([rows[0], new], schema=tables.geometries.schema)
    (document,) = from_tables(
        Tables(
            documents=tables.documents,
            objects=tables.objects,
            geometries=changed,
            properties=tables.properties,
        )
    )
    found = {(g.frame, g.object_id): g.cuboid()[0] for g in document.geometries()}
    assert found == {("0", CAR): 9.0, ("7", "o"): 1.5}
    assert (document.external_id("7"), document.timestamp("7"), document.class_of("o")) == ("f7", 700, "Van")
    assert "cuboid" not in document.objects_in("1")[CAR]


def test_rows_of_unknown_documents_are_refused() -> None:
    """Tables that do not belong together."""
    tables = to_tables([Document.of(_plain())])
    with pytest.raises(
        AnnotationError, match=r"geometries refer to document 0, which documents does not have"
    ):
        list(
            from_tables(
                Tables(
                    documents=tables.documents.slice(0, 0),
                    objects=tables.objects,
                    geometries=tables.geometries,
                    properties=tables.properties,
                )
            )
        )


def test_cuboids_are_views_of_the_table() -> None:
    """NumPy takes the numbers without a copy."""
    geometries = to_tables([Document.of(_plain())]).geometries
    values = cuboid_array(geometries)
    assert values.shape == (2, 10)
    assert not values.flags.owndata
    buffer = geometries.column("val").chunk(0).values.to_numpy(zero_copy_only=True)
    assert np.shares_memory(values, buffer)


def test_parquet_of_a_folder_is_written_document_by_document(tmp_path: Path) -> None:
    """PyArrow's own reader opens the files; documents come back equal; the reader yields batches."""
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in "ab":
        (source / f"{name}.json").write_text(json.dumps(_plain(3)))
    paths = write_tables(read_documents(source), target)
    import pyarrow.parquet as pq

    assert pq.read_table(paths["geometries"]).num_rows == 6
    assert [d.plain for d in from_tables(read_tables(target))] == [_plain(3), _plain(3)]
    assert sorted(p.name for p in target.iterdir()) == sorted(p.name for p in paths.values())
    assert sum(batch.num_rows for batch in table_reader(source)) == 6
    paths["objects"].unlink()
    with pytest.raises(
        AnnotationError, match=r"has no objects.parquet: it is not a folder of annotation tables"
    ):
        read_tables(target)


def test_failed_writing_leaves_nothing(tmp_path: Path) -> None:
    """A damaged document in the middle of an export does not leave half a file."""
    (tmp_path / "a.json").write_text(json.dumps(_plain()))
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(AnnotationError, match=r"b.json is not JSON"):
        write_tables(read_documents(tmp_path), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_failed_writing_keeps_what_is_there(tmp_path: Path) -> None:
    """Tables of an earlier export stay whole and belong together."""
    write_tables([_plain(3)], tmp_path / "out")
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(AnnotationError, match=r"b.json is not JSON"):
        write_tables(tmp_path / "b.json", tmp_path / "out")
    assert read_tables(tmp_path / "out").geometries.num_rows == 3


def _delivered(content: Any) -> Annotation:
    created = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return Annotation(scene_uuid="s", annotation_type="objects", created=created, content=content)


@pytest.mark.parametrize("make", [to_tables, table_reader])
def test_annotations_of_the_client_are_taken(make: Any) -> None:
    """Scene, type and time come from the annotation, in a generator or one alone."""
    for delivered in (iter([_delivered(_plain())]), _delivered(_plain())):
        made = make(delivered)
        rows = (made.geometries if make is to_tables else made.read_all()).to_pylist()
        assert {(r["scene_uuid"], r["annotation_type"], r["kind"]) for r in rows} == {
            ("s", "objects", "cuboid")
        }
    (document,) = from_tables(to_tables(_delivered(_plain())))
    assert document.created == "2026-01-02T03:04:05+00:00"


def test_annotations_of_an_input_are_taken() -> None:
    """They have no annotation type."""
    created = datetime(2026, 1, 2, tzinfo=UTC)
    one = AnnotationOfInput(
        input_uuid="i",
        scene_uuid="s",
        request_uid="r",
        created=created,
        is_preliminary=False,
        content=_plain(),
    )
    (row, _) = to_tables([one]).geometries.to_pylist()
    assert (row["scene_uuid"], row["annotation_type"]) == ("s", None)


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ([_delivered(None)], "the annotation of scene s has no content, only its entry in the list"),
        ([_delivered({})], "the annotation of scene s is not OpenLABEL: it has no key 'openlabel'"),
        ([7], "the document is not OpenLABEL: it is int, must be an object"),
        (7, "annotations is int, must be a path, or documents and annotations"),
    ],
)
def test_anything_else_is_an_annotation_error(annotations: Any, message: str) -> None:
    """No AttributeError from inside."""
    with pytest.raises(AnnotationError, match=re.escape(message)):
        to_tables(annotations)


def test_unknown_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="table is 'frames', must be one of documents, objects"):
        table_reader([], "frames")


def test_arrays_of_cuboids_have_cuboids_only() -> None:
    """Rows of other kinds and cuboids of nine numbers are refused; no rows are an empty array."""
    plain = _plain()
    data = plain["openlabel"]["frames"]["0"]["objects"][CAR]["object_data"]
    data["bbox"] = [{"name": "b", "val": [1, 2, 3, 4]}]
    geometries = to_tables([plain]).geometries
    with pytest.raises(AnnotationError, match="rows of kind bbox, all must be cuboids: filter them"):
        cuboid_array(geometries)
    is_cuboid = pc.equal(geometries.column("kind"), "cuboid")
    assert cuboid_array(geometries.filter(is_cuboid)).shape == (2, 10)
    assert cuboid_array(geometries.slice(0, 0)).shape == (0, 10)
    assert cuboid_array(to_tables([]).geometries).shape == (0, 10)
    two = to_tables([plain, _plain()]).geometries
    parts = pa.concat_tables([two.slice(1, 1), two.slice(3, 2)])
    assert cuboid_array(parts).shape == (3, 10)
    data["cuboid"][0]["val"] = [0.0] * 9
    with pytest.raises(AnnotationError, match="row 0 of geometries has 9 numbers in val, a cuboid has 10"):
        cuboid_array(to_tables([plain]).geometries.filter(is_cuboid))
    data["cuboid"][0]["val"] = "text"
    with pytest.raises(AnnotationError, match="row 0 of geometries has no numbers in val"):
        cuboid_array(to_tables([plain]).geometries.filter(is_cuboid))


def test_columns_are_those_of_the_schemas() -> None:
    """The documented types are the types of Arrow."""
    for name, schema in schemas().items():
        types = [str(field.type).replace("element", "item") for field in schema]
        expected = [column.type.replace("<", "<item: ") for column in COLUMNS[name]]
        assert types == expected


def test_memory_does_not_grow_with_the_export(tmp_path: Path) -> None:
    """Only one document and one batch of rows are alive at a time."""
    import weakref

    alive: list[weakref.ref[Document]] = []
    most = 0

    def documents() -> Any:
        nonlocal most
        for number in range(40):
            document = Document.of(_plain(3), name=str(number))
            alive.append(weakref.ref(document))
            most = max(most, sum(ref() is not None for ref in alive))
            yield document
            del document

    write_tables(documents(), tmp_path)
    assert most <= 2


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message for all of it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "kognic-client\[parquet\]"'):
        to_tables([])
