"""Rotations and rigid motions: against OpenCV, and as they undo each other."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kognic.io.model.calibration import Position, RotationQuaternion
from kognic.io.model.ego import EgoVehiclePose
from kognic.scenes.geometry import Rigid, quaternion_of, rotation_matrix
from kognic.scenes.geometry.poses import angle_between_deg, rotate_about, slerp
from tests.scenes.geometry import conftest as make


def quaternions(count: int = 50) -> np.ndarray:
    q = np.random.default_rng(7).normal(size=(count, 4))
    return q / np.linalg.norm(q, axis=1, keepdims=True)


@pytest.mark.parametrize("length", [1.0, 0.1, 250.0])
def test_rotation_matrix_is_rodrigues(length: float) -> None:
    """A quaternion of any length is the rotation about its axis by twice its half angle."""
    for w, *xyz in quaternions():
        axis = np.array(xyz) / np.linalg.norm(xyz)
        expected, _ = cv2.Rodrigues(axis * 2 * np.arctan2(np.linalg.norm(xyz), w))

        assert rotation_matrix([length * w, *(length * np.array(xyz))]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("bad", [[0, 0, 0, 0], [np.nan, 0, 0, 1], [np.inf, 0, 0, 1]])
def test_rotation_matrix_refuses_what_has_no_direction(bad: list[float]) -> None:
    """Zero and not finite; the message has the numbers and their order."""
    with pytest.raises(ValueError, match=r"\(w, x, y, z\) has no direction; 1, 0, 0, 0 is the identity"):
        rotation_matrix(bad)


def test_quaternion_of_undoes_rotation_matrix() -> None:
    """Back to the quaternion with w >= 0, half turns about each axis included."""
    half_turns = np.eye(4)[1:]
    for q in (*quaternions(), *half_turns, np.eye(4)[0]):
        expected = -q if q[0] < 0 else q
        assert quaternion_of(rotation_matrix(q)) == pytest.approx(expected, abs=1e-12)


def test_rigid_apply_is_rotation_then_translation() -> None:
    """`R x + p`, row by row."""
    motion = Rigid.of(Position(x=1, y=2, z=3), RotationQuaternion(w=np.sqrt(0.5), x=0, y=0, z=np.sqrt(0.5)))

    assert motion.apply([[1, 0, 0], [0, 1, 5]]) == pytest.approx(np.array([[1, 3, 3], [0, 2, 8]]))


def test_rigid_inverse_and_product() -> None:
    """The inverse undoes, the product is one after the other, the identity does nothing."""
    rng = np.random.default_rng(1)
    first = Rigid.of_sensor(make.lidar(**make.anywhere(rng)))
    second = Rigid.of_sensor(make.pinhole(**make.anywhere(rng)))
    points = rng.normal(size=(10, 3))

    assert (second @ first).apply(points) == pytest.approx(second.apply(first.apply(points)))
    assert (first.inverse() @ first).apply(points) == pytest.approx(points)
    assert Rigid.identity().apply(points) == pytest.approx(points)


def test_rigid_of_ego_pose() -> None:
    """Ego poses are placed in the world likewise."""
    pose = EgoVehiclePose(
        position=Position(x=5, y=0, z=0), rotation=RotationQuaternion(w=1.0, x=0.0, y=0.0, z=0.0)
    )

    assert Rigid.of(pose.position, pose.rotation).apply([[1, 1, 1]]).tolist() == [[6, 1, 1]]


def test_slerp_turns_evenly_along_the_shorter_arc() -> None:
    """A third of the way is a third of the angle, also when the signs of the quaternions differ."""
    start, end = np.array([1.0, 0, 0, 0]), -np.array([np.cos(0.6), 0, np.sin(0.6), 0])

    found = slerp(np.stack([start] * 3), np.stack([end] * 3), [0, 1 / 3, 1])

    expected = [[1, 0, 0, 0], [np.cos(0.2), 0, np.sin(0.2), 0], [np.cos(0.6), 0, np.sin(0.6), 0]]
    assert np.abs(found) == pytest.approx(np.array(expected))


def test_slerp_between_equal_quaternions() -> None:
    """The limit of the formula, without a division by zero."""
    q = quaternions(1)[0]

    with np.errstate(all="raise"):
        assert slerp(q, q, 0.5) == pytest.approx(q)


def test_rotate_about_and_angle_between() -> None:
    """A right-handed turn: 90 degrees about z takes x to y. The angle between two is that of their turn."""
    quarter = rotate_about([0, 0, 2], 90)

    assert quarter @ [1, 0, 0] == pytest.approx([0, 1, 0])
    for angle in (0.0, 0.3, 12.0, 180.0):
        turned = quarter @ rotate_about([1, -2, 0.5], angle)
        assert angle_between_deg(quarter, turned) == pytest.approx(angle, abs=1e-5)
