"""All structural rules together, on scenes that break none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kognic.io.model.scene.cameras_sequence import CamerasSequence
from kognic.io.model.scene.cameras_sequence import Frame as CameraFrame
from kognic.io.model.scene.lidars_sequence import Frame as LidarFrame
from kognic.io.model.scene.lidars_sequence import LidarsSequence
from kognic.scenes.checks.structure import check_structure
from kognic.scenes.scene_view import view_of
from tests.scenes.checks.scenes import KINDS, LIDAR, START, aggregated_scene, good_scene


@pytest.mark.parametrize("make", [good_scene, aggregated_scene])
def test_good_scene(make: object) -> None:
    assert list(check_structure(view_of(make()), KINDS)) == []  # type: ignore[operator]


def test_good_scene_of_one_kind_of_sensor() -> None:
    """Cameras or lidars alone need neither calibration nor poses."""
    whole = good_scene()
    cameras = [
        CameraFrame(frame_id=f.frame_id, relative_timestamp=f.relative_timestamp, images=f.images)
        for f in whole.frames
    ]
    lidars = [
        LidarFrame(frame_id=f.frame_id, relative_timestamp=f.relative_timestamp, point_clouds=f.point_clouds)
        for f in whole.frames
    ]
    for scene in (
        CamerasSequence(external_id="c", frames=cameras),
        LidarsSequence(external_id="l", frames=lidars),
    ):
        assert list(check_structure(view_of(scene), None)) == []


def test_aggregated_into_the_first_frame() -> None:
    """Clouds in the first frame only are fine where the scene is aggregated."""
    scene = aggregated_scene()
    for frame in scene.frames[1:]:
        frame.point_clouds = []
    assert list(check_structure(view_of(scene), KINDS)) == []


def test_only_some_sensors_used() -> None:
    """A sensor of the calibration without files is the only finding."""
    (finding,) = check_structure(view_of(good_scene()), {**KINDS, "REAR": "pinhole"})
    assert (finding.code, finding.sensor) == ("calibration-sensor-unused", "REAR")
    assert LIDAR in KINDS


def camera_scene(**changes: Any) -> CamerasSequence:
    """The good scene without its lidar: calibration, IMU data, poses and times remain."""
    whole = good_scene()
    frames = [
        CameraFrame(
            **{
                name: getattr(frame, name)
                for name in (
                    "frame_id", "relative_timestamp", "images", "ego_vehicle_pose", "unix_timestamp"
                )
            }
        )
        for frame in whole.frames
    ]  # fmt: skip
    values = {"calibration_id": whole.calibration_id, "imu_data": whole.imu_data, "frames": frames}
    return CamerasSequence(external_id="cameras", **{**values, **changes})


CAMERA_KINDS = {name: kind for name, kind in KINDS.items() if kind != "lidar"}


def test_cameras_alone_that_move() -> None:
    assert list(check_structure(view_of(camera_scene()), CAMERA_KINDS)) == []


def _no_pose(scene: CamerasSequence) -> None:
    scene.frames[1].ego_vehicle_pose = None


def _no_time(scene: CamerasSequence) -> None:
    scene.frames[2].unix_timestamp = None


def _short_imu(scene: CamerasSequence) -> None:
    scene.imu_data = [sample for sample in scene.imu_data if sample.timestamp < START + 150_000_000]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_no_pose, "ego-pose-partial"),
        (_no_time, "unix-timestamp-missing"),
        (_short_imu, "imu-frame-range"),
    ],
)
def test_cameras_alone_obey_the_rules_of_motion(change: Callable[[CamerasSequence], None], code: str) -> None:
    """What the platform refuses about poses, times and IMU data, the check reports for cameras, too."""
    scene = camera_scene()
    change(scene)

    assert code in {finding.code for finding in check_structure(view_of(scene), CAMERA_KINDS)}


def test_cameras_alone_are_in_their_calibration() -> None:
    findings = check_structure(view_of(camera_scene()), {"FRONT": "pinhole"})

    assert {(one.code, one.sensor) for one in findings} == {("calibration-sensor-missing", "LEFT")}
