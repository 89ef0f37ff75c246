"""`kognic bulk`: what it creates, tells and resumes."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image as Picture

from kognic.auth import _token_flow
from kognic.base_clients.http import breaker
from kognic.cli.root import cli
from kognic.pipelines.bulk import Journal
from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import write_sample_drive
from tests.fault_proxy import FaultProxy, lose_answer

pytestmark = pytest.mark.slow


@pytest.fixture
def drives(tmp_path: Path) -> Path:
    """Five folders with a scene file each; the description of the third is wrong."""
    for n in range(5):
        folder = tmp_path / "drives" / f"d{n}"
        folder.mkdir(parents=True)
        Picture.new("RGB", (8, 8), (n, 0, 0)).save(folder / "front.png")
        description = {
            "type": "cameras",
            "external_id": f"drive-{n}",
            "frame": {
                "images": [{"sensor_name": "FRONT", "filename": "missing.png" if n == 2 else "front.png"}]
            },
        }
        (folder / "scene.json").write_text(json.dumps(description))
    return tmp_path / "drives"


@pytest.fixture
def kognic(kognic_sandbox: Sandbox) -> Any:
    """Runs the command with a client of the sandbox."""

    def run(*arguments: object) -> Result:
        with kognic_sandbox.client() as client:
            return CliRunner().invoke(
                cli, [str(a) for a in arguments], obj={"client": client}, catch_exceptions=False
            )

    return run


def test_run_creates_what_it_can(kognic: Any, kognic_sandbox: Sandbox, drives: Path, tmp_path: Path) -> None:
    """Four of five scenes are created; the fifth is named with its reason, and the exit status is 1."""
    result = kognic(
        "bulk", "run", drives, "--project", "sandbox-project", "--journal", tmp_path / "j", "--json"
    )

    assert result.exit_code == 1, result.output
    told = json.loads(result.stdout)
    assert (told["summary"]["done"], told["summary"]["failed"]) == (4, 1)
    (failed,) = [item for item in told["items"] if item["stage"] == "failed"]
    assert "missing.png" in failed["error"]
    assert {s["externalId"] for s in kognic_sandbox.control.scenes()} == {f"drive-{n}" for n in (0, 1, 3, 4)}


def test_resume_needs_the_journal_only(
    kognic: Any, kognic_sandbox: Sandbox, drives: Path, tmp_path: Path
) -> None:
    """`resume` remembers what was run; what was missing is created, the rest is left alone."""
    kognic("bulk", "run", drives, "--project", "sandbox-project", "--journal", tmp_path / "j")
    status = kognic("bulk", "status", tmp_path / "j", "--json")
    assert json.loads(status.stdout)["done"] == 4
    (drives / "d2" / "missing.png").write_bytes((drives / "d1" / "front.png").read_bytes())

    result = kognic("bulk", "resume", tmp_path / "j")

    assert result.exit_code == 0, result.output
    assert "1 new" in result.stderr
    assert "4 finished earlier" in result.stderr
    report = json.loads(kognic("bulk", "report", tmp_path / "j", "--json").stdout)
    assert {(e["key"], e["stage"]) for e in report} == {(f"drive-{n}", "done") for n in range(5)}
    assert len(kognic_sandbox.control.scenes()) == 5
    assert json.loads(kognic("bulk", "report", tmp_path / "j", "--failed", "--json").stdout) == []


def test_run_that_starts_during_an_outage(
    kognic_sandbox: Sandbox,
    proxy: FaultProxy,
    drives: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It reports the outage, ends with its patience before the first query is answered, and is resumed."""
    monkeypatch.setattr(_token_flow, "RETRY_WAITS", (0.0, 0.1, 0.2))
    monkeypatch.setattr(breaker, "FAILING", 0.3)
    proxy.rule("* /.*", lose_answer, None)

    def kognic(*arguments: object) -> Result:
        with proxy.client(kognic_sandbox) as client:
            return CliRunner().invoke(cli, [str(each) for each in arguments], obj={"client": client})

    journal = tmp_path / "j"
    result = kognic("bulk", "run", drives / "d0", "--journal", journal, "--patience", 1)
    assert result.exit_code == 1, result.output
    assert "The platform has not answered since" in result.stderr
    assert f"Resume with: kognic bulk resume {journal}\n" in result.stderr
    assert "stopped while planning" in kognic("bulk", "status", journal).stdout
    proxy.clear()
    assert kognic("bulk", "resume", journal).exit_code == 0
    assert [scene["externalId"] for scene in kognic_sandbox.control.scenes()] == ["drive-0"]


@pytest.fixture
def elsewhere(kognic_sandbox: Sandbox, tmp_path: Path) -> tuple[str, Any]:
    """One of two workspaces of another organization, and a shell: its user may write to neither."""
    control = kognic_sandbox.control
    ours, other = (control.create_workspace(name, organization="other") for name in ("ours", "theirs"))
    member = control.create_user(
        "m@other", organization="other", workspaces={ours: ["developer"], other: ["developer"]}
    )
    (tmp_path / "member.json").write_text(json.dumps(member))
    (tmp_path / "elsewhere").mkdir()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KOGNIC_")}
    environment = {
        **inherited,
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": kognic_sandbox.env()["XDG_CONFIG_HOME"],
    }

    def kognic(*arguments: object, cwd: str = ".", **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from kognic.cli import main; main()", *map(str, arguments)]
        return subprocess.run(
            command,
            env={**environment, **variables},
            cwd=tmp_path / cwd,
            capture_output=True,
            text=True,
            check=False,
        )

    return ours, kognic


def test_resume_goes_where_the_run_went(
    kognic_sandbox: Sandbox, elsewhere: tuple[str, Any], drives: Path, tmp_path: Path
) -> None:
    """Its environment, credentials and workspace are in the journal, even if it ended before a scene."""
    (workspace, kognic), control = elsewhere, kognic_sandbox.control
    with control.fault("status", status=401):
        stopped = kognic("bulk", "run", "drives", "--journal", "j", "--workspace", workspace,
                         "--credentials", "member.json", KOGNIC_ENVIRONMENT="sandbox")  # fmt: skip
    assert "Resume with: kognic bulk resume j" in stopped.stderr, stopped.stderr

    resumed = kognic("bulk", "resume", tmp_path / "j", cwd="elsewhere", KOGNIC_ENVIRONMENT="prod",
                     KOGNIC_WORKSPACE_ID="00000000-0000-0000-0000-000000000000")  # fmt: skip
    assert "1 of 5 scenes failed" in resumed.stderr, resumed.stderr
    assert [scene["workspaceId"] for scene in control.scenes()] == [workspace] * 4


def test_resume_does_as_it_is_told(
    elsewhere: tuple[str, Any], kognic_sandbox: Sandbox, drives: Path, tmp_path: Path
) -> None:
    """Options replace what is recorded; a workspace without the run's scenes is refused, and not recorded."""
    workspace, kognic = elsewhere
    options = ("--credentials", tmp_path / "member.json", "--environment", "sandbox")
    begun = kognic("bulk", "run", "drives", "--journal", "j", "--workspace", workspace, *options)
    assert "1 of 5 scenes failed" in begun.stderr, begun.stderr
    with Journal(tmp_path / "j") as record:
        record.remember({"write_workspace": "", "credentials": ""})  # as in a journal of an earlier version
    refused = kognic("bulk", "resume", "j", "--workspace", "theirs", *options)
    assert "belongs to a run with workspace" in refused.stderr, refused.stderr
    no_such = kognic("bulk", "resume", "j", "--credentials", "none.json")
    assert "none.json" in no_such.stderr, no_such.stderr
    (drives / "d2" / "missing.png").write_bytes((drives / "d1" / "front.png").read_bytes())
    resumed = kognic("bulk", "resume", "j", *options)
    assert resumed.returncode == 0, resumed.stderr
    assert {scene["workspaceId"] for scene in kognic_sandbox.control.scenes()} == {workspace}


@pytest.mark.parametrize("name", ["~nobody-of-this-name/c.json", "x" * 300 + ".json"])
def test_credentials_without_a_place(drives: Path, tmp_path: Path, name: str) -> None:
    """What cannot be a path is reported by the client that reads it."""
    command = ["bulk", "run", str(drives), "--journal", str(tmp_path / "j"), "--credentials", name]
    result = CliRunner().invoke(cli, command)
    assert isinstance(result.exception, SystemExit)
    assert "read" in result.stderr


def test_dry_run_creates_nothing(kognic: Any, kognic_sandbox: Sandbox, drives: Path) -> None:
    """Only the plan is printed."""
    result = kognic("bulk", "run", drives, "--dry-run", "--json")
    plan = json.loads(result.stdout)
    assert (plan["total"], plan["new"], plan["files"], plan["files_of_unknown_size"]) == (5, 4, 4, 0)
    assert plan["invalid"] == 1
    assert plan["bytes"] == sum((drives / f"d{n}" / "front.png").stat().st_size for n in (0, 1, 3, 4))
    assert [*plan["broken"]] == ["drive-2"]
    assert kognic_sandbox.control.scenes() == []


def test_dry_run_creates_no_calibration(kognic: Any, kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """Only the calibrations of the scene files are requested."""
    write_sample_drive(tmp_path / "drive", frames=1)
    plan = json.loads(kognic("bulk", "run", tmp_path / "drive", "--dry-run", "--json").stdout)
    assert (plan["total"], plan["new"]) == (1, 1)
    with kognic_sandbox.client() as client:
        assert client.calibration.get_calibrations() == []


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (("--project", "unknown"), "There is no project unknown; 'kognic project list' shows yours"),
        (("--project", "sandbox-project", "--batch", "unknown"), "has no batch 'unknown'; it has: batch-1"),
    ],
)
def test_nothing_is_created_for_a_wrong_target(
    kognic: Any, kognic_sandbox: Sandbox, drives: Path, target: tuple[str, ...], message: str
) -> None:
    """Hundreds of scenes would be sent, only to learn at the end that they cannot be placed."""
    result = kognic("bulk", "run", drives, *target)
    assert result.exit_code == 1
    assert message in result.stderr
    assert kognic_sandbox.control.scenes() == []


def test_folder_without_descriptions(kognic: Any, tmp_path: Path) -> None:
    """An empty folder is an error that says what was looked for."""
    result = kognic("bulk", "run", tmp_path)
    assert result.exit_code == 1
    assert "holds no scene file: scene.json" in result.output


def test_foreign_file_as_journal(kognic: Any, drives: Path, tmp_path: Path) -> None:
    """A file that is no journal is refused and left as it is."""
    (tmp_path / "j").write_text("precious")
    result = kognic("bulk", "run", drives, "--journal", tmp_path / "j")
    assert result.exit_code == 1
    assert "is not a journal" in result.output
    assert (tmp_path / "j").read_text() == "precious"


def test_scenes_are_checked_first(kognic: Any, kognic_sandbox: Sandbox, drives: Path) -> None:
    """Errors are in the plan and in the result; --no-check leaves finding them to the platform."""
    (drives / "d0" / "front.png").write_bytes(b"not an image")
    planned = kognic("bulk", "run", drives, "--dry-run")
    assert "(image-undecodable)" in planned.output
    result = kognic("bulk", "run", drives, "--json")
    failed = {item["key"]: item for item in json.loads(result.stdout)["items"] if item["stage"] == "failed"}
    assert "(image-undecodable)" in failed["drive-0"]["error"]
    assert {s["externalId"] for s in kognic_sandbox.control.scenes()} == {"drive-1", "drive-3", "drive-4"}

    result = kognic("bulk", "run", drives / "d0", "--no-check", "--json")
    assert result.exit_code == 1
    (item,) = json.loads(result.stdout)["items"]
    assert item["scene_uuid"] in {s["uuid"] for s in kognic_sandbox.control.scenes()}


def test_resume_checks_what_the_run_has_checked(kognic: Any, drives: Path, tmp_path: Path) -> None:
    """Who has switched the checks off does not have to remember that."""
    (drives / "d0" / "front.png").write_bytes(b"not an image")
    arguments = ("bulk", "run", drives / "d0", "--journal", tmp_path / "j", "--json")
    checked = json.loads(kognic(*arguments).stdout)
    assert checked["items"][0]["scene_uuid"] is None
    unchecked = json.loads(kognic(*arguments, "--no-check").stdout)
    assert unchecked["items"][0]["scene_uuid"] is not None
    again = json.loads(kognic("bulk", "resume", tmp_path / "j", "--json").stdout)
    assert again["items"][0]["scene_uuid"] not in (None, unchecked["items"][0]["scene_uuid"])


def test_project_of_the_command_goes_before_that_of_a_description(
    kognic: Any, kognic_sandbox: Sandbox, drives: Path
) -> None:
    """As for a single scene."""
    description = json.loads((drives / "d0" / "scene.json").read_text())
    (drives / "d0" / "scene.json").write_text(json.dumps({**description, "project": "another"}))
    result = kognic("bulk", "run", drives / "d0", "--project", "sandbox-project", "--json")
    (item,) = json.loads(result.stdout)["items"]
    assert item["stage"] == "done"
    with kognic_sandbox.client() as client:
        assert [i.uuid for i in client.input.query_inputs(project="sandbox-project")] == [item["input_uuid"]]


def test_journal_of_another_command(kognic: Any, drives: Path, tmp_path: Path) -> None:
    """The difference is named before any scene is read."""
    kognic("bulk", "run", drives / "d0", "--journal", tmp_path / "j")
    result = kognic("bulk", "run", drives / "d1", "--journal", tmp_path / "j", "--if-exists", "fail")
    assert result.exit_code == 1
    assert f"belongs to another run: scenes ['{drives / 'd0'}'], not ['{drives / 'd1'}']" in result.stderr
    assert "if_exists 'skip', not 'fail'. Resume that run with 'kognic bulk resume" in result.stderr
    assert "new" not in result.stderr


def _record_command(journal: Path, command: str) -> None:
    with sqlite3.connect(journal) as db:
        db.execute("UPDATE run SET value = ? WHERE name = 'command'", (command,))
    db.close()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            '{"scenes": [], "project_id": "p", "on_existing": "skip"}',
            "it records on_existing, project_id, which",
        ),
        ('{"descriptions": []}', "its command is '{\"descriptions\": []}', not that of a bulk run"),
        ("bulk run drives/", "its command is 'bulk run drives/', not that of a bulk run"),
    ],
    ids=["other options", "no scenes", "no JSON"],
)
def test_resume_refuses_a_command_of_another_version(
    kognic: Any, drives: Path, tmp_path: Path, command: str, message: str
) -> None:
    """Keys that this version does not know are named, with a way out; nothing runs."""
    kognic("bulk", "run", drives / "d0", "--journal", tmp_path / "j")
    _record_command(tmp_path / "j", command)
    result = kognic("bulk", "resume", tmp_path / "j")
    assert result.exit_code == 1
    assert message in result.stderr
    assert "with another journal" in result.stderr
    assert "Traceback" not in result.output


def test_resume_reads_a_command_recorded_before_targets(kognic: Any, drives: Path, tmp_path: Path) -> None:
    """Journals of the first format record no targets, and their runs resume."""
    kognic("bulk", "run", drives / "d0", "--journal", tmp_path / "j")
    command = {"scenes": [str(drives / "d0")], "project": None, "batch": None, "request_uuid": None}
    _record_command(tmp_path / "j", json.dumps({**command, "if_exists": "skip"}))
    result = kognic("bulk", "resume", tmp_path / "j")
    assert result.exit_code == 0, result.output
    assert "1 finished earlier" in result.stderr


def test_status_and_report_of_a_run_that_goes_on(kognic: Any, drives: Path, tmp_path: Path) -> None:
    """Both only look, also while the run holds its journal."""
    kognic("bulk", "run", drives / "d0", "--journal", tmp_path / "j")
    with Journal(tmp_path / "j"):
        status = kognic("bulk", "status", tmp_path / "j", "--json")
        report = kognic("bulk", "report", tmp_path / "j", "--json")
        resume = kognic("bulk", "resume", tmp_path / "j")
    assert json.loads(status.stdout)["done"] == 1
    assert [entry["key"] for entry in json.loads(report.stdout)] == ["drive-0"]
    assert resume.exit_code == 1
    assert "another run is using it" in resume.stderr


def test_plan_tells_the_first_of_many_remarks(
    kognic: Any, drives: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand broken descriptions must not hide what is going to be done."""
    monkeypatch.setattr("kognic.cli.bulk._SHOWN_REMARKS", 2)
    for n in range(5):
        (drives / f"d{n}" / "scene.json").write_text("{")
    told = kognic("bulk", "run", drives, "--dry-run").stderr.splitlines()
    assert told[0] == "5 scenes: 5 invalid; no files to upload"
    assert told[-1] == "  and 3 more like these"


def test_timeout_of_the_wait(kognic: Any, kognic_sandbox: Sandbox, drives: Path, tmp_path: Path) -> None:
    """A scene that takes longer is left as it is, which is said; resuming waits again."""
    with kognic_sandbox.control.held():
        result = kognic("bulk", "run", drives / "d0", "--journal", tmp_path / "j", "--timeout", "0")
    assert result.exit_code == 1
    assert "the platform had not processed the scene 0 s after its files were stored" in result.stdout
    assert kognic("bulk", "resume", tmp_path / "j").exit_code == 0


def test_status_of_each_state(kognic: Any, kognic_sandbox: Sandbox, drives: Path, tmp_path: Path) -> None:
    """A run that was stopped while it planned is known, and can be resumed with nothing but its journal."""
    with kognic_sandbox.control.fault("status", "POST /v2/scenes/query*", status=400):
        failed = kognic("bulk", "run", drives, "--project", "sandbox-project", "--journal", tmp_path / "j")
    assert failed.exit_code == 1
    stopped = kognic("bulk", "status", tmp_path / "j")
    assert stopped.stdout.split()[:4] == ["state", "stopped", "while", "planning"]
    assert f"Resume it with: kognic bulk resume {tmp_path / 'j'}" in stopped.stderr
    with Journal(tmp_path / "j"):
        assert json.loads(kognic("bulk", "status", tmp_path / "j", "--json").stdout)["state"] == "planning"

    resumed = kognic("bulk", "resume", tmp_path / "j", "--json")
    assert json.loads(resumed.stdout)["summary"]["done"] == 4
    status = json.loads(kognic("bulk", "status", tmp_path / "j", "--json").stdout)
    assert (status["state"], status["scenes"]) == ("completed with failures", 5)
    (drives / "d2" / "missing.png").write_bytes((drives / "d1" / "front.png").read_bytes())
    assert kognic("bulk", "resume", tmp_path / "j").exit_code == 0
    assert json.loads(kognic("bulk", "status", tmp_path / "j", "--json").stdout)["state"] == "completed"


def test_failures_before_the_run_are_in_its_journal(kognic: Any, drives: Path, tmp_path: Path) -> None:
    """A cut image fails its check: the scene counts by its external ID, and is retried until it is sound."""
    image = drives / "d1" / "front.png"
    whole = image.read_bytes()
    image.write_bytes(whole[: len(whole) // 2])
    journal = tmp_path / "j2"
    result = kognic("bulk", "run", drives / "d0", drives / "d1", "--journal", journal)
    assert result.exit_code == 1
    assert "2 scenes: 1 new, 1 invalid; 1 file to upload" in result.stderr
    assert "skipped" not in result.stdout  # zeros that say nothing
    printed = " ".join(result.output.split())
    assert printed.count("(image-truncated)") == 1
    assert printed.count(f"{drives / 'd1' / 'scene.json'}: ") == 1
    assert "Nothing was sent. Fix the scene, or pass --no-check to upload it unchecked" in printed

    status = kognic("bulk", "status", journal)
    rows = dict(line.split(None, 1) for line in status.stdout.splitlines())
    assert (rows["state"], rows["scenes"], rows["done"]) == ("completed with failures", "2", "1")
    assert rows["failed"] == "1"
    assert f"'kognic bulk resume {journal}' retries them" in status.stderr
    (failed,) = json.loads(kognic("bulk", "report", journal, "--failed", "--json").stdout)
    assert (failed["key"], failed["external_id"], failed["error_stage"]) == ("drive-1", "drive-1", "scene")

    image.write_bytes(whole)
    assert kognic("bulk", "resume", journal).exit_code == 0
    status = json.loads(kognic("bulk", "status", journal, "--json").stdout)
    assert (status["state"], status["scenes"], status["done"]) == ("completed", 2, 2)
    assert "failed" not in status


def test_a_scene_file_without_a_name_leaves_no_trace_when_it_is_mended(
    kognic: Any, drives: Path, tmp_path: Path
) -> None:
    """Its path stands for it in the journal until its external ID can be read."""
    file = drives / "d0" / "scene.json"
    whole = file.read_text()
    file.write_text("{")
    result = kognic("bulk", "run", drives / "d0", "--journal", tmp_path / "j")
    assert " ".join(result.stdout.split()).count(str(file)) == 1
    (failed,) = json.loads(kognic("bulk", "report", tmp_path / "j", "--json").stdout)
    assert (failed["key"], failed["stage"]) == (str(file), "failed")
    file.write_text(whole)
    assert kognic("bulk", "resume", tmp_path / "j").exit_code == 0
    (done,) = json.loads(kognic("bulk", "report", tmp_path / "j", "--json").stdout)
    assert (done["key"], done["stage"]) == ("drive-0", "done")


def test_warnings_are_summed_up(kognic: Any, drives: Path, tmp_path: Path) -> None:
    """One line for all scenes, before anything is uploaded, and how to see them."""
    for n in (0, 1):
        file = drives / f"d{n}" / "scene.json"
        document = json.loads(file.read_text())
        Picture.new("RGB", (9, 8)).save(drives / f"d{n}" / "wide.png")
        frames = [
            {"frame_id": str(k), "relative_timestamp": k, "images": document["frame"]["images"]}
            for k in (0, 1)
        ]
        frames[1]["images"] = [{"sensor_name": "FRONT", "filename": "wide.png"}]
        del document["frame"]
        file.write_text(json.dumps({**document, "type": "cameras_sequence", "frames": frames}))
    result = kognic("bulk", "run", drives / "d0", drives / "d1")
    line = next(line for line in result.stderr.splitlines() if " in 2 scenes: " in line)
    assert line.startswith(
        "4 warnings in 2 scenes: relative-timestamp-unit (2), image-size-change (2). To see them"
    )
    assert f"kognic check {drives / 'd0' / 'scene.json'}" in line
    assert sum(" in 2 scenes: " in line for line in result.stderr.splitlines()) == 1


BOX = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
BOXES = {
    "openlabel": {
        "metadata": {"schema_version": "1.0.0"},
        "streams": {"FRONT": {"type": "camera"}},
        "objects": {BOX: {"name": "car", "type": "Car"}},
        "frames": {
            "0": {
                "frame_properties": {"timestamp": 0, "streams": {"FRONT": {}}},
                "objects": {
                    BOX: {
                        "object_data": {
                            "bbox": [
                                {
                                    "name": "b",
                                    "val": [4.0, 4.0, 2.0, 2.0],
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


def test_many_targets(kognic: Any, kognic_sandbox: Sandbox, drives: Path, tmp_path: Path) -> None:
    """Each scene goes to two projects, one with a pre-annotation; a second run adds what is missing."""
    control = kognic_sandbox.control
    control.create_project("second")
    control.create_batch("second", "b")
    (drives / "d0" / "boxes.json").write_text(json.dumps(BOXES))
    arguments = (
        "bulk", "run", drives / "d0", "--target", "project=sandbox-project",
        "--target", "project=second,batch=b,pre-annotation=boxes.json", "--journal", tmp_path / "j", "--json",
    )  # fmt: skip
    result = kognic(*arguments)
    (item,) = json.loads(result.stdout)["items"]
    first, second = item["placements"]
    assert (result.exit_code, item["stage"]) == (1, "failed")
    assert first["target"] == "project sandbox-project"
    assert first["input_uuid"]
    assert first["pre_annotation_uuid"] is None
    assert second["target"] == "project second, batch b"
    assert second["error_stage"] == "input", second
    assert "1 of 2 targets failed: project second, batch b" in item["error"]

    control.create_request("second", "b")
    again = kognic("bulk", "resume", tmp_path / "j", "--json")
    (done,) = json.loads(again.stdout)["items"]
    assert done["stage"] == "done"
    assert done["placements"][0] == first
    made = {entry["uuid"]: entry for entry in control.request_inputs(scene_uuid=done["scene_uuid"])}
    assert len(made) == 2
    assert made[done["placements"][1]["input_uuid"]]["preAnnotationUuid"] == second["pre_annotation_uuid"]
    assert made[first["input_uuid"]].get("preAnnotationUuid") is None


def test_existing_scenes_get_missing_inputs(kognic: Any, kognic_sandbox: Sandbox, drives: Path) -> None:
    """A run into a second project places the scenes there without uploading them again, and says so."""
    control = kognic_sandbox.control
    control.create_project("second")
    control.create_batch("second", "b")
    control.create_request("second", "b")
    scenes = [drives / f"d{n}" for n in (0, 1)]
    assert kognic("bulk", "run", *scenes, "--project", "sandbox-project").exit_code == 0

    placed = kognic("bulk", "run", *scenes, "--project", "second", "--batch", "b")
    assert placed.exit_code == 0
    assert "2 that exist will not be uploaded again; missing inputs are created" in placed.stderr
    assert (
        "2 scenes existed already and were not uploaded again; missing inputs were created for 2 of them."
        in placed.stderr
    )
    assert len(control.request_inputs()) == 4
    assert len(control.scenes()) == 2

    again = kognic("bulk", "run", *scenes, "--project", "second", "--batch", "b")
    assert "missing inputs were created for none of them." in again.stderr
    assert len(control.request_inputs()) == 4


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("project", "'project' is not KEY=VALUE with one of project, batch, request, pre-annotation"),
        ("batch=b", "batch 'b' is given without its project"),
        ("pre-annotation=a.json", "names neither a project nor a request"),
    ],
)
def test_target_option(kognic: Any, drives: Path, target: str, message: str) -> None:
    result = kognic("bulk", "run", drives, "--target", target)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
