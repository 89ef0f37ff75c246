"""What changed between two deliveries."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.diff import Tolerances, box_overlap, diff
from kognic.annotations.document import Document
from kognic.annotations.labels import Label, object_uuid
from kognic.annotations.reading import read_document
from tests.annotations.scenes import box, car, document, drive


def _changes(found: Any) -> list[tuple[Any, ...]]:
    return [(d.change, d.frame_id, d.kind, d.amount and round(d.amount, 6)) for d in found.differences]


@pytest.mark.shared
def test_equal_documents_have_no_differences(pairs: Path, documents_folder: Path) -> None:
    """Also where objects have no frames, and segmentations no numbers."""
    for path in (*pairs.glob("*openlabel.json"), *documents_folder.rglob("openlabel100*.json")):
        given = read_document(path)
        assert diff(given, given).is_empty, path


def test_moved_resized_and_turned_by_how_much() -> None:
    """Metres, metres, radians; a change below its tolerance is none."""
    before = drive()
    after = [before[0], car("f1", x=11, y=0.3), car("f2", x=12, yaw=0.2)]
    value = list(before[0].cuboid or ())
    value[8] += 0.5
    after[0] = Label(frame_id="f0", track="car", class_name="Car", cuboid=value)
    found = diff(document(before), document(after))
    assert _changes(found) == [
        ("resized", "f0", "cuboid", 0.5),
        ("moved", "f1", "cuboid", 0.3),
        ("turned", "f2", "cuboid", 0.2),
    ]
    assert found.counts() == {"resized": 1, "moved": 1, "turned": 1}
    loose = Tolerances(position_m=0.4, size_m=0.6, angle_rad=0.3)
    assert diff(document(before), document(after), tolerances=loose).is_empty


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"external_id": "other"},
            "no frame is in both documents, so they are probably of different scenes: frames are f0, f1, ...",
        ),
        (
            {"track": "van"},
            "no object ID is in both documents: match objects by overlap if IDs were assigned",
        ),
        ({"scene_uuid": "b"}, "the documents are of different scenes: a and b"),
        ({}, None),
    ],
)
def test_unrelated_documents_are_said_to_be(change: dict[str, str], message: str | None) -> None:
    """Nothing in common is not the same as everything removed and added."""
    after = copy.deepcopy(document(drive(track=change.get("track", "car"))).plain)
    for key, frame in after["openlabel"]["frames"].items():
        if "external_id" in change:
            frame["frame_properties"]["external_id"] = change["external_id"] + key
    before = document(drive(), scene_uuid="a")
    found = diff(before, Document.of(after, scene_uuid=change.get("scene_uuid", "a")))
    assert (found.unrelated or "").startswith(message or "")
    assert (found.unrelated is None) == (message is None)
    assert found.to_dict()["unrelated"] == found.unrelated


def test_a_document_without_objects_is_not_unrelated() -> None:
    assert diff(document([]), document(drive())).unrelated is None
    assert diff(Document.of({"openlabel": {}}), document(drive())).unrelated is None


def test_added_removed_and_relabelled() -> None:
    """Whole objects, and single geometries of objects that both have."""
    before = document([*drive(boxes=[box(5, 5)]), car("f0", "gone", y=9)])
    after = document([car("f0", class_name="Van", boxes=[box(5, 5)]), car("f1", "new", y=-9)])
    found = {(d.change, d.frame_id, d.kind, d.object_id) for d in diff(before, after).differences}
    own = object_uuid("car")
    assert found == {
        ("relabelled", None, None, own),
        ("removed", "f1", "cuboid", own), ("removed", "f2", "cuboid", own),
        ("removed", "f1", "bbox", own), ("removed", "f2", "bbox", own),
        ("removed", None, None, object_uuid("gone")),
        ("added", None, None, object_uuid("new")),
    }  # fmt: skip


def test_properties_and_boxes() -> None:
    """The value before and after; pixels of a box."""
    before = document([car("f0", boxes=[box(5, 5)], properties={"colour": "red", "n": 1})])
    after = document([car("f0", boxes=[box(8, 9, 50)], properties={"colour": "blue"})])
    found = diff(before, after)
    assert [(d.name, d.before, d.after) for d in found.differences if d.change == "property"] == [
        ("colour", "red", "blue"),
        ("n", 1, None),
    ]
    assert [(d.change, d.amount) for d in found.differences if d.kind == "bbox"] == [
        ("moved", 5),
        ("resized", 10),
    ]


def test_frames_are_matched_by_external_id() -> None:
    """A later delivery that starts one frame later is not shifted."""
    plain = copy.deepcopy(dict(document(drive()).plain))
    frames = plain["openlabel"]["frames"]
    plain["openlabel"]["frames"] = {"0": frames["1"], "1": frames["2"]}
    found = diff(document(drive()), Document.of(plain))
    assert (found.differences, found.frames_removed, found.frames_added) == ((), ("f0",), ())
    plain["openlabel"]["frames"]["1"] = copy.deepcopy(frames["1"])
    with pytest.raises(AnnotationError, match=r"frames 0 and 1 of a document are both 'f1'"):
        diff(Document.of(plain), Document.of(plain))


def test_objects_with_new_ids_are_matched_by_place() -> None:
    """As a re-export by another producer: same place, same class, other ID."""
    before = document([*drive(), car("f0", "van", class_name="Van", y=9)])
    after = document([*drive(track="renamed"), car("f0", "bus", class_name="Bus", y=9)])
    assert diff(before, after).counts() == {"added": 2, "removed": 2}
    found = diff(before, after, match_by_overlap=0.5)
    assert dict(found.matched) == {object_uuid("car"): object_uuid("renamed")}
    assert found.counts() == {"added": 1, "removed": 1}


def test_other_geometry_is_reshaped() -> None:
    """Polygons by their largest change; texts if they differ."""

    def given(polygon: list[float], text: str) -> Document:
        data = {
            "poly2d": [{"name": "p", "val": polygon, "closed": True}],
            "binary": [{"name": "b", "val": text}],
        }
        frames = {"0": {"objects": {"o": {"object_data": data}}}}
        return Document.of({"openlabel": {"objects": {"o": {"type": "x"}}, "frames": frames}})

    found = diff(given([0, 0, 1, 1], "#1V1"), given([0, 0, 1, 3], "#1V2"))
    assert _changes(found) == [("reshaped", "0", "poly2d", 2), ("reshaped", "0", "binary", None)]
    assert _changes(diff(given([0, 0], "x"), given([0, 0, 1, 1], "x"))) == [("reshaped", "0", "poly2d", None)]


def test_json_values() -> None:
    """Nothing that JSON cannot express."""
    import json

    found = diff(document(drive()), document([car("f0")])).to_dict()
    assert json.loads(json.dumps(found))["counts"] == {"removed": 2}


def test_overlap_of_boxes() -> None:
    """Half, quarter, none."""
    assert box_overlap([0, 0, 2, 2], [0, 0, 2, 2]) == 1
    assert box_overlap([0, 0, 2, 2], [1, 0, 2, 2]) == pytest.approx(1 / 3)
    assert box_overlap([0, 0, 2, 2], [3, 0, 2, 2]) == 0
    assert np.isclose(box_overlap([0, 0, 2, 2], [0, 0, 1, 1]), 0.25)
