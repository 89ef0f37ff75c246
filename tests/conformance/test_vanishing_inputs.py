"""Inputs that the platform removes in silence, because their pre-annotation fails after they were created.

With all delays on. Whatever creates an input from a pre-annotation waits for that first: it reports the
failure, and no input is created that would vanish.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kognic.base_clients.errors import NotFoundError
from kognic.cli.root import cli
from kognic.io.client import KognicIOClient
from kognic.io.errors import PreAnnotationFailedError
from kognic.io.tools.input_creation import InputCreationStatus, create_inputs
from kognic.io.tools.model import SceneWithPreAnnotation
from kognic.pipelines.bulk import BulkItem, BulkRun, Target
from kognic.sandbox import Sandbox
from tests.conformance.cases import PROJECT
from tests.conformance.test_conformance import DELAYS
from tests.io.resources import scenes


@pytest.fixture
def client(kognic_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[KognicIOClient]:
    """A client whose pre-annotations all fail, once they are processed."""
    control = kognic_sandbox.control
    control.tune(**DELAYS)
    with kognic_sandbox.client() as client:
        create = client.pre_annotation.create

        def create_one_that_fails(*arguments: Any, **options: Any) -> Any:
            with control.held():
                created = create(*arguments, **options)
                control.fail_pre_annotation(created.id)
            return created

        monkeypatch.setattr(client.pre_annotation, "create", create_one_that_fails)
        yield client


def by_create_inputs(client: KognicIOClient, folder: Path) -> str:
    given = [SceneWithPreAnnotation(scene=scenes.cameras_scene("made"), pre_annotation=scenes.OPENLABEL)]
    (result,) = create_inputs(client, given, PROJECT, sleep_time=0.02)
    assert result.status is InputCreationStatus.FAILED
    return str(result.error)


def by_bulk_run(client: KognicIOClient, folder: Path) -> str:
    item = BulkItem(scene=scenes.cameras_scene("made"), pre_annotation=scenes.OPENLABEL)
    with BulkRun(client, [item], target=Target(project=PROJECT), check=False) as run:
        (result,) = run
    assert not result.ok
    assert result.input_uuid is None
    return str(result.error)


def by_scene_create(client: KognicIOClient, folder: Path, *options: str) -> str:
    (folder / "a.jpg").write_bytes(scenes.JPG)
    (folder / "boxes.json").write_text(json.dumps(scenes.OPENLABEL))
    scene = {
        "type": "cameras",
        "external_id": "made",
        "pre_annotation": "boxes.json",
        "frame": {"images": [{"sensor_name": "CAM", "filename": "a.jpg"}]},
    }
    (folder / "scene.json").write_text(json.dumps(scene))
    arguments = ["scene", "create", str(folder / "scene.json"), "--no-check", *options]
    result = CliRunner().invoke(cli, arguments, obj={"client": client})
    assert result.exit_code == 1
    return result.output


def by_scene_create_in_a_project(client: KognicIOClient, folder: Path) -> str:
    return by_scene_create(client, folder, "--project", PROJECT)


def by_scene_create_in_targets(client: KognicIOClient, folder: Path) -> str:
    return by_scene_create(client, folder, "--target", f"project={PROJECT}")


PATHS = [by_create_inputs, by_bulk_run, by_scene_create_in_a_project, by_scene_create_in_targets]


@pytest.mark.parametrize("path", PATHS)
def test_no_input_is_created_that_would_vanish(
    path: Callable[[KognicIOClient, Path], str],
    client: KognicIOClient,
    kognic_sandbox: Sandbox,
    tmp_path: Path,
) -> None:
    """The failure is reported, and no input was ever there."""
    message = path(client, tmp_path)

    assert "pre-annotation" in message
    assert kognic_sandbox.control.request_inputs() == []
    assert kognic_sandbox.control.wait_until_idle()
    (scene,) = kognic_sandbox.control.scenes()
    assert scene["status"] == "created"


def test_an_input_placed_at_once_vanishes(client: KognicIOClient, kognic_sandbox: Sandbox) -> None:
    """What the others prevent: a program that does not wait sees its input, and then no longer."""
    scene = client.cameras.create(scenes.cameras_scene("made")).scene_uuid
    assert kognic_sandbox.control.wait_until_idle()
    created = client.pre_annotation.create(scene, scenes.OPENLABEL, dryrun=False, external_id="boxes")

    placed = client.input.create_from_pre_annotation(created.id, project=PROJECT)

    assert placed is not None
    with pytest.raises(PreAnnotationFailedError):
        client.pre_annotation.wait_until_available(created.id, poll_interval=0.01)
    assert kognic_sandbox.control.wait_until_idle()
    assert client.input.query_inputs(scene_uuids=[scene]) == []
    with pytest.raises(NotFoundError):
        client.input.get_request_input(placed.uuid)
