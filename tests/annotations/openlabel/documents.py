"""A pre-annotation of the small scene without a fault, with every kind of geometry, to be broken."""

from __future__ import annotations

from typing import Any

from kognic.annotations.openlabel import SceneContext
from kognic.scenes.checks.context import scene_context
from kognic.scenes.scene_view import view_of
from tests.scenes.checks.scenes import (
    CAMERAS,
    FRAMES,
    HEIGHT,
    LIDAR,
    STEP_MS,
    WIDTH,
    aggregated_scene,
    good_scene,
)

CAR = "11111111-1111-4111-8111-111111111111"
SIGN = "22222222-2222-4222-8222-222222222222"
LANE = "33333333-3333-4333-8333-333333333333"
SPARSE = "44444444-4444-4444-8444-444444444444"


def context() -> SceneContext:
    """What the rules know of the scene."""
    return scene_context(view_of(good_scene()), dict.fromkeys(CAMERAS, (WIDTH, HEIGHT)))


def aggregated_context() -> SceneContext:
    """The same of the aggregated scene."""
    return scene_context(view_of(aggregated_scene()), {})


def text(**values: str) -> list[dict[str, str]]:
    """Text attributes; underlines stand as they are."""
    return [{"name": name, "val": value} for name, value in values.items()]


def flags(**values: bool) -> list[dict[str, Any]]:
    """Boolean attributes."""
    return [{"name": name, "val": value} for name, value in values.items()]


def cuboid(name: str = "cuboid", stream: str = LIDAR, **attributes: Any) -> dict[str, Any]:
    """A car's cuboid, ten metres ahead."""
    val = [10.0, 0.0, 0.5, 0.0, 0.0, 0.0, 1.0, 1.9, 4.5, 1.6]
    return {"name": name, "val": val, "attributes": {"text": text(stream=stream), **attributes}}


def bbox(name: str = "box", stream: str = "FRONT") -> dict[str, Any]:
    """A box in the middle of an image."""
    return {"name": name, "val": [48.0, 32.0, 20.0, 10.0], "attributes": {"text": text(stream=stream)}}


def polygon(name: str, *, hole: bool) -> dict[str, Any]:
    """A triangle, the outline of a sign or a hole in it."""
    return {
        "name": name,
        "val": [10.0, 10.0, 20.0, 10.0, 15.0, 20.0],
        "closed": True,
        "mode": "MODE_POLY2D_ABSOLUTE",
        "attributes": {"text": text(stream="FRONT", polygon_id="1"), "boolean": flags(is_hole=hole)},
    }


def line() -> dict[str, Any]:
    """A lane's edge in an image."""
    return {
        "name": "line",
        "val": [0.0, 60.0, 40.0, 40.0, 90.0, 30.0],
        "closed": False,
        "mode": "MODE_POLY2D_ABSOLUTE",
        "attributes": {"text": text(stream="FRONT", interpolation_method="polyline")},
    }


def point(name: str, kind: str) -> dict[str, Any]:
    """One point of a group."""
    return {
        "name": name,
        "val": [30.0, 30.0],
        "attributes": {"text": text(stream="LEFT", point_class=kind)},
    }


def frame(index: int) -> dict[str, Any]:
    """One frame of the document."""
    objects: dict[str, Any] = {
        CAR: {"object_data": {"cuboid": [cuboid()], "bbox": [bbox()]}},
        SIGN: {
            "object_data": {
                "poly2d": [polygon("outline", hole=False), polygon("hole", hole=True)],
                "point2d": [point("p1", "corner"), point("p2", "tip")],
            }
        },
        LANE: {
            "object_data": {
                "poly2d": [line()],
                "poly3d": [
                    {
                        "name": "edge",
                        "val": [0.0, 1.0, 0.0, 9.0, 1.0, 0.0],
                        "closed": False,
                        "attributes": {"text": text(stream=LIDAR)},
                    }
                ],
            }
        },
    }
    if index in (0, FRAMES - 1):
        objects[SPARSE] = {"object_data": {"cuboid": [cuboid("sparse", boolean=flags(interpolated=False))]}}
    return {
        "frame_properties": {
            "timestamp": index * STEP_MS,
            "external_id": f"f{index}",
            "streams": {},
        },
        "objects": objects,
    }


def good_document() -> dict[str, Any]:
    """The document."""
    interval = {"frame_start": 0, "frame_end": FRAMES - 1}
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "streams": {
                LIDAR: {"type": "lidar"},
                **{camera: {"type": "camera"} for camera in CAMERAS},
            },
            "objects": {
                CAR: {
                    "name": "car",
                    "type": "Car",
                    "object_data": {"boolean": flags(kognic_stationary_object=True)},
                },
                SIGN: {"name": "sign", "type": "Sign"},
                LANE: {"name": "lane", "type": "Lane"},
                SPARSE: {
                    "name": "sparse",
                    "type": "Car",
                    "object_data_pointers": {"sparse": {"type": "cuboid", "frame_intervals": [interval]}},
                },
            },
            "frames": {str(index): frame(index) for index in range(FRAMES)},
        }
    }


def data_of(document: dict[str, Any], object_id: str, index: int = 0) -> Any:
    """The data of an object in a frame."""
    return document["openlabel"]["frames"][str(index)]["objects"][object_id]["object_data"]
