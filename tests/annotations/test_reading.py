"""Reading documents of different producers, folders and exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.document import ANY_GEOMETRY, Document
from kognic.annotations.labels import Box2D, labels_of
from kognic.annotations.reading import read_document, read_documents

PLAIN: dict[str, Any] = {"openlabel": {"metadata": {"schema_version": "1.0.0", "uuid": "u-1"}, "frames": {}}}


@pytest.mark.shared
def test_facts_of_every_document(raw: Path) -> None:
    """Frames, objects and geometry of each kind, also where the official model refuses the document."""
    facts = json.loads((raw / "annotations/facts.json").read_text())
    checked = 0
    for name, expected in facts.items():
        if "openlabel key" in expected["official_model"]:
            continue
        document = read_document(raw / name)
        found = dict.fromkeys((*ANY_GEOMETRY, "text", "num", "boolean", "vec"), 0)
        for geometry in (*document.geometries(ANY_GEOMETRY), *document.static_geometries()):
            found[geometry.kind] += 1
        holders = [entry.get("object_data") for entry in document.objects.values()]
        holders += [data for frame in document.frames for data in document.objects_in(frame).values()]
        for data in holders:
            for item in document.properties_of(data):
                found[item.kind] += 1
        assert len(document.frames) == expected["frames"], name
        assert len(document.objects) == expected["objects"], name
        assert {kind: count for kind, count in found.items() if count} == expected["data"], name
        checked += 1
    assert checked >= 20


@pytest.mark.shared
def test_streams_as_plain_keys_and_coordinate_systems(documents_folder: Path) -> None:
    """Kognic's own exercise has `stream` as a key, OSDaR23 the sensor as coordinate system."""
    exercise = read_document(documents_folder / "kognic_assignment/open_label_1.json")
    assert {g.sensor for g in exercise.geometries()} == {"CAM"}
    assert {g.stream for g in exercise.geometries()} == {None}
    osdar = read_document(documents_folder / "osdar23/1_calibration_1.1_labels.first2.json")
    assert {g.sensor for g in osdar.geometries(("cuboid",))} == {"lidar"}
    assert osdar.timestamp("12") is None
    assert osdar.uris("12")["lidar"] == "/lidar/012_1631441453.299504000.pcd"


@pytest.mark.shared
def test_the_legacy_export_is_refused_with_its_keys(documents_folder: Path) -> None:
    """The format before OpenLABEL is named as what it is not."""
    with pytest.raises(
        AnnotationError, match=r"kognic_1.json is not OpenLABEL: .* certainty, shapeProperties"
    ):
        read_document(documents_folder / "kognic_assignment/kognic_1.json")


def test_every_kind_of_source(tmp_path: Path) -> None:
    """Path, bytes, mapping, model and document."""
    from kognic.openlabel.models import OpenLabelAnnotation

    path = tmp_path / "a.json"
    path.write_text(json.dumps(PLAIN))
    model = OpenLabelAnnotation.model_validate(PLAIN)
    for source in (path, str(path), path.read_bytes(), PLAIN, model, Document.of(PLAIN)):
        assert read_document(source).uuid == "u-1"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[1]", "is not OpenLABEL: it is list, must be an object"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\xff", "is not JSON"),
        (b'{"shapes": {}}', "it has no key 'openlabel', but shapes"),
        (b"[" * 100_000, "is nested too deeply|is not JSON"),
    ],
)
def test_what_is_no_document(tmp_path: Path, content: bytes, message: str) -> None:
    """The file is named."""
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(AnnotationError, match=rf"a\.json.*({message})"):
        read_document(path)


def test_missing_files(tmp_path: Path) -> None:
    """Files and folders that are not there, and folders without documents."""
    with pytest.raises(AnnotationError, match=r"cannot read .*nowhere.json: No such file"):
        read_document(tmp_path / "nowhere.json")
    with pytest.raises(AnnotationError, match=r"has neither a manifest.jsonl nor"):
        list(read_documents(tmp_path))


def test_manifests_give_order_and_origin(tmp_path: Path) -> None:
    """Documents come in the platform's order, with scene, type and time."""
    (tmp_path / "annotations").mkdir()
    lines = []
    for number in (2, 1):
        (tmp_path / f"annotations/{number}.json").write_text(json.dumps(PLAIN))
        line = {"scene_uuid": f"s{number}", "annotation_type": "semseg", "created": "2026-01-01T00:00:00"}
        lines.append(
            json.dumps({**line, "annotation_uuid": f"a{number}", "file": f"annotations/{number}.json"})
        )
    (tmp_path / "manifest.jsonl").write_text("\n".join(lines))
    found = list(read_documents(tmp_path))
    assert [(d.scene_uuid, d.name, d.annotation_type) for d in found] == [
        ("s2", "a2", "semseg"),
        ("s1", "a1", "semseg"),
    ]


def test_manifests_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    """A path of another folder is refused."""
    (tmp_path / "manifest.jsonl").write_text('{"file": "../secret.json"}')
    with pytest.raises(
        AnnotationError, match=r"line 1: file is '../secret.json', must be a path in the folder"
    ):
        list(read_documents(tmp_path))


def test_folders_and_json_lines(tmp_path: Path) -> None:
    """A folder of files is read by name; a line has the document, or the document under `content`."""
    for name in ("b", "a"):
        (tmp_path / f"{name}.json").write_text(
            json.dumps({"openlabel": {"frames": {}, "objects": {name: {}}}})
        )
    assert [d.name for d in read_documents(tmp_path)] == ["a", "b"]
    lines = tmp_path / "all.jsonl"
    lines.write_text(json.dumps({"scene_uuid": "s", "content": PLAIN}) + "\n\n" + json.dumps(PLAIN))
    assert [(d.scene_uuid, d.uuid) for d in read_documents(lines)] == [("s", "u-1"), (None, "u-1")]
    lines.write_text("{}")
    with pytest.raises(AnnotationError, match=r"all.jsonl, line 1: no OpenLABEL document"):
        list(read_documents(lines))


def test_odd_parts_count_as_empty() -> None:
    """Whatever has not the form of its part is skipped, not an error."""
    document = Document.of(
        {"openlabel": {"frames": {"0": None, "1": {"objects": {"o": {"object_data": {"cuboid": [3]}}}}},
                       "objects": {"o": [], "p": {"object_data": {"text": "x"}}}, "streams": 3}}
    )  # fmt: skip
    assert list(document.geometries()) == []
    assert document.streams == {}
    assert document.properties("p") == {}
    assert document.properties("o", "1") == {}


def test_properties_of_a_frame_go_over_static_ones() -> None:
    """Static value first, the frame's value over it."""
    data = {"object_data": {"text": [{"name": "colour", "val": "red"}, {"name": "make", "val": "x"}]}}
    in_frame = {"object_data": {"text": [{"name": "colour", "val": "blue"}]}}
    document = Document.of(
        {"openlabel": {"objects": {"o": data}, "frames": {"0": {"objects": {"o": in_frame}}}}}
    )
    assert document.properties("o") == {"colour": "red", "make": "x"}
    assert document.properties("o", "0") == {"colour": "blue", "make": "x"}


def test_confidence_and_interpolation() -> None:
    """Attributes with a meaning; a boolean is no confidence."""
    attributes = {"num": [{"name": "score", "val": 0.5}], "boolean": [{"name": "interpolated", "val": True}]}
    entry = {"name": "c", "val": [1, 2], "attributes": attributes}
    data = {"object_data": {"point2d": [entry, {"val": None}]}}
    first, second = Document.of({"openlabel": {"frames": {"0": {"objects": {"o": data}}}}}).geometries()
    assert (first.confidence, first.is_interpolated) == (0.5, True)
    assert (second.confidence, second.is_interpolated, second.numbers()) == (None, None, None)
    with pytest.raises(
        AnnotationError, match=r"point2d\[0\]: val is \[1, 2\], a cuboid has 10 finite numbers"
    ):
        first.cuboid()


def test_an_empty_document_is_one() -> None:
    """It has the key, and nothing below it."""
    assert read_document({"openlabel": {}}).frames == {}


def test_documents_without_frames_are_one_frame() -> None:
    """As ASAM's and VCD's examples of single images; the camera can be given."""
    data = {"bbox": [{"name": "b", "val": [10, 20, 4, 6]}], "text": [{"name": "colour", "val": "red"}]}
    plain = {"openlabel": {"objects": {"o": {"name": "o", "type": "Car", "object_data": data}, "p": {}}}}
    (label,) = labels_of(read_document(plain), camera="CAM")
    assert (label.frame_id, label.class_name, label.properties) == ("0", "Car", {"colour": "red"})
    assert label.boxes == [Box2D(camera="CAM", centre_size=(10, 20, 4, 6))]
    with pytest.raises(AnnotationError, match="the bbox names no camera"):
        list(labels_of(read_document(plain)))
    data["bbox"][0]["stream"] = "REAR"  # type: ignore[index]
    (label,) = labels_of(read_document(plain), camera="CAM")
    assert label.cameras == ["REAR"]
