"""A `kognic` command that talks to the sandbox, and a scene to talk about."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kognic.cli.root import cli
from kognic.io.client import KognicIOClient
from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import SampleDrive, write_sample_drive

Run = Callable[..., Result]
RunJson = Callable[..., Any]


@pytest.fixture
def run(kognic_client: KognicIOClient, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command as the sandbox's user; the exit status is asserted."""
    monkeypatch.setattr("kognic.cli.scene_create.POLL_INTERVAL", 0.02)

    def command(*arguments: str, status: int = 0, **settings: Any) -> Result:
        result = CliRunner().invoke(cli, list(arguments), obj={"client": kognic_client}, **settings)
        assert result.exit_code == status, (result.output, result.exception)
        return result

    return command


@pytest.fixture
def run_json(run: Run) -> RunJson:
    """Run a command with `--json` and decode what it prints."""

    def command(*arguments: str, **settings: Any) -> Any:
        return json.loads(run(*arguments, "--json", **settings).stdout)

    return command


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SampleDrive:
    """A sample drive of one frame; only read."""
    return write_sample_drive(tmp_path_factory.mktemp("drive"), frames=1)


@pytest.fixture
def image(tmp_path: Path, drive: SampleDrive) -> Path:
    """The description of a scene of one image."""
    path = tmp_path / "image.json"
    filename = str(drive.folder / "images/front/000.png")
    frame = {"images": [{"sensor_name": "FRONT", "filename": filename}]}
    path.write_text(json.dumps({"type": "cameras", "external_id": "one-image", "frame": frame}))
    return path


@pytest.fixture
def scene_uuid(run_json: RunJson, image: Path, kognic_sandbox: Sandbox) -> str:
    """A scene that is ready."""
    return str(run_json("scene", "create", str(image))["scene_uuid"])


@pytest.fixture
def input_uuid(run_json: RunJson, scene_uuid: str) -> str:
    """An input of that scene."""
    return str(run_json("input", "create", "--scene", scene_uuid, "--project", "sandbox-project")["uuid"])
