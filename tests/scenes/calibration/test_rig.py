"""Which sensors of a scene can be judged at all."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from kognic.scenes.calibration.evidence import Evidence
from kognic.scenes.calibration.rig import cameras_of, lidar_poses
from kognic.scenes.geometry.poses import Rigid
from tests.scenes.geometry import conftest as make
from tests.scenes.geometry import scenes


@pytest.fixture(scope="module")
def sensors() -> dict[str, Any]:
    return {"lidar": make.lidar(), "front": scenes.camera(0)}


@pytest.fixture(scope="module")
def evidence(sensors: dict[str, Any]) -> Evidence:
    return scenes.evidence(sensors)


def test_lidar_poses() -> None:
    """Lidars only, and of these only those that have a pose."""
    broken = make.lidar(**make.placed((0, 0, 0, 0)))

    found = lidar_poses(
        {"a": make.lidar(**make.placed(position=(1, 2, 3))), "b": broken, "c": make.pinhole()}
    )

    assert list(found) == ["a"]
    assert found["a"].position.tolist() == [1, 2, 3]


def test_cameras_of(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """A camera with an image and points in a frame."""
    assert list(cameras_of(evidence, sensors, lidar_poses(sensors))) == ["front"]


@pytest.mark.parametrize(
    "calibration",
    [
        None,
        make.lidar(),
        make.fused_cylindrical(image_width=scenes.WIDTH, image_height=scenes.HEIGHT),
        scenes.camera(0, **make.placed((0, 0, 0, 0))),
        scenes.camera(0, camera_matrix=make.matrix(fx=np.nan)),
        make.custom("(module)", image_width=scenes.WIDTH, image_height=scenes.HEIGHT),
        scenes.camera(0, image_width=scenes.WIDTH * 2),
    ],
    ids=["unknown", "lidar", "unpublished", "no pose", "not finite", "no module", "another size"],
)
def test_cameras_that_cannot_be_judged(evidence: Evidence, sensors: dict[str, Any], calibration: Any) -> None:
    """They are left out, because another rule reports what is the matter."""
    changed = {**sensors, "front": calibration}
    if calibration is None:
        del changed["front"]

    assert cameras_of(evidence, changed, {"lidar": Rigid.identity()}) == {}


def test_cameras_without_points(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """No lidar with a pose, or no cloud: nothing to judge by."""
    frames = (attrs.evolve(evidence.frames[0], clouds=()),)

    assert cameras_of(evidence, sensors, {}) == {}
    assert cameras_of(attrs.evolve(evidence, frames=frames), sensors, lidar_poses(sensors)) == {}
