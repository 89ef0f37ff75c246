"""`kognic sandbox project create` and the like: what they create can be used by the client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kognic.cli.root import cli
from kognic.io.client import KognicIOClient
from kognic.sandbox import Sandbox, connection
from tests.cli.conftest import RunJson
from tests.sandbox.protocol import Api


@pytest.fixture(autouse=True)
def running(kognic_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox is the only one that its user runs."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KOGNIC_CREDENTIALS", raising=False)
    connection.list_as_running(kognic_sandbox.root, kognic_sandbox.url)
    return kognic_sandbox


def create(*arguments: str) -> Any:
    result = refused(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["sandbox", *arguments])


def test_a_project_takes_inputs_at_once(run_json: RunJson, scene_uuid: str) -> None:
    """A project comes with an open batch and a request; the project's names are those of other commands."""
    made = create("project", "create", "city", "--annotation-type", "objects", "--title", "The city")

    assert made["project"] in {one["project"] for one in run_json("project", "list")}
    assert run_json("project", "annotation-types", "city") == ["objects"]
    placed = run_json("input", "create", "--scene", scene_uuid, "--project", "city")
    assert placed["request_uuid"] == made["request_uuid"]
    assert [one["id"] for one in run_json("request", "list", "city")] == [made["request_uuid"]]


def test_batches_and_requests(run_json: RunJson, scene_uuid: str) -> None:
    """More batches and requests of a project; phases are in the order given."""
    assert "batch" not in create("project", "create", "city", "--no-batch")
    made = create("batch", "create", "city", "week-1", "--status", "pending")
    (batch,) = run_json("batch", "list", "city")
    assert (batch["batch"], batch["status"]) == ("week-1", "pending")
    create("batch", "create", "city", "week-2", "--no-request")
    phases = ("--phase", "annotate", "--phase", "review", "--phase", "delivery")
    request = create("request", "create", "city", "week-2", *phases)["request_uuid"]

    placed = run_json("input", "create", "--scene", scene_uuid, "--request", request)
    details = run_json("input", "progress", placed["uuid"])
    assert request != made["request_uuid"]
    assert details["status"]


def test_workspaces_organizations_and_users(running: Sandbox, run_json: RunJson) -> None:
    """A user has credentials in a file, and its roles in workspaces by their external ID."""
    number = create("organization", "create", "Harbour Ltd")["organization_id"]
    assert create("organization", "create", "Harbour Ltd")["organization_id"] == number
    made = create("workspace", "create", "docks", "--organization", "Harbour Ltd", "--name", "The docks")
    assert made["workspace_uuid"] in {one["id"] for one in run_json("workspace", "list")}
    roles = ("--role", "docks=developer", "--role", "docks=viewer")
    user = create("user", "create", "ada@harbour.invalid", *roles)

    path = Path(user["credentials"])
    assert path.stat().st_mode & 0o777 == 0o600
    with KognicIOClient(auth=str(path), **running.hosts()) as client:
        assert [one.external_id for one in client.workspace.get_workspaces()] == ["docks"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("project", "create", "sandbox-project"), "There is a project sandbox-project already"),
        (("batch", "create", "no-project", "b"), "There is no project no-project"),
        (("request", "create", "sandbox-project", "no-batch"), "There is no batch no-batch"),
        (("user", "create", "a@b.c", "--role", "nowhere=viewer"), "There is no workspace nowhere"),
        (("user", "create", "a@b.c", "--role", "viewer"), "'viewer' is not WORKSPACE=ROLE"),
    ],
)
def test_refusals(arguments: tuple[str, ...], message: str, api: Api) -> None:
    """One sentence that names the object; nothing is created."""
    before = api.get("/v1/projects")
    result = refused(*arguments)

    assert result.exit_code in (1, 2)
    assert message in result.stderr
    assert result.stdout == ""
    assert api.get("/v1/projects") == before
