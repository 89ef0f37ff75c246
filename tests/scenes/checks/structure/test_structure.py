"""All structural rules together, on scenes that break none."""

from __future__ import annotations

import pytest

from kognic.io.model.scene.cameras_sequence import CamerasSequence
from kognic.io.model.scene.cameras_sequence import Frame as CameraFrame
from kognic.io.model.scene.lidars_sequence import Frame as LidarFrame
from kognic.io.model.scene.lidars_sequence import LidarsSequence
from kognic.scenes.checks.structure import check_structure
from kognic.scenes.scene_view import view_of
from tests.scenes.checks.scenes import KINDS, LIDAR, aggregated_scene, good_scene


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
    """A sensor of the calibration without files is told, and nothing else."""
    (finding,) = check_structure(view_of(good_scene()), {**KINDS, "REAR": "pinhole"})
    assert (finding.code, finding.sensor) == ("calibration-sensor-unused", "REAR")
    assert LIDAR in KINDS
