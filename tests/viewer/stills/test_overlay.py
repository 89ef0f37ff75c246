"""Images with points and annotations over them: the right pixel, in the right colour."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import cv2
import numpy as np
import pytest
from PIL import Image as Pictures

from kognic.annotations.openlabel import Document
from kognic.io.model.scene.resources import Image
from kognic.scenes.scene_view import FileView, view_of
from kognic.viewer.stills.annotations import Annotations
from kognic.viewer.stills.colours import DepthScale, rgb
from kognic.viewer.stills.overlay import CameraPicture, draw_camera, open_image, visible_depths
from kognic.viewer.stills.shapes import Line, Text
from kognic.viewer.stills.stage import SceneStage, Stage
from tests.viewer.stills.rigs import (
    CAMERA,
    HEIGHT,
    LIDAR,
    MATRIX,
    WIDTH,
    calibration,
    cloud,
    frame,
    image,
    lens_coefficients,
    openlabel,
    png,
    scene,
)

SCALE = DepthScale(2, 80)
# In the lidar's system, y ahead: near, far, to the side, behind the vehicle.
POINTS = [[0.3, 6, -1.4], [-2.0, 25, 0.5], [1.2, 9, -0.2], [0.0, -9, 0.0]]


def staged(document: Any = None, *, points: Any = POINTS, content: bytes | None = None) -> Stage:
    annotations = None if document is None else Annotations(Document.of(document))
    made = scene(frame(point_clouds=[cloud(points)], images=[image(content=content)]))
    return SceneStage(view_of(made), calibration().calibration, annotations).stage(0)


def drawn(stage: Stage, *, width: int = 1280) -> CameraPicture:
    return draw_camera(stage, stage.shots[0], SCALE, width=width)


def expected(points: Any = POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Pixels by OpenCV, and distances from the camera."""
    inside = CAMERA.inverse().apply(LIDAR.apply(points))
    pixels, _ = cv2.projectPoints(inside, np.zeros(3), np.zeros(3), MATRIX, lens_coefficients())
    return pixels[:, 0], np.linalg.norm(inside, axis=1)


def test_points_land_where_opencv_says_in_the_colour_of_their_distance() -> None:
    picture = drawn(staged())

    pixels, depth = expected()
    colours = SCALE.colours(depth)
    layer = np.asarray(picture.points)
    for (column, row), colour in zip(np.rint(pixels[:3]).astype(int), colours[:3], strict=True):
        assert layer[row, column].tolist() == [*colour.tolist(), 255]
    assert picture.num_points == 3
    assert len(np.unique(layer[layer[..., 3] > 0], axis=0)) == 3
    assert sorted(visible_depths(staged())) == pytest.approx(sorted(depth[:3]))


def test_discs_lie_around_their_pixel() -> None:
    """The middle of what is drawn for one point is that point."""
    layer = np.asarray(drawn(staged(points=POINTS[:1])).points)

    rows, columns = np.nonzero(layer[..., 3])
    (pixel,), _ = expected(POINTS[:1])
    assert np.abs([columns.mean(), rows.mean()] - pixel).max() <= 0.5


def test_scaled_images_scale_everything() -> None:
    """Half the width: whole numbers are the middle of a pixel in both."""
    stage = staged(openlabel({"is": "bbox", "val": [200, 100, 40, 20], "stream": "FRONT"}), points=POINTS[:1])
    picture = drawn(stage, width=WIDTH // 2)

    (pixel,), _ = expected(POINTS[:1])
    column, row = np.rint((pixel + 0.5) / 2 - 0.5).astype(int)
    assert picture.image.size == (WIDTH // 2, HEIGHT // 2)
    assert np.asarray(picture.points)[row, column, 3] == 255
    (line,) = [shape for shape in picture.shapes if isinstance(shape, Line)]
    assert line.parts[0][0].tolist() == [(180.5) / 2 - 0.5, (90.5) / 2 - 0.5]


def test_cuboids_are_drawn_through_the_lens() -> None:
    """Corners where OpenCV sees them; the front is crossed; one label for the object."""
    val = [0.5, 12, -0.9, 0, 0, 0, 1, 1.8, 4.4, 1.6]
    stage = staged(openlabel({"is": "cuboid", "val": val}), points=[[0, -9, 0]])

    picture = drawn(stage)

    edges, front, label = picture.shapes
    assert isinstance(edges, Line)
    assert isinstance(front, Line)
    assert isinstance(label, Text)
    half = np.array(val[7:]) / 2
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * half + val[:3]
    pixels, _ = expected(corners)
    found = np.vstack(edges.parts)
    assert all(np.abs(found - pixel).max(axis=1).min() < 1e-6 for pixel in pixels)
    assert (len(edges.parts), len(front.parts)) == (12, 2)
    assert label.text == "Car"
    assert edges.title == f"Car (car-1), cuboid g, 1.8 x 4.4 x 1.6 m, {expected([val[:3]])[1][0]:.1f} m away"
    flat = np.asarray(picture.flat()).astype(int)
    for column, row in np.rint(found).astype(int):
        assert np.abs(flat[row, column] - rgb(edges.colour)).max() < 90


def test_2d_geometry_stays_where_the_document_has_it() -> None:
    document = openlabel(
        {"is": "bbox", "val": [200, 100, 40, 20], "stream": "FRONT"},
        {"is": "point2d", "val": [300, 200], "stream": "FRONT"},
        {"is": "bbox", "val": [1, 1, 1, 1], "stream": "REAR"},
    )

    lines = [shape for shape in drawn(staged(document)).shapes if isinstance(shape, Line)]

    assert lines[0].parts[0].tolist() == [[180, 90], [220, 90], [220, 110], [180, 110]]
    assert [part.mean(axis=0).tolist() for part in lines[1].parts] == [[300, 200]] * 2
    assert len(lines) == 2


def test_images_of_another_size_are_told() -> None:
    picture = drawn(staged(content=png(size=(320, 200))))

    assert picture.notes == ["the image has 320 x 200 pixels, its calibration 640 x 480"]


def test_images_that_cannot_be_shown_leave_a_blank_with_points() -> None:
    picture = drawn(staged(content=b"no picture"))

    assert picture.notes == ["the image cannot be shown: the content is not an image"]
    assert picture.image.size == (WIDTH, HEIGHT)
    assert picture.num_points == 3


def view(content: bytes) -> FileView:
    (file,) = view_of(scene(frame(images=[image(content=content)]))).frames[0].images
    return file


@pytest.mark.parametrize("mode", ["L", "P", "LA", "RGBA", "I;16", "1"])
def test_pictures_of_every_mode_open(mode: str) -> None:
    """Also 16 bits, whose upper half is what one sees."""
    if mode == "I;16":
        picture = Pictures.fromarray(np.full((30, 40), 32768, dtype=np.uint16))
    else:
        picture = Pictures.new("L", (40, 30), 128).convert(mode)
    file = BytesIO()
    picture.save(file, "PNG")

    opened, size, problem = open_image(view(file.getvalue()), 20, (1, 1))

    assert (opened.mode, opened.size, size, problem) == ("RGB", (20, 15), (40, 30), "")
    assert 100 < np.asarray(opened).mean() < 150


def test_missing_and_remote_images_are_told(tmp_path: Path) -> None:
    missing = view_of(scene(frame(images=[image()]))).frames[0].images[0]

    gone = open_image(attrs.evolve(missing, data=None, path=tmp_path / "no.png"), 100, (10, 10))
    away = open_image(attrs.evolve(missing, remote=True), 100, (10, 10))

    assert "there is no such file" in gone[2]
    assert away[2] == "the image cannot be shown: its content is not on this machine"
    assert isinstance(image(), Image)
