"""`kognic init`: a first scene file that the next commands take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kognic.sandbox.sample.drive import write_sample_drive
from tests.cli.conftest import Run, RunJson


@pytest.mark.slow
def test_from_a_folder_to_the_platform(run: Run, run_json: RunJson, tmp_path: Path) -> None:
    """The drafted file passes all checks, and is created as it is."""
    folder = write_sample_drive(tmp_path / "drive", frames=2).folder
    (folder / "scene.json").unlink()
    shown = run("init", str(folder)).stdout
    assert "scene.yaml: lidars_and_cameras_sequence, 2 frames" in shown
    assert "front is called FRONT, as in the calibration" in shown
    assert "Structure: no errors" in shown
    report = json.loads(run("check", str(folder / "scene.yaml"), "--frames", "1", "--format", "json").stdout)
    assert report["counts"]["error"] == 0
    created = run_json("scene", "create", str(folder / "scene.yaml"))
    assert (created["external_id"], created["status"], created["files"]) == ("drive", "created", 6)


def test_nothing_is_overwritten(run: Run, run_json: RunJson, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    path = tmp_path / "scene.yaml"
    path.write_text("mine")
    assert "replace it with --overwrite" in run("init", str(tmp_path), status=1).stderr
    assert path.read_text() == "mine"
    assert run_json("init", str(tmp_path), "--overwrite")["type"] == "cameras"
    assert "filename: a.png" in path.read_text()


def test_output_elsewhere(run: Run, tmp_path: Path) -> None:
    """Paths start at the file that is written."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.png").write_bytes(b"x")
    run("init", str(tmp_path / "data"), "--output", str(tmp_path / "first.scene.yaml"))
    assert "filename: data/a.png" in (tmp_path / "first.scene.yaml").read_text()


def test_errors_are_printed(run: Run, tmp_path: Path) -> None:
    """What the first check of the structure found, and a document that is cut off."""
    (tmp_path / "front.png").write_bytes(b"x")
    (tmp_path / "roof.pcd").write_bytes(b"x")
    (tmp_path / "calib.json").write_text('{\n "sensors": ')
    shown = run("init", str(tmp_path)).stdout
    assert "calib.json: line 2: is not JSON" in shown
    assert "scene-calibration-missing" in shown
    assert "Structure: 1 error" in shown
