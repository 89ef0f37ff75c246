"""One form for every kind of scene."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from kognic.io.model.scene import scene_request as requests
from kognic.io.model.scene.cameras import Cameras
from kognic.io.model.scene.cameras import Frame as CameraFrame
from kognic.io.model.scene.file_data import FileData
from kognic.scenes.scene_view import PoseView, view_of
from tests.scenes.checks.scenes import LIDAR, START, aggregated_scene, good_scene, image


def test_sequence(tmp_path: Path) -> None:
    """Frames with their places, files with their paths, times in their units."""
    view = view_of(good_scene(tmp_path), motion_compensation=False)
    assert (view.kind, view.external_id, view.is_sequence) == ("lidars_and_cameras_sequence", "good", True)
    assert (view.has_cameras, view.has_lidars, view.is_aggregated, view.is_compensated) == (
        True,
        True,
        False,
        False,
    )
    assert (view.camera_names, view.lidar_names) == (["FRONT", "LEFT"], [LIDAR])
    frame = view.frames[1]
    assert (frame.place, frame.frame_id, frame.relative_ms) == ("frames[1]", "f1", 100)
    assert [file.place for file in frame.files] == [
        "frames[1].point_clouds[0]",
        "frames[1].images[0]",
        "frames[1].images[1]",
    ]
    picture = frame.images[0]
    assert (picture.path, picture.format) == (tmp_path / "FRONT_1.png", "png")
    assert picture.shutter == (START + 98_000_000, START + 102_000_000)
    assert view.specification == (
        ("sensor_specification.sensor_to_pretty_name['TOP']", "TOP"),
        ("sensor_specification.sensor_order[0]", "FRONT"),
        ("sensor_specification.sensor_order[1]", "LEFT"),
    )
    assert view_of(aggregated_scene()).is_aggregated


def test_single_frame_and_contents() -> None:
    """Bytes can be read, callbacks and streams cannot without spending them."""
    held = image("a.png")
    held.file_data = FileData(format=FileData.Format.PNG, data=b"abc")
    called = image("b.png", "B")
    called.file_data = FileData(format=FileData.Format.PNG, callback=lambda name: b"")
    view = view_of(Cameras(external_id="one", frame=CameraFrame(images=[held, called])))
    (frame,) = view.frames
    assert (view.is_sequence, view.has_lidars, frame.place, frame.frame_id) == (False, False, "frame", None)
    assert [file.content for file in frame.images] == [b"abc", None]


def test_scene_request() -> None:
    """Relative times come from the first frame; what is in the cloud is remote."""
    local = requests.ImageResource(None, requests.LocalFile("a.png"), "FRONT", START, START + 5)
    remote = requests.SensorResource("s3://bucket/a.pcd", None, LIDAR)
    pose = requests.EgoVehiclePose(1, 2, 3, 0, 0, 0, 1)
    frames = [
        requests.Frame(str(n), START + n * 50_400_000, [local], [remote], ego_vehicle_pose=pose)
        for n in range(2)
    ]
    view = view_of(requests.SceneRequest("w", "request", frames, should_motion_compensate=False))
    assert [frame.relative_ms for frame in view.frames] == [0, 50]
    assert (view.kind, view.is_sequence, view.motion_compensation) == ("scene_request", True, False)
    (picture,), (points,) = view.frames[0].images, view.frames[0].clouds
    assert (picture.path, picture.shutter, picture.remote) == (Path("a.png"), (START, START + 5), False)
    assert (points.name, points.content, points.remote) == ("s3://bucket/a.pcd", None, True)
    assert view.frames[1].ego_pose == PoseView((1, 2, 3), (1, 0, 0, 0))


def test_pose() -> None:
    assert PoseView((0, 0, 0), (1, 1, 1, 1)).length == 2
    assert not PoseView((0, math.inf, 0), (1, 0, 0, 0)).is_finite


def test_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match=r"NoneType is not a scene; pass one of Cameras"):
        view_of(None)
