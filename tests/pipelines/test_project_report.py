"""How far a project on the local platform is."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import PIL.Image
import pytest
from click.testing import CliRunner

from kognic.base_clients.errors import NotFoundError
from kognic.cli.root import cli
from kognic.io.client import KognicIOClient
from kognic.io.model.scene.cameras import Cameras, Frame
from kognic.io.model.scene.resources import Image
from kognic.io.resources.scene.file_data import FileData
from kognic.pipelines.project_report import report_project
from kognic.pipelines.request_progress import HIDDEN_STAGE
from kognic.sandbox import Sandbox
from tests.annotations.scenes import box, car, document

PROJECT = "report-project"


def _picture() -> bytes:
    """A grey image."""
    buffer = BytesIO()
    PIL.Image.new("L", (64, 48), 128).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture
def inputs(kognic_client: KognicIOClient, kognic_sandbox: Sandbox) -> list[str]:
    """Four inputs of one request in a project of two batches."""
    control = kognic_sandbox.control
    control.create_project(PROJECT, annotation_types=["objects"])
    control.create_batch(PROJECT, "first")
    control.create_request(PROJECT, "first", title="Cars")
    control.create_batch(PROJECT, "second")
    found = []
    for number in range(4):
        data = FileData(data=_picture(), format=FileData.Format.PNG)
        image = Image(filename=f"{number}.png", sensor_name="FRONT", file_data=data)
        scene = kognic_client.cameras.create(
            Cameras(external_id=f"scene-{number}", frame=Frame(images=[image]))
        )
        created = kognic_client.input.create_from_scene(scene.scene_uuid, project=PROJECT, batch="first")
        assert created is not None
        found.append(created.uuid)
    return found


def _content() -> dict[str, Any]:
    return dict(document([car("f0", boxes=[box(1, 1)]), car("f0", "van", class_name="Van", y=9)]).plain)


def test_progress_per_batch_request_and_stage(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, inputs: list[str]
) -> None:
    """One delivered, one in review, one whose phase is hidden, one not started; an empty batch."""
    control = kognic_sandbox.control
    control.deliver_annotation(inputs[0], _content())
    control.complete_task(inputs[1], _content())
    control.show_progress(inputs[2], False)

    report = report_project(kognic_client, PROJECT)

    first, second = sorted(report.batches, key=lambda batch: batch.batch)
    (request,) = first.requests
    assert (first.batch, first.status, first.inputs) == ("first", "open", 4)
    assert (second.inputs, second.requests) == (0, ())
    known = {item.id: item for item in kognic_client.input.get_request_inputs(request_id=request.request_id)}
    expected: dict[str, int] = {}
    for uuid in inputs[1:]:
        details = known[uuid].progress_details
        stage = HIDDEN_STAGE if details is None else details.current_workflow_stage.name
        expected[stage] = expected.get(stage, 0) + 1
    assert request.stages == expected
    assert len(request.stages) == 3
    assert request.statuses["completed"] == 1
    assert request.completed == 0.25
    assert sum(row["inputs"] for row in report.rows()) == 4


def test_shapes_per_class(kognic_client: KognicIOClient, kognic_sandbox: Sandbox, inputs: list[str]) -> None:
    """Over everything that has been delivered; not read if it is not asked for."""
    for uuid in inputs[:2]:
        kognic_sandbox.control.deliver_annotation(uuid, _content())
    told: list[tuple[str, int]] = []

    report = report_project(kognic_client, PROJECT, on_document=lambda *facts: told.append(facts))

    objects = report.annotations["objects"]
    assert objects.documents == 2
    assert objects.classes["Car"].geometries == {"cuboid": 2, "bbox": 2}
    assert objects.classes["Van"].objects == 2
    assert told == [("objects", 1), ("objects", 2)]
    assert report_project(kognic_client, PROJECT, contents=False).annotations == {}
    json.dumps(report.to_dict())


def test_requests_without_a_workflow_report_their_inputs_only(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox
) -> None:
    """The platform refuses the progress of their inputs."""
    control = kognic_sandbox.control
    control.create_project(PROJECT, annotation_types=["objects"])
    control.create_batch(PROJECT, "first")
    control.create_request(PROJECT, "first", phases=None)
    data = FileData(data=_picture(), format=FileData.Format.PNG)
    image = Image(filename="0.png", sensor_name="FRONT", file_data=data)
    scene = kognic_client.cameras.create(Cameras(external_id="s", frame=Frame(images=[image])))
    kognic_client.input.create_from_scene(scene.scene_uuid, project=PROJECT, batch="first")

    report = report_project(kognic_client, PROJECT, contents=False)

    (request,) = report.batches[0].requests
    assert (request.inputs, request.statuses, request.completed) == (1, {}, None)
    assert report.rows()[0]["inputs"] == 1


def test_what_does_not_exist(kognic_client: KognicIOClient, inputs: list[str]) -> None:
    """A project, a batch."""
    with pytest.raises(NotFoundError):
        report_project(kognic_client, "no-such-project")
    with pytest.raises(ValueError, match=r"has no batch 'third'; it has"):
        report_project(kognic_client, PROJECT, batch="third")


def test_the_command(kognic_client: KognicIOClient, kognic_sandbox: Sandbox, inputs: list[str]) -> None:
    """Two tables for people, one object for programs."""
    kognic_sandbox.control.deliver_annotation(inputs[0], _content())

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(cli, ["project", "report", *arguments], obj={"client": kognic_client})
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    text = run(PROJECT)
    assert [line.split()[0] for line in text.splitlines()[:1]] == ["batch"]
    assert "objects: 1 annotation, 3 frames" in text
    assert "Van" in text
    found = json.loads(run(PROJECT, "--batch", "first", "--no-contents", "--json"))
    assert [batch["batch"] for batch in found["batches"]] == ["first"]
    assert found["annotations"] == {}
