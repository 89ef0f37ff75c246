"""Scene requests: data classes with few rules and a JSON of their own. The whole is in test_examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic.base_clients.errors import ModelValidationError
from kognic.io.model.scene import SensorSpecification as SceneSensorSpecification
from kognic.io.model.scene.metadata.metadata import MetaData
from kognic.io.model.scene.scene_request import (
    EgoVehiclePose,
    Frame,
    ImageResource,
    LocalFile,
    Resource,
    SceneRequest,
    SensorResource,
)

IMAGE = ImageResource("s3://bucket/a.jpg", None, "A")


def request(**options: Any) -> dict[str, Any]:
    frame = Frame(frame_id="1", timestamp_ns=1, images=[IMAGE])
    return SceneRequest("w", "e", [frame], **options).to_dict()


def test_one_source_for_each_file() -> None:
    """Neither and both are refused, for images too; empty text is no source."""
    for cls, rest in ((Resource, ()), (SensorResource, ("S",)), (ImageResource, ("S",))):
        for sources in ((None, None), ("", None), ("s3://b/a", LocalFile("a"))):
            with pytest.raises(ValueError, match="Exactly one of external_resource_uri or local_file"):
                cls(*sources, *rest)  # type: ignore[arg-type]
        assert cls("", LocalFile("a"), *rest).to_dict()["localFilename"] == "a"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ((1, None), "Both start_shutter_timestamp_ns and end_shutter_timestamp_ns .* they are 1 and None"),
        ((None, 1), "Both start_shutter_timestamp_ns"),
        ((2, 2), "start_shutter_timestamp_ns is 2, must be less than end_shutter_timestamp_ns, 2"),
        ((2, 1), "must be less than"),
        ((None, None, True), "reversed_shutter is True, which needs both shutter timestamps"),
    ],
)
def test_shutter_times(times: tuple[Any, ...], message: str) -> None:
    """Both or none, in order; a direction needs them."""
    with pytest.raises(ModelValidationError, match=message):
        ImageResource("s3://b/a.jpg", None, "A", *times)


def test_zero_is_a_time() -> None:
    """And is sent."""
    image = ImageResource("s3://b/a.jpg", None, "A", 0, 1)

    assert image.image_to_dict()["metadata"] == {"startShutterTimestampNs": 0, "endShutterTimestampNs": 1}


def test_frames_hold_something() -> None:
    """Images, or point clouds alone."""
    with pytest.raises(ValueError, match="Frame must contain at least one image"):
        Frame("1", 1, [])
    clouds = Frame("1", 1, [], [SensorResource("s3://b/c.las", None, "L")])

    assert clouds.to_dict() == {
        "id": "1",
        "timestampNs": 1,
        "images": [],
        "pointClouds": {"resources": [{"sensorName": "L", "externalResourceUri": "s3://b/c.las"}]},
    }


def test_scenes_hold_frames() -> None:
    """At least one."""
    with pytest.raises(ValueError, match="Scene must contain at least one frame"):
        SceneRequest("w", "e", [])
    with pytest.raises(TypeError):
        SceneRequest(external_id="e", frames=[])  # type: ignore[call-arg]


def test_a_pose_is_sent_with_point_clouds_only() -> None:
    """As the official client does."""
    pose = EgoVehiclePose(1, 2, 3, 0, 0, 0, 1)
    without = Frame("1", 1, [IMAGE], None, pose).to_dict()
    with_clouds = Frame("1", 1, [IMAGE], [SensorResource("s3://b/c", None, "L")], pose).to_dict()

    assert "pointClouds" not in without
    assert with_clouds["pointClouds"]["egoVehiclePose"] == {
        "position": {"x": 1, "y": 2, "z": 3},
        "rotation": {"x": 0, "y": 0, "z": 0, "w": 1},
    }


def test_what_is_left_out() -> None:
    """Flags that are None, a calibration that is empty, metadata that is."""
    bare = request()

    assert bare == request(metadata={}, calibration_id="", sensor_specification=None)
    assert set(bare) == {"workspaceId", "externalId", "convertedSpecification"}
    assert set(bare["convertedSpecification"]) == {"frames"}
    off = request(should_motion_compensate=False, postpone_external_resource_import=False)
    assert off["convertedSpecification"]["shouldMotionCompensate"] is False
    assert off["postponeExternalResourceImport"] is False


def test_numpy_scalars_in_metadata() -> None:
    """They are sent as the numbers they hold."""
    made = request(metadata={"lane": np.int64(3), "night": np.bool_(True), "speed": np.float32(1.5)})

    assert json.loads(json.dumps(made))["convertedSpecification"]["metadata"] == {
        "lane": 3,
        "night": True,
        "speed": 1.5,
    }


def test_metadata_and_specification_of_typed_scenes() -> None:
    """The objects that people have from there work here."""
    made = request(
        metadata=MetaData(region="EU"), sensor_specification=SceneSensorSpecification(sensor_order=["A"])
    )

    assert made["convertedSpecification"]["metadata"] == {"region": "EU"}
    assert made["convertedSpecification"]["sensorSpecification"] == {"sensorOrder": ["A"]}


def test_files() -> None:
    """Each local file once, the first of equal ones, IMU data included."""
    first, second = LocalFile(Path("a.jpg"), data=b"1"), LocalFile("a.jpg", data=b"2")  # type: ignore[arg-type]
    scene = SceneRequest(
        "w",
        "e",
        [
            Frame(
                "1",
                1,
                [ImageResource(None, first, "A"), IMAGE],
                [SensorResource(None, LocalFile("c.las"), "L")],
            ),
            Frame("2", 2, [ImageResource(None, second, "A")]),
        ],
        imudata_resource=Resource(None, LocalFile("imu.json")),
    )

    assert list(scene.get_files()) == ["a.jpg", "c.las", "imu.json"]
    assert scene.get_files()["a.jpg"] is first
    assert json.loads(scene.to_json()) == scene.to_dict()
    assert "b'1'" not in repr(scene)
