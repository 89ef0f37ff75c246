"""The geometry in a document: numbers, sensors, attributes, images."""

from __future__ import annotations

import math
from typing import Any

import pytest

from kognic.annotations.openlabel import check_pre_annotation
from tests.annotations.openlabel.documents import (
    CAR,
    LANE,
    SIGN,
    bbox,
    context,
    cuboid,
    data_of,
    good_document,
    point,
    text,
)
from tests.scenes.checks.cases import Case, Cases
from tests.scenes.checks.scenes import LIDAR, codes

CASES = Cases()
BOX = f"frames.0.objects.{CAR}.object_data.bbox[0]"
CUBOID = f"frames.0.objects.{CAR}.object_data.cuboid[0]"


def first(document: Any, object_id: str, kind: str) -> Any:
    return data_of(document, object_id)[kind][0]


@CASES.breaks("ol-geometry-stream", place=f"{BOX}.attributes.text")
def _no_stream(document: Any) -> None:
    first(document, CAR, "bbox")["attributes"]["text"] = []


@CASES.breaks("ol-stream-missing", place=f"{BOX}.attributes.text")
def _stream_not_declared(document: Any) -> None:
    first(document, CAR, "bbox")["attributes"]["text"] = text(stream="REAR")


@CASES.breaks("ol-geometry-sensor", place=LIDAR)
def _box_in_the_lidar(document: Any) -> None:
    data_of(document, CAR)["bbox"] = [bbox(stream=LIDAR)]


@CASES.breaks("ol-geometry-sensor", place="FRONT")
def _cuboid_in_a_camera(document: Any) -> None:
    data_of(document, CAR)["cuboid"] = [cuboid(stream="FRONT")]


@CASES.breaks("ol-number", place=f"{CUBOID}.val")
def _nine_numbers(document: Any) -> None:
    first(document, CAR, "cuboid")["val"].pop()


@CASES.breaks("ol-number", place=f"{BOX}.val")
def _infinite(document: Any) -> None:
    first(document, CAR, "bbox")["val"][0] = math.inf


@CASES.breaks("ol-number", place=f"{BOX}.val")
def _text_for_numbers(document: Any) -> None:
    first(document, CAR, "bbox")["val"] = "1 2 3 4"


@CASES.breaks("ol-cuboid-size", place=f"{CUBOID}.val")
def _flat_cuboid(document: Any) -> None:
    first(document, CAR, "cuboid")["val"][9] = 0.0


@CASES.breaks("ol-cuboid-rotation", place=f"{CUBOID}.val")
def _no_rotation(document: Any) -> None:
    first(document, CAR, "cuboid")["val"][3:7] = [0.0] * 4


@CASES.breaks("ol-cuboid-unit", place=f"{CUBOID}.val")
def _euler_angles(document: Any) -> None:
    first(document, CAR, "cuboid")["val"][3:7] = [0.0, 0.0, 1.57, 1.0]


@CASES.breaks("ol-cuboid-huge", place=f"{CUBOID}.val")
def _millimetres(document: Any) -> None:
    val = first(document, CAR, "cuboid")["val"]
    val[7:] = [size * 1000 for size in val[7:]]


@CASES.breaks("ol-bbox-size", place=f"{BOX}.val")
def _corners_for_centre_and_size(document: Any) -> None:
    first(document, CAR, "bbox")["val"] = [48.0, 32.0, 10.0, -5.0]


@CASES.breaks("ol-bbox-outside", place=f"{BOX}.val")
def _pixels_of_a_larger_image(document: Any) -> None:
    first(document, CAR, "bbox")["val"] = [480.0, 320.0, 20.0, 10.0]


@CASES.breaks("ol-2d-outside", place="LEFT")
def _point_outside(document: Any) -> None:
    first(document, SIGN, "point2d")["val"] = [-5.0, 3.0]


@CASES.breaks("ol-polygon-points", place=f"frames.0.objects.{SIGN}.object_data.poly2d[0].val")
def _two_corners(document: Any) -> None:
    first(document, SIGN, "poly2d")["val"] = [1.0, 1.0, 2.0, 2.0]


@CASES.breaks("ol-polygon-points", place=f"frames.0.objects.{LANE}.object_data.poly3d[0].val")
def _odd_numbers(document: Any) -> None:
    first(document, LANE, "poly3d")["val"].pop()


@CASES.breaks("ol-polygon-mode", place=f"frames.0.objects.{SIGN}.object_data.poly2d[0].mode")
def _relative_polygon(document: Any) -> None:
    first(document, SIGN, "poly2d")["mode"] = "MODE_POLY2D_RELATIVE"


@CASES.breaks("ol-polygon-attribute")
def _no_interpolation_method(document: Any) -> None:
    first(document, LANE, "poly2d")["attributes"]["text"] = text(stream="FRONT")


@CASES.breaks("ol-polygon-attribute")
def _unknown_interpolation_method(document: Any) -> None:
    first(document, LANE, "poly2d")["attributes"]["text"] = text(
        stream="FRONT", interpolation_method="bezier"
    )


@CASES.breaks("ol-polygon-attribute")
def _two_outlines_and_no_word_of_holes(document: Any) -> None:
    first(document, SIGN, "poly2d")["attributes"].pop("boolean")


@CASES.breaks("ol-interpolation-name")
def _hyphen(document: Any) -> None:
    attributes = first(document, LANE, "poly2d")["attributes"]
    attributes["text"] = [*text(stream="FRONT"), {"name": "interpolation-method", "val": "polyline"}]


@CASES.breaks("ol-3d-count", place=f"frames.0.objects.{CAR}.object_data.cuboid[1]")
def _two_cuboids(document: Any) -> None:
    data_of(document, CAR)["cuboid"].append(cuboid("second"))


@CASES.breaks("ol-3d-attribute", place=f"{CUBOID}.attributes.num")
def _attribute_on_a_cuboid(document: Any) -> None:
    first(document, CAR, "cuboid")["attributes"]["num"] = [{"name": "speed", "val": 3.0}]


@CASES.breaks("ol-unsupported", place=f"{BOX}.attributes.vec")
def _vector_on_a_box(document: Any) -> None:
    first(document, CAR, "bbox")["attributes"]["vec"] = [{"name": "colour", "val": [1.0, 2.0]}]


@CASES.breaks("ol-confidence", place=f"{BOX}.attributes.num")
def _percent(document: Any) -> None:
    first(document, CAR, "bbox")["attributes"]["num"] = [{"name": "confidence", "val": 93.0}]


@CASES.breaks("ol-point-class")
def _point_without_a_name(document: Any) -> None:
    first(document, SIGN, "point2d")["attributes"]["text"] = text(stream="LEFT")


@CASES.breaks("ol-point-class")
def _point_named_like_its_object(document: Any) -> None:
    data_of(document, SIGN)["point2d"][0] = point("p1", "Sign")


@CASES.breaks("ol-point-class")
def _reserved_point(document: Any) -> None:
    data_of(document, SIGN)["point2d"][0] = point("p1", "line_reference_point")


@pytest.mark.parametrize("case", CASES, ids=CASES.ids())
def test_check_geometry(case: Case) -> None:
    case.verify(list(check_pre_annotation(case.apply(good_document()), context())))


def test_what_is_fine() -> None:
    """A confidence in an image, single points with and without a name, a box partly outside."""
    document = good_document()
    box = first(document, CAR, "bbox")
    box["attributes"]["num"] = [{"name": "confidence", "val": 0.9}]
    box["val"] = [0.0, 0.0, 20.0, 10.0]
    data_of(document, SIGN)["point2d"] = [{**point("p", "x"), "attributes": {"text": text(stream="LEFT")}}]
    data_of(document, CAR)["point2d"] = [point("q", "wheel")]
    first(document, LANE, "poly3d")["closed"] = True
    assert codes(check_pre_annotation(document, context())) == set()
