"""`kognic scene create`: what it does, prints, and tells when it fails."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from kognic.io.client import KognicIOClient
from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import SampleDrive, write_sample_drive

Run = Callable[..., Result]
RunJson = Callable[..., Any]


@pytest.fixture
def copied(tmp_path: Path, drive: SampleDrive) -> Path:
    """A drive whose files a test may change; the description's path."""
    shutil.copytree(drive.folder, tmp_path / "drive")
    return tmp_path / "drive" / "scene.json"


def change(path: Path, **values: Any) -> Path:
    document = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({name: value for name, value in document.items() if value is not None}))
    return path


def test_everything_arrives(
    run_json: RunJson, kognic_sandbox: Sandbox, kognic_client: KognicIOClient, drive: SampleDrive
) -> None:
    """Scene, files, calibration, pre-annotation and input, from one command."""
    printed = run_json("scene", "create", str(drive.scene_file), "--project", "sandbox-project")

    assert (printed["status"], printed["external_id"], printed["files"]) == ("created", "sample-drive-0", 3)
    assert printed["calibration"]["was"] == "created"
    stored = kognic_sandbox.control.stored_files(printed["scene_uuid"])
    for path in drive.files:
        name = str(path.relative_to(drive.folder))
        assert stored[name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    (pre_annotation,) = kognic_client.pre_annotation.list(scene_uuids=[printed["scene_uuid"]])
    assert pre_annotation["id"] == printed["pre_annotation_id"]
    (input_,) = kognic_client.input.query_inputs(project="sandbox-project")
    assert [found["uuid"] for found in printed["inputs"]] == [input_.uuid]
    (known,) = kognic_sandbox.control.request_inputs(printed["scene_uuid"])
    assert known["preAnnotationUuid"] == printed["pre_annotation_id"]


def test_account_of_each_step_for_people(run: Run, drive: SampleDrive) -> None:
    """Steps go to standard error, the result to standard output."""
    result = run(
        "scene", "create", str(drive.scene_file), "--project", "sandbox-project", "--batch", "batch-1"
    )
    assert "3 files, " in result.stderr
    assert "calibration sample-rig: created (" in result.stderr
    assert "scene sample-drive-0: 3 files stored (" in result.stderr
    assert "pre-annotation: created (" in result.stderr
    rows = dict(line.split(None, 1) for line in result.stdout.splitlines())
    assert rows["status"] == "created"
    assert not [name for name in rows if name.endswith("view_link")]  # long, and for --links


def test_yaml_and_project_in_the_file(run_json: RunJson, image: Path, kognic_client: KognicIOClient) -> None:
    document = {**json.loads(image.read_text()), "project": "sandbox-project", "batch": "batch-1"}
    path = image.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(document))
    printed = run_json("scene", "create", str(path))
    assert len(printed["inputs"]) == 1
    assert printed["inputs"][0]["uuid"] == kognic_client.input.query_inputs(project="sandbox-project")[0].uuid


def test_equal_calibration_is_reused(
    run_json: RunJson, drive: SampleDrive, kognic_client: KognicIOClient
) -> None:
    first = run_json("scene", "create", str(drive.scene_file))
    second = run_json("scene", "create", str(drive.scene_file))
    assert second["calibration"] == {**first["calibration"], "was": "reused"}
    assert first["scene_uuid"] != second["scene_uuid"]
    assert len(kognic_client.calibration.get_calibrations()) == 1


def test_different_calibration_of_that_name_is_refused(
    run: Run, copied: Path, kognic_client: KognicIOClient
) -> None:
    """A scene never gets a calibration that is not the one in its file."""
    run("scene", "create", str(copied))
    calibration = copied.parent / "calibration.json"
    content = json.loads(calibration.read_text())
    content["calibration"]["FRONT"]["position"]["x"] += 0.01
    calibration.write_text(json.dumps(content))

    result = run("scene", "create", str(copied), status=1)

    assert "calibration 'sample-rig' exists" in result.stderr
    assert "choose another external_id" in result.stderr
    assert "exists          calibration  sample-rig (" in result.stderr
    assert "does not exist  scene  sample-drive-0: not created" in result.stderr
    assert len(kognic_client.scene.get_scenes_by_external_ids(["sample-drive-0"])) == 1


def test_dry_run_creates_nothing(
    run: Run, run_json: RunJson, drive: SampleDrive, image: Path, kognic_sandbox: Sandbox
) -> None:
    """The platform checks what it can; a calibration that does not exist yet is said to be the limit."""
    assert run_json("scene", "create", str(image), "--dry-run") == {
        "dry_run": True,
        "checked_by_platform": True,
    }
    assert not run_json("scene", "create", str(drive.scene_file), "--dry-run")["checked_by_platform"]
    assert (
        "before its calibration exists" in run("scene", "create", str(drive.scene_file), "--dry-run").output
    )
    run("calibration", "create", str(drive.calibration_file))
    assert run_json("scene", "create", str(drive.scene_file), "--dry-run")["checked_by_platform"]
    assert kognic_sandbox.control.scenes() == []
    refused = run("scene", "create", str(image), "--dry-run", "--project", "unknown", status=1)
    assert "unknown" in refused.stderr


def test_no_wait(run_json: RunJson, image: Path, kognic_sandbox: Sandbox) -> None:
    with kognic_sandbox.control.held():
        printed = run_json("scene", "create", str(image), "--no-wait")
        assert printed["status"] == "pending"


@pytest.mark.parametrize("option", ["skip", "fail"])
def test_existing_scene(
    run: Run, run_json: RunJson, image: Path, kognic_client: KognicIOClient, option: str
) -> None:
    """A scene of that external ID is taken, or an error; a new one is made where there is none."""
    first = run_json("scene", "create", str(image), "--if-exists", option)
    assert not first["existed"]
    if option == "skip":
        again = run_json("scene", "create", str(image), "--if-exists", "skip")
        assert (again["existed"], again["scene_uuid"]) == (True, first["scene_uuid"])
    else:
        result = run("scene", "create", str(image), "--if-exists", "fail", status=1)
        assert f"scene 'one-image' exists already ({first['scene_uuid']}, created)" in result.stderr
    assert len(kognic_client.scene.get_scenes_by_external_ids(["one-image"])) == 1
    run("scene", "invalidate", first["scene_uuid"], "--reason", "duplicate", "--yes")
    assert not run_json("scene", "create", str(image), "--if-exists", option)["existed"]


def test_nothing_is_sent_for_a_broken_description(run: Run, copied: Path, kognic_sandbox: Sandbox) -> None:
    kognic_sandbox.control.clear_calls()
    (copied.parent / "images/front/000.png").unlink()
    result = run("scene", "create", str(change(copied, tpye="x")), status=1)
    assert "unknown key 'tpye', did you mean 'type'?" in result.stderr
    result = run("scene", "create", str(change(copied, tpye=None)), status=1)
    assert "frames[0].images[0].filename: there is no file" in result.stderr
    assert kognic_sandbox.control.calls() == []


def test_errors_of_offline_checks_stop_before_anything_is_sent(
    run: Run, copied: Path, kognic_sandbox: Sandbox
) -> None:
    """Bytes that are no image, times that run backwards: each with its place and the rule's name."""
    (copied.parent / "images/front/000.png").write_bytes(b"not an image")
    document = json.loads(copied.read_text())
    document["frames"].append({**document["frames"][0], "frame_id": "1"})
    copied.write_text(json.dumps(document))
    kognic_sandbox.control.clear_calls()
    result = run("scene", "create", str(copied), status=1)
    assert kognic_sandbox.control.calls() == []
    assert f"{copied}: frame 0, sensor FRONT" in result.stderr
    assert "frame 1" in result.stderr
    assert "--no-check uploads the scene unchecked" in result.stderr.splitlines()[-1]


def test_checks_do_without_what_is_not_installed(
    run: Run, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra, structure is checked, and it is said that files are not."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    result = run("scene", "create", str(image), "--dry-run")
    assert "The files are not checked: " in result.stderr
    assert 'pip install "kognic-client[checks]"' in result.stderr


def test_account_when_the_platform_cannot_process(run: Run, run_json: RunJson, copied: Path) -> None:
    """Bytes that are no image: the scene exists and has failed, its calibration stays."""
    (copied.parent / "images/front/000.png").write_bytes(b"not an image")
    result = run("scene", "create", str(copied), "--project", "sandbox-project", "--no-check", status=1)
    lines = result.stderr.splitlines()
    assert "On the platform:" in lines
    account = [line.split(None, 2) for line in lines if line.startswith("  ")]
    assert [line[:2] for line in account][:2] == [["exists", "calibration"], ["exists", "scene"]]
    assert ": failed: " in account[1][2]
    assert lines[-1].startswith("kognic: error: ")

    printed = run_json("scene", "create", str(copied), "--no-check", status=1)
    assert [(part["part"], part["exists"]) for part in printed["parts"]][:2] == [
        ("calibration", True),
        ("scene", True),
    ]
    assert "failed" in printed["error"]


def test_account_when_storage_fails(run: Run, image: Path, kognic_sandbox: Sandbox) -> None:
    """A file that cannot be stored: the scene is there, pending, and it is said that it will stay so."""
    kognic_sandbox.control.add_fault("status", "PUT *", status=403)
    result = run("scene", "create", str(image), status=1)
    assert "exists          scene  one-image (" in result.stderr
    assert "pending, its files are incomplete" in result.stderr


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (("--project", "unknown"), "There is no project unknown; 'kognic project list' shows yours"),
        (
            ("--project", "sandbox-project", "--batch", "unknown"),
            "project 'sandbox-project' has no batch 'unknown'; it has: batch-1, closed",
        ),
        (
            ("--project", "sandbox-project", "--batch", "closed"),
            "batch 'closed' of project 'sandbox-project' is ready; inputs can be created in open",
        ),
        (("--batch", "batch-1"), "batch is 'batch-1' without a project"),
    ],
)
def test_nothing_is_created_for_a_wrong_target(
    run: Run, drive: SampleDrive, kognic_sandbox: Sandbox, target: tuple[str, ...], message: str
) -> None:
    """Project and batch are checked before the first byte is sent, in a dry run as well."""
    kognic_sandbox.control.create_batch("sandbox-project", "closed")
    kognic_sandbox.control.set_batch_status("sandbox-project", "closed", "ready")
    kognic_sandbox.control.clear_calls()
    for dry in ((), ("--dry-run",)):
        assert message in run("scene", "create", str(drive.scene_file), *target, *dry, status=1).stderr
    writes = {call.route for call in kognic_sandbox.control.calls() if call.method in {"POST", "PUT"}}
    assert writes <= {"/v1/auth/oauth/token"}


def test_account_when_the_input_is_refused(run: Run, drive: SampleDrive, kognic_sandbox: Sandbox) -> None:
    """The scene is there although its input is not."""
    kognic_sandbox.control.add_fault("status", "POST /v1/inputs", status=403, times=1)
    result = run("scene", "create", str(drive.scene_file), "--project", "sandbox-project", status=1)
    assert "exists          scene  sample-drive-0" in result.stderr
    assert "exists          pre-annotation" in result.stderr
    assert "does not exist  inputs  none in project sandbox-project" in result.stderr


def test_account_after_an_interrupt(
    run: Run, image: Path, kognic_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while the scene is processed: existing objects are reported as well."""

    def interrupted(self: object, *_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kognic.io.resources.scene.scene.SceneResource.wait_until_created", interrupted)
    result = run("scene", "create", str(image), status=130)
    assert "exists          scene  one-image (" in result.stderr
    assert "Aborted" not in result.stderr
    assert f"Continue with: kognic scene create {image} --if-exists skip\n" in result.stderr


def test_an_interrupted_command_is_continued(
    run: Run, run_json: RunJson, drive: SampleDrive, kognic_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that is printed adds what was missing: pre-annotation and input, once."""

    def interrupted(self: object, *_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("kognic.io.resources.scene.scene.SceneResource.wait_until_created", interrupted)
        result = run("scene", "create", str(drive.scene_file), "--project", "sandbox-project", status=130)
    line = next(line for line in result.stderr.splitlines() if line.startswith("Continue with: "))
    command = shlex.split(line.removeprefix("Continue with: "))
    assert command == [
        "kognic", "scene", "create", str(drive.scene_file), "--if-exists", "skip",
        "--project", "sandbox-project",
    ]  # fmt: skip
    printed = run_json(*command[1:])
    assert (printed["existed"], printed["status"]) == (True, "created")
    (known,) = kognic_sandbox.control.request_inputs(printed["scene_uuid"])
    assert known["preAnnotationUuid"] == printed["pre_annotation_id"]
    again = run_json(*command[1:])
    assert again["inputs"][0]["uuid"] == printed["inputs"][0]["uuid"]
    assert len(kognic_sandbox.control.request_inputs(printed["scene_uuid"])) == 1


def test_an_interrupted_upload_is_continued(
    run: Run, image: Path, kognic_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a bulk run uploads the files that a scene lacks."""

    def interrupted(self: object, *_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("kognic.pipelines.scene_upload.SceneFileUpload._create", interrupted)
        result = run("scene", "create", str(image), status=130)
    assert f"Continue with: kognic bulk run {image} --if-exists update\n" in result.stderr
    run("bulk", "run", str(image), "--if-exists", "update")
    assert [one["status"] for one in kognic_sandbox.control.scenes("one-image")] == ["created"]


def test_inputs_have_one_shape(run_json: RunJson, run: Run, image: Path, kognic_sandbox: Sandbox) -> None:
    """Those of a project and those of targets; links in JSON, and on a terminal with --links."""
    project = run_json("scene", "create", str(image), "--project", "sandbox-project")["inputs"]
    target = run_json(
        "scene", "create", str(image), "--target", "project=sandbox-project", "--if-exists", "create"
    )["inputs"]
    assert [[*one] for one in (*project, *target)] == [["target", "uuid", "view_link"]] * 2
    assert {one["target"] for one in (*project, *target)} == {"project sandbox-project"}
    shown = run("scene", "create", str(image), "--if-exists", "skip", "--project", "sandbox-project").stdout
    assert "view_link" not in shown
    assert "error" not in shown
    shown = run(
        "scene", "create", str(image), "--if-exists", "skip", "--project", "sandbox-project", "--links"
    ).stdout
    assert "inputs[0].view_link" in shown


def test_a_wrong_pre_annotation_is_named(run: Run, copied: Path, kognic_sandbox: Sandbox) -> None:
    """The file that is wrong, each fault once, in our words."""
    named = json.loads(copied.read_text())["pre_annotation"]
    path = copied.parent / named
    document = json.loads(path.read_text())
    frame = next(iter(document["openlabel"]["frames"].values()))
    frame["objects"]["b"] = frame["objects"].pop(next(iter(frame["objects"])))
    path.write_text(json.dumps(document))
    lines = run("scene", "create", str(copied), status=1).stderr.splitlines()
    faults = [line for line in lines if "(ol-" in line and not line.startswith("warning")]
    assert faults
    assert all(line.removeprefix("kognic: error: ").startswith(f"{path}: ") for line in faults)
    assert not [line for line in faults if "String should match" in line or "ol-schema" in line]
    assert len({line.rpartition(" (")[2] for line in faults}) == len(faults)
    assert kognic_sandbox.control.scenes() == []


def test_equal_warnings_are_one_line(run: Run, image: Path, tmp_path: Path, kognic_sandbox: Sandbox) -> None:
    """A warning in every frame is printed for the first, with the number of the others."""
    document = json.loads(image.read_text())
    filename = document["frame"]["images"][0]["filename"]
    images = [{"sensor_name": "FRONT", "filename": filename, "resource_id": f"r{n}"} for n in range(12)]
    frames = [
        {
            "frame_id": str(n),
            "relative_timestamp": n,
            "images": [{"sensor_name": "FRONT", "filename": filename}],
        }
        for n in range(len(images))
    ]
    path = tmp_path / "sequence.json"
    path.write_text(json.dumps({"type": "cameras_sequence", "external_id": "s", "frames": frames}))
    lines = [line for line in run("scene", "create", str(path)).stderr.splitlines() if "warning: " in line]
    codes = [re.search(r"\((\w[\w-]*)\)(, and \d+ more)?$", line) for line in lines]
    assert all(codes)
    found = [code[1] for code in codes if code is not None]
    assert len(found) == len(set(found))
    assert any(code[2] == ", and 11 more" or code[2] == ", and 10 more" for code in codes if code is not None)


@pytest.mark.parametrize(
    "scene_type",
    [
        "cameras",
        "cameras_sequence",
        "lidars",
        "lidars_sequence",
        "lidars_and_cameras",
        "lidars_and_cameras_sequence",
        "aggregated_lidars_and_cameras_sequence",
    ],
)
def test_each_type(run_json: RunJson, tmp_path: Path, scene_type: Any) -> None:
    """The generated drive of each type is processed by the platform."""
    written = write_sample_drive(tmp_path, scene_type=scene_type, frames=1, cloud_format="csv")
    printed = run_json("scene", "create", str(written.scene_file))
    assert (printed["status"], printed["scene_type"]) == ("created", scene_type)


def test_schema_is_printed(run: Run) -> None:
    assert json.loads(run("scene", "schema").output)["title"] == "Scene file"


def test_a_folder_with_one_scene_file(run_json: RunJson, run: Run, copied: Path) -> None:
    """What 'check' and 'view' accept; a folder of many scenes is for 'bulk run'."""
    assert run_json("scene", "create", str(copied.parent))["external_id"] == "sample-drive-0"
    (copied.parent / "second.scene.json").write_text(copied.read_text())
    assert "holds 2 scene files (" in run("scene", "create", str(copied.parent), status=1).stderr


def test_a_second_scene_of_that_name_is_mentioned(
    run: Run, run_json: RunJson, image: Path, kognic_sandbox: Sandbox
) -> None:
    """The existing scene is named before another one is created, also where progress is not printed."""
    first = run("scene", "create", str(image))
    assert "exists already" not in first.stderr
    uuid = next(line.split()[1] for line in first.stdout.splitlines() if line.startswith("scene_uuid"))
    for options in ((), ("--json",)):
        again = run("scene", "create", str(image), *options)
        expected = f"warning: scene one-image exists already ({uuid}, created); creating another one"
        assert expected in again.stderr
        assert "To reuse it instead: --if-exists skip\n" in again.stderr
        for one in kognic_sandbox.control.scenes("one-image"):
            if one["uuid"] != uuid:
                run("scene", "invalidate", one["uuid"], "--reason", "duplicate", "--yes")
    reused = run_json("scene", "create", str(image), "--if-exists", "skip")
    assert (reused["files"], reused["bytes"]) == (0, 0)  # uploaded by this command


def test_the_size_of_converted_files(
    run: Run, run_json: RunJson, tmp_path: Path, kognic_sandbox: Sandbox
) -> None:
    """Files of a recording have no size before they are made; the result counts what was uploaded."""
    run("sandbox", "bag", str(tmp_path / "bag"), "--frames", "1")
    run("import", "rosbag2", str(tmp_path / "bag"), str(tmp_path / "scenes"))
    (scene,) = (tmp_path / "scenes").glob("*/scene.json")
    result = run("scene", "create", str(scene))
    assert ", all converted or downloaded during the upload" in result.stderr.splitlines()[0]
    printed = dict(line.split(None, 1) for line in result.stdout.splitlines())
    stored = kognic_sandbox.control.stored_files(printed["scene_uuid"])
    sizes = [
        one["size"] for name, one in stored.items() if Path(name).suffix in (".png", ".pcd", ".jpg", ".csv")
    ]
    assert (int(printed["files"]), int(printed["bytes"])) == (len(sizes), sum(sizes))
    assert sum(sizes) > 10_000


def test_a_mistake_before_anything_is_created(run: Run, drive: SampleDrive, kognic_sandbox: Sandbox) -> None:
    """One plain line, not a list of parts that do not exist."""
    told = run("scene", "create", str(drive.scene_file), "--project", "nowhere", status=1).stderr
    _, plain, error = told.splitlines()
    assert plain == "Nothing was created."
    assert error == "kognic: error: There is no project nowhere; 'kognic project list' shows yours"
    assert kognic_sandbox.control.scenes() == []
