"""Points in pictures."""

from __future__ import annotations

import numpy as np

from kognic.viewer.stills.raster import draw_points

RED, BLUE = [255, 0, 0], [0, 0, 255]


def test_near_points_cover_far_ones() -> None:
    """In whatever order they come, also where only the rims of discs meet."""
    pixels, colours = np.array([[10, 10], [12, 10]]), np.array([BLUE, RED], dtype=np.uint8)

    for order in ([0, 1], [1, 0]):
        depth = np.array([50.0, 5.0])[order]
        picture = np.asarray(draw_points((30, 20), pixels[order], colours[order], depth, radius=2))
        assert picture[10, 11].tolist() == [*RED, 255]
        assert picture[10, 8].tolist() == [*BLUE, 255]


def test_a_point_takes_its_nearest_pixel() -> None:
    picture = np.asarray(draw_points((8, 6), [[3.4, 1.6]], np.array([RED], dtype=np.uint8), [1], radius=0))

    assert np.argwhere(picture[..., 3]).tolist() == [[2, 3]]


def test_points_outside_are_left_out() -> None:
    """Also at the rim, behind the camera (NaN) and infinitely far away."""
    pixels = [[-1, 3], [8, 3], [3, -5], [np.nan, 2], [np.inf, 2], [1e300, 1]]
    colours = np.array([RED] * 6, dtype=np.uint8)

    at_the_rim = np.asarray(draw_points((8, 6), pixels, colours, np.ones(6), radius=1))
    none = np.asarray(draw_points((8, 6), pixels, colours, np.ones(6), radius=0))

    assert sorted(map(tuple, np.argwhere(at_the_rim[..., 3]).tolist())) == [(3, 0), (3, 7)]
    assert not none.any()


def test_discs_are_round() -> None:
    picture = np.asarray(draw_points((30, 30), [[15, 15]], np.array([RED], dtype=np.uint8), [1], radius=3))
    y, x = np.nonzero(picture[..., 3])

    assert np.hypot(x - 15, y - 15).max() <= 3.05
    assert len(x) == 29


def test_no_points() -> None:
    assert draw_points((4, 3), np.empty((0, 2)), np.empty((0, 3), np.uint8), []).size == (4, 3)
