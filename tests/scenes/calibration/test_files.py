"""Calibrations in files: read from calibrations and scenes, checked, written, added to."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kognic._core.scene_errors import DocumentError
from kognic.io.model.calibration import SensorCalibration
from kognic.io.tools.calibration.exceptions import ConversionError
from kognic.sandbox.sample.drive import SampleDrive, write_sample_drive
from kognic.scenes.calibration import (
    add_sensors,
    calibration_document,
    check_calibration_files,
    project_with_rig,
    read_calibration,
    read_pose,
    write_calibration,
)
from kognic.scenes.calibration.convert import lidar, pinhole_camera
from kognic.scenes.geometry import CameraError

TURN = {"w": 0.5, "x": -0.5, "y": 0.5, "z": -0.5}
MATRIX = [[0, 0, 1, 1.4], [-1, 0, 0, 0.1], [0, -1, 0, -0.45], [0, 0, 0, 1]]


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SampleDrive:
    return write_sample_drive(tmp_path_factory.mktemp("drive"), frames=1)


@pytest.fixture
def rig() -> SensorCalibration:
    """A lidar and a camera that fit together."""
    camera = pinhole_camera([[620, 0, 478.5], [0, 622, 271.5], [0, 0, 1]], (960, 540), pose=MATRIX)
    return SensorCalibration(external_id="räder", calibration={"FRONT": camera, "lidar": lidar()})


@pytest.mark.parametrize("name", ["rig.json", "rig.yaml", "rig.yml", "rig"])
def test_what_is_written_is_read(tmp_path: Path, rig: SensorCalibration, name: str) -> None:
    """JSON or YAML, as the name has it."""
    write_calibration(rig, tmp_path / name)

    assert read_calibration(tmp_path / name) == rig
    content = yaml.safe_load((tmp_path / name).read_text(encoding="utf-8"))
    assert content == calibration_document(rig)
    assert list(content) == ["external_id", "sensors"]


def test_calibration_of_a_scene(drive: SampleDrive, tmp_path: Path) -> None:
    """A description that names the calibration's file, and one that holds it; images need not be there."""
    expected = read_calibration(drive.calibration_file)
    description = json.loads((drive.folder / "scene.json").read_text())
    description["calibration"] = json.loads(drive.calibration_file.read_text())
    (tmp_path / "held.json").write_text(json.dumps(description))

    assert read_calibration(drive.folder / "scene.json") == expected
    assert read_calibration(tmp_path / "held.json") == expected


def test_scenes_without_a_calibration_of_their_own(drive: SampleDrive, tmp_path: Path) -> None:
    """A calibration that only the platform has must be fetched first; an invalid scene file is an error."""
    description = json.loads((drive.folder / "scene.json").read_text())
    del description["calibration"]
    path = tmp_path / "scene.json"
    uuid = "0d1f6a52-6b1e-4a57-9a26-3c7a2f1f4e10"
    path.write_text(json.dumps({**description, "calibration_id": uuid}))
    with pytest.raises(DocumentError, match=rf"holds no calibration; fetch it with 'kognic .* {uuid}"):
        read_calibration(path)
    path.write_text(json.dumps({**description, "calibration": {"external_id": "a"}}))
    with pytest.raises(
        DocumentError, match=r"scene\.json: calibration: 'sensors', an object of sensor names"
    ):
        read_calibration(path)
    path.write_text(json.dumps({"type": "lidars_and_cameras"}))
    with pytest.raises(DocumentError, match=r"scene\.json: .*external_id"):
        read_calibration(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            [],
            r"is not an object with external_id and sensors; 'kognic calibration convert' reads files",
        ),
        ({"camera_matrix": {}}, r"'external_id', .* is missing; 'kognic calibration convert' reads files"),
        ({"external_id": "a", "sensors": {}}, r"'sensors', an object of sensor names .* is missing$"),
        ({"external_id": "a", "sensors": {"FRONT": {"calibration_type": "pinhole"}}}, r"FRONT"),
        ({"external_id": "a", "sensors": {"FRONT": 5}}, r"FRONT"),
    ],
)
def test_files_that_are_no_calibration(tmp_path: Path, content: Any, message: str) -> None:
    """What is missing or wrong is named, with the file."""
    path = tmp_path / "rig.json"
    path.write_text(json.dumps(content))

    with pytest.raises(DocumentError, match=rf"rig\.json: .*{message}"):
        read_calibration(path)


def test_numbers_that_json_lacks_are_not_written(tmp_path: Path, rig: SensorCalibration) -> None:
    """A calibration with NaN cannot travel, and leaves no file behind."""
    rig.calibration["FRONT"].position.x = float("nan")

    with pytest.raises(ValueError, match="not JSON compliant"):
        write_calibration(rig, tmp_path / "rig.json")
    assert not (tmp_path / "rig.json").exists()


def test_check_calibration_files(tmp_path: Path, rig: SensorCalibration) -> None:
    """A report for each file; one that cannot be read is a finding and holds up no other."""
    good, bad, missing = (tmp_path / name for name in ("good.json", "bad.json", "missing.json"))
    write_calibration(rig, good)
    rig.calibration["FRONT"].rotation_quaternion.w = 2.0
    write_calibration(rig, bad)

    reports = list(check_calibration_files([good, bad, missing]))

    assert [dict(report.codes) for report in reports] == [
        {},
        {"quaternion-length": 1},
        {"scene-file": 1},
    ]
    assert [report.source for report in reports] == [str(good), str(bad), str(missing)]
    assert reports[2].errors[0].message == "there is no such file"


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-5, 5000),
    st.sampled_from([1e308, -1e200, 5e-324, 1e-308, 10**30, 0.5]),
)


def numbers(*names: str) -> st.SearchStrategy[dict[str, float]]:
    return st.fixed_dictionaries(dict.fromkeys(names, NUMBERS))


def sensors(kind: str, **more: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Sensors of a kind in the form in which they travel, with any numbers."""
    pose = {"position": numbers("x", "y", "z"), "rotation_quaternion": numbers("w", "x", "y", "z")}
    image = {
        "image_width": NUMBERS,
        "image_height": NUMBERS,
        "camera_matrix": numbers("fx", "fy", "cx", "cy"),
    }
    optics = {} if kind == "lidar" else image
    return st.fixed_dictionaries({"calibration_type": st.just(kind), **pose, **optics, **more})


COEFFICIENTS = numbers("k1", "k2", "p1", "p2", "k3")
SENSORS = st.one_of(
    sensors("lidar", field_of_view=numbers("start_angle_deg", "stop_angle_deg", "depth")),
    sensors("pinhole", distortion_coefficients=COEFFICIENTS, field_of_view=NUMBERS),
    sensors("fisheye", distortion_coefficients=COEFFICIENTS, xi=NUMBERS),
    sensors(
        "kannala",
        distortion_coefficients=numbers("k1", "k2", "p1", "p2"),
        undistortion_coefficients=numbers("l1", "l2", "l3", "l4"),
    ),
    sensors("cylindrical"),
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch") / "rig.json"


@given(SENSORS)
def test_any_numbers_are_checked_and_projected_with(scratch: Path, sensor: Any) -> None:
    """However odd a calibration is: findings, and pixels or an error of the camera, but no other error."""
    scratch.write_text(json.dumps({"external_id": "odd", "sensors": {"A": sensor}}))

    (report,) = check_calibration_files([scratch])

    json.loads(report.to_json())
    if "scene-file" not in report.codes and sensor["calibration_type"] != "lidar":
        with contextlib.suppress(CameraError, ValueError):
            assert len(project_with_rig([[1.0, 2.0, 3.0]], read_calibration(scratch), "A")) == 1


def pinhole(k1: float, k3: float) -> dict[str, Any]:
    front = pinhole_camera([[620, 0, 478.5], [0, 622, 271.5], [0, 0, 1]], (960, 540))
    front.distortion_coefficients.k1, front.distortion_coefficients.k3 = k1, k3
    return calibration_document(SensorCalibration(external_id="odd", calibration={"A": front}))


@pytest.mark.parametrize(("k1", "k3"), [(0.1, 5e-324), (1e308, 3.0), (-1e200, 1e-308), (1e308, -1e308)])
def test_coefficients_beyond_arithmetic(scratch: Path, k1: float, k3: float) -> None:
    """Numbers that overflow inside the formulas are no errors of the program."""
    scratch.write_text(json.dumps(pinhole(k1, k3)))

    (report,) = check_calibration_files([scratch])

    assert "scene-file" not in report.codes
    assert len(project_with_rig([[1.0, 2.0, 3.0]], read_calibration(scratch), "A")) == 1


CUTS = st.one_of(
    st.sampled_from(
        ["", "null", "[]", "{}", "1e400", "NaN", ".inf", "[[", "*a", "&a ", "!!python/name:os", "\0"]
    ),
    st.text(max_size=6),
)


@pytest.mark.parametrize("suffix", ["json", "yaml"])
@given(data=st.data())
def test_damaged_files_are_told(scratch: Path, suffix: str, data: st.DataObject) -> None:
    """Whatever is cut out of a calibration or written into it: a report, by the file's name."""
    document = pinhole(0.1, 0.01)
    text = json.dumps(document) if suffix == "json" else yaml.safe_dump(document)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    path = scratch.with_suffix(f".{suffix}")
    path.write_text(text[:start] + data.draw(CUTS) + text[end:], encoding="utf-8", errors="ignore")

    (report,) = check_calibration_files([path])

    json.loads(report.to_json())
    assert report.source == str(path)


def test_add_sensors(tmp_path: Path, rig: SensorCalibration) -> None:
    """More sensors beside those of a file, under names of their own."""
    path = tmp_path / "rig.json"
    write_calibration(rig, path)
    more = SensorCalibration(external_id="more", calibration={"rear": lidar()})

    both = add_sensors(path, more)

    assert (both.external_id, list(both.calibration)) == ("räder", ["FRONT", "lidar", "rear"])
    assert add_sensors(path, more, external_id="other").external_id == "other"
    assert read_calibration(path) == rig
    with pytest.raises(ConversionError, match=r"rig\.json has a sensor 'FRONT' already; rename one of them"):
        add_sensors(path, rig)


POSE = {"position": {"x": 1.4, "y": 0.1, "z": -0.45}, "rotation_quaternion": TURN}


@pytest.mark.parametrize(
    "content", [POSE, MATRIX, MATRIX[:3], [value for row in MATRIX for value in row]], ids=str
)
def test_read_pose(tmp_path: Path, content: Any) -> None:
    """Position and quaternion, or a matrix, nested or row by row; both ways."""
    path = tmp_path / "pose.yaml"
    path.write_text(yaml.safe_dump(content))

    found, inverse = read_pose(path), read_pose(path, inverse=True)

    np.testing.assert_allclose(found, MATRIX, atol=1e-12)
    np.testing.assert_allclose(inverse @ found, np.eye(4), atol=1e-12)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"position": POSE["position"]}, r"rotation_quaternion is missing"),
        ({**POSE, "position": [1, 2, 3]}, r"is \[1, 2, 3\], must be an object with x"),
        ({**POSE, "rotation_quaternion": {**TURN, "w": 2}}, r"has length 2\.179, must have 1"),
        ([1, 2, 3], r"the pose holds 3 numbers, must hold 12 or 16"),
        (5, r"the pose is 5, must be a list of numbers"),
        ([[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]], r"not a rotation"),
    ],
)
def test_files_that_hold_no_pose(tmp_path: Path, content: Any, message: str) -> None:
    """The message names the file and what is wrong in it."""
    path = tmp_path / "pose.json"
    path.write_text(json.dumps(content))

    with pytest.raises(ConversionError, match=rf"pose\.json: .*{message}"):
        read_pose(path)
