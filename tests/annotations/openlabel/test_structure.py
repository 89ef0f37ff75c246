"""The document itself: schema, frames, times, streams, objects."""

from __future__ import annotations

from typing import Any

import pytest

from kognic.annotations.openlabel import check_pre_annotation
from kognic.annotations.openlabel.structure import check_schema, not_said_twice
from tests.annotations.openlabel.documents import (
    CAR,
    aggregated_context,
    context,
    data_of,
    flags,
    good_document,
    text,
)
from tests.scenes.checks.cases import Case, Cases
from tests.scenes.checks.scenes import codes

CASES = Cases()


@CASES.breaks("ol-version", "ol-no-frames", "ol-object-unused")
def _no_metadata(document: Any) -> None:
    document["openlabel"]["frames"]["1"]["frame_properties"]["timestamp"] = 100
    del document["openlabel"]["metadata"]


@CASES.breaks("ol-stream-kind", place="streams.FRONT.type")
def _unknown_kind_of_stream(document: Any) -> None:
    document["openlabel"]["streams"]["FRONT"]["type"] = ["camera"]


@CASES.breaks("ol-version", place="metadata.schema_version")
def _other_version(document: Any) -> None:
    document["openlabel"]["metadata"]["schema_version"] = "0.3.0"


@CASES.breaks("ol-no-frames", "ol-object-unused", "ol-sparse-name", place="frames")
def _no_frames(document: Any) -> None:
    document["openlabel"]["frames"] = {}


@CASES.breaks("ol-object-id", place="objects.car-1")
def _no_uuid(document: Any) -> None:
    content = document["openlabel"]
    for holder in (content, *content["frames"].values()):
        holder["objects"]["car-1"] = holder["objects"].pop(CAR)


@CASES.breaks("ol-object-missing", place=f"frames.0.objects.{CAR}")
def _not_declared(document: Any) -> None:
    del document["openlabel"]["objects"][CAR]


@CASES.breaks("ol-object-unused", place=f"objects.{CAR}")
def _in_no_frame(document: Any) -> None:
    for frame in document["openlabel"]["frames"].values():
        del frame["objects"][CAR]


@CASES.breaks("ol-object-type", place=f"objects.{CAR}.type")
def _no_type(document: Any) -> None:
    document["openlabel"]["objects"][CAR]["type"] = ""


@CASES.breaks("ol-frame-key", place="frames.first")
def _name_for_a_frame(document: Any) -> None:
    frames = document["openlabel"]["frames"]
    frames["first"] = {
        **frames["1"],
        "frame_properties": {**frames["1"]["frame_properties"]},
    }
    del frames["1"]


@CASES.breaks("ol-frame-time", place="frames.2.frame_properties.timestamp")
def _no_time(document: Any) -> None:
    del document["openlabel"]["frames"]["2"]["frame_properties"]["timestamp"]


@CASES.breaks("ol-frame-time")
def _fraction_of_a_millisecond(document: Any) -> None:
    document["openlabel"]["frames"]["2"]["frame_properties"]["timestamp"] = 200.5


@CASES.breaks("ol-frame-time-duplicate", place="frames.2.frame_properties.timestamp")
def _same_time(document: Any) -> None:
    document["openlabel"]["frames"]["2"]["frame_properties"]["timestamp"] = 100


@CASES.breaks("ol-frame-time-unknown", place="frames.3.frame_properties.timestamp")
def _time_of_no_frame(document: Any) -> None:
    document["openlabel"]["frames"]["3"]["frame_properties"]["timestamp"] = 301


@CASES.breaks("ol-stream-unknown", place="streams.REAR")
def _stream_of_no_sensor(document: Any) -> None:
    document["openlabel"]["streams"]["REAR"] = {"type": "camera"}


@CASES.breaks("ol-stream-kind", place="streams.FRONT.type")
def _camera_called_lidar(document: Any) -> None:
    document["openlabel"]["streams"]["FRONT"]["type"] = "lidar"


@CASES.breaks("ol-contexts", place="relations")
def _relation(document: Any) -> None:
    document["openlabel"]["relations"] = {
        "1": {
            "name": "follows",
            "type": "follows",
            "rdf_subjects": [{"type": "object", "uid": CAR}],
            "rdf_objects": [{"type": "object", "uid": CAR}],
        }
    }


@CASES.breaks("ol-contexts", place="frames.0.actions")
def _action_in_a_frame(document: Any) -> None:
    document["openlabel"]["frames"]["0"]["actions"] = {"1": {}}


@CASES.breaks("ol-static-geometry", place=f"objects.{CAR}.object_data.bbox")
def _geometry_outside_frames(document: Any) -> None:
    car = document["openlabel"]["objects"][CAR]["object_data"]
    car["bbox"] = data_of(document, CAR)["bbox"]


@CASES.breaks("ol-unsupported", place=f"frames.1.objects.{CAR}.object_data.mat")
def _matrix(document: Any) -> None:
    data_of(document, CAR, 1)["mat"] = [
        {"name": "m", "val": [1.0], "channels": 1, "width": 1, "height": 1, "data_type": "u"}
    ]


@CASES.breaks("ol-reserved-property", place=f"objects.{CAR}.object_data.text")
def _text_for_a_flag(document: Any) -> None:
    car = document["openlabel"]["objects"][CAR]["object_data"]
    car["text"] = text(kognic_locked_geometries="yes")


@CASES.breaks("ol-reserved-property", place=f"frames.0.objects.{CAR}.object_data.num")
def _number_for_a_flag(document: Any) -> None:
    data_of(document, CAR)["num"] = [{"name": "kognic_stationary_object", "val": 1.0}]


@pytest.mark.parametrize("case", CASES, ids=CASES.ids())
def test_check_pre_annotation(case: Case) -> None:
    case.verify(list(check_pre_annotation(case.apply(good_document()), context())))


def test_good_document() -> None:
    """With the scene, without it, and as a model."""
    from kognic.openlabel.models import OpenLabelAnnotation

    document = good_document()
    assert list(check_pre_annotation(document, context())) == []
    assert list(check_pre_annotation(document, None)) == []
    assert list(check_pre_annotation(OpenLabelAnnotation.model_validate(document), context())) == []


def test_aggregated_scene_takes_one_frame() -> None:
    document = good_document()
    assert "ol-aggregated" in codes(check_pre_annotation(document, aggregated_context()))
    content = document["openlabel"]
    content["frames"] = {"0": content["frames"]["0"]}
    (pointer,) = content["objects"]["44444444-4444-4444-8444-444444444444"]["object_data_pointers"].values()
    pointer["frame_intervals"] = [{"frame_start": 0, "frame_end": 0}]
    assert list(check_pre_annotation(document, aggregated_context())) == []


@pytest.mark.parametrize("content", [{}, {"openlabel": []}, {"openlabel": None}, {"frames": {}}])
def test_what_is_no_document(content: Any) -> None:
    """It is reported once, and no other rule runs."""
    assert codes(check_pre_annotation(content, context())) == {"ol-schema"}


@pytest.mark.parametrize("junk", [None, 5, "text", [1], {"a": 1}, [[]]])
@pytest.mark.parametrize("part", ["frames", "objects", "streams", "metadata"])
def test_parts_of_any_form_do_not_crash(part: str, junk: Any) -> None:
    document = good_document()
    document["openlabel"][part] = junk
    assert codes(check_pre_annotation(document, context()))


def test_streams_without_the_scene() -> None:
    """Without the scene a stream may be of either kind, but not of a third."""
    document = good_document()
    document["openlabel"]["streams"]["FRONT"]["type"] = "radar"
    assert "ol-stream-kind" in codes(check_pre_annotation(document, None))


def test_many_schema_errors_are_cut_short() -> None:
    """A document with an error everywhere gets a summary instead of a thousand findings."""
    document = good_document()
    for index in range(100):
        document["openlabel"]["objects"][f"{index:08}-1111-4111-8111-111111111111"] = {"type": 5}
    findings = not_said_twice(list(check_schema(document)), ())
    assert len(findings) == 21
    assert findings[-1].message == "and 180 more such errors"


def test_one_fault_is_one_finding() -> None:
    """The schema repeats no rule, and says in plain words what no rule says."""
    document = good_document()
    content = document["openlabel"]
    content["frames"]["0"]["objects"]["b"] = content["frames"]["0"]["objects"].pop(CAR)
    found = list(check_pre_annotation(document, context()))
    assert [finding.code for finding in found if finding.field == "frames.0.objects.b"] == [
        "ol-object-missing"
    ]
    assert "ol-schema" not in codes(found)

    content["tags"] = 5
    (schema,) = (f for f in check_pre_annotation(document, context()) if f.code == "ol-schema")
    assert (schema.field, schema.message) == ("openlabel.tags", "is 5, must be an object")


def test_flags_are_flags() -> None:
    assert flags(a=True) == [{"name": "a", "val": True}]
