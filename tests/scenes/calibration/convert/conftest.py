"""Rigid motions and pixels that come from OpenCV alone, to compare conversions with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from kognic.scenes.calibration import project
from kognic.scenes.geometry.poses import Rigid
from tests.scenes.calibration.convert.sources import motion

Array = npt.NDArray[np.float64]


@pytest.fixture
def points() -> Array:
    """Points in front of a camera, in its own system: x right, y down, z forward; metres, shape (500, 3)."""
    rng = np.random.default_rng(7)
    depth = rng.uniform(2, 60, 500)
    return np.column_stack(
        [rng.uniform(-0.5, 0.5, 500) * depth, rng.uniform(-0.35, 0.35, 500) * depth, depth]
    )


@pytest.fixture
def matrix() -> Array:
    """A camera matrix, pixels."""
    return np.array([[812.5, 0, 639.25], [0, 809.75, 361.5], [0, 0, 1]])


@pytest.fixture
def pose() -> Array:
    """Motion from a camera to the reference system, made by OpenCV from an axis and an angle."""
    return motion([0.3, -1.1, 0.5], [1.4, -0.3, 0.8])


@pytest.fixture
def assert_same() -> Callable[..., None]:
    """Check that a converted camera projects points of the reference system to given pixels, to 1e-6 px."""

    def check(calibration: Any, points: Array, expected: Array) -> None:
        found = project(points, calibration)
        assert np.isfinite(found.pixels).all()
        np.testing.assert_allclose(found.pixels, expected, atol=1e-6)

    return check


@pytest.fixture
def assert_placed() -> Callable[..., None]:
    """Check that a sensor has a pose, given as a matrix from the sensor to the reference system."""

    def check(calibration: Any, pose: Array) -> None:
        found = Rigid.of_sensor(calibration)
        np.testing.assert_allclose(found.rotation, pose[:3, :3], atol=1e-9)
        np.testing.assert_allclose(found.position, pose[:3, 3], atol=1e-9)

    return check
