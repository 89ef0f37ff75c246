"""`kognic preview`: what it writes, prints and refuses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kognic.cli.root import cli
from kognic.sandbox.sample.drive import SampleDrive
from tests.viewer.pages import Page

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in an empty folder, without credentials; the exit status is asserted."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KOGNIC_CREDENTIALS", raising=False)

    def command(*arguments: object, status: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["preview", *map(str, arguments)])
        assert result.exit_code == status, (result.output, result.exception)
        return result

    return command


def test_page_by_default(run: Run, drive: SampleDrive, tmp_path: Path) -> None:
    result = run(drive.folder, "--width", 320)

    assert result.stdout.startswith("preview.html: 1 frame, 0.")
    assert result.stderr == ""
    page = Page.read(tmp_path / "preview.html")
    assert page.cameras == ["FRONT", "LEFT"]
    assert "Pedestrian" in page.classes


def test_pictures_and_what_they_show(run: Run, drive: SampleDrive, tmp_path: Path) -> None:
    result = run(drive.scene_file, "-o", "out", "--cameras", "LEFT", "--no-bev", "--depth", "2-50")

    assert result.stdout.startswith("out: 1 frame, 1 picture, ")
    assert [path.name for path in (tmp_path / "out" / "frame-0000").iterdir()] == ["LEFT.png"]


def test_json(run: Run, drive: SampleDrive, tmp_path: Path) -> None:
    """Paths, sizes, frames and notes for programs."""
    printed = json.loads(run(drive.scene_file, "-o", tmp_path / "a.html", "--width", 200, "--json").stdout)

    assert printed == {
        "files": [{"path": str(tmp_path / "a.html"), "bytes": (tmp_path / "a.html").stat().st_size}],
        "frames": ["frame 0"],
        "notes": [],
    }


def test_recording_alone(run: Run, drive: SampleDrive, tmp_path: Path) -> None:
    pytest.importorskip("rerun", reason="needs the Rerun SDK (extra rerun)")

    result = run(drive.scene_file, "--rerun", "drive.rrd")

    assert result.stdout.startswith("drive.rrd: 1 frame, ")
    assert [path.name for path in tmp_path.iterdir()] == ["drive.rrd"]


def test_files_in_place_of_those_of_the_scene(run: Run, drive: SampleDrive, tmp_path: Path) -> None:
    """Another calibration, without the camera LEFT, and another pre-annotation."""
    calibration = json.loads(drive.calibration_file.read_text())
    del calibration["calibration"]["LEFT"]
    (tmp_path / "rig.json").write_text(json.dumps(calibration))
    document = drive.pre_annotation_file.read_text().replace("Pedestrian", "Walker")
    (tmp_path / "openlabel.json").write_text(document)

    given = ("--calibration", "rig.json", "--pre-annotation", "openlabel.json", "--width", 200)
    result = run(drive.scene_file, *given)

    assert result.stderr == "note: LEFT: the calibration has no camera LEFT\n"
    page = Page.read(tmp_path / "preview.html")
    assert "Walker" in page.classes
    assert "Pedestrian" not in page.classes


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--frames", "7"), 1, "kognic: error: there is no frame 7; the scene has 1, counted from 0"),
        (("--frames", "x"), 1, "frames has 'x', must be such as 0,5-10 or ::5"),
        (("--cameras", "REAR"), 1, "the scene has no camera 'REAR'; it has FRONT, LEFT"),
        (("--depth", "5"), 2, "Invalid value for '--depth': '5' is not two distances such as 2-80"),
        (("--depth", "5-2"), 1, "depth_range is 5 to 2 m"),
        (("--width", "1"), 1, "image_width is 1, must be at least 64"),
        (("--calibration", "no.json"), 1, "no.json: there is no such file"),
        (("--pre-annotation", "no.json"), 1, "no.json: there is no such file"),
    ],
)
def test_options_that_cannot_be(
    run: Run, drive: SampleDrive, tmp_path: Path, arguments: tuple[str, ...], status: int, message: str
) -> None:
    """One line says what and why, and nothing is written."""
    result = run(drive.scene_file, *arguments, status=status)

    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_scenes_that_cannot_be(run: Run, drive: SampleDrive, tmp_path: Path) -> None:
    """None, several, or a description with a mistake."""
    (tmp_path / "many").mkdir()
    for name in ("a", "b"):
        (tmp_path / "many" / f"{name}.scene.json").write_text("{}")

    assert "no-such does not exist" in run("no-such", status=1).stderr
    assert "holds 2 scene files" in run("many", status=1).stderr
    assert "'external_id' is missing" in run("many/a.scene.json", status=1).stderr


def test_missing_packages_are_named(
    run: Run, drive: SampleDrive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In one line, with the hint."""
    monkeypatch.delattr("kognic.viewer.stills.preview_scene")
    monkeypatch.delitem(sys.modules, "kognic.viewer.stills.preview")
    monkeypatch.setitem(sys.modules, "kognic.viewer.stills.drawing", None)

    result = run(drive.scene_file, status=1)

    assert 'kognic: error: previews need more: pip install "kognic-client[checks]"' in result.stderr
    assert list(tmp_path.iterdir()) == []
