"""Every other command of `kognic`, against the sandbox: what it prints for people and for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kognic.cli.root import cli
from kognic.io.client import KognicIOClient
from kognic.io.model.scene import Frame, ImageResource, SceneRequest
from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import SampleDrive

Run = Callable[..., Result]
RunJson = Callable[..., Any]
UNKNOWN = "5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21"
DOCUMENT = {
    "openlabel": {
        "metadata": {"schema_version": "1.0.0"},
        "streams": {"FRONT": {"type": "camera"}},
        "objects": {
            UNKNOWN: {"name": "a", "type": "Car"},
        },
        "frames": {
            "0": {
                "frame_properties": {"timestamp": 0, "streams": {"FRONT": {}}},
                "objects": {
                    UNKNOWN: {
                        "object_data": {
                            "bbox": [
                                {
                                    "name": "b",
                                    "val": [10.0, 10.0, 5.0, 5.0],
                                    "attributes": {"text": [{"name": "stream", "val": "FRONT"}]},
                                }
                            ]
                        }
                    }
                },
            }
        },
    }
}


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "openlabel.json"
    path.write_text(json.dumps(DOCUMENT))
    return path


def test_project_and_batch(run: Run, run_json: RunJson) -> None:
    assert "sandbox-project" in run("project", "list").stdout
    assert run_json("project", "list")[0]["project"] == "sandbox-project"
    types = run_json("project", "annotation-types", "sandbox-project")
    assert run("project", "annotation-types", "sandbox-project").stdout.split() == types
    assert run("project", "annotation-types", "sandbox-project", "--batch", "batch-1").stdout

    created = run_json("batch", "create", "sandbox-project", "two")
    assert (created["batch"], created["status"]) == ("two", "open")
    assert {batch["batch"] for batch in run_json("batch", "list", "sandbox-project")} == {"batch-1", "two"}
    assert "status   ready" in run("batch", "publish", "sandbox-project", "two").stdout
    run("batch", "create", "sandbox-project", "three", "--publish-previous")
    statuses = {batch["batch"]: batch["status"] for batch in run_json("batches", "list", "sandbox-project")}
    assert statuses == {"batch-1": "ready", "two": "ready", "three": "open"}


def test_unknown_project(run: Run) -> None:
    result = run("batch", "list", "unknown", status=1)
    assert result.stderr.startswith("kognic: error: ")
    assert "unknown" in result.stderr
    assert "; 'kognic project list' shows yours" in result.stderr


def test_workspace(run: Run, run_json: RunJson, kognic_sandbox: Sandbox) -> None:
    assert run_json("workspace", "list")[0]["id"] == kognic_sandbox.workspace_id
    assert run_json("workspace", "list", "--role", "no-such-role") == []
    assert kognic_sandbox.workspace_id in run("workspaces", "list").stdout


def test_request(run: Run, run_json: RunJson, kognic_sandbox: Sandbox) -> None:
    project = kognic_sandbox.control.create_project("another")
    kognic_sandbox.control.create_batch("another", "b")
    request = kognic_sandbox.control.create_request("another", "b", title="Boxes")
    listed = run_json("request", "list", project, "--counts")
    assert [found["title"] for found in listed] == ["Boxes"]
    assert listed[0]["input_progress_counts"]["total"] == 0
    assert str(listed[0]["id"]) in str(request)
    assert "Boxes" in run("request", "list", project).stdout


def test_scene(run: Run, run_json: RunJson, scene_uuid: str) -> None:
    (scene,) = run_json("scene", "show", scene_uuid)
    assert run_json("scene", "show", "--external-id", "one-image") == [scene]
    assert scene["status"] == "created"
    table = run("scene", "show", scene_uuid, "--links").stdout
    assert scene_uuid in table
    # Not cut, although it is wide; the time in its signature is that of each call.
    assert re.search(
        re.escape(scene["view_link"].split("?")[0]) + r"\?User=1&Expires=\d+&Signature=\S{43}", table
    )
    assert run_json("scene", "summary", scene_uuid)["cameras"] == ["FRONT"]
    assert "cameras" in run("scene", "summary", scene_uuid).stdout
    assert "The scene has no ego poses." in run("scene", "ego-poses", scene_uuid).stderr
    assert run_json("scene", "ego-poses", scene_uuid) == {}
    assert run_json("scene", "wait", scene_uuid)[0]["uuid"] == scene_uuid
    run("scene", "show", status=2)


def test_ego_poses(run: Run, run_json: RunJson, drive: SampleDrive) -> None:
    created = run_json("scene", "create", str(drive.scene_file))["scene_uuid"]
    described = json.loads(drive.scene_file.read_text())["frames"][0]
    assert run_json("scene", "ego-poses", created) == {"0": described["ego_vehicle_pose"]}
    assert f"{described['ego_vehicle_pose']['position']['x']}" in run("scene", "ego-poses", created).stdout


def test_invalidate(run: Run, run_json: RunJson, scene_uuid: str) -> None:
    run("scene", "invalidate", scene_uuid, "--reason", "bad-content", input="n\n", status=1)
    assert run_json("scene", "show", scene_uuid)[0]["status"] == "created"
    told = run("scene", "invalidate", scene_uuid, "--reason", "bad-content", input="y\n")
    assert f"Scene {scene_uuid} invalidated (bad-content)." in told.stdout
    assert run_json("scene", "show", scene_uuid)[0]["status"] == "invalidated:broken-input"
    run("scene", "summary", scene_uuid, status=1)
    assert run_json("scene", "summary", scene_uuid, "--invalidated")["scene_uuid"] == scene_uuid


@pytest.mark.slow
def test_import_and_reindex(
    run: Run, run_json: RunJson, kognic_sandbox: Sandbox, kognic_client: KognicIOClient, drive: SampleDrive
) -> None:
    """A scene in the customer's cloud is imported, and the import undone."""
    content = (drive.folder / "images/front/000.png").read_bytes()
    kognic_sandbox.control.put_cloud_file("s3://bucket/front.png", content)
    image = ImageResource("s3://bucket/front.png", None, "FRONT")
    wanted = SceneRequest(
        workspace_id=kognic_sandbox.workspace_id,
        external_id="in-the-cloud",
        frames=[Frame("0", 1_772_000_000_000_000_000, [image])],
        postpone_external_resource_import=True,
    )
    scene = kognic_client.scene.create_scene(wanted).scene_uuid
    assert run_json("scene", "show", scene)[0]["status"] == "indexed"
    assert run("scene", "import", scene).stdout == f"Importing scene {scene}.\n"
    assert run_json("scene", "wait", scene)[0]["status"] == "created"
    assert run_json("scene", "reindex", scene) == {"uuid": scene}
    assert run_json("scene", "show", scene)[0]["status"] == "indexed"


def test_input(run: Run, run_json: RunJson, scene_uuid: str, document: Path) -> None:
    created = run_json(
        "input", "create", "--scene", scene_uuid, "--project", "sandbox-project", "--batch", "batch-1"
    )

    def without_link(inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        # The link is signed, with the second at which it expires; place and progress are in the list only.
        left_out = {"view_link", "project", "batch", "status", "created"}
        return [{name: value for name, value in each.items() if name not in left_out} for each in inputs]

    listed = run_json("input", "list", "--project", "sandbox-project", "--scene", scene_uuid)
    assert without_link(listed) == without_link([created])
    named = run_json("input", "list", "--external-id", "one-image", "--batch", "batch-1")
    assert without_link(named) == without_link([created])
    assert run_json("input", "list", "--external-id", "other") == []
    progress = run_json("input", "progress", created["uuid"])
    assert (progress["id"], progress["scene_id"]) == (created["uuid"], scene_uuid)
    by_request = run_json("input", "progress", "--request", progress["request_id"], "--scene", scene_uuid)
    assert by_request == [progress]
    table = run("input", "progress", "--request", progress["request_id"], "--limit", "1").stdout
    assert progress["progress_details"]["current_task"]["task_id"] in table

    pre_annotation = run_json("pre-annotation", "create", scene_uuid, str(document))["id"]
    told = run("input", "set-pre-annotation", created["uuid"], pre_annotation).stdout
    assert told == f"Input {created['uuid']} starts from {pre_annotation}.\n"
    assert f"Input {created['uuid']} deleted." in run("input", "delete", created["uuid"], "--yes").stdout
    assert run_json("input", "list", "--project", "sandbox-project") == []


def test_input_from_pre_annotation_and_dry_run(
    run: Run, run_json: RunJson, scene_uuid: str, document: Path
) -> None:
    target = ("--project", "sandbox-project")
    assert run_json("input", "create", "--scene", scene_uuid, *target, "--dry-run") == {"dry_run": True}
    assert run_json("input", "list") == []
    pre_annotation = run_json("pre-annotation", "create", scene_uuid, str(document))["id"]
    created = run_json("input", "create", "--pre-annotation", pre_annotation, *target)
    assert created["scene_uuid"] == scene_uuid


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "--scene", "x"], "Pass either --project or --request."),
        (
            ["create", "--scene", "x", "--project", "p", "--request", "r"],
            "Pass either --project or --request.",
        ),
        (["create", "--project", "p"], "Pass --scene, --pre-annotation, or both."),
        (["progress"], "Pass either INPUT or --request."),
    ],
)
def test_input_usage(run: Run, arguments: list[str], message: str) -> None:
    assert message in run("input", *arguments, status=2).stderr


def test_input_view_needs_no_client() -> None:
    uuids = [f"5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a2{number}" for number in range(2)]
    result = CliRunner().invoke(
        cli, ["input", "view", *uuids], obj={}, env={"KOGNIC_CREDENTIALS": "none.json"}
    )
    assert result.stdout.split() == [f"https://app.kognic.com/view/input/{uuid}" for uuid in uuids]


def test_calibration(run: Run, run_json: RunJson, drive: SampleDrive, tmp_path: Path) -> None:
    created = run_json("calibration", "create", str(drive.calibration_file))
    assert not created["existed"]
    assert run_json("calibration", "create", str(drive.calibration_file)) == {**created, "existed": True}
    shown = run("calibration", "show", created["id"]).stdout
    assert "960 x 540" in shown
    assert "FRONT" in shown
    assert "0.491174, -0.508673, 0.508673, -0.491174" in shown
    assert run("calibration", "list").stdout.split()[:3] == ["id", "external_id", "created"]
    entry = run_json("calibration", "show", created["id"])
    assert entry["calibration"] == json.loads(drive.calibration_file.read_text())["calibration"]
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(entry))
    told = run("calibration", "create", str(saved), "--external-id", "copy").stdout
    assert told.startswith("Calibration copy is created: ")
    assert [found["external_id"] for found in run_json("calibration", "list", "--external-id", "copy")] == [
        "copy"
    ]
    assert len(run_json("calibration", "list")) == 2
    saved.write_text("{}")
    assert "saved.json: 'external_id'" in run("calibration", "create", str(saved), status=1).stderr


def test_pre_annotation(
    run: Run, run_json: RunJson, scene_uuid: str, document: Path, kognic_sandbox: Sandbox
) -> None:
    assert run_json("pre-annotation", "create", scene_uuid, str(document), "--dry-run") == {"dry_run": True}
    assert run_json("pre-annotation", "list", "--scene", scene_uuid) == []
    created = run_json("pre-annotation", "create", scene_uuid, str(document), "--external-id", "v1")["id"]
    assert kognic_sandbox.control.wait_until_idle()
    assert (
        run("pre-annotation", "list", "--scene", scene_uuid, "--status", "available").stdout.count(created)
        == 1
    )
    assert (
        run_json("pre-annotation", "list", "--external-id", "v1", "--scene-external-id", "one-image")[0]["id"]
        == created
    )
    shown = json.loads(run("pre-annotation", "show", created).stdout)
    assert shown["openlabel"]["objects"] == DOCUMENT["openlabel"]["objects"]
    by_name = run_json("pre-annotation", "show", "--scene", scene_uuid, "--external-id", "v1")
    assert (by_name["uuid"], by_name["content"]) == (created, shown)
    run("pre-annotation", "show", status=2)
    refused = run("pre-annotation", "delete", created, "--yes", status=1)
    assert "can only be deleted from status=Indexed" in refused.stderr


def test_pre_annotation_from_the_cloud(
    run: Run, run_json: RunJson, scene_uuid: str, kognic_sandbox: Sandbox
) -> None:
    kognic_sandbox.control.put_cloud_file("s3://bucket/pre.json", json.dumps(DOCUMENT).encode())
    created = run_json("pre-annotation", "from-cloud", scene_uuid, "ext", "s3://bucket/pre.json")["id"]
    assert run_json("pre-annotation", "list", "--scene", scene_uuid)[0]["status"] == "indexed"
    other = run_json("pre-annotation", "from-cloud", scene_uuid, "other", "s3://bucket/pre.json")["id"]
    run("pre-annotation", "delete", other, "--yes")
    assert [p["id"] for p in run_json("pre-annotation", "list", "--scene", scene_uuid)] == [created]
    assert "is being imported" in run("pre-annotation", "import", created).stdout
    assert kognic_sandbox.control.wait_until_idle()
    assert run_json("pre-annotation", "list", "--scene", scene_uuid)[0]["status"] == "available"


def test_invalid_openlabel(run: Run, scene_uuid: str, tmp_path: Path) -> None:
    """Neither the models' nor the platform's explanation is lost."""
    path = tmp_path / "bad.json"
    path.write_text('{"openlabel": {}}')
    assert "metadata" in run("pre-annotation", "create", scene_uuid, str(path), status=1).stderr
    content: dict[str, Any] = json.loads(json.dumps(DOCUMENT))
    content["openlabel"]["frames"]["0"]["frame_properties"]["timestamp"] = 77
    path.write_text(json.dumps(content))
    assert "77" in run("pre-annotation", "create", scene_uuid, str(path), status=1).stderr


def test_annotation(
    run: Run, run_json: RunJson, scene_uuid: str, input_uuid: str, tmp_path: Path, kognic_sandbox: Sandbox
) -> None:
    annotation = kognic_sandbox.control.deliver_annotation(input_uuid, DOCUMENT)
    for selection in ((annotation,), ("--input", input_uuid), ("--scene", scene_uuid)):
        (found,) = run_json("annotation", "show", *selection)
        assert found["content"]["openlabel"]["objects"] == DOCUMENT["openlabel"]["objects"]
        assert "1 Car" in run("annotation", "show", *selection).stdout
        folder = tmp_path / selection[0].strip("-")
        (path,) = run("annotation", "download", *selection, "-o", str(folder)).stdout.split()
        assert json.loads(Path(path).read_text()) == found["content"]
        assert Path(path).name == f"{scene_uuid}_{annotation}.json"
        assert list(folder.iterdir()) == [Path(path)]
    run("annotation", "show", status=2)
    run("annotation", "show", "a", "--scene", "b", status=2)
    assert "(404 from " in run("annotation", "show", UNKNOWN, status=1).stderr


def test_annotations_of_a_project(
    run: Run, run_json: RunJson, input_uuid: str, tmp_path: Path, kognic_sandbox: Sandbox
) -> None:
    kognic_sandbox.control.deliver_annotation(input_uuid, DOCUMENT)
    annotation_type = run_json("project", "annotation-types", "sandbox-project")[0]
    target = ("--project", "sandbox-project", "--annotation-type", annotation_type, "--batch", "batch-1")
    (written,) = run_json("annotation", "download", *target, "-o", str(tmp_path / "out"))
    assert json.loads(Path(written["file"]).read_text())["openlabel"]["frames"]
    run("annotation", "download", "--project", "sandbox-project", status=2)
    wrong = run("annotation", "download", *target[:2], "--annotation-type", "nonsense", status=1)
    assert "nonsense" in wrong.stderr


def test_iso_8855(run_json: RunJson, drive: SampleDrive, kognic_sandbox: Sandbox) -> None:
    """The option reaches the platform: width and length change places."""
    scene = run_json("scene", "create", str(drive.scene_file), "--project", "sandbox-project")
    content = json.loads(drive.pre_annotation_file.read_text())
    annotation = kognic_sandbox.control.deliver_annotation(scene["inputs"][0]["uuid"], content)

    def sizes(*options: str) -> list[float]:
        (found,) = run_json("annotation", "show", annotation, *options)
        objects = found["content"]["openlabel"]["frames"]["0"]["objects"]
        return next(iter(objects.values()))["object_data"]["cuboid"][0]["val"][7:]

    width, length, height = sizes()
    assert sizes("--iso8855") == [length, width, height]


def test_review_and_task(
    run: Run, run_json: RunJson, input_uuid: str, tmp_path: Path, kognic_sandbox: Sandbox
) -> None:
    """From the annotator's task to the verdict."""
    task = run_json("input", "progress", input_uuid)["progress_details"]["current_task"]["task_id"]
    user = kognic_sandbox.credentials["userId"]
    assert f"is assigned to user {user}." in run("task", "assign", task, str(user)).stdout
    current = run_json("input", "progress", input_uuid)["progress_details"]["current_task"]
    assert current["assigned_user_id"] == user
    assert run_json("task", "unassign", task) == {"task_id": task, "assigned_user_id": None}
    annotation = kognic_sandbox.control.complete_task(input_uuid, DOCUMENT)

    error_type = run_json("review", "error-types")[0]
    assert error_type["name"] in run("review", "error-types").stdout
    feedback = tmp_path / "feedback.json"
    item = {"error_type_id": error_type["error_type_id"], "frame_id": "0", "description": "too small"}
    feedback.write_text(json.dumps([item]))
    created = run_json("review", "create", annotation, "--reject", "--feedback", str(feedback))
    assert not created["accepted"]
    assert kognic_sandbox.control.wait_until_idle()
    (listed,) = run_json("review", "list", input_uuid)
    assert listed["id"] == created["created_review_id"]
    shown = run("review", "show", listed["id"]).stdout
    assert "too small" in shown
    assert run_json("review", "show", listed["id"])["members"][0]["description"] == "too small"
    run("review", "create", annotation, status=2)


def test_task_of_nobody_known(run: Run) -> None:
    assert "(404 from PATCH" in run("task", "assign", UNKNOWN, "1", status=1).stderr
    run("task", "assign", UNKNOWN, "x", status=2)


def test_auth(run: Run, run_json: RunJson, kognic_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who am I: what the token says; check: whether it works."""
    monkeypatch.setattr("kognic.auth.DEFAULT_HOST", kognic_sandbox.url)
    credentials = str(kognic_sandbox.credentials_file)
    me = run_json("auth", "whoami", "--credentials", credentials)
    assert me["client_id"] == kognic_sandbox.credentials["clientId"]
    assert me["workspaces"] == [f"sandbox-workspace ({kognic_sandbox.workspace_id})"]
    assert "(in " in me["token_expires"]
    told = run("auth", "check", "--credentials", credentials).stdout
    assert told == f"The credentials of {me['client_id']} work; you can write to 1 workspace.\n"
    secret = kognic_sandbox.credentials["clientSecret"]
    wrong = kognic_sandbox.root / "wrong.json"
    wrong.write_text(json.dumps({**kognic_sandbox.credentials, "clientSecret": "nonsense-secret"}))
    failed = run("auth", "check", "--credentials", str(wrong), status=1)
    assert failed.stderr.startswith("kognic: error: ")
    assert len(failed.stderr.splitlines()) == 1
    assert secret not in failed.output
    assert "nonsense-secret" not in failed.output
