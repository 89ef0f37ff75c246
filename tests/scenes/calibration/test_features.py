"""What a lidar knows of points: here the angles between them."""

from __future__ import annotations

import numpy as np
import pytest

from kognic.scenes.calibration.features import FOCAL_PX, ImageMaps, Rays, gaps_deg


def grid(up: float, beside: float) -> np.ndarray:
    """Points at 10 m, on rows and columns so many degrees apart; shape (N, 3)."""
    across, down = np.meshgrid(np.arange(-30, 30, beside), np.arange(-10, 10, up))
    a, d = np.radians(across.ravel()), np.radians(down.ravel())
    return 10 * np.column_stack([np.sin(a) * np.cos(d), np.sin(d), np.cos(a) * np.cos(d)])


@pytest.mark.parametrize(("up", "beside"), [(1.3, 0.2), (0.5, 0.5), (0.4, 1.2)])
def test_gaps_are_those_between_rows_and_columns(up: float, beside: float) -> None:
    """Strips are wider than the step between columns, so points of one row lie in a strip without a gap."""
    assert gaps_deg(grid(up, beside)) == pytest.approx((up, beside), rel=0.35)


def test_thinned_points_have_larger_gaps_both_ways() -> None:
    """A tenth of the points, drawn at random, are some three times as far apart each way."""
    whole = grid(0.5, 0.5)
    thin = whole[np.random.default_rng(3).random(len(whole)) < 0.1]

    up, beside = gaps_deg(thin)

    assert 2 * 0.5 < up < 6 * 0.5
    assert 2 * 0.5 < beside < 6 * 0.5


def test_one_point_has_no_gaps() -> None:
    assert gaps_deg(np.array([[0.0, 0.0, 10.0]])) == (0.0, 0.0)
    assert gaps_deg(np.empty((0, 3))) == (0.0, 0.0)


def seen_past_a_board(up: float, above: float) -> tuple[np.ndarray, np.ndarray]:
    """What a lidar above a camera sees of a board at 6 m and of the wall behind it, at 20 m.

    Returns:
        Points in the camera's system, shape (N, 3), and whether the board hides them from the camera.
    """
    rays = grid(up, 0.3) / 10
    lidar = np.array([0.0, -above, 0.0])
    board, wall = (lidar + rays * (at / rays[:, 2:]) for at in (6.0, 20.0))
    is_board = (np.abs(board[:, 0]) < 1.5) & (board[:, 1] > -0.3)
    points = np.where(is_board[:, None], board, wall)
    at_board = points * (6 / points[:, 2:])
    hidden = ~is_board & (np.abs(at_board[:, 0]) < 1.5) & (at_board[:, 1] > -0.3)
    return points, hidden


@pytest.mark.parametrize("up", [0.4, 0.8, 1.3])
@pytest.mark.parametrize("above", [0.4, 0.8])
def test_points_that_only_the_lidar_sees_are_left_out(up: float, above: float) -> None:
    """And those beside what hides them stay: without, it would seem to be larger than it is."""
    points, hidden = seen_past_a_board(up, above)
    zero = np.zeros(len(points))

    kept = np.isin(np.arange(len(points)), Rays(points, zero, zero, FOCAL_PX).to_refine().index)

    assert hidden.sum() > 30
    assert (hidden & kept).sum() < 0.2 * hidden.sum()
    assert (~hidden & ~kept).sum() < 0.015 * (~hidden).sum()


@pytest.mark.parametrize("up", [0.4, 0.8, 1.3])
def test_an_edge_lies_midway_between_the_points_on_both_sides_of_it(up: float) -> None:
    """On average, as where rows lie on an object is chance: within a tenth of the gap of the true edge."""
    middles = []
    for above in np.arange(0.3, 0.9, 0.02):
        points, _ = seen_past_a_board(up, float(above))
        zero = np.zeros(len(points))
        kept = points[Rays(points, zero, zero, FOCAL_PX).to_refine().index]
        kept = kept[np.abs(kept[:, 0] / kept[:, 2]) < 0.1]
        down = np.degrees(np.arctan2(kept[:, 1], np.hypot(kept[:, 0], kept[:, 2])))
        near = kept[:, 2] < 10
        top = down[near].min()
        middles.append((top + down[~near & (down < top)].max()) / 2)

    assert np.mean(middles) == pytest.approx(np.degrees(np.arctan2(-0.3, 6)), abs=0.1 * up + 0.05)


@pytest.mark.parametrize(("mirrored", "upside_down"), [(True, False), (False, True), (True, True)])
def test_flipped_maps_share_their_memory(mirrored: bool, upside_down: bool) -> None:
    """A flipped image has the columns of a flipped copy, blurred or not, and no copy is made."""
    rng = np.random.default_rng(0)
    maps = ImageMaps(rng.random((50, 80, 6), dtype=np.float32), 2.0)
    u, v = rng.uniform(-10, 170, 500), rng.uniform(-10, 110, 500)
    found = maps.flipped(mirrored=mirrored, upside_down=upside_down)
    assert np.shares_memory(found.maps, maps.maps)
    for flipped, plain in ((found, maps), (found.softened, maps.softened)):
        turned = plain.maps[:, ::-1] if mirrored else plain.maps
        copy = ImageMaps(np.ascontiguousarray(turned[::-1] if upside_down else turned), 2.0)
        assert (flipped.at(u, v) == copy.at(u, v)).all()
    back = found.flipped(mirrored=mirrored, upside_down=upside_down)
    assert (back.at(u, v) == maps.at(u, v)).all()
