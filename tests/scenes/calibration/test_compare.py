"""Two calibrations apart by what was put in, and pixels as the formula has them."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from kognic.io.model.calibration import SensorCalibration
from kognic.scenes.calibration.compare import compare_calibrations
from kognic.scenes.geometry.poses import Rigid, rotate_about
from tests.scenes.checks.mutations.geometry import posed
from tests.scenes.geometry import scenes


def test_rotation_alone_moves_pixels_by_a_homography() -> None:
    """Three degrees of yaw move the middle by fx tan 3, and what a homography says elsewhere."""
    camera = scenes.camera(10)
    pose, turn = Rigid.of_sensor(camera), rotate_about([0, 1, 0], 3.0)
    other = posed(camera, Rigid(pose.rotation @ turn, pose.position))

    (found,) = compare(camera, other)

    k = np.array([[500.0, 0, scenes.WIDTH / 2], [0, 500, scenes.HEIGHT / 2], [0, 0, 1]])
    u, v = np.meshgrid(np.arange(0, scenes.WIDTH, 10.0), np.arange(0, scenes.HEIGHT, 10.0))
    before = np.stack([u.ravel(), v.ravel(), np.ones(u.size)])
    after = k @ turn.T @ np.linalg.inv(k) @ before
    after = after[:2] / after[2]
    stays = (after > -0.5).all(axis=0) & (after[0] < scenes.WIDTH - 0.5) & (after[1] < scenes.HEIGHT - 0.5)
    moved = np.hypot(*(after - before[:2]))[stays]
    assert found.rotation_deg == pytest.approx(3, abs=1e-6)
    assert found.position_m == pytest.approx(0, abs=1e-9)
    assert found.pixels_median == pytest.approx(float(np.median(moved)), rel=0.02)
    assert found.pixels_max == pytest.approx(float(moved.max()), rel=0.06)
    assert found.pixels_median > 500 * np.tan(np.radians(3))


def test_position_and_optics() -> None:
    """A tenth of a metre, and two percent of the focal length."""
    camera = scenes.camera(10)
    pose = Rigid.of_sensor(camera)
    there = posed(camera, Rigid(pose.rotation, pose.position + np.array([0.0, 0.06, 0.08])))
    longer = attrs.evolve(there, camera_matrix=attrs.evolve(there.camera_matrix, fx=510.0))

    (found,) = compare(camera, longer)

    assert (found.change, found.rotation_deg) == ("changed", pytest.approx(0, abs=1e-5))
    assert found.position_m == pytest.approx(0.1)
    assert found.fields["camera_matrix.fx"] == (500.0, 510.0)


def compare(first: object, second: object) -> list:  # type: ignore[type-arg]
    """Of a rig of one camera."""
    return compare_calibrations(
        *(SensorCalibration(external_id="rig", calibration={"camera": one}) for one in (first, second))  # type: ignore[dict-item]
    )
