"""The official command `kognicutil`: same arguments and output, without its faults."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kognic.io import kognicutil
from kognic.io.client import KognicIOClient
from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import calibration as sample_calibration
from kognic.sandbox.sample.drive import write_sample_drive

Util = Callable[..., Result]


@pytest.fixture
def util(kognic_client: KognicIOClient) -> Util:
    """Run a command as the sandbox's user; the exit status is asserted."""

    def command(*arguments: str, status: int = 0) -> Result:
        result = CliRunner().invoke(kognicutil.cli, list(arguments), obj={"client": kognic_client})
        assert result.exit_code == status, (result.output, result.exception)
        return result

    return command


@pytest.fixture
def scene_uuid(kognic_client: KognicIOClient, tmp_path: Path) -> str:
    """A scene of two images with an input in the sandbox's project."""
    from kognic.pipelines.scene_upload import SceneFileUpload
    from kognic.scenes.scene_file import load_scene_file

    drive = write_sample_drive(tmp_path, frames=1, scene_type="cameras")
    upload = SceneFileUpload(
        client=kognic_client,
        scene_file=load_scene_file(drive.scene_file),
        project="sandbox-project",
        poll_interval=0.02,
    )
    upload.run()
    assert upload.scene_uuid is not None
    return upload.scene_uuid


def table(output: str) -> tuple[str, list[str], list[list[str]]]:
    """Title, columns and rows of what a command printed, and that its form is the documented one."""
    lines = output.split("\n")
    assert lines[0] == ""
    width = len(lines[4])
    assert lines[1] == lines[3] == "=" * width
    title = lines[2].strip()
    assert lines[2] == " " * (width // 2 - len(title) // 2 - 1) + title
    assert lines[4][0] == "╒"
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")] for line in lines[5:] if line.startswith("│")
    ]
    return title, rows[0], rows[1:]


def test_projects(util: Util, kognic_client: KognicIOClient) -> None:
    """All, one, none; and the batches of one."""
    title, columns, rows = table(util("projects").output)
    (project,) = kognic_client.project.get_projects()
    assert title == "PROJECTS"
    assert columns == ["created", "project", "title", "description", "status"]
    assert rows == [[str(project.created), "sandbox-project", project.title, "", "active"]]
    assert table(util("projects", "sandbox-project").output)[2] == rows
    assert table(util("projects", "other").output)[2] == []
    assert table(util("projects", "--get-batches").output)[0] == "PROJECTS"

    title, columns, rows = table(util("projects", "sandbox-project", "--get-batches").output)
    assert title == "BATCHES"
    assert columns == ["created", "project", "batch", "title", "status", "updated"]
    # The value, not the name of the enum member.
    assert [row[2:5:2] for row in rows] == [["batch-1", "open"]]


def test_inputs(util: Util, scene_uuid: str) -> None:
    """By project, by scene, as links; external IDs filter without --view, too."""
    columns = ["scene_uuid", "external_id", "batch", "scene_type", "status", "view_link", "error_message"]
    for arguments in (
        ("--project", "sandbox-project"),
        ("--project", "sandbox-project", "--batch", "batch-1"),
        ("--uuids", scene_uuid),
        ("--project", "sandbox-project", "--external-ids", "sample-drive-0"),
    ):
        title, found_columns, rows = table(util("inputs", *arguments).output)
        assert (title, found_columns) == ("INPUTS", columns)
        assert [row[:5] for row in rows] == [[scene_uuid, "sample-drive-0", "batch-1", "cameras", "created"]]
    # The platform answers this flag with the invalidated inputs alone.
    for option in (("--external-ids", "x"), ("--include-invalidated",)):
        assert table(util("inputs", "--project", "sandbox-project", *option).output)[2] == []
    for selection in (("--project", "sandbox-project"), ("--uuids", scene_uuid)):
        (listed,) = table(util("inputs", *selection).output)[2]
        title, found_columns, rows = table(util("inputs", *selection, "--view").output)
        assert (title, found_columns) == ("VIEW LINKS FOR INPUTS", ["scene_uuid", "view_link"])
        # The link is signed anew for each command, with the second at which it expires.
        ((uuid, link),) = rows
        assert (uuid, link.partition("?")[0]) == (scene_uuid, listed[5].partition("?")[0])
        assert listed[5].startswith("http")


def test_inputs_needs_a_selection(util: Util) -> None:
    """Instead of a call that cannot succeed."""
    assert "Give --project or --uuids." in util("inputs", status=2).stderr
    assert "Give --project or --uuids." in util("inputs", "--view", status=2).stderr
    assert "Give --project or --uuids." in util("inputs", "--uuids", ",", status=2).stderr


def test_scenes(util: Util, scene_uuid: str) -> None:
    title, columns, rows = table(util("scenes", scene_uuid).output)
    assert title == "SCENES"
    assert columns == ["uuid", "external_id", "scene_type", "status", "view_link", "error_message"]
    assert rows[0][:4] == [scene_uuid, "sample-drive-0", "cameras", "created"]
    assert rows[0][5] == ""
    assert table(util("scenes", scene_uuid, "--status").output) == (
        "STATUS FOR SCENES",
        ["uuid", "status", "error_message"],
        [[scene_uuid, "created", ""]],
    )
    assert table(util("scenes", scene_uuid, "--view").output)[:2] == (
        "VIEW LINKS FOR SCENES",
        ["uuid", "view_link"],
    )


def test_calibration(util: Util, kognic_client: KognicIOClient) -> None:
    from kognic.scenes.scene_file import parse_calibration

    entry = kognic_client.calibration.create_calibration(parse_calibration(sample_calibration()))
    row = [entry.id, "sample-rig", str(entry.created)]
    for arguments in ((), ("--id", entry.id), ("--external-id", "sample-rig")):
        assert table(util("calibration", *arguments).output) == (
            "CALIBRATION",
            ["id", "external_id", "created"],
            [row],
        )
    raw = util("calibration", "--id", entry.id, "--raw").output
    head, _, notation = raw.partition("╛\n\n")
    assert head
    # Python notation that can be read back.
    shown: dict[str, Any] = eval(notation, {})
    assert shown == sample_calibration()["calibration"]
    assert "--raw needs --id." in util("calibration", "--raw", status=2).stderr


def test_view_needs_no_client() -> None:
    """The very lines of the documentation."""
    result = CliRunner().invoke(kognicutil.cli, ["view", "u1"])
    link = "https://app.kognic.com/view/input/u1"
    assert table(result.output) == ("VIEW LINK", ["uuid", "view_link"], [["u1", link]])


def test_documented_form(util: Util, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the specification, character by character."""

    class Scene:
        status = "created"
        error_message = None

        def __init__(self, uuid: str) -> None:
            self.uuid = uuid

    monkeypatch.setattr(
        "kognic.io.resources.scene.scene.SceneResource.get_scenes_by_uuids",
        lambda self, uuids: [Scene(uuid) for uuid in uuids],
    )
    assert util("scenes", "u1", "u2", "--status").output == (
        "\n"
        "=======================================\n"
        "          STATUS FOR SCENES\n"
        "=======================================\n"
        "╒════════╤══════════╤═════════════════╕\n"
        "│ uuid   │ status   │ error_message   │\n"
        "╞════════╪══════════╪═════════════════╡\n"
        "│ u1     │ created  │                 │\n"
        "├────────┼──────────┼─────────────────┤\n"
        "│ u2     │ created  │                 │\n"
        "╘════════╧══════════╧═════════════════╛\n"
    )


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 2),
        (["--help"], 0),
        (["scenes", "--help"], 0),
        (["wasm", "compile", "--help"], 0),
        (["unknown"], 2),
        (["scenes"], 2),
        (["scenes", "u", "--view", "--status"], 2),
        (["projects", "--unknown"], 2),
        (["view"], 2),
        (["wasm", "compile", "only-one"], 2),
    ],
)
def test_help_and_usage_need_no_client(
    arguments: list[str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments are checked before anything else."""

    def no_client(**_: object) -> KognicIOClient:
        raise AssertionError("a client was made")

    monkeypatch.setattr(kognicutil, "KognicIOClient", no_client)
    result = CliRunner().invoke(kognicutil.cli, arguments)
    assert result.exit_code == status, result.output
    assert ("Usage: " in result.output) is True


def test_failed_call_is_one_line(util: Util) -> None:
    result = util("scenes", "no-such-scene", status=1)
    assert result.stdout == ""
    assert result.stderr.startswith("kognicutil: error: ")
    assert "no-such-scene" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_commands_take_a_client_from_the_context(kognic_client: KognicIOClient) -> None:
    """The command objects themselves can be called, as users' tests do."""
    for command in (kognicutil.projects, kognicutil.calibration):
        result = CliRunner().invoke(command, [], obj={"client": kognic_client})
        assert result.exit_code == 0
    assert CliRunner().invoke(kognicutil.wasm_cli, ["--help"]).exit_code == 0


def test_client_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of the system; a number in the variable acts for that organization and says so."""
    made: list[dict[str, object]] = []
    monkeypatch.setattr(kognicutil, "KognicIOClient", lambda **kwargs: made.append(kwargs))

    for value, expected in ((None, None), ("", None), ("42", 42)):
        if value is None:
            monkeypatch.delenv(kognicutil.ORGANIZATION_VARIABLE, raising=False)
        else:
            monkeypatch.setenv(kognicutil.ORGANIZATION_VARIABLE, value)
        kognicutil._client_from_environment()
        assert made[-1] == {"auth": None, "client_organization_id": expected}

    result = CliRunner().invoke(kognicutil.projects, [], obj={})
    assert result.output.splitlines()[0] == f"{'<' * 25}  Acting on behalf of organization 42 {'>' * 25}"

    monkeypatch.setenv(kognicutil.ORGANIZATION_VARIABLE, "acme")
    with pytest.raises(ValueError, match="KOGNIC_CLIENT_ORGANIZATION_ID is 'acme', must be a number"):
        kognicutil._client_from_environment()


def test_replaced_client_factory_is_used(
    kognic_client: KognicIOClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Users' tests replace the helper."""
    monkeypatch.setattr(kognicutil, "_client_from_environment", lambda: kognic_client)
    assert "sandbox-project" in CliRunner().invoke(kognicutil.cli, ["projects"]).output


def test_main_in_a_process(kognic_sandbox: Sandbox) -> None:
    """The console script, with the variables that the sandbox prints."""
    done = subprocess.run(
        [sys.executable, "-m", "kognic.io.kognicutil", "projects"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **kognic_sandbox.env(), "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert table(done.stdout)[0] == "PROJECTS"
    assert done.stderr == ""


def test_no_warning_about_wasm_on_start() -> None:
    """wasmtime is not even looked for until a wasm command needs it."""
    code = "import sys; from kognic.io.kognicutil import cli; print('wasmtime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


@pytest.mark.usefixtures("without_wasmtime")
def test_missing_wasmtime_is_named(tmp_path: Path) -> None:
    """The commands are there without wasmtime, and say which pip command brings it."""
    module = tmp_path / "camera.wasm"
    module.write_bytes(b"\0asm\1\0\0\0")
    result = CliRunner().invoke(kognicutil.cli, ["wasm", "validate", str(module)])
    assert result.exit_code == 1
    assert "kognic-client[wasm]" in result.stderr


def test_wasm(tmp_path: Path) -> None:
    """Validation tells what is wrong in one line; a good module passes; sources must exist."""
    import wasmtime

    run = CliRunner()
    good, bad = tmp_path / "good.wasm", tmp_path / "bad.wasm"
    good.write_bytes(
        wasmtime.wat2wasm(
            '(module (func (export "project_point_to_image") (param f64 f64 f64) (result f64 f64)'
            " local.get 0 local.get 1))"
        )
    )
    bad.write_bytes(wasmtime.wat2wasm("(module)"))
    result = run.invoke(kognicutil.cli, ["wasm", "validate", str(good)])
    assert result.exit_code == 0, result.output
    assert result.stdout == f"Validating {good}\nWasm file successfully validated\n"
    for arguments in (
        ["validate", str(bad)],
        ["compile", str(tmp_path / "no.rs"), str(tmp_path / "out.wasm")],
        ["compile", str(good), str(tmp_path / "out.txt")],
    ):
        result = run.invoke(kognicutil.cli, ["wasm", *arguments])
        assert result.exit_code == 1, result.output
        (line,) = [line for line in result.stderr.splitlines() if line.startswith("kognicutil: error: ")]
        assert len(line) > len("kognicutil: error: ")
