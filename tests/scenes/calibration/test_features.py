"""What a lidar knows of points: here the angles between them."""

from __future__ import annotations

import numpy as np
import pytest

from kognic.scenes.calibration.features import gaps_deg


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
