"""Rolling shutters: every point is where it was when its row was exposed."""

from __future__ import annotations

import numpy as np
import pytest

from kognic.scenes.geometry import project
from kognic.scenes.geometry.shutter import RollingShutter
from tests.scenes.geometry import conftest as make


def moving_points() -> tuple[np.ndarray, np.ndarray]:
    """Points in view in the camera's system, and a velocity of 15 m/s across and along the view."""
    rng = np.random.default_rng(2)
    points = rng.uniform([-6, -3, 8], [6, 3, 30], (400, 3))
    return points, np.array([9.0, 2.0, -12.0])


@pytest.mark.parametrize("is_reversed", [False, True], ids=["top-first", "bottom-first"])
def test_pixel_is_that_of_the_points_own_row_time(is_reversed: bool) -> None:
    """Each point, placed by hand where it is at the time of its row, projects to the same pixel."""
    camera = make.pinhole()
    points, velocity = moving_points()
    shutter = RollingShutter(duration_s=0.03, velocity=velocity, is_reversed=is_reversed)

    found = project(points, camera, frame="camera", shutter=shutter)

    height = camera.image_height
    seen = np.flatnonzero(found.visible)
    assert len(seen) > 100
    share = (found.pixels[seen, 1] + 0.5) / height
    time = 0.03 * ((1 - share) - 0.5 if is_reversed else share - 0.5)
    placed = points[seen] + velocity * time[:, None]
    assert project(placed, camera, frame="camera").pixels == pytest.approx(found.pixels[seen], abs=0.01)


def test_standing_points_stay() -> None:
    points, _ = moving_points()
    shutter = RollingShutter(duration_s=0.03, velocity=(0, 0, 0))

    found = project(points, make.pinhole(), frame="camera", shutter=shutter)

    assert found.pixels == pytest.approx(project(points, make.pinhole(), frame="camera").pixels)


def test_direction_of_the_shutter_shows() -> None:
    """At 15 m/s and 30 ms the two directions differ by pixels."""
    points, velocity = moving_points()
    down, up = (
        project(
            points,
            make.pinhole(),
            frame="camera",
            shutter=RollingShutter(duration_s=0.03, velocity=velocity, is_reversed=is_reversed),
        ).pixels
        for is_reversed in (False, True)
    )

    assert np.nanpercentile(np.linalg.norm(down - up, axis=1), 95) > 3


def test_rows_outside_count_as_the_nearest_inside() -> None:
    shutter = RollingShutter(duration_s=0.02, velocity=(1, 0, 0))

    times = shutter.times(np.array([-50.0, -0.5, 49.5, 99.5, 1000.0, np.nan]), 100)

    assert times == pytest.approx([-0.01, -0.01, 0, 0.01, 0.01, 0])
