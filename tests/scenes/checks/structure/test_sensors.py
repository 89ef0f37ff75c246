"""Frames, their files, and the sensors these come from."""

from __future__ import annotations

from typing import Any

import pytest

from kognic.io.model.scene import scene_request as requests
from kognic.io.model.scene.cameras import Cameras
from kognic.io.model.scene.cameras import Frame as CameraFrame
from kognic.io.model.scene.lidars import Frame as LidarFrame
from kognic.io.model.scene.lidars import Lidars
from kognic.scenes.checks.structure.sensors import check_sensors
from kognic.scenes.scene_view import view_of
from tests.scenes.checks.cases import Case, Cases
from tests.scenes.checks.scenes import (
    KINDS,
    LIDAR,
    aggregated_scene,
    cloud,
    codes,
    good_scene,
    image,
)

CASES = Cases()


@CASES.breaks("scene-external-id", place="external_id")
def _blank_name(scene: Any) -> None:
    scene.external_id = " "


@CASES.breaks("scene-no-frames", "calibration-sensor-unused", "specification-sensor", place="frames")
def _no_frames(scene: Any) -> None:
    scene.frames = []


@CASES.breaks("frame-id-duplicate", place="frames[3].frame_id")
def _same_frame_id(scene: Any) -> None:
    scene.frames[3].frame_id = "f0"


@CASES.breaks("frame-id-empty", place="frames[0].frame_id")
def _empty_frame_id(scene: Any) -> None:
    scene.frames[0].frame_id = ""


@CASES.breaks("frame-images-count", "sensor-duplicate", place="frames[0].images")
def _ten_images(scene: Any) -> None:
    scene.frames[0].images += [image(f"{n}.png") for n in range(8)]


@CASES.breaks("frame-images-count", "calibration-sensor-unused", place="frame.images")
def _no_image_in_the_only_frame(_: Any) -> Any:
    scene = Cameras(external_id="one", frame=CameraFrame(images=[image("a.png")]))
    scene.frame.images = []
    return scene


@CASES.breaks("frame-without-images", "sensor-dropout", place="f2")
def _no_image_in_one_of_many(scene: Any) -> None:
    scene.frames[2].images = []


@CASES.breaks("frame-clouds-count", "sensor-dropout", place="frames[1].point_clouds")
def _no_cloud(scene: Any) -> None:
    scene.frames[1].point_clouds = []


@CASES.breaks("frame-clouds-count", "calibration-sensor-missing", "calibration-sensor-unused")
def _many_clouds(_: Any) -> Any:
    return Lidars(
        external_id="one", frame=LidarFrame(point_clouds=[cloud(f"{n}.pcd", f"L{n}") for n in range(21)])
    )


@CASES.breaks("frame-clouds-aggregated", place="frames[2].point_clouds")
def _clouds_in_some_aggregated_frames(_: Any) -> Any:
    scene = aggregated_scene()
    scene.frames[2].point_clouds = []
    return scene


@CASES.breaks("frame-clouds-count", place="frames[0].point_clouds")
def _no_cloud_in_the_first_aggregated_frame(_: Any) -> Any:
    scene = aggregated_scene()
    for frame in scene.frames:
        frame.point_clouds = []
    scene.frames[1].point_clouds = [cloud("a.pcd")]
    scene.frames[2].point_clouds = [cloud("b.pcd")]
    scene.frames[3].point_clouds = [cloud("c.pcd")]
    return scene


@CASES.breaks("sensor-duplicate", place="FRONT")
def _two_images_of_a_camera(scene: Any) -> None:
    scene.frames[0].images.append(image("second.png"))


@CASES.breaks("sensor-kind", "calibration-sensor-kind", "sensor-dropout", place=LIDAR)
def _camera_called_like_the_lidar(scene: Any) -> None:
    scene.frames[0].images[0].sensor_name = LIDAR


@CASES.breaks("sensor-dropout", place="LEFT")
def _camera_missing_in_a_frame(scene: Any) -> None:
    del scene.frames[3].images[1]


@CASES.breaks("sensor-name", "calibration-sensor-missing", "sensor-dropout", place="FRONT ")
def _blank_in_a_name(scene: Any) -> None:
    scene.frames[0].images[0].sensor_name = "FRONT "


@CASES.breaks("calibration-sensor-missing", "sensor-dropout", place="FRNT")
def _misspelt_camera(scene: Any) -> None:
    scene.frames[0].images[0].sensor_name = "FRNT"


@CASES.breaks("specification-sensor", place="sensor_specification.sensor_order[2]")
def _unknown_sensor_in_the_order(scene: Any) -> None:
    scene.sensor_specification.sensor_order.append("REAR")


@CASES.breaks("specification-sensor", place="sensor_specification.sensor_to_pretty_name['REAR']")
def _pretty_name_of_an_unknown_sensor(scene: Any) -> None:
    scene.sensor_specification.sensor_to_pretty_name["REAR"] = "rear"


@CASES.breaks("file-duplicate", place="frames[1].images[0]")
def _same_file_again(scene: Any) -> None:
    scene.frames[1].images[0] = scene.frames[0].images[0].model_copy()
    scene.frames[1].images[0].metadata = None


@CASES.breaks("resource-id-clash", place="frames[1].images[0].resource_id")
def _other_file_of_the_same_id(scene: Any) -> None:
    scene.frames[1].images[0].resource_id = scene.frames[0].images[0].resource_id


@pytest.mark.parametrize("case", CASES, ids=CASES.ids())
def test_check_sensors(case: Case) -> None:
    case.verify(list(check_sensors(view_of(case.apply(good_scene())), KINDS)))


def test_misspelt_name_gets_a_suggestion() -> None:
    scene = good_scene()
    for frame in scene.frames:
        frame.images[0].sensor_name = "FRNT"
    found = {f.code: f for f in check_sensors(view_of(scene), KINDS)}
    assert found["calibration-sensor-missing"].hint.startswith("is it 'FRONT'? ")
    assert found["calibration-sensor-unused"].sensor == "FRONT"


def test_name_in_another_case_gets_a_suggestion() -> None:
    """It comes before a name that has more letters in common."""
    scene = good_scene()
    for frame in scene.frames:
        frame.images[0].sensor_name = "front"
    found = {f.code: f for f in check_sensors(view_of(scene), {**KINDS, "frost": "pinhole"})}
    assert found["calibration-sensor-missing"].hint.startswith("is it 'FRONT'? ")


def test_calibration_of_the_other_kind() -> None:
    (finding,) = check_sensors(view_of(good_scene()), {**KINDS, "LEFT": "lidar"})
    assert (finding.code, finding.sensor, finding.value) == ("calibration-sensor-kind", "LEFT", "lidar")


def test_no_calibration() -> None:
    """A calibration given by name only is reported as unread; scenes of cameras and lidars need one."""
    scene = good_scene()
    assert codes(check_sensors(view_of(scene), None)) == {"calibration-unread"}
    scene.calibration_id = ""
    assert codes(check_sensors(view_of(scene), None)) == {"scene-calibration-missing"}


def test_scene_request_without_calibration() -> None:
    """A scene request may leave the calibration out only with one kind of sensor."""
    picture = requests.ImageResource(None, requests.LocalFile("a.png"), "FRONT")
    points = requests.SensorResource("s3://bucket/a.pcd", None, LIDAR)
    frame = requests.Frame("0", 1_772_000_000_000_000_000, [picture], [points])
    request = requests.SceneRequest("w", "request", [frame])
    assert codes(check_sensors(view_of(request), None)) == {"scene-calibration-missing"}
    frame = requests.Frame("0", 1_772_000_000_000_000_000, [picture])
    assert codes(check_sensors(view_of(requests.SceneRequest("w", "request", [frame])), None)) == set()
