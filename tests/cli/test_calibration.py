"""`kognic calibration` on files: what it prints, its exit status, and what it says of what it cannot use."""

from __future__ import annotations

import csv
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result

from kognic.cli.root import cli
from kognic.io.client import KognicIOClient
from kognic.sandbox.sample.drive import SampleDrive
from kognic.scenes.calibration import project_with_rig, read_calibration, read_positions

Offline = Callable[..., Result]
CAMERA_INFO = {
    "image_width": 960,
    "image_height": 540,
    "camera_name": "front",
    "camera_matrix": {"rows": 3, "cols": 3, "data": [620.0, 0, 478.5, 0, 622.0, 271.5, 0, 0, 1]},
    "distortion_model": "plumb_bob",
    "distortion_coefficients": {"rows": 1, "cols": 5, "data": [-0.09, 0.02, 0.0004, -0.0003, 0.0]},
}
POSE = {
    "position": {"x": 1.4, "y": 0.0, "z": -0.45},
    "rotation_quaternion": {"w": 0.5, "x": -0.5, "y": 0.5, "z": -0.5},
}


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Offline:
    """Run a command without credentials and network, in a folder with a camera and its pose."""
    for name in ("KOGNIC_CREDENTIALS", "KOGNIC_CLIENT_ID", "KOGNIC_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "front.yaml").write_text(yaml.safe_dump(CAMERA_INFO))
    (tmp_path / "pose.yaml").write_text(yaml.safe_dump(POSE))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the command asks for the network")

    def command(*arguments: str | Path, status: int = 0) -> Result:
        with monkeypatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", refuse)
            patch.setattr(socket.socket, "connect", refuse)
            runner = CliRunner(env={"COLUMNS": "80"})
            result = runner.invoke(cli, ["calibration", *map(str, arguments)])
        assert result.exit_code == status, (result.output, result.exception)
        assert "Traceback" not in result.output
        return result

    return command


def convert(offline: Offline, *arguments: str | Path, **settings: Any) -> Result:
    return offline("convert", "front.yaml", "--from", "ros", "--pose", "pose.yaml", *arguments, **settings)


def test_convert_prints_what_create_takes(
    offline: Offline, tmp_path: Path, kognic_client: KognicIOClient
) -> None:
    """A converted calibration is created from, and comes back as it was converted."""
    result = convert(offline, "--external-id", "rig-1", "--name", "front=FRONT")
    (tmp_path / "rig.json").write_text(result.stdout)

    created = CliRunner().invoke(cli, ["calibration", "create", "rig.json"], obj={"client": kognic_client})

    assert "Calibration rig-1 is created" in created.output
    (entry,) = kognic_client.calibration.get_calibrations(external_id="rig-1")
    assert entry.calibration == read_calibration("rig.json").calibration
    assert entry.calibration["FRONT"].position.x == 1.4
    assert result.stderr == ""


def test_convert_writes_and_adds(offline: Offline) -> None:
    """One camera after the other into one file, each under its own name; what is there stays."""
    told = convert(offline, "-o", "rig.yaml", "--external-id", "rig-2")
    convert(offline, "--output", "rig.yaml", "--add", "--name", "front=LEFT")
    convert(offline, "--output", "new.json", "--add")

    assert (told.stdout, told.stderr) == ("", "rig.yaml: rig-2 with front\n")
    rig = read_calibration("rig.yaml")
    assert (rig.external_id, list(rig.calibration)) == ("rig-2", ["front", "LEFT"])
    assert read_calibration("new.json").external_id == "front"
    again = convert(offline, "--output", "rig.yaml", "--add", status=1)
    assert again.stderr == ("kognic: error: rig.yaml has a sensor 'front' already; rename one of them\n")


def test_convert_tells_what_looks_wrong(offline: Offline, tmp_path: Path) -> None:
    """The result is checked; a position in millimetres is reported on standard error."""
    far = {**POSE, "position": {"x": 1400, "y": 0, "z": 450}}
    (tmp_path / "pose.yaml").write_text(yaml.safe_dump(far))

    result = convert(offline)

    assert "warning: sensor front" in result.stderr
    assert "1400" in result.stderr
    assert json.loads(result.stdout)["sensors"]["front"]["position"]["x"] == 1400


def test_convert_with_an_inverse_pose(offline: Offline, tmp_path: Path) -> None:
    """A pose that leads into the camera, as OpenCV's, is turned round."""
    into = np.linalg.inv([[0, 0, 1, 1.4], [-1, 0, 0, 0], [0, -1, 0, -0.45], [0, 0, 0, 1]])
    (tmp_path / "into.json").write_text(json.dumps(into.tolist()))

    result = offline("convert", "front.yaml", "--from", "ros", "--pose", "into.json", "--inverse-pose")

    sensor = json.loads(result.stdout)["sensors"]["front"]
    assert sensor["position"] == pytest.approx(POSE["position"])
    assert sensor["rotation_quaternion"] == pytest.approx(POSE["rotation_quaternion"])


def test_convert_takes_sizes_and_models(offline: Offline, tmp_path: Path) -> None:
    """Options supply what the files do not contain."""
    info = {**CAMERA_INFO, "distortion_coefficients": {"data": [0.1, 0.0, 0.0, 0.0]}}
    del info["distortion_model"]
    (tmp_path / "front.yaml").write_text(yaml.safe_dump(info))
    shown = offline("convert", "front.yaml", "--from", "opencv", "--model", "fisheye")
    assert json.loads(shown.stdout)["sensors"]["front"]["calibration_type"] == "kannala"

    text = "P2: 700 0 600 0 0 700 170 0 0 0 1 0\nTr: 0 -1 0 0 0 0 -1 0 1 0 0 0"
    (tmp_path / "calib.txt").write_text(text)
    kitti = offline(
        "convert", "calib.txt", "--from", "kitti", "--image-size", "1242x375", "--name", "P2=LEFT"
    )
    sensors = json.loads(kitti.stdout)["sensors"]
    assert list(sensors) == ["velodyne", "LEFT"]
    assert sensors["LEFT"]["image_width"] == 1242


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["absent.yaml", "--from", "ros"], 1, "kognic: error: absent.yaml: there is no such file"),
        (
            ["front.yaml", "--from", "kalibr"],
            1,
            "kognic: error: front.yaml: there is no cam0; a Kalibr camera",
        ),
        (["pose.yaml", "--from", "ros"], 1, "kognic: error: pose.yaml: camera_matrix is missing"),
        (["front.yaml", "--from", "ros", "--pose", "front.yaml"], 1, "front.yaml: position is missing"),
        (["front.yaml"], 2, "Missing option '--from'"),
        (["front.yaml", "--from", "colmap"], 2, "'colmap' is not one of 'opencv'"),
        (["front.yaml", "--from", "ros", "--add"], 2, "--add needs --output"),
        (["front.yaml", "--from", "ros", "--inverse-pose"], 2, "--inverse-pose needs --pose"),
        (
            ["front.yaml", "--from", "ros", "--image-size", "big"],
            2,
            "'big' is not WIDTHxHEIGHT, such as 1920x1080",
        ),
        (["front.yaml", "--from", "ros", "--name", "FRONT"], 2, "'FRONT' is not FROM=TO, once for each"),
    ],
)
def test_convert_tells_what_it_cannot_use(
    offline: Offline, arguments: list[str], status: int, message: str
) -> None:
    """One line that names the file or the option, and what is wrong."""
    assert message in offline("convert", *arguments, status=status).stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "rig.json"],
        ["convert", "a", "--from", "ros"],
        ["project", "rig.json", "a.csv", "--camera", "A"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_without_the_extra(tmp_path: Path, arguments: list[str]) -> None:
    """Where arrays cannot be had, the message says how to install them."""
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        f"sys.argv = {['kognic', 'calibration', *arguments]!r}\n"
        "from kognic.cli import main; main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == (2 if arguments[0] == "check" else 1)
    assert 'kognic: error: this needs more packages: pip install "kognic-client[checks]"' in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_check_of_good_files(offline: Offline, drive: SampleDrive) -> None:
    """Calibrations and scenes, one line each."""
    convert(offline, "-o", "rig.json")

    result = offline("check", "rig.json", drive.calibration_file, drive.folder / "scene.json")

    assert [line.rpartition(": ")[2] for line in result.stdout.splitlines()] == [
        "no errors, no warnings (1 sensor)",
        *["no errors, no warnings (3 sensors)"] * 2,
    ]


@pytest.fixture
def rig(offline: Offline) -> dict[str, Any]:
    """A calibration whose quaternion is zero."""
    rig: dict[str, Any] = json.loads(convert(offline).stdout)
    rotation = rig["sensors"]["front"]["rotation_quaternion"]
    rotation.update(dict.fromkeys(rotation, 0.0))
    Path("rig.json").write_text(json.dumps(rig))
    return rig


def test_check_tells_what_is_wrong(offline: Offline, rig: dict[str, Any]) -> None:
    """A table for people that keeps to the terminal's width, JSON for programs, an exit status for both."""
    table = offline("check", "rig.json", status=1).stdout
    found = json.loads(offline("check", "rig.json", "--json", status=1).stdout)

    assert "quaternion-value" in table
    assert "use a unit quaternion" in " ".join(table.split())
    assert all(len(line) <= 80 for line in table.splitlines()), table
    (finding,) = found["scenes"][0]["findings"]
    assert (finding["code"], finding["sensor"]) == ("quaternion-value", "front")
    assert finding["hint"]


def test_check_has_a_threshold(offline: Offline, rig: dict[str, Any]) -> None:
    """Rules can be left out, and what counts as failure is a choice."""
    offline("check", "rig.json", "--ignore", "quaternion-value")
    offline("check", "rig.json", "--fail-on", "never")
    wrong = offline("check", "rig.json", "--ignore", "quaternion-valeu", status=2)
    assert "there is no rule 'quaternion-valeu', did you mean 'quaternion-value'?" in wrong.stderr


def test_check_of_unreadable_files(offline: Offline, rig: dict[str, Any]) -> None:
    """A file that is no calibration is a finding; the others are checked nevertheless."""
    result = offline("check", "absent.json", "front.yaml", "rig.json", "--json", status=1)

    findings = [scene["findings"][0] for scene in json.loads(result.stdout)["scenes"]]
    assert [finding["code"] for finding in findings] == ["scene-file"] * 2 + ["quaternion-value"]
    assert [finding.get("file") for finding in findings] == ["absent.json", "front.yaml", None]
    assert findings[0]["message"] == "there is no such file"
    assert "'kognic calibration convert' reads files of other tools" in findings[1]["message"]


def test_project_prints_pixels(offline: Offline, drive: SampleDrive) -> None:
    """The rows of the library's function, as CSV and as JSON, on standard output or in a file."""
    scene, (cloud, *_) = drive.folder / "scene.json", sorted((drive.folder / "lidar").iterdir())
    expected = project_with_rig(read_positions(cloud), read_calibration(scene), "FRONT", system="lidar")
    assert expected.visible.any()

    result = offline("project", scene, cloud, "--camera", "FRONT", "--system", "lidar")
    seen = offline("project", scene, cloud, "--camera", "FRONT", "--system", "lidar", "--visible", "--json")
    offline("project", scene, cloud, "--camera", "FRONT", "--system", "lidar", "--output", "pixels.csv")

    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert len(rows) == len(expected)
    assert [row["visible"] == "1" for row in rows] == expected.visible.tolist()
    objects = json.loads(seen.stdout)
    np.testing.assert_allclose(
        [[item["u"], item["v"]] for item in objects], expected.pixels[expected.visible], atol=1e-6
    )
    count = int(expected.visible.sum())
    assert result.stderr == f"{count} of {len(rows)} points are in the image of FRONT\n"
    assert Path("pixels.csv").read_text() == result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["{scene}", "{cloud}", "--camera", "REAR"],
            "the calibration has no sensor 'REAR'; it has lidar, FRONT",
        ),
        (["{scene}", "{cloud}", "--camera", "lidar"], "lidar is a lidar; give one of the cameras"),
        (["{scene}", "{cloud}", "--camera", "FRONT", "--system", "x"], "the calibration has no sensor 'x'"),
        (["{scene}", "absent.las", "--camera", "FRONT"], "absent.las: there is no such file"),
        (
            ["{scene}", "front.yaml", "--camera", "FRONT"],
            "front.yaml: 'yaml' is not a format for point clouds",
        ),
        (["absent.json", "{cloud}", "--camera", "FRONT"], "absent.json: there is no such file"),
        (
            ["front.yaml", "{cloud}", "--camera", "FRONT"],
            "'kognic calibration convert' reads files of other tools",
        ),
    ],
)
def test_project_tells_what_it_cannot_use(
    offline: Offline, drive: SampleDrive, arguments: list[str], message: str
) -> None:
    """One line that names the file or the sensor, and what is wrong."""
    (cloud, *_) = sorted((drive.folder / "lidar").iterdir())
    places = {"scene": drive.folder / "scene.json", "cloud": cloud}

    result = offline("project", *(text.format(**places) for text in arguments), status=1)

    assert message in result.stderr
    assert result.stderr.startswith("kognic: error: ")
    assert len(result.stderr.splitlines()) == 1


def test_convert_takes_sizes_by_camera_and_fits(offline: Offline, tmp_path: Path) -> None:
    """Sizes by name, keys to skip, units and fitted models; what was done is on standard error."""
    info = {**CAMERA_INFO, "distortion_model": "rational_polynomial", "serial": 7}
    info["distortion_coefficients"] = {"data": [0.35, -0.12, 0.0006, -0.0004, -0.01, 0.68, -0.2, 0.008]}
    (tmp_path / "front.yaml").write_text(yaml.safe_dump(info))

    refused = offline("convert", "front.yaml", "--from", "ros", status=1)
    found = offline(
        *("convert", "front.yaml", "--from", "ros", "--ignore-key", "serial", "--fit", "pinhole"),
        *("--image-size", "front=800x450", "--unit", "mm"),
    )

    assert "the key serial is not known" in refused.stderr
    sensor = json.loads(found.stdout)["sensors"]["front"]
    assert (sensor["calibration_type"], sensor["image_width"]) == ("pinhole", 800)
    assert "front: fitted as pinhole: residual 0." in found.stderr
    assert "front: the image size is 800x450 as given" in found.stderr
    twice = offline(
        "convert", "front.yaml", "--from", "ros", "--image-size", "1x1", "--image-size", "2x2", status=2
    )
    assert "'2x2' is not WIDTHxHEIGHT, such as 1920x1080, or NAME=WIDTHxHEIGHT" in twice.stderr


def test_convert_of_a_tree_of_frames(offline: Offline, tmp_path: Path) -> None:
    """A camera info is assigned to a frame, and the chain of frames is printed."""
    (tmp_path / "car.urdf").write_text(
        '<robot name="car"><joint name="j" type="fixed"><parent link="base_link"/><child link="front"/>'
        '<origin xyz="1.5 0 1.2" rpy="0 0 0"/></joint></robot>'
    )

    found = offline(
        *("convert", "car.urdf", "--from", "urdf", "--camera-info", "front=front.yaml"),
        *("--reference", "base_link"),
    )

    sensor = json.loads(found.stdout)["sensors"]["front"]
    assert sensor["position"] == pytest.approx({"x": 1.5, "y": 0, "z": 1.2})
    assert sensor["rotation_quaternion"] == pytest.approx({"w": 0.5, "x": -0.5, "y": 0.5, "z": -0.5})
    assert "front: base_link -> front -> front (optical: -90, 0, -90 degrees)" in found.stderr
