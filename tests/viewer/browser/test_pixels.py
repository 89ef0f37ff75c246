"""Known points are where they must be: in images of every camera model, and in 3D with both renderers."""

from __future__ import annotations

from typing import Any

import attrs
import cv2
import numpy as np
import pytest

from kognic.viewer.document import Camera, Cloud, Frame
from kognic.viewer.palette import PALETTE
from tests.viewer.browser.conftest import Open, Viewer
from tests.viewer.browser.scenes import (
    HEIGHT,
    PARAMETERS,
    POINTS,
    WIDTH,
    annotated,
    cuboid,
    frame,
    optics,
    picture,
    scene,
)

pytestmark = pytest.mark.slow

RENDERERS = ["cpu", "gl"]
CLEAN = "#on=points&k=lidar&size=5"


def spots(pixels: np.ndarray, ground: tuple[int, int, int]) -> np.ndarray:
    """Middles of the spots that differ from the ground, shape (N, 2): columns and rows."""
    differs = (np.abs(pixels[..., :3].astype(int) - np.array(ground)).max(axis=2) > 60).astype(np.uint8)
    _, _, _, middles = cv2.connectedComponentsWithStats(differs, connectivity=8)
    return np.asarray(middles[1:])


def nearest(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Distance from each expected place to the nearest that was found, pixels."""
    return np.array([np.hypot(*(found - place).T).min() for place in expected])


def placed(pixels: Any, canvas: np.ndarray) -> np.ndarray:
    """From pixels of the image to those of a canvas that shows all of it."""
    height, width = canvas.shape[:2]
    scale = min(width / WIDTH, height / HEIGHT)
    middle = np.array([width - scale * WIDTH, height - scale * HEIGHT]) / 2
    return np.asarray(middle + (np.asarray(pixels, dtype=float) + 0.5) * scale - 0.5)


@pytest.mark.parametrize("kind", sorted(PARAMETERS))
def test_points_in_an_image(kind: str, open_scene: Open) -> None:
    """Within a pixel of the projection, which the parity test binds to Python's."""
    viewer = open_scene(scene(cameras=[Camera(name="FRONT", given=optics(kind))]), [frame()], suffix=CLEAN)
    seen = viewer.project("FRONT", POINTS)
    assert all(row[2] for row in seen)

    canvas = viewer.pixels("image")

    found = spots(canvas, (0, 0, 0))
    assert len(found) == len(POINTS)
    assert nearest(found, placed([row[:2] for row in seen], canvas)).max() < 1


def expected_in_3d(viewer: Viewer, points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Where the eye sees points, from its own definition: pitch down, yaw from +x to +y, 50 degrees high."""
    orbit = viewer.state()["orbit"]
    yaw, pitch = orbit["yaw"], orbit["pitch"]
    ahead = np.array([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), -np.sin(pitch)])
    right = np.cross(ahead, [0, 0, 1])
    right /= np.linalg.norm(right)
    up = np.cross(right, ahead)
    moved = points - (np.array(orbit["target"]) - orbit["distance"] * ahead)
    depth = moved @ ahead
    focal = shape[0] / 2 / np.tan(np.radians(25))
    columns = shape[1] / 2 + focal * (moved @ right) / depth - 0.5
    rows = shape[0] / 2 - focal * (moved @ up) / depth - 0.5
    return np.column_stack([columns, rows])


@pytest.mark.parametrize("renderer", RENDERERS)
def test_points_in_3d(renderer: str, open_scene: Open) -> None:
    """Both renderers show the same points at the same places."""
    eye = "&eye=10,0,0,20,0.3,0.4"
    viewer = open_scene(scene(cameras=[]), [frame()], suffix=f"?renderer={renderer}{CLEAN}{eye}")
    assert viewer.state()["renderer"] == renderer

    canvas = viewer.pixels("view3d")

    found = spots(canvas, (14, 17, 22))
    assert len(found) == len(POINTS)
    assert nearest(found, expected_in_3d(viewer, POINTS, canvas.shape)).max() < 1


def test_renderers_agree(open_scene: Open) -> None:
    """With points, grid, frusta and cuboids: coarsely the same picture."""
    pictures = []
    for renderer in RENDERERS:
        head, first = annotated()
        viewer = open_scene(head, [first], suffix=f"?renderer={renderer}")
        canvas = viewer.pixels("view3d")[..., :3].astype(float)
        height, width = (length // 16 * 16 for length in canvas.shape[:2])
        blocks = canvas[:height, :width].reshape(height // 16, 16, width // 16, 16, 3).mean(axis=(1, 3))
        pictures.append(blocks)

    assert pictures[0].std() > 1
    assert np.abs(pictures[0] - pictures[1]).mean() < 2


def test_near_points_cover_far_ones(open_scene: Open) -> None:
    """In 3D and in the image, whatever their order."""
    two = np.array([[10.0, 0, 0.2], [30.0, 0, 0.2]])
    for order in ([0, 1], [1, 0]):
        clouds = [
            Cloud(lidar=("TOP", "LOW")[index], xyz=two[[index]]) for index in order
        ]  # lidars have colours of their own
        head = scene(cameras=[Camera(name="FRONT", given=optics("cylindrical"))])
        lidars = [*head.lidars, type(head.lidars[0])(name="LOW", given=head.lidars[0].given)]
        shown = Frame(index=0, clouds=clouds, pictures=[picture()])
        viewer = open_scene(attrs.evolve(head, lidars=lidars), [shown], suffix=CLEAN)
        near_colour = PALETTE["lidars"][order.index(0)]
        expected = tuple(int(near_colour[i : i + 2], 16) for i in (1, 3, 5))
        canvas = viewer.pixels("image")
        (place,) = spots(canvas, (0, 0, 0))
        middle = canvas[round(place[1]), round(place[0]), :3]
        assert tuple(middle.tolist()) == expected


def test_edges_of_cuboids_bend_with_the_lens(open_scene: Open) -> None:
    """The middle of a long edge lies on the curve, not on the straight line between its ends."""
    long = cuboid("a", numbers=[6.0, 0, 2.5, 0, 0, 0, 1, 0.02, 14, 0.02])
    head = scene(cameras=[Camera(name="FRONT", given=optics("kannala"))])
    shown = Frame(index=0, pictures=[picture()], shapes=[long])
    viewer = open_scene(head, [shown], suffix="#on=boxes")
    ends = [[6.0, -6.9, 2.5], [6.0, 0, 2.5], [6.0, 6.9, 2.5]]
    seen = viewer.project("FRONT", ends)

    canvas = viewer.pixels("image")

    left, middle, right = placed([row[:2] for row in seen], canvas)
    assert abs((left[1] + right[1]) / 2 - middle[1]) > 10
    column = round(float(middle[0])) + 5
    rows = np.flatnonzero(canvas[:, column, :3].max(axis=1) > 100)
    assert abs(rows.mean() - middle[1]) < 2


def test_a_full_cloud_does_not_hide_its_image(open_scene: Open) -> None:
    """Points cover at most the share that the slider says."""
    rng = np.random.default_rng(2)
    many = np.column_stack([np.full(60_000, 10.0), rng.uniform(-8, 8, 60_000), rng.uniform(-6, 6, 60_000)])
    viewer = open_scene(scene(), [frame(points=many)], suffix="#on=points&k=lidar")

    def covered() -> float:
        canvas = viewer.pixels("image")
        height, width = canvas.shape[:2]
        scale = min(width / WIDTH, height / HEIGHT)
        return float((canvas[..., :3].max(axis=2) > 60).sum() / (scale**2 * WIDTH * HEIGHT))

    assert 0.1 < covered() < 0.21
    for _ in range(6):
        viewer.press(".")
    assert covered() > 0.6
