"""Bird's-eye view of a scene."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from kognic.annotations.openlabel import Document
from kognic.scenes.scene_view import view_of
from kognic.viewer.stills.annotations import Annotations
from kognic.viewer.stills.birds_eye import SIZE, TopView, draw_birds_eye
from kognic.viewer.stills.shapes import Line, Text
from kognic.viewer.stills.stage import SceneStage
from tests.viewer.stills.rigs import calibration, cloud, frame, imu, openlabel, scene

X, Y = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def staged(document: Any = None, points: Any = ((0, 10, 0),), **values: Any) -> SceneStage:
    annotations = None if document is None else Annotations(Document.of(document))
    made = scene(frame(0, point_clouds=[cloud(points)]), frame(1), **values)
    return SceneStage(view_of(made), calibration().calibration, annotations)


def lines(picture: Any, title: str) -> list[Line]:
    return [shape for shape in picture.shapes if isinstance(shape, Line) and shape.title.startswith(title)]


@pytest.mark.parametrize(
    ("forward", "point", "pixel"),
    [
        (X, [10, 0], [450, 360]),
        (X, [0, 10], [360, 450]),
        (Y, [0, 10], [450, 360]),
        (-Y, [0, -10], [450, 360]),
    ],
)
def test_front_is_up_and_left_is_left(forward: np.ndarray, point: list[float], pixel: list[float]) -> None:
    view = TopView(reach=50.0, forward=forward)

    assert np.allclose(view.pixels(np.array([point])) + 0.5, [pixel])
    assert view.pixels_per_metre == SIZE / 100


def test_placed_is_the_way_back() -> None:
    for forward in (X, Y, -Y):
        view = TopView(reach=50.0, forward=forward)
        ahead, left = 7.0, 3.0
        (pixel,) = view.pixels(view.placed(np.array([[ahead, left]]))) + 0.5
        assert np.allclose(pixel, [450 - left * 9, 450 - ahead * 9])


def test_points_and_cuboids_lie_where_they_are() -> None:
    """One point 10.5 m ahead; a car around it, heading ahead."""
    val = [0.0, 10, -1, 0, 0, 0, 1, 2, 4, 1.6]
    made = staged(openlabel({"is": "cuboid", "val": val}))
    stage = made.stage(0)
    view = TopView(reach=45.0, forward=X)

    picture = draw_birds_eye(stage, view, made.lenses)

    layer = np.asarray(picture.points)
    rows, columns = np.nonzero(layer[..., 3])
    assert np.abs([columns.mean() + 0.5 - 450, rows.mean() + 0.5 - (450 - 105)]).max() <= 1
    (outline,) = lines(picture, "Car (car-1)")
    corners = outline.parts[0] + 0.5
    assert np.allclose(corners.min(axis=0), [440, 325])
    assert np.allclose(corners.max(axis=0), [460, 365])
    headings = [
        shape
        for shape in picture.shapes
        if isinstance(shape, Line) and shape.layer == "boxes" and not shape.closed
    ]
    assert np.allclose(headings[0].parts[0][0] + 0.5, [450, 345])
    assert headings[0].parts[0][1][1] < 325
    assert "Car" in [shape.text for shape in picture.shapes if isinstance(shape, Text)]


def test_camera_and_way_are_drawn() -> None:
    """The camera looks ahead; the vehicle comes from behind and drives on."""
    made = staged(imu_data=imu(10))
    stage = made.stage(0)
    view = TopView.of(stage, 45.0, made.forward)

    picture = draw_birds_eye(stage, view, made.lenses)

    (field,) = lines(picture, "FRONT")
    origin, rim = field.parts[0][0] + 0.5, field.parts[0][1:] + 0.5
    assert np.allclose(origin, view.pixels(np.array([[1.5, 0.1]])) + 0.5)
    assert (rim[:, 1] < origin[1]).all()
    assert rim[0, 0] < origin[0] < rim[-1, 0]
    (way,) = lines(picture, "way of the vehicle")
    assert way.parts[0][0][1] > 450 > way.parts[0][-1][1]
    assert np.ptp(way.parts[0][:, 0]) < 1e-6


def test_reach_fits_points_and_objects() -> None:
    made = staged(openlabel({"is": "cuboid", "val": [0, 55, 0, 0, 0, 0, 1, 2, 4, 2]}))
    stage = made.stage(0)

    assert TopView.of(stage, None, X).reach == 60
    assert TopView.of(attrs.evolve(stage, solids=[]), None, X).reach == 15
    empty = attrs.evolve(stage, solids=[], points=np.empty((0, 3)))
    assert TopView.of(empty, None, X).reach == 60
    assert TopView.of(stage, 12.5, X).reach == 12.5
    assert draw_birds_eye(empty, TopView.of(empty, None, X), {}).points is None
