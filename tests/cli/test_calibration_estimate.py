"""`kognic calibration diff` and `estimate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kognic.cli.calibration_estimate import diff, estimate
from kognic.sandbox.sample.drive import SampleDrive, write_sample_drive


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SampleDrive:
    return write_sample_drive(tmp_path_factory.mktemp("drive"), frames=1)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, dict[str, Any]]:
    """Two files with one pinhole camera, the second one to be changed."""
    camera = {
        "calibration_type": "pinhole",
        "position": {"x": 1.0, "y": 0.0, "z": 1.5},
        "rotation_quaternion": {"w": 0.5, "x": -0.5, "y": 0.5, "z": -0.5},
        "camera_matrix": {"fx": 1000.0, "fy": 1000.0, "cx": 960.0, "cy": 540.0},
        "distortion_coefficients": {"k1": 0.0, "k2": 0.0, "p1": 0.0, "p2": 0.0, "k3": 0.0},
        "image_width": 1920,
        "image_height": 1080,
    }
    content = {"external_id": "rig", "sensors": {"FRONT": camera}}
    paths = tmp_path / "a.json", tmp_path / "b.json"
    for path in paths:
        path.write_text(json.dumps(content))
    return paths[0], paths[1], content


def test_equal_calibrations(files: tuple[Path, Path, dict[str, Any]]) -> None:
    result = CliRunner().invoke(diff, [str(files[0]), str(files[1]), "--exit-code"])

    assert result.exit_code == 0
    assert result.output.strip() == "FRONT: same"


def test_focal_length_and_position(files: tuple[Path, Path, dict[str, Any]]) -> None:
    """Two percent of focal length: two percent of the distance from the middle, known in closed form."""
    first, second, content = files
    camera = content["sensors"]["FRONT"]
    camera["camera_matrix"]["fx"] = camera["camera_matrix"]["fy"] = 980.0
    second.write_text(json.dumps(content))

    result = CliRunner().invoke(diff, [str(first), str(second), "--json", "--exit-code"])

    (found,) = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["rotation_deg"], found["position_m"]) == (0, 0)
    # From the corner (960, 540) the distance is 1101 pixels.
    assert found["pixels_max"] == pytest.approx(0.02 * 1101, rel=0.05)
    assert found["fields"]["camera_matrix.fx"] == [1000, 980]


def test_rotation_is_an_angle_and_pixels(files: tuple[Path, Path, dict[str, Any]]) -> None:
    """A degree about the viewing axis of a lens of 1000 pixels."""
    from kognic.scenes.geometry.poses import quaternion_of, rotate_about, rotation_matrix

    first, second, content = files
    turned = rotation_matrix([0.5, -0.5, 0.5, -0.5]) @ rotate_about([0, 1, 0], 1.0)
    values = dict(zip("wxyz", map(float, quaternion_of(turned)), strict=True))
    content["sensors"]["FRONT"]["rotation_quaternion"] = values
    second.write_text(json.dumps(content))

    result = CliRunner().invoke(diff, [str(first), str(second), "--json"])

    (found,) = json.loads(result.stdout)
    assert found["rotation_deg"] == pytest.approx(1.0, abs=1e-6)
    # f tan(1 degree) = 17.5 pixels in the middle, more towards the sides.
    assert 17.4 < found["pixels_median"] < 30


def test_added_and_removed(files: tuple[Path, Path, dict[str, Any]]) -> None:
    first, second, content = files
    content["sensors"] = {"REAR": content["sensors"]["FRONT"]}
    second.write_text(json.dumps(content))

    result = CliRunner().invoke(diff, [str(first), str(second)])

    assert result.output.splitlines() == ["FRONT: removed", "REAR: added"]


@pytest.mark.slow
def test_estimate_of_a_drive(drive: SampleDrive) -> None:
    """One result for the rig, with the number of frames; the project's own drive is right."""
    result = CliRunner().invoke(estimate, [str(drive.scene_file), "--frames", "1", "--json"])

    assert result.exit_code == 0
    (rig,) = json.loads(result.stdout)
    assert rig["frames"] == 1
    assert {camera["verdict"] for camera in rig["cameras"]} <= {"consistent", "undecided"}


def test_estimate_without_scenes(tmp_path: Path) -> None:
    result = CliRunner().invoke(estimate, [str(tmp_path / "nothing.json")])

    assert result.exit_code != 0
    assert "nothing.json" in result.output
