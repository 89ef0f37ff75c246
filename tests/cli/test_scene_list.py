"""`kognic scene list`: scenes by project, external ID, status and age, found through their inputs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kognic.sandbox import Sandbox
from tests.cli.conftest import Run, RunJson


@pytest.fixture
def scenes(run_json: RunJson, image: Path, kognic_sandbox: Sandbox) -> dict[str, str]:
    """UUIDs by external ID of two scenes in sandbox-project, one in another, one without inputs."""
    kognic_sandbox.control.create_project("night")
    kognic_sandbox.control.create_batch("night", "week-1")
    kognic_sandbox.control.create_request("night", "week-1")
    found = {}
    for name, project in (
        ("day-1", "sandbox-project"), ("day-2", "sandbox-project"), ("night-1", "night"), ("alone", None),
    ):  # fmt: skip
        image.write_text(json.dumps({**json.loads(image.read_text()), "external_id": name}))
        target = () if project is None else ("--project", project)
        found[name] = run_json("scene", "create", str(image), *target)["scene_uuid"]
    return found


def names(run_json: RunJson, *options: str) -> list[str]:
    return [one["external_id"] for one in run_json("scene", "list", *options)]


def test_filters(scenes: dict[str, str], run: Run, run_json: RunJson) -> None:
    """Newest first; each filter leaves out what it should; a scene without inputs is never listed."""
    assert names(run_json) == ["night-1", "day-2", "day-1"]
    assert names(run_json, "--project", "sandbox-project") == ["day-2", "day-1"]
    assert names(run_json, "--project", "night", "--batch", "week-1") == ["night-1"]
    assert names(run_json, "--prefix", "day-") == ["day-2", "day-1"]
    assert names(run_json, "--limit", "1") == ["night-1"]
    assert names(run_json, "--status", "failed") == []
    run("scene", "invalidate", "day-1", "--reason", "duplicate", "--yes")
    assert names(run_json, "--status", "created") == ["night-1", "day-2"]
    day = timedelta(days=1)
    for since, expected in ((datetime.now(UTC) - day, ["night-1", "day-2"]), (datetime.now(UTC) + day, [])):
        assert names(run_json, "--since", f"{since:%Y-%m-%d}") == expected


def test_what_is_printed(scenes: dict[str, str], run: Run) -> None:
    """Tables have no links unless asked for, and then in the last column; nothing found is a sentence."""
    table = run("scene", "list", "--prefix", "day-1").stdout.splitlines()
    assert table[0].split() == ["uuid", "external_id", "status", "created", "scene_type"]
    assert table[2].split()[:2] == [scenes["day-1"], "day-1"]
    linked = run("scene", "list", "--prefix", "day-1", "--links").stdout.splitlines()
    assert linked[0].split()[-1] == "view_link"
    assert linked[2].split()[-1].startswith("http://127.0.0.1:")
    nothing = run("scene", "list", "--prefix", "dusk")
    assert nothing.stdout == ""
    assert nothing.stderr.startswith("No scene with inputs matches. 'kognic scene show' finds")


def test_what_does_not_exist_is_an_error(scenes: dict[str, str], run: Run) -> None:
    """A misspelt project or batch is not an empty list."""
    for command in ("scene", "input"):
        assert "There is no project nights" in run(command, "list", "--project", "nights", status=1).stderr
        failed = run(command, "list", "--project", "night", "--batch", "week-9", status=1)
        assert "project 'night' has no batch 'week-9'; it has: week-1" in failed.stderr
    assert "Pass --project with --batch." in run("scene", "list", "--batch", "week-1", status=2).stderr


def test_inputs_say_where_they_are(
    scenes: dict[str, str], run: Run, run_json: RunJson, kognic_sandbox: Sandbox
) -> None:
    """A scene in two projects gives two distinct rows, the newer one first."""
    (older,) = run_json("input", "list", "--scene", "day-1")
    newer = run_json("input", "create", "--scene", "day-1", "--project", "night")
    listed = run_json("input", "list", "--scene", "day-1")
    assert [(one["uuid"], one["project"], one["batch"]) for one in listed] == [
        (newer["uuid"], "night", "week-1"),
        (older["uuid"], "sandbox-project", "batch-1"),
    ]
    assert [one["status"] for one in listed] == ["not_started", "not_started"]
    assert [one["request_uuid"] for one in listed] == [newer["request_uuid"], older["request_uuid"]]
    heads = run("input", "list", "--project", "night").stdout.splitlines()[0].split()
    assert heads == [
        "uuid", "scene", "project", "batch", "status", "created", "request_uuid", "scene_uuid",
    ]  # fmt: skip
    assert [one["scene_external_id"] for one in run_json("input", "list", "--project", "night")] == [
        "day-1",
        "night-1",
    ]
    kognic_sandbox.control.clear_calls()
    placed = run_json("input", "list", "--project", "night", "--batch", "week-1")
    assert {(one["project"], one["batch"]) for one in placed} == {("night", "week-1")}
    asked = [call.route for call in kognic_sandbox.control.calls() if call.route.endswith("inputs/query")]
    assert len(asked) == 1  # a place that was named is not searched
