"""The seven scene types: what they are built from, what they send, what files they have."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kognic.base_clients.errors import ModelValidationError
from kognic.io.model import (
    EgoVehiclePose,
    Image,
    IMUData,
    PointCloud,
    Position,
    RotationQuaternion,
    SensorSpecification,
)
from kognic.io.model.scene import EgoVehiclePose as FlatPose
from kognic.io.model.scene.abstract import BaseFrame, BaseScene, BaseSceneWithIMUData, SequenceFrame
from kognic.io.model.scene.cameras import Cameras
from kognic.io.model.scene.lidars_and_cameras_sequence import Frame, LidarsAndCamerasSequence
from kognic.io.resources.scene.file_data import FileData

SCENES = {
    "Cameras": "cameras",
    "CamerasSequence": "cameras_sequence",
    "Lidars": "lidars",
    "LidarsSequence": "lidars_sequence",
    "LidarsAndCameras": "lidars_and_cameras",
    "LidarsAndCamerasSequence": "lidars_and_cameras_sequence",
    "AggregatedLidarsAndCamerasSequence": "aggregated_lidars_and_cameras_seq",
}
POSE = EgoVehiclePose(
    position=Position(x=1.0, y=2.0, z=3.0), rotation=RotationQuaternion(w=1.0, x=0.0, y=0.0, z=0.0)
)
IMU = IMUData(position=POSE.position, rotation_quaternion=POSE.rotation, timestamp=1700000000000000000)


def image(name: str, sensor: str = "CAM", **fields: Any) -> Image:
    return Image(
        filename=name, sensor_name=sensor, file_data=FileData(FileData.Format.JPG, data=b"x"), **fields
    )


def cloud(name: str, sensor: str = "lidar") -> PointCloud:
    return PointCloud(filename=name, sensor_name=sensor, file_data=FileData(FileData.Format.LAS, data=b"x"))


def parts_of(name: str) -> tuple[Any, Any]:
    module = importlib.import_module(f"kognic.io.model.scene.{SCENES[name]}")
    return getattr(module, name), module.Frame


def frame_fields(name: str, index: int) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if "Sequence" in name:
        fields.update(frame_id=str(index), relative_timestamp=100 * index, metadata={"n": index})
    if "Cameras" in name:
        fields["images"] = [image(f"i{index}"), image("same")]
    if "Lidars" in name:
        fields.update(point_clouds=[cloud(f"c{index}")], unix_timestamp=1700000000000000000 + index)
    if "Lidars" in name and "Sequence" in name:
        fields["ego_vehicle_pose"] = POSE
    return fields


def scene_of(name: str) -> Any:
    scene, frame = parts_of(name)
    frames = [frame(**frame_fields(name, index)) for index in range(3)]
    fields: dict[str, Any] = {"frames": frames} if "Sequence" in name else {"frame": frames[0]}
    if "Lidars" in name:
        fields["imu_data"] = [IMU]
    if "LidarsAndCameras" in name:
        fields["calibration_id"] = "calibration-1"
    if "Cameras" in name:
        fields["sensor_specification"] = SensorSpecification(sensor_order=["CAM"])
    return scene(external_id="e", **fields, metadata={"region": "EU"})


@pytest.mark.parametrize("name", SCENES)
def test_scenes_are_written_and_read_back(name: str) -> None:
    """Without IMU data and file contents, which travel on their own."""
    scene = scene_of(name)

    written = scene.to_dict()
    text = json.dumps(written)

    assert json.loads(text) == written
    assert "imu" not in text
    assert "file_data" not in text
    assert written["externalId"] == "e"
    assert written["metadata"] == {"region": "EU"}
    assert type(scene).from_json(json.loads(text)).to_dict() == written
    assert type(scene).from_json(scene.to_dict(by_alias=False)).to_dict() == written


@pytest.mark.parametrize("name", SCENES)
def test_dumps_give_an_equal_scene(name: str) -> None:
    """IMU data and file contents included, in Python, as JSON values and as JSON text."""
    scene = scene_of(name)
    if hasattr(scene, "imu_data"):
        scene.imu_data = [IMU]

    for by_alias in (False, True):
        assert type(scene).model_validate(scene.model_dump(by_alias=by_alias)) == scene
        text = json.dumps(scene.model_dump(mode="json", by_alias=by_alias))
        assert type(scene).model_validate(json.loads(text)) == scene
        assert type(scene).model_validate_json(text) == scene
    assert ("imu_data" in scene.model_dump()) == hasattr(scene, "imu_data")


@pytest.mark.parametrize("name", SCENES)
def test_scenes_can_be_given_as_dicts(name: str) -> None:
    """All the way down, by either name."""
    scene, _ = parts_of(name)
    built = scene_of(name)
    by_name = {**built.to_dict(by_alias=False), "imu_data": [IMU.to_dict()]}

    assert scene(**by_name).to_dict() == built.to_dict()
    assert scene(**built.to_dict()).to_dict() == built.to_dict()


@pytest.mark.parametrize("name", SCENES)
def test_resources(name: str) -> None:
    """Each file once by its key, the first of equal ones."""
    scene = scene_of(name)
    indices = range(3) if "Sequence" in name else range(1)
    expected = {f"i{i}.jpg" for i in indices} | {"same.jpg"} if "Cameras" in name else set()
    expected |= {f"c{i}.las" for i in indices} if "Lidars" in name else set()

    assert set(scene.resources) == expected
    assert all(resource.resource_id == key for key, resource in scene.resources.items())
    first = scene.frames[0] if "Sequence" in name else scene.frame
    assert all(scene.resources[key] is resource for key, resource in first.resources.items())


def test_resources_with_a_key_of_their_own() -> None:
    """Resources are distinguished by their ID, not by their name."""
    frame = Frame(
        frame_id="0",
        relative_timestamp=0,
        point_clouds=[],
        images=[image("a", resource_id="one"), image("b", resource_id="one"), image("a", resource_id="two")],
    )

    assert {key: r.filename for key, r in frame.resources.items()} == {"one": "a.jpg", "two": "a.jpg"}


@pytest.mark.parametrize("name", SCENES)
def test_unknown_keywords_are_ignored(name: str) -> None:
    """Old examples give `calibration_id` to scenes of lidars alone and `frame_id` to single frames."""
    scene, frame = parts_of(name)
    made = scene_of(name)
    fields = {f: getattr(made, f) for f in made.to_dict(by_alias=False)}

    ignored = {"colour": 1} if "Cameras" in name else {"colour": 1, "calibration_id": "calibration-1"}
    assert scene(**{**fields, **ignored}).to_dict() == made.to_dict()
    assert frame(**{"frame_id": "0", "relative_timestamp": 0, **frame_fields(name, 0), "colour": 1})


@pytest.mark.parametrize("name", SCENES)
def test_missing_fields(name: str) -> None:
    """All that are missing are named at once."""
    scene, frame = parts_of(name)
    with pytest.raises(
        ModelValidationError, match=rf"^{name}\.external_id is missing; also missing: frames?"
    ):
        scene()
    if name != "CamerasSequence":
        with pytest.raises(ModelValidationError, match=r"Frame\.\w+ is missing"):
            frame(frame_id="0", relative_timestamp=0)


def test_poses() -> None:
    """Required for aggregation, optional elsewhere; the flat pose of scene requests is another thing."""
    _, aggregated = parts_of("AggregatedLidarsAndCamerasSequence")
    with pytest.raises(ModelValidationError, match=r"^Frame\.ego_vehicle_pose is missing$"):
        aggregated(frame_id="0", relative_timestamp=0, point_clouds=[])
    with pytest.raises(ModelValidationError, match=r"^Frame\.ego_vehicle_pose must be an EgoVehiclePose"):
        aggregated(
            frame_id="0",
            relative_timestamp=0,
            point_clouds=[],
            ego_vehicle_pose=FlatPose(0, 0, 0, 0, 0, 0, 1),
        )
    given = aggregated(
        frameId="0", relativeTimestamp="0", pointClouds=(), egoVehiclePose=POSE.to_dict(), unixTimestamp=5.0
    )
    assert given.ego_vehicle_pose == POSE
    assert given.unix_timestamp == 5


def test_timestamps_are_exact() -> None:
    """Nanoseconds do not fit into a float; fractions are refused."""
    stamp = 1700000000123456789

    assert (
        IMUData(position=POSE.position, rotationQuaternion=POSE.rotation, timestamp=stamp).timestamp == stamp
    )  # type: ignore[call-arg]
    with pytest.raises(ModelValidationError, match=r"relative_timestamp must be a whole number, is 0\.5"):
        Frame(frame_id="0", relative_timestamp=0.5, point_clouds=[])  # type: ignore[arg-type]


def test_attributes_can_be_assigned() -> None:
    """As an official example does with the calibration."""
    scene = scene_of("LidarsAndCamerasSequence")
    scene.calibration_id = "another"
    scene.metadata = {"region": "US"}
    scene.frames = scene.frames[:1]

    written = scene.to_dict()
    assert (written["calibrationId"], written["metadata"], len(written["frames"])) == (
        "another",
        {"region": "US"},
        1,
    )
    scene.calibration_id = None
    assert "calibrationId" not in scene.to_dict()


def test_lists_of_the_wrong_things() -> None:
    """The error leads to the element."""
    with pytest.raises(
        ModelValidationError, match=r"^CamerasSequence\.frames\[0\]\.images\[1\] must be an Image"
    ):
        parts_of("CamerasSequence")[0](
            external_id="e", frames=[{"frameId": "0", "relativeTimestamp": 0, "images": [image("a"), 3]}]
        )
    with pytest.raises(ModelValidationError, match=r"^Lidars\.imu_data\[0\]\.timestamp is missing"):
        parts_of("Lidars")[0](
            external_id="e",
            frame={"point_clouds": []},
            imu_data=[{"position": POSE.position, "rotationQuaternion": POSE.rotation}],
        )


def test_a_posted_body_can_be_read() -> None:
    """It has the IMU resource's name in the place of the data."""
    body = {**scene_of("Lidars").to_dict(), "imuData": "imu/5b7b3c1e.json", "internalId": "u"}

    assert parts_of("Lidars")[0].from_json(body).imu_data == []


def test_base_classes() -> None:
    """Scenes and frames are known by them; they cannot be made themselves."""
    for name in SCENES:
        scene, frame = parts_of(name)
        assert issubclass(scene, BaseScene)
        assert issubclass(frame, BaseFrame)
        assert issubclass(scene, BaseSceneWithIMUData) is (name != "Cameras")
        assert issubclass(frame, SequenceFrame) is ("Sequence" in name)
    for base in (BaseScene, BaseFrame, BaseSceneWithIMUData, SequenceFrame):
        with pytest.raises(TypeError, match="abstract"):
            base()


def calls(action: Callable[[], Any]) -> int:
    """How many calls of Python and C functions an action takes."""
    count = 0

    def profile(_frame: Any, event: str, _arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("work", ["build", "write", "resources"])
def test_work_grows_with_the_frames(work: str) -> None:
    """Twice the frames take twice the work, and not more."""

    def build(n: int) -> LidarsAndCamerasSequence:
        frames = [
            Frame(
                frame_id=str(i),
                relative_timestamp=i,
                point_clouds=[cloud(f"c{i}_{k}") for k in range(3)],
                images=[image(f"i{i}_{k}") for k in range(8)],
                ego_vehicle_pose=POSE,
            )
            for i in range(n)
        ]
        return LidarsAndCamerasSequence(external_id="e", frames=frames, calibration_id="c")

    def effort(n: int) -> int:
        scene = build(n)
        actions: dict[str, Callable[[], Any]] = {
            "build": lambda: build(n),
            "write": scene.to_dict,
            "resources": lambda: scene.resources,
        }
        return calls(actions[work])

    effort(1)  # Functions are generated at first use.
    small, large = effort(100), effort(200)

    assert large <= 2.05 * small
    assert large / 2200 < 40


def test_files_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The common case: names of local files."""
    (tmp_path / "a.jpg").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    scene = Cameras(external_id="e", frame={"images": [{"filename": "a.jpg"}]})  # type: ignore[arg-type]

    assert scene.to_dict() == {
        "externalId": "e",
        "frame": {
            "images": [
                {"filename": "a.jpg", "resourceId": "a.jpg", "sensorName": "CAM", "clientFilename": "a.jpg"}
            ]
        },
        "metadata": {},
    }
