"""Ego poses: presence, values, possible motion."""

from __future__ import annotations

import math
from typing import Any

import pytest

from kognic.io.model.calibration import Position, RotationQuaternion
from kognic.scenes.checks.structure.poses import check_poses, distance, turn_deg
from kognic.scenes.scene_view import PoseView, view_of
from tests.scenes.checks.cases import Case, Cases
from tests.scenes.checks.scenes import aggregated_scene, good_scene

CASES = Cases()


@CASES.breaks("ego-pose-missing", place="frames[2].ego_vehicle_pose")
def _none_in_an_aggregated_frame(_: Any) -> Any:
    scene = aggregated_scene()
    scene.frames[2].ego_vehicle_pose = None  # type: ignore[assignment]
    return scene


@CASES.breaks("ego-pose-partial", place="f1")
def _none_in_some_frames(scene: Any) -> None:
    scene.frames[1].ego_vehicle_pose = None


@CASES.breaks("ego-pose-value", place="frames[0].ego_vehicle_pose")
def _zero_quaternion(scene: Any) -> None:
    scene.frames[0].ego_vehicle_pose.rotation = RotationQuaternion(w=0, x=0, y=0, z=0)


@CASES.breaks("ego-pose-value", place="f3")
def _not_a_number(scene: Any) -> None:
    scene.frames[3].ego_vehicle_pose.position.y = math.nan


@CASES.breaks("ego-pose-quaternion", place="f0")
def _long_quaternion(scene: Any) -> None:
    scene.frames[0].ego_vehicle_pose.rotation = RotationQuaternion(w=2, x=0, y=0, z=0)


@CASES.breaks("ego-pose-jump", place="frames[1].ego_vehicle_pose.position")
def _millimetres(scene: Any) -> None:
    for frame in scene.frames:
        frame.ego_vehicle_pose.position.x *= 1000


@CASES.breaks("ego-pose-rotation", place="frames[2].ego_vehicle_pose.rotation")
def _turned_around(scene: Any) -> None:
    scene.frames[2].ego_vehicle_pose.rotation = RotationQuaternion(w=0, x=0, y=0, z=1)


@pytest.mark.parametrize("case", CASES, ids=CASES.ids())
def test_check_poses(case: Case) -> None:
    case.verify(list(check_poses(view_of(case.apply(good_scene())))))


def test_slow_turn_and_negated_quaternion_are_fine() -> None:
    """A quaternion and its negative are one rotation; a vehicle may turn by 15 degrees in a frame."""
    scene = good_scene()
    for index, frame in enumerate(scene.frames):
        half, sign = math.radians(15 * index) / 2, (-1) ** index
        frame.ego_vehicle_pose.rotation = RotationQuaternion(
            w=sign * math.cos(half), x=0, y=0, z=sign * math.sin(half)
        )
        frame.ego_vehicle_pose.position = Position(x=2 * index, y=0, z=0)
    assert list(check_poses(view_of(scene))) == []


def test_distance_and_turn() -> None:
    """Metres and degrees between poses; lengths of quaternions do not matter."""
    first = PoseView((0, 0, 0), (1, 0, 0, 0))
    second = PoseView((3, 4, 0), (2, 0, 0, 2))
    assert distance(first, second) == 5
    assert turn_deg(first, second) == pytest.approx(90)
