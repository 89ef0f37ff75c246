"""Scene files: what they may say, what is wrong with others, and the scenes they become."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from kognic._core.scene_errors import SceneFileError
from kognic.io.model.scene.aggregated_lidars_and_cameras_seq import AggregatedLidarsAndCamerasSequence
from kognic.io.model.scene.cameras import Cameras
from kognic.io.model.scene.cameras_sequence import CamerasSequence
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.lidars import Lidars
from kognic.io.model.scene.lidars_and_cameras import LidarsAndCameras
from kognic.io.model.scene.lidars_and_cameras_sequence import LidarsAndCamerasSequence
from kognic.io.model.scene.lidars_sequence import LidarsSequence
from kognic.scenes import scene_description
from kognic.scenes.annotated_scene import AnnotatedScene
from kognic.scenes.scene_description import SCENE_TYPES, SceneDescription
from kognic.scenes.scene_file import load_calibration, load_scene_file
from kognic.scenes.scene_schema import schema_text

MODELS = {
    "cameras": Cameras,
    "cameras_sequence": CamerasSequence,
    "lidars": Lidars,
    "lidars_sequence": LidarsSequence,
    "lidars_and_cameras": LidarsAndCameras,
    "lidars_and_cameras_sequence": LidarsAndCamerasSequence,
    "aggregated_lidars_and_cameras_sequence": AggregatedLidarsAndCamerasSequence,
}
CALIBRATION = {
    "external_id": "rig",
    "sensors": {
        "lidar": {
            "calibration_type": "lidar",
            "position": {"x": 0, "y": 0, "z": 2},
            "rotation_quaternion": {"w": 1, "x": 0, "y": 0, "z": 0},
        }
    },
}
POSE = {"position": {"x": 1, "y": 2.5, "z": 0}, "rotation": {"w": 1, "x": 0, "y": 0, "z": 0}}
SHUTTER = {"shutter_time_start_ns": 1, "shutter_time_end_ns": 2}


def description(scene_type: str) -> dict[str, Any]:
    """A description that uses everything its type may."""
    frame: dict[str, Any] = {}
    if "lidars" in scene_type:
        frame["point_clouds"] = [{"sensor_name": "lidar", "filename": "lidar/0.csv"}]
    if scene_type != "cameras":
        frame["unix_timestamp"] = 1_772_000_000_000_000_001
    if "cameras" in scene_type:
        frame["images"] = [{"sensor_name": "CAM", "filename": "images/0.jpg", "metadata": dict(SHUTTER)}]
    document: dict[str, Any] = {"type": scene_type, "external_id": "a-scene", "metadata": {"a": 1, "b": "x"}}
    if "cameras" in scene_type:
        document["sensor_specification"] = {
            "sensor_order": ["CAM"],
            "sensor_to_pretty_name": {"CAM": "Camera"},
        }
    if scene_type != "cameras":
        sample = {"position": POSE["position"], "rotation_quaternion": POSE["rotation"], "timestamp": 5}
        document["imu_data"] = [sample]
        document["motion_compensation"] = False
    if "cameras" in scene_type:
        document["calibration"] = copy.deepcopy(CALIBRATION)
    if "sequence" not in scene_type:
        return {**document, "frame": frame}
    frame["ego_vehicle_pose"] = copy.deepcopy(POSE)
    frames = []
    for index in range(2):
        ids = {"frame_id": str(index), "relative_timestamp": index * 100, "metadata": {"lane": index}}
        frames.append({**copy.deepcopy(frame), **ids})
    return {**document, "frames": frames}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("lidar/0.csv", "images/0.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"content")
    return tmp_path


def write(folder: Path, document: object, name: str = "scene.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document))
    return path


def problems(folder: Path, document: object) -> list[str]:
    with pytest.raises(SceneFileError) as caught:
        load_scene_file(write(folder, document))
    assert str(caught.value).startswith(f"{folder / 'scene.json'}: ")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("compensates", [True, False])
def test_view_of_a_scene_that_is_not_on_the_platform(folder: Path, compensates: bool) -> None:
    """No UUID of its calibration is needed, and motion compensation is as the file has it."""
    document = {**description("lidars_and_cameras_sequence"), "motion_compensation": compensates}
    path = write(folder, document)
    view = load_scene_file(path).view()
    assert [frame.frame_id for frame in view.frames] == ["0", "1"]
    assert view.imu
    assert view.is_compensated is compensates
    assert AnnotatedScene.of_file(path).view.is_compensated is compensates


@pytest.mark.parametrize("scene_type", SCENE_TYPES)
def test_each_type_becomes_its_model(folder: Path, scene_type: str) -> None:
    """Everything in the description arrives in the scene, under the relative names."""
    document = description(scene_type)
    loaded = load_scene_file(write(folder, document))
    scene = loaded.scene("calibration-uuid")

    assert type(scene) is MODELS[scene_type]
    wire = scene.to_dict()
    frame = wire["frames"][1] if "sequence" in scene_type else wire["frame"]
    assert wire["externalId"] == "a-scene"
    assert wire["metadata"] == {"a": 1, "b": "x"}
    assert wire.get("calibrationId") == ("calibration-uuid" if "cameras" in scene_type else None)
    if "cameras" in scene_type:
        (image,) = frame["images"]
        assert (image["filename"], image["sensorName"]) == ("images/0.jpg", "CAM")
        assert image["clientFilename"] == "images/0.jpg"
        assert image["metadata"] == {"shutterTimeStartNs": 1, "shutterTimeEndNs": 2}
        assert wire["sensorSpecification"]["sensorToPrettyName"] == {"CAM": "Camera"}
    if "lidars" in scene_type:
        assert frame["pointClouds"][0]["filename"] == "lidar/0.csv"
    if scene_type != "cameras":
        assert frame["unixTimestamp"] == 1_772_000_000_000_000_001
        assert [sample.timestamp for sample in scene.imu_data] == [5]
        assert loaded.feature_flags.to_dict() == FeatureFlags().to_dict()
    if "sequence" in scene_type:
        assert frame["egoVehiclePose"] == POSE
    if "sequence" in scene_type:
        assert (frame["frameId"], frame["relativeTimestamp"], frame["metadata"]) == ("1", 100, {"lane": 1})


def test_the_least_that_is_enough(folder: Path) -> None:
    """Defaults are those of the platform."""
    frame = {"images": [{"sensor_name": "CAM", "filename": "images/0.jpg"}]}
    loaded = load_scene_file(write(folder, {"type": "cameras", "external_id": "x", "frame": frame}))

    assert loaded.scene().to_dict()["metadata"] == {}
    assert loaded.feature_flags.to_dict() == FeatureFlags.defaults().to_dict()
    assert (loaded.calibration, loaded.imu_data, loaded.pre_annotation) == (None, [], None)
    assert loaded.size == len(b"content")


def test_yaml_and_parts_in_files_of_their_own(folder: Path) -> None:
    """YAML says the same; calibration, IMU data and pre-annotation may be files."""
    document = description("lidars_and_cameras")
    inline = load_scene_file(write(folder, document))
    write(folder, document.pop("calibration"), "calibration.json")
    (folder / "imu.yaml").write_text(yaml.safe_dump(document.pop("imu_data")))
    write(folder, {"openlabel": {"metadata": {"schema_version": "1.0.0"}}}, "pre.json")
    document.update(calibration="calibration.json", imu_data="imu.yaml", pre_annotation="pre.json")
    (folder / "scene.yaml").write_text(yaml.safe_dump(document))

    loaded = load_scene_file(folder / "scene.yaml")

    assert loaded.calibration == inline.calibration
    assert loaded.imu_data == inline.imu_data
    assert loaded.pre_annotation == {"openlabel": {"metadata": {"schema_version": "1.0.0"}}}
    assert loaded.scene("c").to_dict() == inline.scene("c").to_dict()


def test_paths_are_relative_to_the_description(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory does not matter, and the content is that of the file."""
    loaded = load_scene_file(write(folder, description("cameras")))
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    image = loaded.scene("c").frame.images[0]

    assert image.client_filename == "images/0.jpg"
    assert image.file_data.data.read_bytes() == b"content"
    assert pickle.loads(pickle.dumps(loaded)).scene("c").to_dict() == loaded.scene("c").to_dict()


def test_a_calibration_id_instead_of_a_calibration(folder: Path) -> None:
    """The description's own id is used; without any id the scene cannot be made."""
    document = description("lidars_and_cameras")
    without = load_scene_file(write(folder, document))
    with pytest.raises(ValueError, match="the scene needs calibration_id"):
        without.scene()
    del document["calibration"]
    loaded = load_scene_file(write(folder, {**document, "calibration_id": "from-file"}))
    assert loaded.scene().calibration_id == "from-file"


def test_load_calibration(folder: Path) -> None:
    """The platform's name for `sensors` is understood, and the external ID can be replaced."""
    platform_form = {"externalId": "rig", "calibration": CALIBRATION["sensors"]}
    assert load_calibration(write(folder, CALIBRATION)) == load_calibration(write(folder, platform_form))
    assert load_calibration(write(folder, CALIBRATION), external_id="other").external_id == "other"
    with pytest.raises(ValueError, match="'sensors', an object of sensor names"):
        load_calibration(write(folder, {"external_id": "rig"}))


Change = Callable[[dict[str, Any]], object]
SEQUENCE = "lidars_and_cameras_sequence"
# What is done to a right description of a type, and the one problem that is to be found.
BROKEN: list[tuple[str, str, Change, str]] = [
    (
        "unknown key",
        SEQUENCE,
        lambda d: d.update(externalId="x"),
        "unknown key 'externalId', did you mean 'external_id'?",
    ),
    (
        "key of a report",
        SEQUENCE,
        lambda d: d["frames"][0].update(turn_deg=1.5),
        (
            "frames[0]: unknown key 'turn_deg', known are frame_id, relative_timestamp, unix_timestamp, "
            "images, point_clouds, ego_vehicle_pose, metadata"
        ),
    ),
    (
        "unknown key in a resource",
        SEQUENCE,
        lambda d: d["frames"][1]["images"][0].update(sensor="x"),
        "frames[1].images[0]: unknown key 'sensor', did you mean 'sensor_name'?",
    ),
    ("missing", SEQUENCE, lambda d: d.pop("external_id"), "'external_id' is missing"),
    (
        "missing in a resource",
        SEQUENCE,
        lambda d: d["frames"][0]["point_clouds"][0].pop("filename"),
        "frames[0].point_clouds[0]: 'filename' is missing",
    ),
    (
        "number for text",
        SEQUENCE,
        lambda d: d.update(external_id=7),
        "external_id: 7 is not text; write it in quotes: '7'",
    ),
    ("null for text", SEQUENCE, lambda d: d.update(external_id=None), "external_id: null is not text"),
    ("empty text", SEQUENCE, lambda d: d.update(external_id=""), "external_id: empty text"),
    (
        "frame id as a number",
        SEQUENCE,
        lambda d: d["frames"][0].update(frame_id=0),
        "frames[0].frame_id: 0 is not text; write it in quotes: '0'",
    ),
    (
        "fraction of a nanosecond",
        SEQUENCE,
        lambda d: d["frames"][0].update(unix_timestamp=1.5),
        "frames[0].unix_timestamp: 1.5 is not a whole number",
    ),
    (
        "text for a number",
        SEQUENCE,
        lambda d: d["frames"][0].update(relative_timestamp="0"),
        "frames[0].relative_timestamp: '0' is not a whole number",
    ),
    (
        "text for a coordinate",
        SEQUENCE,
        lambda d: d["frames"][0]["ego_vehicle_pose"]["position"].update(x="1"),
        "frames[0].ego_vehicle_pose.position.x: '1' is not a number",
    ),
    (
        "true for a coordinate",
        SEQUENCE,
        lambda d: d["frames"][0]["ego_vehicle_pose"]["rotation"].update(w=True),
        "frames[0].ego_vehicle_pose.rotation.w: true is not a number",
    ),
    (
        "text for a switch",
        "lidars",
        lambda d: d.update(motion_compensation="no"),
        "motion_compensation: 'no' is neither true nor false",
    ),
    ("object for a list", SEQUENCE, lambda d: d.update(frames={}), "frames: an object is not a list"),
    (
        "text for an object",
        SEQUENCE,
        lambda d: d["frames"][0].update(images=["a.jpg"]),
        "frames[0].images[0]: 'a.jpg' is not an object with sensor_name, filename, path, source, metadata",
    ),
    (
        "nested metadata",
        SEQUENCE,
        lambda d: d.update(metadata={"a": {}}),
        "metadata: 'a' is an object; values are text, numbers, true or false",
    ),
    (
        "metadata list",
        SEQUENCE,
        lambda d: d.update(metadata=[]),
        "metadata: a list is not an object of names and values",
    ),
    (
        "names that are no text",
        SEQUENCE,
        lambda d: d["sensor_specification"].update(sensor_to_pretty_name={"CAM": 1}),
        "sensor_specification.sensor_to_pretty_name: 'CAM': 1 is not a pair of texts; write both in quotes",
    ),
    (
        "unknown type",
        SEQUENCE,
        lambda d: d.update(type="camera_sequence"),
        "type: 'camera_sequence' is not a scene type, did you mean 'cameras_sequence'?",
    ),
    (
        "frames of a single",
        "cameras",
        lambda d: d.update(frames=[d.pop("frame")]),
        "a scene of type cameras has one frame: give it as 'frame', not as 'frames'",
    ),
    (
        "no frames",
        "cameras_sequence",
        lambda d: d.update(frames=[]),
        "a scene of type cameras_sequence needs a list of 'frames' with at least one",
    ),
    (
        "frame id of a single",
        "cameras",
        lambda d: d["frame"].update(frame_id="0"),
        "frame.frame_id: a frame of a cameras scene has none; omit it",
    ),
    ("no frame id", SEQUENCE, lambda d: d["frames"][1].pop("frame_id"), "frames[1]: 'frame_id' is missing"),
    (
        "no pose where it is needed",
        "aggregated_lidars_and_cameras_sequence",
        lambda d: d["frames"][1].pop("ego_vehicle_pose"),
        "frames[1]: 'ego_vehicle_pose' is missing: lidar points of all frames are merged with it",
    ),
    ("no images", "cameras", lambda d: d.update(frame={}), "frame: 'images' is missing: give at least one"),
    (
        "images without a camera",
        "lidars_sequence",
        lambda d: d["frames"][0].update(images=[]),
        "frames[0].images: a frame of a lidars_sequence scene has none; omit it",
    ),
    (
        "no calibration",
        SEQUENCE,
        lambda d: d.pop("calibration"),
        f"a scene of type {SEQUENCE} needs 'calibration' or 'calibration_id', and not both",
    ),
    (
        "two calibrations",
        SEQUENCE,
        lambda d: d.update(calibration_id="x"),
        f"a scene of type {SEQUENCE} needs 'calibration' or 'calibration_id', and not both",
    ),
    (
        "two calibrations of cameras",
        "cameras_sequence",
        lambda d: d.update(calibration_id="x"),
        "give 'calibration' or 'calibration_id', not both",
    ),
    (
        "calibration of lidars",
        "lidars",
        lambda d: d.update(calibration_id="x"),
        "calibration_id: a scene of type lidars takes no calibration; omit it",
    ),
    (
        "time of a single image",
        "cameras",
        lambda d: d["frame"].update(unix_timestamp=5),
        "frame.unix_timestamp: a frame of a cameras scene has none; omit it",
    ),
    (
        "IMU data of cameras",
        "cameras",
        lambda d: d.update(imu_data="imu.json"),
        "imu_data: a scene of type cameras takes no IMU data; omit it",
    ),
    (
        "cameras of lidars",
        "lidars",
        lambda d: d.update(sensor_specification={}),
        "sensor_specification: a scene of type lidars has no cameras; omit it",
    ),
    ("batch without project", "cameras", lambda d: d.update(batch="b"), "batch: 'b' needs its 'project'"),
    (
        "calibration of no kind",
        SEQUENCE,
        lambda d: d.update(calibration=1),
        "calibration: 1 is neither a file name nor an object",
    ),
    (
        "IMU data of no kind",
        SEQUENCE,
        lambda d: d.update(imu_data={}),
        "imu_data: an object is neither a file name nor a list",
    ),
]
# Problems that need the folder or the models, which a schema knows nothing of.
BROKEN_BEYOND_FORM: list[tuple[str, str, Change, str]] = [
    (
        "missing file",
        "cameras",
        lambda d: d["frame"]["images"][0].update(filename="no.png"),
        "frame.images[0].filename: there is no file {folder}/no.png",
    ),
    (
        "wrong kind of file",
        "cameras",
        lambda d: d["frame"]["images"][0].update(filename="lidar/0.csv"),
        "frame.images[0].filename: {folder}/lidar/0.csv does not end in .png, .jpg, .jpeg, .webp, .avif",
    ),
    (
        "empty file",
        "cameras",
        lambda d: d["frame"]["images"][0].update(filename="empty.png"),
        "frame.images[0].filename: {folder}/empty.png is empty",
    ),
    (
        "folder",
        "cameras",
        lambda d: d["frame"]["images"][0].update(filename="folder.png"),
        "frame.images[0].filename: {folder}/folder.png is not a file",
    ),
    (
        "missing calibration",
        SEQUENCE,
        lambda d: d.update(calibration="no.json"),
        "calibration: {folder}/no.json: there is no such file",
    ),
    (
        "calibration without name",
        SEQUENCE,
        lambda d: d["calibration"].pop("external_id"),
        "calibration: 'external_id', the text that the calibration is found by, is missing",
    ),
    (
        "missing IMU data",
        SEQUENCE,
        lambda d: d.update(imu_data="no.json"),
        "imu_data: {folder}/no.json: there is no such file",
    ),
    (
        "IMU samples of no kind",
        SEQUENCE,
        lambda d: d.update(imu_data=[1]),
        "imu_data: [0] is not an object with position, rotation_quaternion and timestamp",
    ),
    (
        "no OpenLABEL",
        SEQUENCE,
        lambda d: d.update(pre_annotation="other.json"),
        "pre_annotation: other.json is not an OpenLABEL document: it has no 'openlabel'",
    ),
]


@pytest.mark.parametrize(
    ("scene_type", "change", "expected"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_broken_descriptions(folder: Path, scene_type: str, change: Change, expected: str) -> None:
    """Each mistake is reported with its location, value and hint, and nothing else is reported."""
    document = description(scene_type)
    change(document)
    assert problems(folder, document) == [expected]


@pytest.mark.parametrize(
    ("scene_type", "change", "expected"),
    [case[1:] for case in BROKEN_BEYOND_FORM],
    ids=[case[0] for case in BROKEN_BEYOND_FORM],
)
def test_broken_references(folder: Path, scene_type: str, change: Change, expected: str) -> None:
    """The files of a scene file are checked before anything is sent."""
    (folder / "empty.png").touch()
    (folder / "folder.png").mkdir()
    write(folder, {"a": 1}, "other.json")
    document = description(scene_type)
    change(document)
    assert problems(folder, document) == [expected.format(folder=folder)]


def test_broken_models_name_the_place(folder: Path) -> None:
    """Errors of the calibration and IMU models are reported with their location in the document."""
    document = description(SEQUENCE)
    del document["calibration"]["sensors"]["lidar"]["position"]["x"]
    document["imu_data"].append({"position": POSE["position"], "timestamp": 1})
    found = problems(folder, document)
    assert len(found) == 2
    assert found[0] == "calibration.sensors.lidar.position: 'x' is missing"
    assert found[1].startswith("imu_data: [1]: ")


def test_all_problems_at_once(folder: Path) -> None:
    """A person sees every mistake, but not thousands of lines."""
    document = description("cameras_sequence")
    document["frames"] = [{**document["frames"][0], "lane": 1} for _ in range(30)]
    document["tpye"] = "x"
    with pytest.raises(SceneFileError) as caught:
        load_scene_file(write(folder, document))
    assert len(caught.value.problems) == 31
    assert len(str(caught.value).splitlines()) == 21
    assert str(caught.value).endswith("and 11 more problems")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("s.json", b"", "line 1: is not JSON: Expecting value"),
        ("s.json", b'{"a": 1, "a": 2}', "the key 'a' appears twice in one object"),
        ("s.json", b'{"a": NaN}', "NaN is not a number that JSON can express"),
        ("s.json", b"[" * 100_000, "is nested too deeply"),
        ("s.json", b"\xff\xfe", "is not UTF-8 text"),
        ("s.json", b"[]", "a list is not an object with type, external_id"),
        ("s.yaml", b"", "null is not an object with type, external_id"),
        ("s.yaml", b"a: [1", "line 1: is not YAML: expected ',' or ']'"),
        ("s.yaml", b"a: 1\na: 2", "line 2: is not YAML: the key 'a' appears twice in one object"),
        ("s.yaml", b"? [1]\n: 2", "a key is not text"),
        ("s.yaml", b"!!python/object/apply:os.system [ls]", "could not determine a constructor for the tag"),
        (
            "s.yaml",
            b"external_id: 1.10\ntype: cameras\nframe: {}",
            "external_id: 1.10 is not text; write it in quotes: '1.10'",
        ),
        ("s.json", '{"type": "cameras"}'.encode("utf-16"), "is UTF-16 text, must be UTF-8"),
        ("s.yaml", "type: cameras".encode("utf-16-le"), "is UTF-16 text, must be UTF-8"),
        ("s.yaml", "type: cameras".encode("utf-32"), "is UTF-32 text, must be UTF-8"),
    ],
)
def test_unreadable_files(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    """Nothing but an error with the file's name comes out of files that hold no description."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SceneFileError) as caught:
        load_scene_file(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert expected in str(caught.value)


def test_missing_description(tmp_path: Path) -> None:
    with pytest.raises(SceneFileError, match="there is no such file"):
        load_scene_file(tmp_path / "no.json")
    with pytest.raises(SceneFileError, match="is a folder, not a file"):
        load_scene_file(tmp_path)


def schema_accepts(document: object) -> bool:
    return Draft202012Validator(json.loads(schema_text())).is_valid(document)


@pytest.mark.parametrize("scene_type", SCENE_TYPES)
def test_schema_accepts_what_the_loader_accepts(scene_type: str) -> None:
    assert schema_accepts(description(scene_type))


@pytest.mark.parametrize(
    ("scene_type", "change"), [case[1:3] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_schema_refuses_what_the_loader_refuses(scene_type: str, change: Change) -> None:
    document = description(scene_type)
    change(document)
    assert not schema_accepts(document)


def test_schema_knows_every_key() -> None:
    """No key of the classes is missing in the schema, and the reverse."""
    schema = json.loads(schema_text())
    Draft202012Validator.check_schema(schema)
    pairs = {
        SceneDescription: schema,
        scene_description.FrameEntry: schema["$defs"]["frame"],
        scene_description.ImageEntry: schema["$defs"]["image"],
        scene_description.PointCloudEntry: schema["$defs"]["point_cloud"],
        scene_description.Shutter: schema["$defs"]["shutter"],
        scene_description.Pose: schema["$defs"]["pose"],
    }
    for cls, part in pairs.items():
        fields = attrs.fields(cls)
        assert set(part["properties"]) == {field.name for field in fields}
        assert set(part["required"]) == {field.name for field in fields if field.default is attrs.NOTHING}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def mutated(draw: st.DrawFn) -> object:
    """A description with one value anywhere in it replaced, removed or added."""
    # A copy: descriptions share what is the same in all of them.
    document: Any = copy.deepcopy(description(draw(st.sampled_from(SCENE_TYPES))))
    target = document
    while isinstance(target, dict | list) and target:
        keys = list(target) if isinstance(target, dict) else list(range(len(target)))
        key = draw(st.sampled_from(keys))
        if draw(st.booleans()) or not isinstance(target[key], dict | list):
            action = draw(st.sampled_from(["replace", "remove", "add"]))
            if action == "remove":
                del target[key]
            elif action == "add" and isinstance(target, dict):
                target[draw(st.text(max_size=8))] = draw(JSON)
            else:
                target[key] = draw(JSON)
            return document
        target = target[key]
    return document


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=mutated() | JSON)
def test_any_document_is_a_scene_or_an_error(folder: Path, document: object) -> None:
    """Whatever a file holds: a scene whose models can be made, or an error that names the file."""
    path = write(folder, document)
    told = str(path)
    try:
        wire = load_scene_file(path).scene("calibration-uuid").to_dict()
    except SceneFileError as exc:
        wire, told = None, str(exc)
    assert isinstance(wire, dict) or told.startswith(f"{path}: ")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@pytest.mark.parametrize("name", ["s.json", "s.yaml"])
def test_any_bytes_are_an_error(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SceneFileError):
        load_scene_file(tmp_path / name)
