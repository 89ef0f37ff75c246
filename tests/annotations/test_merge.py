"""Several annotations of one scene in one document."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.document import Document
from kognic.annotations.labels import object_uuid
from kognic.annotations.merge import merge
from kognic.annotations.segmentation import read_segmentations, segmentation_document
from tests.annotations.scenes import box, car, document, drive

SEGMENTATION = "5d457588-d6d4-5e91-af4b-ed92c1a24895"


def test_cuboids_and_segmentation_of_one_scene() -> None:
    """Frames are joined by external ID, whatever their order; both are read from the result."""
    semseg = segmentation_document(
        {"f2": {"ROOF": [1]}, "f0": {"ROOF": [1, 1]}}, {1: "road"}, object_id=SEGMENTATION
    )
    merged = merge([document(drive()), Document.of(semseg)])
    found = Document.of(merged.document)
    assert [found.external_id(key) for key in found.frame_keys] == ["f0", "f1", "f2"]
    assert {s.frame_id: len(s.labels) for s in read_segmentations(found)} == {"f0": 2, "f2": 1}
    assert len(list(found.geometries(("cuboid",)))) == 3
    assert merged.conflicts == ()
    assert "uuid" not in found.mapping("metadata")


def test_objects_of_both_get_the_geometry_of_both() -> None:
    """Cuboids of one, boxes of the other, properties of both; equal entries once."""
    first = document([car("f0", properties={"colour": "red"})])
    second = document([car("f0", boxes=[box(5, 5)], properties={"colour": "red", "make": "x"})])
    found = Document.of(merge([first, second]).document)
    own = object_uuid("car")
    assert [g.kind for g in found.geometries_of("0", own)] == ["bbox", "cuboid"]
    assert found.properties(own, "0") == {"colour": "red", "make": "x"}


@pytest.mark.parametrize(("choice", "x", "colour"), [("first", 10, "red"), ("last", 12, "blue")])
def test_conflicts_are_decided_and_listed(choice: Any, x: float, colour: str) -> None:
    """Two cuboids of one object, two values of one property."""
    first = document([car("f0", properties={"colour": "red"})])
    second = document([car("f0", x=12, properties={"colour": "blue"})])
    merged = merge([first, second], on_conflict=choice)
    found = Document.of(merged.document)
    (cuboid,) = found.geometries()
    assert cuboid.cuboid()[0] == x
    assert found.properties(object_uuid("car"), "0") == {"colour": colour}
    assert len(merged.conflicts) == 2
    assert merged.conflicts[0].startswith("frame f0.objects.")


def test_conflicts_stop_by_default() -> None:
    """The place and both values are named."""
    with pytest.raises(
        AnnotationError, match=r"differ at frame f0.objects.*cuboid\[cuboid-.*choose the first or the last"
    ):
        merge([document([car("f0")]), document([car("f0", x=12)])])
    with pytest.raises(AnnotationError, match=r"differ at objects.*type: 'Car' and 'Van'"):
        merge([document([car("f0")]), document([car("f1", class_name="Van")])])


def test_documents_must_be_of_one_scene() -> None:
    """Where the scenes are known."""
    with pytest.raises(AnnotationError, match=r"different scenes: a and b"):
        merge([document(drive(), scene_uuid="a"), document(drive(), scene_uuid="b")])


def test_frames_need_external_ids() -> None:
    """Frames are never matched by position; a single frame needs no name."""
    plain = copy.deepcopy(dict(document(drive()).plain))
    del plain["openlabel"]["frames"]["1"]["frame_properties"]["external_id"]
    with pytest.raises(AnnotationError, match=r"frame 1 of .* has no external_id: frames cannot be matched"):
        merge([document(drive()), Document.of(plain, name="second")])
    plain["openlabel"]["frames"]["1"] = copy.deepcopy(plain["openlabel"]["frames"]["0"])
    with pytest.raises(AnnotationError, match=r"has frame 'f0' twice"):
        merge([Document.of(plain)])


def test_inputs_stay_as_they_are() -> None:
    """Nothing is shared between the result and what it was made from."""
    first, second = document([car("f0")]), document([car("f0", boxes=[box(1, 1)])])
    before = copy.deepcopy(dict(first.plain))
    merge([first, second])
    assert first.plain == before
