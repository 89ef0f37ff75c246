"""Old names of models: they warn, and are what they always were."""

from __future__ import annotations

import importlib
import sys
import warnings
from typing import Any

import pytest

import kognic.io.model.input as package
from kognic.base_clients.errors import MissingFileError
from kognic.io.model import scene as scenes
from kognic.io.resources.scene.file_data import FileData

OLD, NEW = "kognic.io.model.input", "kognic.io.model.scene"
SCENES = {
    "cameras": "Cameras",
    "cameras_sequence": "CamerasSequence",
    "lidars": "Lidars",
    "lidars_sequence": "LidarsSequence",
    "lidars_and_cameras": "LidarsAndCameras",
    "lidars_and_cameras_sequence": "LidarsAndCamerasSequence",
    "aggregated_lidars_and_cameras_seq": "AggregatedLidarsAndCamerasSequence",
}
DATA = {True: FileData(FileData.Format.JPG, data=b"x"), False: FileData(FileData.Format.LAS, data=b"x")}

# (old module, old name, new module, new name, keywords that make one)
MODELS: list[tuple[str, str, str, str, dict[str, Any]]] = [
    *((f"{m}.frame", "Frame", m, "Frame", {}) for m in SCENES),
    *((f"{m}.{m}", name, m, name, {}) for m, name in SCENES.items()),
    ("resources.image", "Image", "resources", "Image", {"filename": "a", "file_data": DATA[True]}),
    (
        "resources.image",
        "ImageMetadata",
        "resources",
        "ImageMetadata",
        {"shutter_time_start_ns": 1, "shutter_time_end_ns": 2},
    ),
    (
        "resources.point_cloud",
        "PointCloud",
        "resources",
        "PointCloud",
        {"filename": "a", "file_data": DATA[False]},
    ),
    (
        "resources.resource",
        "Resource",
        "resources",
        "Resource",
        {"filename": "a", "sensor_name": "S", "file_data": DATA[False]},
    ),
    ("sensor_specification", "SensorSpecification", "sensor_specification", "SensorSpecification", {}),
    (
        "sensor_specification",
        "CameraSettings",
        "sensor_specification",
        "CameraSettings",
        {"width": 1, "height": 1},
    ),
    ("metadata.metadata", "MetaData", "metadata.metadata", "MetaData", {"a": 1}),
    ("metadata.metadata", "FrameMetaData", "metadata.metadata", "FrameMetaData", {"a": 1}),
    ("feature_flags", "FeatureFlags", "feature_flags", "FeatureFlags", {}),
]
POSE = {"position": {"x": 0, "y": 0, "z": 0}, "rotation": {"w": 1, "x": 0, "y": 0, "z": 0}}


def keywords(name: str, new: str, given: dict[str, Any]) -> dict[str, Any]:
    """What makes a scene or frame of a type; what it does not need it ignores."""
    if given:
        return given
    if name == "Frame":
        return {
            "frame_id": "0",
            "relative_timestamp": 0,
            "images": [],
            "point_clouds": [],
            "ego_vehicle_pose": POSE,
        }
    if new in SCENES:
        frame = keywords("Frame", new, {})
        return {"external_id": "e", "calibration_id": "c", "frame": frame, "frames": [frame]}
    return {}


@pytest.mark.parametrize(("module", "name", "new_module", "new_name", "given"), MODELS)
def test_old_models(module: str, name: str, new_module: str, new_name: str, given: dict[str, Any]) -> None:
    """A subclass of the model of today that warns and names it."""
    old = getattr(importlib.import_module(f"{OLD}.{module}"), name)
    new = getattr(importlib.import_module(f"{NEW}.{new_module}"), new_name)
    fields = keywords(name, new_module, given)

    with pytest.warns(
        DeprecationWarning, match=rf"{name} is deprecated, use {new_name} from {NEW}"
    ) as caught:
        made = old(**fields)

    assert issubclass(old, new)
    assert made.to_dict() == new(**fields).to_dict()
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        new(**fields)


@pytest.mark.parametrize(
    ("module", "name", "new_name"),
    [
        ("base_frame", "BaseFrame", "BaseFrame"),
        ("base_input", "BaseInput", "BaseScene"),
        ("base_input_with_imu_data", "BaseInputWithIMUData", "BaseSceneWithIMUData"),
        ("sequence_frame", "SequenceFrame", "SequenceFrame"),
    ],
)
def test_old_base_classes(module: str, name: str, new_name: str) -> None:
    """Subclasses of the base classes of today, and as abstract."""
    old = getattr(importlib.import_module(f"{OLD}.abstract.{module}"), name)
    new = getattr(importlib.import_module(f"{NEW}.abstract"), new_name)

    assert issubclass(old, new)
    with pytest.raises(TypeError, match="abstract"), pytest.warns(DeprecationWarning, match=name):
        old()


def test_the_old_error_catches_what_is_raised() -> None:
    """It is the error of today, or old code would not catch it any more."""
    old = importlib.import_module(f"{OLD}.resources.resource").MissingFileError

    assert old is MissingFileError
    with pytest.raises(old):
        scenes.Image(filename="nowhere.jpg")


def test_old_scenes_take_old_parts() -> None:
    """A program that was never changed."""
    old = importlib.import_module(f"{OLD}.cameras")
    image = importlib.import_module(f"{OLD}.resources").Image
    with pytest.warns(DeprecationWarning, match="is deprecated, use"):
        scene = old.Cameras(
            external_id="e",
            frame=old.Frame(images=[image(filename="a", file_data=DATA[True])]),
            metadata={"a": 1},
        )

    assert isinstance(scene, scenes.Cameras)
    assert list(scene.resources) == ["a.jpg"]
    assert type(scene.frame) is old.Frame


def test_the_old_reason() -> None:
    """Importing its module warns."""
    sys.modules.pop(f"{OLD}.invalidated_reason_input", None)
    with pytest.warns(DeprecationWarning, match="use SceneInvalidatedReason"):
        module = importlib.import_module(f"{OLD}.invalidated_reason_input")

    assert module.InvalidatedReasonInput is scenes.SceneInvalidatedReason


def test_old_names_of_the_package() -> None:
    """`kognic.io.model.input` offers them too, each when it is asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in package.__all__:
            assert getattr(package, name).__name__ in {name, "SceneInvalidatedReason"}
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        package.Nothing  # noqa: B018
