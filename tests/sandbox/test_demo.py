"""`make demo`: it passes when everything is right, and notices when something is not."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from kognic.sandbox import Sandbox, demo
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.scene_file import SceneFile
from tests.viewer.pages import Page

pytestmark = pytest.mark.slow


def test_generated_drive(capsys: pytest.CaptureFixture[str]) -> None:
    """Without arguments: a generated drive, every value and byte compared, status 0."""
    assert demo.main([]) == 0
    told = capsys.readouterr().out
    assert "lidars_and_cameras_sequence: 3 frames, 9 files" in told
    assert "| calibration sample-rig: created (" in told
    assert "ok  65 IMU samples, every number" in told
    assert told.count("sha256 ") == 9
    assert "BAD" not in told
    assert "All 22 checks passed in " in told
    assert "clientSecret" not in told


def test_the_scene_is_written_as_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --page: the last line is its link."""
    page = tmp_path / "new" / "demo.html"

    assert demo.main(["--page", str(page)]) == 0

    assert capsys.readouterr().out.splitlines()[-1] == f"Look at the scene: {page.as_uri()}"
    assert Page.read(page).cameras == ["FRONT", "LEFT"]


def test_the_input_is_shown_on_the_local_platform(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --open: its link is printed and opened while the platform runs, and leads to the viewer."""
    pages: dict[str, requests.Response] = {}

    def browse(link: str) -> bool:
        with requests.Session() as session:
            pages[link] = session.get(link, timeout=20)
        raise KeyboardInterrupt  # The user has seen it, and presses Ctrl-C.

    monkeypatch.setattr(webbrowser, "open", browse)

    assert demo.main(["--open"]) == 0

    ((link, page),) = pages.items()
    assert f"     {link}\n" in capsys.readouterr().out
    assert page.status_code == 200
    assert 'data-source="/view/data/' in page.text
    assert "/view/input/" in page.url


def test_own_scene(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --scene: the user's own description, relative to the working directory, without IMU data."""
    drive = write_sample_drive(tmp_path / "own", frames=2, scene_type="lidars_sequence", cloud_format="las")
    described = json.loads(drive.scene_file.read_text())
    del described["imu_data"], described["pre_annotation"]
    (tmp_path / "own" / "own.yaml").write_text(yaml.safe_dump(described))
    monkeypatch.chdir(tmp_path)
    assert demo.main(["--scene", "own/own.yaml"]) == 0
    told = capsys.readouterr().out
    assert "ok  motion compensation off" in told
    assert "ok  nothing else is stored" in told


def test_differences_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte and a value that are not what was sent: named, and the status is 1."""
    drive = write_sample_drive(tmp_path, frames=1, scene_type="cameras")
    upload = demo._run_user_program

    def then_change(account: demo.Account, sandbox: Sandbox, scene_file: SceneFile) -> dict[str, Any]:
        told = upload(account, sandbox, scene_file)
        with drive.files[0].open("r+b") as file:
            file.seek(100)
            file.write(b"\0\1\2")
        return {**told, "cameras": ["OTHER"]}

    monkeypatch.setattr(demo, "_run_user_program", then_change)
    assert demo.main(["--scene", str(drive.scene_file)]) == 1
    told = capsys.readouterr().out
    assert "BAD  cameras FRONT, LEFT: found ['OTHER'], expected ['FRONT', 'LEFT']" in told
    assert "BAD  images/front/000.png" in told
    assert "2 of 14 checks FAILED" in told


def test_failed_upload(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that the platform cannot use: its explanation is shown, the status is 1."""
    drive = write_sample_drive(tmp_path, frames=1, scene_type="cameras")
    drive.files[0].write_bytes(b"no image at all")
    assert demo.main(["--scene", str(drive.scene_file)]) == 1
    told = capsys.readouterr().out
    assert "images/front/000.png" in told
    assert "Traceback" not in told
    assert "The demo failed: the upload failed with exit status 1, see above" in told


def test_unusable_descriptions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing one, and one that needs what only the real platform has."""
    assert demo.main(["--scene", str(tmp_path / "no.json")]) == 1
    assert "no.json: there is no such file" in capsys.readouterr().out
    drive = write_sample_drive(tmp_path, frames=1)
    described = json.loads(drive.scene_file.read_text())
    del described["calibration"]
    drive.scene_file.write_text(json.dumps({**described, "calibration_id": "a-uuid"}))
    assert demo.main(["--scene", str(drive.scene_file)]) == 1
    assert "give the calibration itself" in capsys.readouterr().out
