"""Sparse annotations made dense."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.cuboids import headings
from kognic.annotations.document import Document
from kognic.annotations.sparse import densified
from tests.annotations.scenes import car, document


def _plain(**last: Any) -> dict[str, Any]:
    """A car in the first and the last of three frames."""
    labels = [car("f0", x=10, yaw=0), car("f2", x=30, yaw=0.4, **last)]
    plain: dict[str, Any] = copy.deepcopy(dict(document(labels).plain))
    return plain


def _pointer(plain: dict[str, Any], start: int = 0, end: int = 2) -> Document:
    (entry,) = plain["openlabel"]["objects"].values()
    (name,) = [g.name for g in Document.of(plain).geometries() if g.frame == "0"]
    interval = {"frame_start": start, "frame_end": end}
    entry["object_data_pointers"] = {name: {"type": "cuboid", "frame_intervals": [interval]}}
    return Document.of(plain)


def test_pointers_are_filled_in_between_key_frames() -> None:
    """Half way in time: position, size and rotation; marked as interpolated, pointers gone."""
    dense = densified(_pointer(_plain()), world=None)
    values = {g.frame: g for g in dense.geometries(("cuboid",))}
    assert values["1"].cuboid()[0] == pytest.approx(20)
    assert headings(values["1"].cuboid())[0] == pytest.approx(0.2)
    assert (values["0"].is_interpolated, values["1"].is_interpolated) == (None, True)
    assert "object_data_pointers" not in next(iter(dense.objects.values()))


def test_in_the_world_the_vehicles_motion_counts() -> None:
    """The vehicle drives 10 m, then 30 m: half way in the world is 20 m ahead of where it was."""
    world = {key: np.eye(4) for key in "012"}
    world["1"][0, 3], world["2"][0, 3] = 10, 40
    dense = densified(_pointer(_plain()), world=world)
    (middle,) = [g for g in dense.geometries(("cuboid",)) if g.frame == "1"]
    assert middle.cuboid()[0] == pytest.approx((10 + 70) / 2 - 10)
    del world["1"]
    with pytest.raises(AnnotationError, match=r"frame 1, object .*: frame 1 has no pose"):
        densified(_pointer(_plain()), world=world)


def test_times_are_used_rather_than_frame_numbers() -> None:
    """The middle frame is a quarter of the way."""
    plain = _plain()
    plain["openlabel"]["frames"]["1"]["frame_properties"]["timestamp"] = 50
    dense = densified(_pointer(plain), world=None)
    (middle,) = [g for g in dense.geometries(("cuboid",)) if g.frame == "1"]
    assert middle.cuboid()[0] == pytest.approx(15)


def test_flagged_geometry_is_computed_anew() -> None:
    """What it holds does not count; 2D geometry is linear in pixels."""
    entries = [[0, 0, 10, 10], [999, 0, 1, 1], [10, 20, 30, 10]]
    frames = {}
    for index, val in enumerate(entries):
        flags = [{"name": "interpolated", "val": index == 1}, {"name": "occluded", "val": True}]
        box = {"name": "b", "val": val, "attributes": {"boolean": flags}}
        frames[str(index)] = {"objects": {"o": {"object_data": {"bbox": [box]}}}}
    given = Document.of({"openlabel": {"frames": frames, "objects": {"o": {"name": "o", "type": "Car"}}}})
    dense = densified(given, world=None)
    (middle,) = [g for g in dense.geometries() if g.frame == "1"]
    assert middle.bbox() == [5, 10, 20, 10]
    assert middle.attribute("boolean", "occluded") is True
    assert given.frames["1"]["objects"]["o"]["object_data"]["bbox"][0]["val"] == [999, 0, 1, 1]


def test_key_frames_are_needed_on_both_sides() -> None:
    """The platform refuses such a document as well."""
    plain = _plain()
    del plain["openlabel"]["frames"]["2"]["objects"]
    with pytest.raises(AnnotationError, match=r"frame 1, object .*, cuboid .*: no key frame after it"):
        densified(_pointer(plain), world=None)


def test_key_frames_have_the_same_number_of_points() -> None:
    """A polygon that gains a point cannot be interpolated."""
    frames = {}
    for index, val in enumerate([[0, 0, 1, 1, 2, 0], [0, 0], [0, 0, 1, 1]]):
        shape = {
            "name": "p",
            "val": val,
            "attributes": {"boolean": [{"name": "interpolated", "val": index == 1}]},
        }
        frames[str(index)] = {"objects": {"o": {"object_data": {"poly2d": [shape]}}}}
    with pytest.raises(AnnotationError, match=r"key frames 0 and 2 do not have the same number of values"):
        densified(Document.of({"openlabel": {"frames": frames}}), world=None)


def test_dense_documents_stay_as_they_are() -> None:
    """Nothing to do, nothing changed."""
    given = document([car("f0"), car("f1")])
    assert densified(given, world=None).plain == given.plain
