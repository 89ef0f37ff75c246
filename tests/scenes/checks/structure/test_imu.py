"""IMU data: order, unit, rate, and whether it covers what the platform interpolates."""

from __future__ import annotations

import math
from typing import Any

import pytest

from kognic.io.model.calibration import RotationQuaternion
from kognic.scenes.checks.structure.imu import check_imu, imu_range
from kognic.scenes.scene_view import view_of
from tests.scenes.checks.cases import Case, Cases
from tests.scenes.checks.scenes import START, good_scene

CASES = Cases()


@CASES.breaks("imu-frame-range", "imu-shutter-range", place="frames[3].unix_timestamp")
def _ends_too_early(scene: Any) -> None:
    scene.imu_data = [s for s in scene.imu_data if s.timestamp <= START + 250_000_000]


@CASES.breaks("imu-frame-range", "imu-shutter-range", place="frames[0].unix_timestamp")
def _starts_too_late(scene: Any) -> None:
    scene.imu_data = [s for s in scene.imu_data if s.timestamp > START]


@CASES.breaks("imu-shutter-range", place="frames[0].images[0].metadata")
def _starts_with_the_first_frame(scene: Any) -> None:
    scene.imu_data = [s for s in scene.imu_data if s.timestamp >= START]


@CASES.breaks("imu-order", "imu-ego-disagree", place="imu_data[6].timestamp")
def _not_sorted(scene: Any) -> None:
    scene.imu_data[5:7] = scene.imu_data[6:4:-1]


@CASES.breaks("imu-duplicate", place="imu_data[6].timestamp")
def _twice(scene: Any) -> None:
    scene.imu_data.insert(6, scene.imu_data[5])


@CASES.breaks("imu-value", place="imu_data[3]")
def _infinite(scene: Any) -> None:
    scene.imu_data[3].position.z = math.inf


@CASES.breaks("imu-quaternion", place="imu_data[0]")
def _degrees_for_a_quaternion(scene: Any) -> None:
    for sample in scene.imu_data:
        sample.rotation_quaternion = RotationQuaternion(w=0, x=0, y=0, z=90)


@CASES.breaks("imu-unit", "imu-frame-range", "imu-shutter-range", place="imu_data[0].timestamp")
def _milliseconds(scene: Any) -> None:
    for sample in scene.imu_data:
        sample.timestamp //= 1_000_000


@CASES.breaks("imu-rate", place="imu_data[11].timestamp")
def _gap(scene: Any) -> None:
    del scene.imu_data[11:14]


@CASES.breaks("imu-rate", "imu-frame-range", "imu-shutter-range")
def _one_sample(scene: Any) -> None:
    del scene.imu_data[1:]


@CASES.breaks("imu-jump", "imu-ego-disagree", place="imu_data[1].position")
def _centimetres(scene: Any) -> None:
    for sample in scene.imu_data:
        sample.position.x *= 100


@CASES.breaks("imu-ego-disagree", place="f0")
def _another_world(scene: Any) -> None:
    for sample in scene.imu_data:
        sample.position.y += 5


@pytest.mark.parametrize("case", CASES, ids=CASES.ids())
def test_check_imu(case: Case) -> None:
    case.verify(list(check_imu(view_of(case.apply(good_scene())))))


def test_no_imu_data_is_fine() -> None:
    scene = good_scene()
    scene.imu_data = []
    assert list(check_imu(view_of(scene))) == []


def test_imu_range() -> None:
    """First and last time, in whatever order the samples are."""
    scene = good_scene()
    scene.imu_data.reverse()
    assert imu_range(view_of(scene)) == (START - 500_000_000, START + 1_450_000_000)
