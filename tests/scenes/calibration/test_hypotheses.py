"""Every classic mistake, made in a right pose, is undone by a hypothesis with its code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kognic.scenes.calibration.hypotheses import (
    AXES,
    Hypothesis,
    hypotheses,
    mistaken_axes,
    mistaken_poses,
)
from kognic.scenes.checks.rules import RULES
from kognic.scenes.geometry.poses import (
    Rigid,
    angle_between_deg,
    quaternion_of,
    rotate_about,
    rotation_matrix,
)
from tests.scenes.checks.mutations import geometry as mutations
from tests.scenes.geometry import conftest as make

TRUE_ROTATION = np.array([0.62, -0.41, 0.38, -0.55])


def true_camera() -> Any:
    """A camera that looks forward and to the left, somewhat down."""
    return make.pinhole(
        **make.placed(TRUE_ROTATION / np.linalg.norm(TRUE_ROTATION), position=(1.5, 0.4, 1.6))
    )


def of_camera(sensors: dict[str, Any], name: str) -> list[Hypothesis]:
    poses = {key: Rigid.of_sensor(sensor) for key, sensor in sensors.items()}
    q = sensors[name].rotation_quaternion
    return list(hypotheses(name, poses, np.array([q.w, q.x, q.y, q.z])))


def is_pose(found: Rigid, expected: Rigid) -> bool:
    is_turned = angle_between_deg(found.rotation, expected.rotation) > 1e-3
    return not is_turned and bool(np.allclose(found.position, expected.position))


MISTAKES = [name for name in mutations.POSES if not name.startswith("turned")]


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_undone(name: str) -> None:
    """One hypothesis with the mistake's code gives the true pose back."""
    code, change = mutations.POSES[name]
    camera = true_camera()
    broken = change({"camera": camera}, "camera")

    found = [h for h in of_camera({"camera": broken}, "camera") if h.code == code]

    assert any(is_pose(h.pose, Rigid.of_sensor(camera)) for h in found if h.pose is not None)


def test_swapped_cameras_name_each_other() -> None:
    """The pose of every other camera, and whose it is."""
    sensors = {"left": true_camera(), "right": make.pinhole(), "rear": make.fisheye()}

    found = {h.other: h for h in of_camera(sensors, "left") if h.code == "cameras-swapped"}

    assert set(found) == {"right", "rear"}
    assert "left and right are swapped" in found["right"].hint
    assert found["right"].pose is not None
    assert is_pose(found["right"].pose, Rigid.of_sensor(sensors["right"]))


def test_axes_are_rotations() -> None:
    """Every convention is right-handed, and none is the camera's own."""
    for columns in AXES.values():
        assert np.linalg.det(columns) == pytest.approx(1)
        assert np.array_equal(columns @ columns.T, np.eye(3))
        assert not np.array_equal(columns, np.eye(3))


def test_radians_only_where_turns_are_tiny() -> None:
    """Angles of 90 degrees cannot be radians read as degrees; no turn at all is nothing to enlarge."""
    for quaternion in (TRUE_ROTATION, np.array([1.0, 0, 0, 0])):
        pose = Rigid(rotation_matrix(quaternion), np.zeros(3))

        assert [h for h in mistaken_poses(pose, quaternion) if h.code == "angle-unit"] == []


def test_every_hypothesis_is_a_rule_with_a_hint() -> None:
    """Codes are those of rules; each names the mistake and what to do."""
    for hypothesis in [*of_camera({"a": true_camera(), "b": make.pinhole()}, "a"), *mistaken_axes()]:
        assert hypothesis.code in RULES
        assert hypothesis.mistake
        assert hypothesis.hint


def test_euler_order_is_undone() -> None:
    """Angles that mean Rx Ry Rz, combined as Rz Ry Rx: the other order gives the true rotation back."""
    x, y, z = (rotate_about(np.eye(3)[axis], angle) for axis, angle in enumerate((20.0, 35.0, 50.0)))
    broken = Rigid(z @ y @ x, np.zeros(3))

    found = [h for h in mistaken_poses(broken, quaternion_of(broken.rotation)) if h.code == "euler-order"]

    assert any(is_pose(h.pose, Rigid(x @ y @ z, np.zeros(3))) for h in found if h.pose is not None)


@pytest.mark.parametrize(
    ("code", "mistake"),
    [
        ("lidar-mirrored", lambda p: p * [1, -1, 1]),
        ("lidar-axes", lambda p: p[:, [1, 0, 2]]),
        ("lidar-yaw", lambda p: p @ rotate_about([0, 0, 1], 90).T),
        ("lidar-yaw", lambda p: p @ rotate_about([0, 0, 1], 180).T),
        ("lidar-yaw", lambda p: p @ rotate_about([0, 0, 1], 270).T),
    ],
)
def test_axes_of_a_lidar_are_undone(code: str, mistake: Any) -> None:
    points = np.random.default_rng(0).normal(size=(5, 3))

    restored = [mistake(points) @ h.points.T for h in mistaken_axes() if h.code == code]

    assert any(np.allclose(found, points) for found in restored)


def test_flips_of_an_image() -> None:
    found = {
        (h.code, h.mirrored, h.upside_down)
        for h in of_camera({"a": true_camera()}, "a")
        if h.mirrored or h.upside_down
    }

    assert ("image-mirrored", True, False) in found
    assert ("image-upside-down", True, True) in found
