"""Objects by whatever name a person has."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from kognic._core.run_errors import AmbiguousNameError
from kognic.base_clients.errors import NotFoundError
from kognic.io.client import KognicIOClient
from kognic.io.model import Image
from kognic.io.model.scene.cameras import Cameras, Frame
from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason
from kognic.pipelines import lookup
from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import write_sample_drive

PROJECT = "sandbox-project"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample_drive(tmp_path_factory.mktemp("drive"), frames=1).folder / "images/front/000.png"


def create(client: KognicIOClient, name: str, image: Path) -> str:
    frame = Frame(images=[Image(filename=str(image), sensor_name="FRONT")])
    created = client.cameras.create(Cameras(external_id=name, frame=frame))
    client.scene.wait_until_created([created.scene_uuid], poll_interval=0.02)
    return created.scene_uuid


@pytest.mark.slow
def test_scenes(kognic_client: KognicIOClient, image: Path) -> None:
    """All of a name are found; where one is needed, two are too many, and invalidated ones do not count."""
    first, second, other = (create(kognic_client, name, image) for name in ("twice", "twice", "once"))

    found = lookup.find_scenes(kognic_client, ["twice", other])
    assert sorted(scene.uuid for scene in found) == sorted([first, second, other])
    assert lookup.scene_uuids(kognic_client, ["once", first]) == [other, first]
    with pytest.raises(AmbiguousNameError, match=rf"^2 scenes have the external ID 'twice'.*{first}"):
        lookup.scene_uuid(kognic_client, "twice")
    with pytest.raises(NotFoundError, match="never"):
        lookup.scene_uuid(kognic_client, "never")

    kognic_client.scene.invalidate_scenes([first], SceneInvalidatedReason.DUPLICATE)
    assert lookup.scene_uuid(kognic_client, "twice") == second


def test_inputs(kognic_client: KognicIOClient, kognic_sandbox: Sandbox, image: Path) -> None:
    scene_uuid = create(kognic_client, "placed", image)
    with pytest.raises(AmbiguousNameError, match=r"scene 'placed' .* has no input yet"):
        lookup.input_uuid(kognic_client, "placed")

    first = kognic_client.input.create_from_scene(scene_uuid, project=PROJECT)
    assert lookup.input_uuid(kognic_client, "placed") == first.uuid
    assert lookup.input_uuid(kognic_client, first.uuid) == first.uuid

    kognic_sandbox.control.create_project("other")
    kognic_sandbox.control.create_batch("other", "b")
    kognic_sandbox.control.create_request("other", "b")
    second = kognic_client.input.create_from_scene(scene_uuid, project="other")
    with pytest.raises(
        AmbiguousNameError, match=f"has 2 inputs.*{second.uuid} in request {second.request_uid}"
    ):
        lookup.input_uuid(kognic_client, "placed")


def test_requests(kognic_client: KognicIOClient, kognic_sandbox: Sandbox, image: Path) -> None:
    """By external ID, and by a UUID that is the project's or, who knows, an external ID."""
    placed = kognic_client.input.create_from_scene(create(kognic_client, "a", image), project=PROJECT)
    (known,) = lookup.requests_of(kognic_client, PROJECT, counts=True)
    assert isinstance(known, lookup.NamedRequest)
    assert (known.id, known.batch, known.inputs) == (placed.request_uid, "batch-1", 1)
    assert known.input_progress_counts == {"not_started": 1, "in_progress": 0, "completed": 0, "total": 1}
    (plain,) = lookup.requests_of(kognic_client, PROJECT, counts=False)
    assert plain.input_progress_counts is None

    name = str(uuid.uuid4())
    project_uuid = kognic_sandbox.control.create_project(name)
    kognic_sandbox.control.create_batch(name, "b")
    assert lookup.requests_of(kognic_client, project_uuid, counts=False) == []
    assert lookup.requests_of(kognic_client, name, counts=False) == []
    with pytest.raises(NotFoundError):
        lookup.requests_of(kognic_client, str(uuid.uuid4()), counts=False)
    with pytest.raises(NotFoundError):
        lookup.requests_of(kognic_client, "no-such-project", counts=False)
