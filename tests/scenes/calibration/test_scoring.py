"""Scores of poses over a scene that was made for the purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kognic.scenes.calibration.rig import cameras_of, lidar_poses
from kognic.scenes.calibration.scoring import FEWEST_POINTS, Camera, Shot
from kognic.scenes.calibration.verdict import CHANCE, CONVINCING
from kognic.scenes.geometry.poses import Rigid, rotate_about
from tests.scenes.geometry import conftest as make
from tests.scenes.geometry import scenes


@pytest.fixture(scope="module")
def front() -> tuple[Camera, Rigid]:
    """A camera that looks forward, and its pose."""
    sensors: dict[str, Any] = {"lidar": make.lidar(), "front": scenes.camera(0)}
    found = cameras_of(scenes.evidence(sensors), sensors, lidar_poses(sensors))
    return found["front"], Rigid.of_sensor(sensors["front"])


def turned(pose: Rigid, axis: str, degrees: float) -> Rigid:
    return Rigid(pose.rotation @ rotate_about(np.eye(3)["xyz".index(axis)], degrees), pose.position)


def test_right_pose_scores_high(front: tuple[Camera, Rigid]) -> None:
    """Far above chance, with the share of points in view."""
    camera, pose = front

    trial = camera.try_pose(pose)

    assert trial.score > CONVINCING
    assert trial.count > 500
    assert trial.share == pytest.approx(trial.count / 20_000, rel=1e-3)


@pytest.mark.parametrize("yaw", [90, 180, -60])
def test_wrong_pose_scores_like_chance(front: tuple[Camera, Rigid], yaw: float) -> None:
    """A camera that looks elsewhere sees as many points, which tell nothing of its image."""
    camera, pose = front
    elsewhere = Rigid(rotate_about([0, 0, 1], yaw) @ pose.rotation, pose.position)

    trial = camera.try_pose(elsewhere)

    assert trial.score < CHANCE
    assert trial.count > FEWEST_POINTS


def test_no_points_in_view(front: tuple[Camera, Rigid]) -> None:
    """Straight up there is nothing: no points, no score."""
    camera, pose = front

    trial = camera.try_pose(turned(pose, "x", 90))

    assert (trial.score, trial.share, trial.count) == (0, 0, 0)


def test_scores_are_the_same_each_time(front: tuple[Camera, Rigid]) -> None:
    """Points are chosen by a fixed seed."""
    camera, pose = front

    assert camera.try_pose(pose).score == camera.try_pose(pose).score


@pytest.mark.parametrize(("axis", "degrees"), [("x", 3), ("y", -4), ("z", 4)])
def test_search_finds_the_turn_back(front: tuple[Camera, Rigid], axis: str, degrees: float) -> None:
    """The turn that was made is found to a degree, and stands out."""
    camera, pose = front

    found = camera.search(turned(pose, axis, degrees))

    expected = [degrees if name == axis else 0.0 for name in "xyz"]
    assert found.angles == pytest.approx(expected, abs=1.0)
    assert found.fit > found.plain_fit
    assert found.distinctness > 1.6
    assert camera.try_pose(found.pose).score > CONVINCING


def test_search_leaves_a_right_pose(front: tuple[Camera, Rigid]) -> None:
    """Nothing fits better than what is right, to half a degree."""
    camera, pose = front

    assert np.abs(camera.search(pose).angles).max() <= 0.5


def test_few_points_say_nothing() -> None:
    """Below the fewest there is a count, but no score."""
    features = scenes.picture(np.array([[20.0, 0, 0]]), np.array([1.0]), scenes.camera(0))
    points = np.tile([[20.0, 0, 0]], (FEWEST_POINTS - 1, 1))
    camera = Camera("front", scenes.camera(0), [Shot(features, points, np.zeros(len(points)))])

    trial = camera.try_pose(Rigid.of_sensor(scenes.camera(0)))

    assert trial.count == FEWEST_POINTS - 1
    assert trial.score == 0
