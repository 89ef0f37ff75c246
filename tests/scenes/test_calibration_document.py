"""Calibration documents: nothing in them is lost, and every problem has its place."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from kognic._core.scene_errors import DescriptionError
from kognic.scenes.calibration import check_calibration_files
from kognic.scenes.calibration_document import parse_calibration
from kognic.scenes.scene_check import CheckOptions, check_scene_files
from kognic.scenes.scene_file import load_scene_file

POSE = {"position": {"x": 0, "y": 0, "z": 0}, "rotation_quaternion": {"w": 1, "x": 0, "y": 0, "z": 0}}
CAMERA = {
    "calibration_type": "pinhole", **POSE, "image_width": 960, "image_height": 540,
    "camera_matrix": {"fx": 620.0, "fy": 622.0, "cx": 478.5, "cy": 271.5},
    "distortion_coefficients": dict.fromkeys(("k1", "k2", "p1", "p2", "k3"), 0.0),
}  # fmt: skip
LIDAR = {
    "calibration_type": "lidar", **POSE,
    "field_of_view": {"start_angle_deg": 0, "stop_angle_deg": 360, "depth": 200},
}  # fmt: skip


def document(**changes: Any) -> dict[str, Any]:
    """A calibration of a camera with some values changed, or removed if None, and a lidar."""
    camera = {**copy.deepcopy(CAMERA), **changes}
    camera = {name: value for name, value in camera.items() if value is not None}
    return {"external_id": "rig", "sensors": {"cam_front": camera, "lidar": copy.deepcopy(LIDAR)}}


def told(content: dict[str, Any]) -> list[str]:
    with pytest.raises(DescriptionError) as error:
        parse_calibration(content)
    return [str(problem) for problem in error.value.problems]


def renamed(part: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: value for name, value in part.items()}


def test_misspelt_keys_are_named_with_what_is_missing() -> None:
    """All at once, with the nearest known key, and the path in the document."""
    content = document(
        rotation_quaternion=None,
        rotation=POSE["rotation_quaternion"],
        camera_matrix=renamed(CAMERA["camera_matrix"], "fx", "focal_x"),  # type: ignore[arg-type]
    )
    content["sensors"]["lidar"]["calibration_type"] = "lidr"
    assert told(content) == [
        "sensors.cam_front: unknown key 'rotation', did you mean 'rotation_quaternion'?",
        "sensors.cam_front: 'rotation_quaternion' is missing",
        "sensors.cam_front.camera_matrix: unknown key 'focal_x', known are fx, fy, cx, cy",
        "sensors.cam_front.camera_matrix: 'fx' is missing",
        "sensors.lidar.calibration_type: 'lidr' is unknown, did you mean 'lidar'?",
    ]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), ""),
        (("sensors", "cam_front"), "sensors.cam_front"),
        (("sensors", "cam_front", "position"), "sensors.cam_front.position"),
        (("sensors", "lidar", "field_of_view"), "sensors.lidar.field_of_view"),
    ],
)
def test_no_key_is_dropped(path: tuple[str, ...], place: str) -> None:
    content = document()
    part: Any = content
    for name in path:
        part = part[name]
    part["extra_key"] = 1
    (problem,) = told(content)
    assert problem.startswith(f"{place}: unknown key 'extra_key', ".removeprefix(": "))


def test_what_a_calibration_is_made_of() -> None:
    """A sensor needs a type, and sensors stand under one key."""
    content = document(calibration_type=None)
    content["calibration"] = content["sensors"]
    both, untyped = told(content)
    assert both == "give 'sensors' or 'calibration', not both"
    assert untyped.startswith("sensors.cam_front: 'calibration_type' is missing: one of lidar, pinhole, ")


def test_points_of_a_custom_camera() -> None:
    """Objects in a list, too."""
    content = document(
        calibration_type="custom", camera_matrix=None, distortion_coefficients=None, wasm_base64="AA==",
        test_cases=[{"point3d": {"x": 0, "y": 0, "z": 1, "w": 1}, "point2d": {"x": 1, "y": 1}}],
    )  # fmt: skip
    assert told(content) == [
        "sensors.cam_front.test_cases[0].point3d: unknown key 'w', known are x, y, z",
    ]


def test_values_of_the_wrong_kind() -> None:
    content = document(image_width="wide")
    content["sensors"]["lidar"]["position"]["x"] = "far"
    first, second = told(content)
    assert first.startswith("sensors.cam_front.image_width: ")
    assert "'wide'" in first
    assert second.startswith("sensors.lidar.position.x: ")
    assert told({"external_id": "rig", "sensors": {"lidar": 5}})[0].startswith(
        "sensors.lidar: is not an object"
    )


def test_forms_of_the_platform() -> None:
    """Its JSON of a calibration and what `calibration show --json` prints, null and camelCase included."""
    calibration = parse_calibration(document())
    stored = {"id": "0d1f6a52", "created": "2026-03-01T00:00:00Z", "workspaceId": None}
    sensors = document(field_of_view=None)["sensors"]
    sensors["cam_front"]["field_of_view"] = None
    assert parse_calibration({**stored, "externalId": "rig", "calibration": sensors}) == calibration
    camel = renamed(renamed(CAMERA, "calibration_type", "calibrationType"), "image_width", "imageWidth")
    sensors = {"cam_front": camel, "lidar": LIDAR}
    assert parse_calibration({"external_id": "rig", "workspace_id": "w", "sensors": sensors}) == calibration


def test_check_names_the_calibration_file(tmp_path: Path) -> None:
    """The file, the path in it and what to correct; a calibration in the scene file is a part of that."""
    content = document(rotation_quaternion=None, extra_key=1)
    (tmp_path / "calib.json").write_text(json.dumps(content))
    (tmp_path / "a.png").write_bytes(b"x")
    scene = {
        "type": "cameras",
        "external_id": "a",
        "frame": {"images": [{"sensor_name": "cam_front", "filename": "a.png"}]},
    }
    for name, calibration in (("file", "calib.json"), ("inline", content)):
        (tmp_path / f"{name}.json").write_text(json.dumps({**scene, "calibration": calibration}))
    file, inline = check_scene_files(
        [tmp_path / "file.json", tmp_path / "inline.json"], CheckOptions(groups=["structure"])
    )
    assert [(one.message.split(",")[0], one.location, one.hint) for one in file] == [
        (message, "calib.json, sensors.cam_front", "correct the calibration file")
        for message in ("unknown key 'extra_key'", "'rotation_quaternion' is missing")
    ]
    assert {(one.location, one.hint) for one in inline} == {
        ("calibration.sensors.cam_front", "correct the scene file")
    }
    with pytest.raises(ValueError, match=r"calib\.json: sensors\.cam_front: unknown key 'extra_key'"):
        load_scene_file(tmp_path / "file.json")

    (report,) = check_calibration_files([tmp_path / "calib.json"])
    assert [(one.code, one.field) for one in report.errors] == [("scene-file", "sensors.cam_front")] * 2
