"""Cuboids against the points of their frame."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from kognic.annotations.cuboids import points_inside
from kognic.annotations.openlabel import Document
from kognic.scenes.checks.placement import check_placement
from tests.scenes.checks.scenes import LIDAR, STEP_MS

CUBE = [0, 0, 0, 0, 0, 0, 1, 2, 4, 1]


def document(*centres: tuple[float, float, float]) -> Document:
    """Objects with one cuboid each, in a frame."""
    objects = {
        str(index): {
            "object_data": {
                "cuboid": [
                    {
                        "name": "c",
                        "val": [*centre, 0, 0, 0, 1, 2, 4, 2],
                        "attributes": {"text": [{"name": "stream", "val": LIDAR}]},
                    }
                ]
            }
        }
        for index, centre in enumerate(centres)
    }
    frame = {"frame_properties": {"timestamp": STEP_MS}, "objects": objects}
    return Document.of({"openlabel": {"frames": {"1": frame}}})


@pytest.fixture
def cars() -> np.ndarray:
    """Points on three cars, and on a wall far ahead."""
    rng = np.random.default_rng(1)
    centres = np.array([[10, 0, 0], [20, 5, 0], [30, -5, 0]])
    on_cars = centres.repeat(50, axis=0) + rng.uniform(-0.9, 0.9, (150, 3))
    wall = np.column_stack([np.full(100, 60.0), rng.uniform(-40, 40, 100), rng.uniform(0, 3, 100)])
    return np.vstack([on_cars, wall])


def found(content: Document, points: Any) -> list[tuple[str, str | None]]:
    return [(f.code, f.frame) for f in check_placement(content, {STEP_MS: points}.get)]


def test_cuboids_on_the_points_are_fine(cars: np.ndarray) -> None:
    """Also if one of them is empty, as far objects often are, or the frame's points are not known."""
    assert found(document((10, 0, 0), (20, 5, 0), (30, -5, 0)), cars) == []
    assert found(document((10, 0, 0), (20, 5, 0), (45, -5, 0)), cars) == []
    assert list(check_placement(document((900, 0, 0)), lambda _: None)) == []


def test_most_cuboids_without_points(cars: np.ndarray) -> None:
    """Cuboids that are beside what they were drawn around."""
    assert found(document((15, 10, 0), (20, 20, 0), (30, 20, 0)), cars) == [("ol-cuboid-empty", "1")]


def test_cuboid_outside_the_data(cars: np.ndarray) -> None:
    """World coordinates or millimetres."""
    assert found(document((10, 0, 0), (30_000, 5, 0)), cars) == [("ol-cuboid-far", "1")]


def test_points_inside_a_turned_cuboid() -> None:
    """Sizes are along the cuboid's own axes."""
    points = [[0.9, 1.9, 0.4], [1.9, 0.9, 0.4], [0, 0, 0.6]]
    assert points_inside(points, CUBE).tolist() == [True, False, False]
    turned = [*CUBE[:3], 0, 0, math.sqrt(0.5), math.sqrt(0.5), *CUBE[7:]]
    assert points_inside(points, turned).tolist() == [False, True, False]
    assert points_inside(points, CUBE, grow=1.0).tolist() == [True, True, True]
