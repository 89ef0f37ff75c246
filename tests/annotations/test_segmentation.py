"""Run-length text of lidar segmentations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.document import Document
from kognic.annotations.segmentation import (
    LabelClass,
    Numbering,
    decode_rle,
    encode_rle,
    label_classes,
    read_segmentations,
    segmentation_document,
    split_merged,
)

OBJECT = "5d457588-d6d4-5e91-af4b-ed92c1a24895"
CAR = "1232b4f4-e3ca-446a-91cb-d8d403703df7"


@given(st.lists(st.one_of(st.integers(0, 3), st.integers(0, 2**32 - 1)), max_size=60))
def test_encoding_leads_back(values: list[int]) -> None:
    """Whatever the values, also with background at the end."""
    labels = np.array(values, dtype=np.int64)
    text = encode_rle(labels)
    assert decode_rle(text, len(values)).tolist() == values
    assert not text.endswith("V0")


def test_decoding_by_hand() -> None:
    """Two points of class 2, one of background, three of class 42; the rest is background."""
    assert decode_rle("#2V2#1V0#3V42", 8).tolist() == [2, 2, 0, 42, 42, 42, 0, 0]
    assert decode_rle("#2V2#1V0").tolist() == [2, 2, 0]
    assert decode_rle("", 2).tolist() == [0, 0]


def test_white_space_between_tokens_is_ignored() -> None:
    assert decode_rle("#2V2 #1V0\n#1V3\n").tolist() == [2, 2, 0, 3]


@pytest.mark.parametrize("value", ["7", True, 7.5, -1, 2**32, None])
def test_damaged_classification_ids(value: object) -> None:
    """A typed error with the object."""
    things = {"t": {"type": "Car", "object_data": {"num": [{"name": "classification_id", "val": value}]}}}
    with pytest.raises(AnnotationError, match=r"objects.t: classification_id is .*, must be an integer"):
        label_classes(Document.of({"openlabel": {"objects": things}}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#2V2,#1V3", r"invalid at character 4 \(',#1V3'\)"),
        ("#V2", "invalid at character 0"),
        ("#-1V2", "invalid at character 0"),
        ("#9V1", "has 9 points, the point cloud has 4"),
        ("#1V4294967296", "has the value 4294967296"),
        ("#99999999999V1", "more than 10 digits"),
    ],
)
def test_damaged_text_is_refused(text: str, message: str) -> None:
    """The message says where, or how many points."""
    with pytest.raises(AnnotationError, match=message):
        decode_rle(text, 4)


def test_absurd_counts_allocate_nothing() -> None:
    """Without a cloud to compare with, the text alone is bounded."""
    with pytest.raises(AnnotationError, match=r"9999999999 points"):
        decode_rle("#9999999999V1")


@pytest.mark.parametrize("labels", [[[1]], [1.5], [-1], [2**32]])
def test_what_are_no_labels_is_refused(labels: list[object]) -> None:
    """Fractions, negative numbers, numbers of more than 32 bits."""
    with pytest.raises(ValueError, match=r"must be"):
        encode_rle(labels)  # type: ignore[arg-type]


@pytest.mark.slow
def test_ten_million_points() -> None:
    """Both ways, in arrays."""
    labels = np.repeat(np.arange(1, 100_001, dtype=np.uint32), 100)
    assert np.array_equal(decode_rle(encode_rle(labels), len(labels)), labels)


@pytest.mark.shared
def test_pandaset_counts(pairs: Path) -> None:
    """Every count of the published labels, by class name."""
    facts = json.loads((pairs / "facts.json").read_text())["pandaset_002_00"]
    document = Document.of(json.loads((pairs / "pandaset_002_00.semseg.openlabel.json").read_text()))
    (found,) = read_segmentations(document, {"0": {"main_pandar64": facts["rle_points"]}})
    assert (found.frame_id, found.lidar, len(found.labels)) == ("0", "lidar", 30_000)
    values, counts = np.unique(found.labels, return_counts=True)
    assert dict(zip(map(str, values.tolist()), counts.tolist(), strict=True)) == facts["counts"]
    assert found.counts()["Building"] == facts["counts"]["41"]
    assert encode_rle(found.labels).startswith(facts["rle_head"])
    assert encode_rle(found.labels).count("#") == facts["rle_runs"]


@pytest.mark.shared
def test_two_lidars_with_things_and_stuff(documents_folder: Path) -> None:
    """Value 2 is a class of the ontology, value 42 the classification_id of an object."""
    plain = json.loads((documents_folder / "tier4_fixture/kognic_semseg_two_streams.json").read_text())
    first, second = read_segmentations(Document.of(plain), {"12": {"LIDAR_A": 5, "LIDAR_B": 2}})
    assert (first.lidar, first.frame_id) == ("LIDAR_A", "12")
    assert first.labels.tolist() == [2, 2, 0, 0, 0]
    assert first.counts() == {"background": 3, "road": 2}
    indices, objects = second.instance_ids()
    assert (indices.tolist(), objects) == ([1, 1], [None, "car-uuid"])
    assert second.counts() == {"PassengerCar": 2}


def _document(labels: list[int], lidar: str | None = "ROOF") -> Document:
    classes = {
        1: LabelClass(value=1, name="road"),
        7: LabelClass(value=7, name="Car", object_id=CAR),
    }
    frames = {"f3": {lidar: np.array(labels)}}
    return Document.of(segmentation_document(frames, classes, object_id=OBJECT, timestamps_ms={"f3": 0}))


def test_written_documents_are_read_again() -> None:
    """Lidar, frame ID, classes and instances come back."""
    (found,) = read_segmentations(_document([1, 7, 7, 0]), {"f3": {"ROOF": 4}})
    assert found.labels.tolist() == [1, 7, 7, 0]
    assert found.counts() == {"background": 1, "road": 1, "Car": 2}
    assert found.instance_ids()[1] == [None, CAR]


def test_written_documents_are_valid_openlabel() -> None:
    """The model of the platform's own package takes them."""
    from kognic.openlabel.models import OpenLabelAnnotation

    OpenLabelAnnotation.model_validate(dict(_document([1, 7]).plain))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ({"f3": {"ROOF": 2}}, "frame 0, lidar ROOF: .* 3 points, the point cloud has 2"),
        ({"f3": {"FRONT": 3, "REAR": 3}}, "frame 0, lidar ROOF: .* point clouds of FRONT, REAR only"),
        ({"f4": {"ROOF": 3}}, "no frame with external ID 'f3'"),
    ],
)
def test_segmentations_that_fit_no_cloud(points: dict[str, dict[str | None, int]], message: str) -> None:
    """The message names frame and lidar."""
    with pytest.raises(AnnotationError, match=message):
        list(read_segmentations(_document([1, 1, 7]), points))


def test_one_lidar_needs_no_name() -> None:
    """A document without lidar names is that of the only lidar, or of all clouds merged."""
    document = _document([1, 7], lidar=None)
    (found,) = read_segmentations(document, {"f3": {"ROOF": 3}})
    assert (found.lidar, found.labels.tolist()) == (None, [1, 7, 0])
    (merged,) = read_segmentations(document, {"f3": {"A": 1, "B": 2}})
    assert {k: v.tolist() for k, v in split_merged(merged.labels, {"A": 1, "B": 2}).items()} == {
        "A": [1],
        "B": [7, 0],
    }
    with pytest.raises(AnnotationError, match=r"has 3 points, the point clouds have 4"):
        split_merged(merged.labels, {"A": 2, "B": 2})


def test_values_without_a_class_are_reported() -> None:
    """A value of neither ontology nor object is no class."""
    with pytest.raises(ValueError, match=r"frame f, lidar L: values \[9\] have no class"):
        segmentation_document({"f": {"L": np.array([9])}}, {1: "road"}, object_id=OBJECT)
    plain = segmentation_document({"f": {"L": np.array([1])}}, {1: "road"}, object_id=OBJECT)
    del plain["openlabel"]["ontologies"]
    (found,) = read_segmentations(Document.of(plain))
    with pytest.raises(AnnotationError, match=r"value 1 of the segmentation is neither a class"):
        found.class_ids()


def test_a_value_has_one_meaning() -> None:
    """An object and a class of one number would be mixed up."""
    plain = segmentation_document({"f": {"L": np.array([1])}}, {1: "road"}, object_id=OBJECT)
    plain["openlabel"]["objects"][CAR] = {
        "name": "car",
        "type": "Car",
        "object_data": {"num": [{"name": "classification_id", "val": 1}]},
    }
    with pytest.raises(AnnotationError, match=r"value 1 stands for 'road' .* and for 'Car'"):
        label_classes(Document.of(plain))


def test_other_encodings_are_refused() -> None:
    """Nothing is decoded by guessing."""
    plain = segmentation_document({"f": {"L": np.array([1])}}, {1: "road"}, object_id=OBJECT)
    entry = plain["openlabel"]["frames"]["0"]["objects"][OBJECT]["object_data"]["binary"][0]
    entry["encoding"] = "base64"
    with pytest.raises(AnnotationError, match=r"encoding 'base64', only 'rle' is known"):
        list(read_segmentations(Document.of(plain)))


def test_numbers_are_the_same_in_all_frames() -> None:
    """Two cars are one class, that of the ontology if it has one, and keep their instance in every frame."""
    other = "9232b4f4-e3ca-446a-91cb-d8d403703df7"
    classes = {
        1: LabelClass(value=1, name="road"),
        7: LabelClass(value=7, name="Car", object_id=CAR),
        9: LabelClass(value=9, name="Car", object_id=other),
        20: LabelClass(value=20, name="Tram", object_id=OBJECT.replace("5", "6")),
    }
    frames = {"a": {None: [1, 7, 9]}, "b": {None: [9, 0, 20]}}
    document = Document.of(segmentation_document(frames, classes, object_id=OBJECT))
    numbering = Numbering.of(document)
    first, second = read_segmentations(document)
    assert numbering.classes(first.labels).tolist() == [1, 7, 7]
    assert numbering.classes(second.labels).tolist() == [7, 0, 20]
    assert numbering.instances(first.labels).tolist() == [0, 1, 2]
    assert numbering.instances(second.labels).tolist() == [2, 0, 3]
    assert numbering.names == {0: "background", 1: "road", 7: "Car", 20: "Tram"}
    assert numbering.objects[2] == other
    with pytest.raises(AnnotationError, match="value 5 of the segmentation is neither a class"):
        numbering.classes(np.array([5], dtype=np.uint32))


def test_things_take_the_number_of_their_class_in_the_ontology() -> None:
    classes = {3: LabelClass(value=3, name="Car"), 7: LabelClass(value=7, name="Car", object_id=CAR)}
    document = Document.of(segmentation_document({"a": {None: [3, 7]}}, classes, object_id=OBJECT))
    numbering = Numbering.of(document)
    (found,) = read_segmentations(document)
    assert numbering.classes(found.labels).tolist() == [3, 3]
    assert numbering.names == {0: "background", 3: "Car"}
