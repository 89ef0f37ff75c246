"""The rules for pre-annotations."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from kognic.sandbox.platform.errors import ValidationFailedError
from kognic.sandbox.platform.pre_annotations.rules import check
from kognic.sandbox.platform.tables import Scene
from tests.sandbox.protocol import document

CAR = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
Change = Callable[[dict[str, Any]], object]


def scene(count: int = 3, scene_type: str = "lidars_and_cameras_sequence") -> Scene:
    """A scene of one camera and one lidar with a frame every 100 ms."""
    frames = [
        {
            "relative_ms": i * 100,
            "images": [{"sensor": "FRONT"}],
            "point_clouds": [{"sensor": "ROOF"}],
        }
        for i in range(count)
    ]
    return Scene(scene_type=scene_type, specification={"frames": frames})


def in_stream(name: str, **texts: str) -> dict[str, Any]:
    """Attributes that name a stream, and other texts."""
    pairs = {"stream": name, **texts}
    return {"text": [{"name": key, "val": value} for key, value in pairs.items()]}


def cuboid(name: str = "c", **extra: Any) -> dict[str, Any]:
    val = [1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 1.0, 1.8, 4.1, 1.4]
    return {"name": name, "val": val, "attributes": in_stream("ROOF"), **extra}


def bbox(name: str = "b", **extra: Any) -> dict[str, Any]:
    return {"name": name, "val": [4.0, 3.0, 2.0, 1.0], "attributes": in_stream("FRONT"), **extra}


def poly2d(closed: bool = True, **extra: Any) -> dict[str, Any]:
    return {
        "name": "p",
        "val": [0.0, 0.0, 5.0, 0.0, 5.0, 5.0],
        "closed": closed,
        "mode": "MODE_POLY2D_ABSOLUTE",
        "attributes": in_stream("FRONT"),
        **extra,
    }


def point(name: str, **texts: str) -> dict[str, Any]:
    return {"name": name, "val": [1.0, 2.0], "attributes": in_stream("FRONT", **texts)}


def frame(index: int, **data: Any) -> dict[str, Any]:
    properties = {"timestamp": index * 100, "streams": {"FRONT": {}, "ROOF": {}}, "external_id": str(index)}
    objects = {CAR: {"object_data": data}} if data else {}
    return {"frame_properties": properties, "objects": objects}


def good(*frames: dict[str, Any], **car: Any) -> dict[str, Any]:
    """A document with one car that breaks no rule."""
    shown = frames or (frame(0, cuboid=[cuboid()], bbox=[bbox()]),)
    return document(
        streams={"FRONT": {"type": "camera"}, "ROOF": {"type": "lidar"}},
        objects={CAR: {"name": "car", "type": "Car", **car}},
        frames={str(index): one for index, one in enumerate(shown)},
    )


def refusal(content: Any, of: Scene | None = None) -> str:
    with pytest.raises(ValidationFailedError) as caught:
        check(content, of or scene())
    assert caught.value.status == 400
    assert caught.value.message.startswith("Validation failed: ")
    return caught.value.message


def test_good_document() -> None:
    """It is given back without its empty parts."""
    content = good(object_data={"text": [{"name": "color", "val": "red"}]})

    assert check(copy.deepcopy(content), scene()) == content


@pytest.mark.parametrize(
    "frames",
    [
        [frame(0, poly2d=[poly2d()])],
        [frame(0, poly2d=[poly2d(False, attributes=in_stream("FRONT", interpolation_method="polyline"))])],
        [
            frame(
                0,
                poly2d=[poly2d(False, attributes=in_stream("FRONT", **{"interpolation-method": "polyline"}))],
            )
        ],
        [
            frame(
                0, poly3d=[{"name": "l", "val": [0.0] * 6, "closed": False, "attributes": in_stream("ROOF")}]
            )
        ],
        [frame(0, point2d=[point("a")])],
        [frame(0, point2d=[point("a", point_class="Car")])],
        [frame(0, point2d=[point("a", point_class="wheel")])],
        [frame(0, point2d=[point("a", point_class="wheel"), point("b", point_class="lamp")])],
        [frame(0, bbox=[bbox("1"), bbox("2")])],
        [frame(0, text=[{"name": "state", "val": "moving"}], boolean=[{"name": "b", "val": True}])],
        [
            frame(
                0,
                bbox=[
                    bbox("1", attributes={**in_stream("FRONT"), "num": [{"name": "confidence", "val": 0.5}]})
                ],
            )
        ],
        [frame(0), frame(2)],
    ],
)
def test_good_geometry(frames: list[dict[str, Any]]) -> None:
    """Every documented geometry and attribute."""
    check(good(*frames), scene())


def test_text_timestamps() -> None:
    """Times may be text."""
    one = frame(0)
    one["frame_properties"]["timestamp"] = "100"

    check(good(one), scene())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "Input should be"),
        ({}, "openlabel: Field required"),
        ({"openlabel": {}}, "openlabel.metadata: Field required"),
        ({"openlabel": {"metadata": {"schema_version": "2.0"}}}, "schema_version"),
        (document(), "a pre-annotation needs frames"),
        (document(frames={"first": frame(0)}), "frames"),
        (document(frames={"0": frame(0)}, objects={CAR: {"name": "x"}}), "type: Field required"),
        (document(frames={"0": {**frame(0), "surprise": 1}}), "surprise"),
    ],
)
def test_shape(content: Any, message: str) -> None:
    """What is not OpenLABEL is refused with the place."""
    assert message in refusal(content)


def change(*path: Any, value: Any = ...) -> Change:
    """Set a value deep inside a document, or take it away."""

    def apply(content: dict[str, Any]) -> None:
        *way, last = path
        for part in way:
            content = content[part]
        if value is ...:
            del content[last]
        else:
            content[last] = value

    return apply


FRAME = ("openlabel", "frames", "0")
DATA = (*FRAME, "objects", CAR, "object_data")


@pytest.mark.parametrize(
    ("apply", "message"),
    [
        (change(*FRAME, "frame_properties", "timestamp"), "frame 0 has no frame_properties.timestamp"),
        (change(*FRAME, "frame_properties"), "frame 0 has no frame_properties.timestamp"),
        (
            change(*FRAME, "frame_properties", "timestamp", value=50),
            "timestamp 50 of frame 0 is not the relative",
        ),
        (change(*FRAME, "frame_properties", "timestamp", value="noon"), "is noon, must be milliseconds"),
        (change("openlabel", "frames", "1", value=frame(0)), "frames 0 and 1 have the same timestamp 0"),
        (
            change("openlabel", "contexts", value={"1": {"name": "c", "type": "c"}}),
            "contexts are not supported",
        ),
        (
            change(
                "openlabel",
                "relations",
                value={"1": {"name": "r", "type": "r", "rdf_subjects": [], "rdf_objects": []}},
            ),
            "relations are not supported",
        ),
        (
            change(*FRAME, "relations", value={"1": {}}),
            "relations are not supported in pre-annotations (frame 0)",
        ),
        (change("openlabel", "streams", "REAR", value={"type": "camera"}), "stream REAR is not a sensor"),
        (
            change("openlabel", "streams", "FRONT", "type", value="lidar"),
            "stream FRONT is a camera, not a lidar",
        ),
        (
            change(*FRAME, "frame_properties", "streams", value={"REAR": {}}),
            "stream REAR of frame 0 is not a sensor",
        ),
        (change("openlabel", "objects", value={}), "is missing in objects"),
        (
            change("openlabel", "objects", "7", value={"name": "x", "type": "Car"}),
            "object id 7 is not a UUID",
        ),
        (
            change("openlabel", "objects", CAR, "object_data", value={"bbox": [bbox()]}),
            f"object {CAR} has a bbox outside frames",
        ),
        (change(*DATA, "bbox", 0, "attributes"), "lacks the text attribute stream"),
        (
            change(*DATA, "bbox", 0, "attributes", value=in_stream("ROOF")),
            "stream ROOF is a lidar, must be a camera",
        ),
        (change(*DATA, "cuboid", 0, "attributes", value=in_stream("FRONT")), "is a camera, must be a lidar"),
        (change(*DATA, "cuboid", 0, "attributes", value=in_stream("SIDE")), "is no sensor of the scene"),
        (change(*DATA, "cuboid", 0, "val", value=[1.0] * 9), "has 9 values, must have 10"),
        (change(*DATA, "cuboid", 0, "val", value=None), "has no values"),
        (change(*DATA, "cuboid", value=[cuboid("a"), cuboid("b")]), "at most one 3D geometry per frame"),
        (
            change(*DATA, "cuboid", 0, "attributes", value={**in_stream("ROOF", color="red")}),
            "3D geometry may not use source specific properties: color of cuboid",
        ),
        (change(*DATA, "rbbox", value=[{"name": "r", "val": [0.0] * 5}]), "rbbox is not supported"),
        (change(*DATA, "vec", value=[{"name": "v", "val": [1.0]}]), "vec is not supported"),
        (change(*DATA, "poly2d", value=[poly2d(mode="MODE_POLY2D_SRF6DCC")]), "must be MODE_POLY2D_ABSOLUTE"),
        (change(*DATA, "poly2d", value=[poly2d(val=[1.0, 2.0, 3.0])]), "values must be pairs"),
        (change(*DATA, "poly2d", value=[poly2d(False)]), "lacks the text attribute interpolation_method"),
        (
            change(
                *DATA, "poly2d", value=[poly2d(attributes=in_stream("FRONT", interpolation_method="magic"))]
            ),
            "interpolation_method is magic",
        ),
        (change(*DATA, "point2d", value=[point("a"), point("b")]), "a point of a group needs a point_class"),
        (
            change(*DATA, "point2d", value=[point("a", point_class="Car"), point("b", point_class="x")]),
            "a point of a group needs a point_class that differs from Car",
        ),
        (
            change(*DATA, "point2d", value=[point("a", point_class="line_reference_point")]),
            "line_reference_point is reserved",
        ),
    ],
)
def test_rules(apply: Change, message: str) -> None:
    """Each rule refuses the document that breaks it and nothing else."""
    content = copy.deepcopy(good())
    apply(content)

    assert message in refusal(content)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_finite(value: float) -> None:
    """Values are numbers."""
    content = good(frame(0, bbox=[bbox(val=[value, 0.0, 1.0, 1.0])]))

    assert "has values that are not finite" in refusal(content)


def test_poly3d_needs_triples() -> None:
    """Points in space have three coordinates."""
    line = {"name": "l", "val": [0.0] * 4, "closed": False, "attributes": in_stream("ROOF")}

    assert "must be triples" in refusal(good(frame(0, poly3d=[line])))


def test_aggregated_sequence() -> None:
    """A pre-annotation of an aggregated sequence is reduced to one frame."""
    of = scene(scene_type="aggregated_lidars_and_cameras_sequence")

    check(good(frame(0, cuboid=[cuboid()])), of)
    assert "must be reduced to one frame, this has 2" in refusal(good(frame(0), frame(1)), of)


def pointer(start: int | None, end: int | None, kind: str = "cuboid") -> dict[str, Any]:
    interval = {"frame_start": start, "frame_end": end}
    given = {key: value for key, value in interval.items() if value is not None}
    return {"object_data_pointers": {"c": {"type": kind, "frame_intervals": [given]}}}


class TestSparse:
    """Geometry that is not given in every frame."""

    def test_gap(self) -> None:
        """What is missing between the first and the last frame of an interval is interpolated."""
        frames = (frame(0, cuboid=[cuboid()]), frame(1), frame(2, cuboid=[cuboid()]))

        check(good(*frames, **pointer(0, 2)), scene())

    @pytest.mark.parametrize(
        ("car", "message"),
        [
            (pointer(0, 1), "the geometry must be given in frame 1"),
            (pointer(1, 2), "the geometry must be given in frame 1"),
            (pointer(2, 0), "a frame_end not before it"),
            (pointer(0, None), "an interval needs frame_start"),
            (pointer(0, 2, "poly3d"), "the geometry is not of type poly3d everywhere"),
        ],
    )
    def test_intervals(self, car: dict[str, Any], message: str) -> None:
        """The first and the last frame of an interval hold the geometry."""
        frames = (frame(0, cuboid=[cuboid()]), frame(1), frame(2, cuboid=[cuboid()]))

        assert message in refusal(good(*frames, **car))

    def test_one_stream(self) -> None:
        """A sparse geometry stays in its stream."""
        of = scene()
        for one in of.specification["frames"]:
            one["images"].append({"sensor": "REAR"})
        frames = (frame(0, bbox=[bbox("c")]), frame(1, bbox=[bbox("c", attributes=in_stream("REAR"))]))

        message = refusal(good(*frames, **pointer(0, 1, "bbox")), of)

        assert "must be in the same stream in all frames" in message

    def test_pointers_to_attributes(self) -> None:
        """Pointers to attributes follow no such rule."""
        check(good(frame(0), **pointer(0, 2, "text")), scene())

    def test_interpolated(self) -> None:
        """A flagged geometry is given in the document's first and last frame, flagged or not."""
        flag = {**in_stream("ROOF"), "boolean": [{"name": "interpolated", "val": True}]}
        whole = (
            frame(0, cuboid=[cuboid()]),
            frame(1, cuboid=[cuboid(attributes=flag, val=None)]),
            frame(2, cuboid=[cuboid()]),
        )

        check(good(*whole), scene())
        assert "is interpolated and must be given in frame 2" in refusal(good(*whole[:2], frame(2)))
