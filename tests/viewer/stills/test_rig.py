"""Where cameras look."""

from __future__ import annotations

import numpy as np
import pytest

from kognic.scenes.geometry.poses import Rigid, rotate_about
from kognic.viewer.stills.rig import azimuth_deg, edge_rays, rows, sector
from kognic.viewer.stills.stage import Lens
from tests.viewer.stills.rigs import AHEAD, WIDTH, pinhole

X, Y = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def looking(left_deg: float) -> Lens:
    """A camera that looks so many degrees to the left of +x, without distortion."""
    motion = Rigid(rotate_about([0, 0, 1], left_deg) @ AHEAD, np.array([1.0, 2.0, 3.0]))
    return Lens.of(pinhole(motion, k1=0, k2=0, p1=0, p2=0))


@pytest.mark.parametrize("left", [-135, -60, 0, 35, 170])
def test_azimuth(left: float) -> None:
    assert azimuth_deg(looking(left), X) == pytest.approx(left)
    assert (azimuth_deg(looking(left), Y) - left + 90) % 360 == pytest.approx(0, abs=1e-9)


def test_rows_are_laid_out_as_the_cameras_look() -> None:
    """Ahead from left to right; behind as in a mirror, what is left stays left."""
    turns = {"F": 0, "BR": -110, "FL": 55, "B": 180, "R": -90, "FR": -55, "BL": 110, "L": 90}
    lenses = {name: looking(turn) for name, turn in turns.items()}

    assert rows(list(turns), lenses, X) == [["FL", "F", "FR"], ["L", "BL", "B", "BR", "R"]]
    assert rows(["B"], lenses, X) == [["B"]]


def test_rows_without_poses_keep_the_order() -> None:
    assert rows(["a", "b", "c", "d"], {"a": looking(0)}, X) == [["a", "b", "c"], ["d"]]
    assert rows([], {}, X) == []


def test_edges_of_the_view() -> None:
    """From the left to the right edge, by the formula of the pinhole."""
    rays = edge_rays(looking(0))

    assert rays is not None
    left, right = np.degrees(np.arctan2(rays[[0, -1], 0], rays[[0, -1], 2]))
    assert left == pytest.approx(np.degrees(np.arctan2(-322, 500)), abs=0.3)
    assert right == pytest.approx(np.degrees(np.arctan2(WIDTH - 322, 500)), abs=0.3)
    assert np.allclose(np.linalg.norm(rays, axis=1), 1)


def test_sector_is_seen_from_above() -> None:
    seen = sector(looking(90))

    assert seen is not None
    assert seen.origin.tolist() == [1, 2]
    assert np.allclose(
        seen.directions.mean(axis=0) / np.linalg.norm(seen.directions.mean(axis=0)), [0, 1], atol=0.05
    )
    # What is left in the image is behind, for a camera that looks to the left.
    assert seen.directions[0, 0] < 0 < seen.directions[-1, 0]


def test_a_camera_that_looks_down_has_no_sector() -> None:
    down = Rigid(rotate_about([0, 1, 0], 90) @ AHEAD, np.zeros(3))

    assert sector(Lens.of(pinhole(down))) is None
