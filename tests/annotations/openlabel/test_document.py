"""A document taken apart, whatever is missing in it or wrong."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kognic.annotations.document import Geometry
from kognic.annotations.openlabel import Document, SceneContext, plain_document
from kognic.annotations.rotations import to_matrices
from tests.annotations.openlabel.documents import CAR, SIGN, context, good_document


def test_frames_in_the_order_of_their_numbers() -> None:
    """Keys that are no numbers come last."""
    document = Document.of({"openlabel": {"frames": {"10": {}, "x": {}, "2": {}}}})
    assert document.frame_keys == ["2", "10", "x"]


def test_times() -> None:
    """Whole milliseconds; anything else is none."""
    times = {"0": 5, "1": 5.0, "2": 5.5, "3": True, "4": "7", "5": None, "6": [1]}
    frames = {key: {"frame_properties": {"timestamp": value}} for key, value in times.items()}
    document = Document.of({"openlabel": {"frames": frames}})
    assert [document.timestamp(key) for key in document.frame_keys] == [5, 5, None, None, 7, None, None]


def test_objects_streams_and_geometries() -> None:
    """Every geometry with its place, kind, stream and attributes."""
    document = Document.of(good_document())
    assert list(document.streams) == ["TOP", "FRONT", "LEFT"]
    assert document.objects[CAR]["type"] == "Car"
    assert set(document.objects_in("1")[CAR]) == {"cuboid", "bbox"}
    geometries = [g for g in document.geometries() if g.frame == "0"]
    assert {g.kind for g in geometries} == {"bbox", "cuboid", "poly2d", "point2d", "poly3d"}
    hole = next(g for g in geometries if g.name == "hole")
    assert (hole.object_id, hole.stream, hole.is_3d) == (SIGN, "FRONT", False)
    assert hole.place == f"frames.0.objects.{SIGN}.object_data.poly2d[1]"
    assert hole.attribute("boolean", "is_hole") is True
    assert hole.attributes("num") == []
    assert hole.numbers() == [10, 10, 20, 10, 15, 20]


def test_numbers_that_are_none() -> None:
    def numbers(val: object) -> list[float] | None:
        return Geometry(
            frame="0", object_id="o", kind="bbox", name="b", val=val, raw={"val": val}, place=""
        ).numbers()

    assert numbers(["1", 2]) == [1, 2]
    assert numbers([None]) is numbers("12") is numbers(5) is None


def test_context_of_a_scene() -> None:
    """What the rules need of it, and what a stream is."""
    scene = context()
    assert isinstance(scene, SceneContext)
    assert dict(scene.times) == {0: "f0", 100: "f1", 200: "f2", 300: "f3"}
    assert scene.cameras == {"FRONT": (96, 64), "LEFT": (96, 64)}
    assert [scene.kind_of(name) for name in ("FRONT", "TOP", "REAR")] == ["camera", "lidar", None]


def test_plain_document() -> None:
    """Dicts and models become plain values; anything else is refused."""
    import pytest

    from kognic.openlabel.models import OpenLabelAnnotation

    document = good_document()
    model = OpenLabelAnnotation.model_validate(document)
    assert plain_document(document) == document
    assert plain_document(model)["openlabel"]["streams"]["TOP"]["type"] == "lidar"
    with pytest.raises(TypeError, match="int is not an OpenLABEL document"):
        plain_document(5)


def _cuboid(val: list[float]) -> Geometry:
    data = {"cuboid": [{"name": "c", "val": val}]}
    frames = {"0": {"objects": {"o": {"object_data": data}}}}
    (geometry,) = Document.of({"openlabel": {"frames": frames}}).geometries()
    return geometry


@given(st.tuples(*[st.floats(-3, 3)] * 3))
def test_euler_angles_become_quaternions(angles: tuple[float, float, float]) -> None:
    """Nine numbers, as OpenLABEL 1.0 allows: rx, ry, rz in the order ZYX, so the matrix is Rz Ry Rx."""
    x, y, z = angles
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    found = _cuboid([1, 2, 3, *angles, 4, 5, 6]).cuboid()
    assert (found[:3], found[7:]) == ([1, 2, 3], [4, 5, 6])
    assert np.allclose(to_matrices(found[3:7])[0], about_z @ about_y @ about_x, atol=1e-12)


def test_numbers_beyond_floats_are_none() -> None:
    assert _cuboid([10**400, *[0.0] * 9]).numbers() is None
