"""What an image spans, and how far a distortion can be trusted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kognic.scenes.geometry.extent import field_of_view_deg, image_radius, largest_distorted_radius
from tests.scenes.geometry import conftest as make


def test_field_of_view_of_a_pinhole() -> None:
    """Twice the arc tangent of half the size over the focal length, across and down."""
    camera = make.pinhole(camera_matrix=make.matrix(1000, 1000, make.WIDTH / 2, make.HEIGHT / 2))

    assert field_of_view_deg(camera) == pytest.approx(2 * math.degrees(math.atan(960 / 1000)), abs=0.1)
    assert field_of_view_deg(camera, vertical=True) == pytest.approx(
        2 * math.degrees(math.atan(604 / 1000)), abs=0.1
    )


def test_field_of_view_of_angles() -> None:
    """Kannala and cylindrical cameras count columns in angles: also more than half a turn."""
    expected = math.degrees(make.WIDTH / 500)

    assert field_of_view_deg(make.kannala()) == pytest.approx(expected, abs=0.1)
    assert field_of_view_deg(make.cylindrical(camera_matrix=make.matrix(500, 500))) == pytest.approx(
        expected, abs=0.1
    )


def test_field_of_view_of_nothing() -> None:
    """An image that no ray meets spans nothing."""
    assert field_of_view_deg(make.pinhole(camera_matrix=make.matrix(cx=-1e9))) is None


def test_image_radius() -> None:
    """To the nearer of the two far edges, and to the farthest corner, in focal lengths."""
    camera = make.pinhole(camera_matrix=make.matrix(1000, 500, 900, 600))

    assert image_radius(camera) == pytest.approx((1.02, math.hypot(1.02, 608 / 500)))


def test_largest_distorted_radius() -> None:
    """`r - r^3 / 3` turns back at r = 1; without distortion nothing does."""
    assert largest_distorted_radius(np.array([-1 / 3, 0, 0]), limit=4) == pytest.approx(2 / 3, abs=1e-3)
    assert largest_distorted_radius(np.array([0.0, 0, 0]), limit=4) == math.inf
