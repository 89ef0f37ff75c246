"""Sparse geometry: given in some frames, interpolated by the platform in the others."""

from __future__ import annotations

from typing import Any

import pytest

from kognic.annotations.openlabel import check_pre_annotation
from tests.annotations.openlabel.documents import (
    CAR,
    SPARSE,
    context,
    cuboid,
    data_of,
    flags,
    good_document,
)
from tests.scenes.checks.cases import Case, Cases

CASES = Cases()
PLACE = f"objects.{SPARSE}.object_data_pointers.sparse"


def pointer(document: Any) -> Any:
    return document["openlabel"]["objects"][SPARSE]["object_data_pointers"]["sparse"]


@CASES.breaks("ol-sparse-name", place=f"objects.{SPARSE}.object_data_pointers.other")
def _pointer_to_nothing(document: Any) -> None:
    pointers = document["openlabel"]["objects"][SPARSE]["object_data_pointers"]
    pointers["other"] = pointers.pop("sparse")


@CASES.breaks("ol-sparse-name", place=PLACE)
def _pointer_to_another_kind(document: Any) -> None:
    pointer(document)["type"] = "bbox"


@CASES.breaks("ol-sparse-interval", place=f"{PLACE}.frame_intervals[0]")
def _backwards(document: Any) -> None:
    pointer(document)["frame_intervals"] = [{"frame_start": 3, "frame_end": 0}]


@CASES.breaks("ol-sparse-interval", place=f"{PLACE}.frame_intervals[0]")
def _beyond_the_end(document: Any) -> None:
    pointer(document)["frame_intervals"] = [{"frame_start": 0, "frame_end": 9}]


@CASES.breaks("ol-sparse-ends", place="1")
def _not_given_where_it_begins(document: Any) -> None:
    pointer(document)["frame_intervals"] = [{"frame_start": 1, "frame_end": 3}]


@CASES.breaks("ol-sparse-stream", "ol-geometry-sensor", place=PLACE)
def _two_streams(document: Any) -> None:
    data_of(document, SPARSE, 3)["cuboid"] = [cuboid("sparse", stream="FRONT")]


@CASES.breaks("ol-geometry-name", "ol-3d-count", place=PLACE)
def _two_of_one_name(document: Any) -> None:
    data_of(document, SPARSE)["cuboid"].append(cuboid("sparse"))


@CASES.breaks("ol-interpolated-ends", place=f"frames.3.objects.{CAR}")
def _interpolated_beyond_its_last_frame(document: Any) -> None:
    data_of(document, CAR, 1)["cuboid"] = [cuboid(boolean=flags(interpolated=True))]
    del data_of(document, CAR, 3)["cuboid"]


@pytest.mark.parametrize("case", CASES, ids=CASES.ids())
def test_check_sparse(case: Case) -> None:
    case.verify(list(check_pre_annotation(case.apply(good_document()), context())))


def test_interpolated_between_the_ends_is_fine() -> None:
    document = good_document()
    for index in (1, 2):
        data_of(document, CAR, index)["cuboid"] = [cuboid(boolean=flags(interpolated=True))]
    assert list(check_pre_annotation(document, context())) == []


def test_pointers_to_attributes_are_left_alone() -> None:
    """Only geometry is interpolated; attributes hold their last value."""
    document = good_document()
    document["openlabel"]["objects"][CAR]["object_data_pointers"] = {"colour": {"type": "text"}}
    assert not [f for f in check_pre_annotation(document, context()) if f.code.startswith("ol-sparse")]
