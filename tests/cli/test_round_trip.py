"""Whatever a command prints to name an object, the next command takes; and the examples in the help run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kognic._core.ids import is_uuid
from kognic.cli.root import cli
from kognic.io.client import KognicIOClient
from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import write_sample_drive
from tests.cli.command_tree import commands, example
from tests.cli.conftest import Run, RunJson

# What the example texts in the help speak of.
PROJECT, BATCH, SCENE, CALIBRATION, PRE_ANNOTATION = "city", "week-2", "drive-0001", "rig-7", "boxes-1"

# Commands that print objects, and the fields that name them, by kind of object. A command in braces is one
# that was filled in with a name found before.
PRINTED = {
    "project list": {"project": "project"},
    "batch list {project}": {"batch": "batch"},
    "request list {project}": {"id": "request", "batch": "batch"},
    "request list {project} --counts": {"id": "request"},
    "workspace list": {"id": "workspace", "external_id": "workspace"},
    "calibration list": {"id": "calibration", "external_id": "calibration"},
    "scene show {scene}": {"uuid": "scene", "external_id": "scene"},
    "scene list --project {project}": {"uuid": "scene", "external_id": "scene"},
    "input list --project {project}": {
        "uuid": "input",
        "scene_uuid": "scene",
        "scene_external_id": "scene",
        "request_uuid": "request",
    },
    "input progress --request {request}": {
        "id": "input",
        "scene_id": "scene",
        "progress_details.current_task.task_id": "task",
        "last_completed_annotation_id": "annotation",
    },
    "pre-annotation list --scene {scene}": {
        "id": "pre-annotation",
        "externalId": "pre-annotation",
        "sceneUuid": "scene",
    },
    "annotation show --scene {scene}": {},
    "review list {input}": {"id": "review", "input_uuid": "input"},
    "review error-types": {},
    "project annotation-types {project}": {},
    "project report {project} --no-contents": {},
    "input progress {input}": {},
    "calibration show {calibration}": {},
    "review show {review}": {},
    "pre-annotation show {pre-annotation}": {},
    "auth whoami": {},
    "auth check": {},
    "scene summary {scene}": {},
    "scene ego-poses {scene}": {},
    "scene schema": {},
    "input view {input}": {},
}
# Commands that take an object, by kind.
TAKEN = {
    "project": (
        "batch list {}",
        "request list {}",
        "scene list --project {}",
        "input list --project {}",
        "project annotation-types {}",
        "project report {} --no-contents",
    ),
    "batch": (
        f"scene list --project {PROJECT} --batch {{}}",
        f"input list --project {PROJECT} --batch {{}}",
        f"project annotation-types {PROJECT} --batch {{}}",
        f"project report {PROJECT} --no-contents --batch {{}}",
    ),
    "request": ("input progress --request {}",),
    "calibration": ("calibration show {}",),
    "scene": (
        "scene show {}",
        "scene summary {}",
        "scene ego-poses {}",
        "scene wait {}",
        "input list --scene {}",
        "pre-annotation list --scene {}",
        "annotation show --scene {}",
    ),
    "input": ("input progress {}", "input view {}", "annotation show --input {}", "review list {}"),
    "pre-annotation": ("pre-annotation show {}",),
    "annotation": ("annotation show {}",),
    "review": ("review show {}",),
    "task": ("task assign {} 1", "task unassign {}"),
    "workspace": (),  # --workspace, see below
}
LISTING = {"list", "show", "report", "progress", "summary", "whoami", "annotation-types", "error-types"}


@pytest.fixture
def platform(
    kognic_sandbox: Sandbox, kognic_client: KognicIOClient, run: Run, run_json: RunJson, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Sandbox:  # fmt: skip
    """A platform with one of everything, called as in the examples, and the drive it came from."""
    control = kognic_sandbox.control
    control.create_project(PROJECT, annotation_types=["objects"])
    control.create_batch(PROJECT, BATCH)
    control.create_request(PROJECT, BATCH, phases=("annotate", "integration-review", "delivery"))
    monkeypatch.chdir(tmp_path)
    folder = write_sample_drive(tmp_path / "drive", frames=1).folder
    (folder / "pre_annotation.json").rename("boxes.json")
    scene = json.loads((folder / "scene.json").read_text())
    scene["external_id"] = SCENE
    del scene["pre_annotation"]
    calibration = json.loads((folder / scene["calibration"]).read_text())
    (folder / scene["calibration"]).write_text(json.dumps({**calibration, "external_id": CALIBRATION}))
    (folder / "scene.json").write_text(json.dumps(scene))
    run("scene", "create", "drive/scene.json")
    run("pre-annotation", "create", SCENE, "boxes.json", "--external-id", PRE_ANNOTATION)
    kognic_sandbox.control.wait_until_idle()
    created = run_json(
        "input", "create", "--scene", SCENE, "--project", PROJECT, "--pre-annotation", PRE_ANNOTATION
    )
    control.complete_task(created["uuid"], json.loads(Path("boxes.json").read_text()))
    completed = run_json("input", "progress", created["uuid"])["last_completed_annotation_id"]
    run("review", "create", completed, "--reject")
    control.deliver_annotation(created["uuid"])
    control.order_correction(created["uuid"])
    return kognic_sandbox


def reach(item: Any, path: str) -> Any:
    for name in path.split("."):
        item = (item or {}).get(name)
    return item


@pytest.mark.slow
def test_names_can_be_given_back(platform: Sandbox, run: Run, run_json: RunJson) -> None:
    """Every identifier that a list shows is a whole word in its table, and names the object elsewhere."""
    known: dict[str, set[str]] = {"scene": {SCENE}}
    for command, fields in PRINTED.items():
        if not fields:
            continue
        words = shlex.split(re.sub(r"{(.*?)}", lambda kind: sorted(known[kind[1]])[0], command))
        items = run_json(*words)
        shown = run(*words).stdout
        for field, kind in fields.items():
            names = {str(name) for item in items if (name := reach(item, field)) is not None}
            assert names, f"{command} shows no {field}"
            for name in names:
                assert re.search(rf"(?<!\S){re.escape(name)}(?!\S)", shown), (command, field, name)
            known.setdefault(kind, set()).update(names)

    assert set(known) == set(TAKEN)
    known["project"].discard("sandbox-project")
    known["batch"].discard("batch-1")
    # The one input of a scene answers to the scene's name.
    known["input"].add(SCENE)
    for kind, names in known.items():
        for name in names:
            for command in TAKEN[kind]:
                run(*shlex.split(command.format(shlex.quote(name))))


@pytest.mark.slow
def test_annotations_can_be_given_back(platform: Sandbox, run: Run) -> None:
    """The table of annotations names annotation, input and scene, which JSON has in the document."""
    lines = run("annotation", "show", "--scene", SCENE).stdout.splitlines()
    annotation, input_uuid, scene_uuid = lines[-1].split()[:3]
    for arguments in ((annotation,), ("--input", input_uuid), ("--scene", scene_uuid)):
        assert annotation in run("annotation", "show", *arguments).stdout


@pytest.mark.slow
def test_a_workspace_answers_to_its_name(kognic_sandbox: Sandbox) -> None:
    code = "from kognic.cli import main; main()"
    environment = {**os.environ, **kognic_sandbox.env()}
    for workspace, status in (("sandbox-workspace", 0), ("other", 1)):
        command = [sys.executable, "-c", code, "calibration", "list", "--workspace", workspace]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
    assert done.stderr == "kognic: error: no workspaces have the external ID 'other'\n"


def test_no_list_is_forgotten() -> None:
    """A new command that lists or shows objects has to say what can be done with them."""
    described = {tuple(word for word in command.split() if word[0] not in "-{")[:2] for command in PRINTED}
    found = {path for path, _ in commands(cli) if path[-1] in LISTING and path[0] not in ("bulk", "sandbox")}
    assert found <= described, found - described


# Examples that need nothing but the platform above; the others need files, or objects by UUID.
RUN = (
    "workspace list", "project list", "project annotation-types", "project report",
    "batch list", "batch create", "batch publish", "request list", "calibration list", "calibration show",
    "scene list", "scene show", "scene summary", "scene ego-poses", "scene wait", "input list", "input view",
    "pre-annotation list", "pre-annotation show", "annotation show", "review list", "review error-types",
    "kognic check", "scene schema",
)  # fmt: skip


@pytest.mark.slow
def test_examples_run(platform: Sandbox, run: Run) -> None:
    by_name = {
        " ".join(path[-2:]): command for path, command in commands(cli, ("kognic",)) if "sandbox" not in path
    }
    for name in RUN:
        text = example(by_name[name])
        assert text, name
        words = shlex.split(text.partition(" > ")[0])[1:]
        run(*(SCENE if is_uuid(word) else word for word in words))
