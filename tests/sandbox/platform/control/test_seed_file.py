"""Seed files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kognic._core.run_errors import SandboxError
from kognic.sandbox import Sandbox
from tests.sandbox.protocol import Api

SEED: dict[str, Any] = {
    "workspaces": [{"external_id": "team-a", "name": "Team A", "roles": ["viewer"]}],
    "projects": [
        {
            "external_id": "harbour",
            "title": "Harbour",
            "annotation_types": ["boxes", "QA"],
            "batches": [
                {
                    "external_id": "week-1",
                    "status": "ready",
                    "requests": [{"title": "Boxes", "phases": ["annotate", "review", "delivery"]}],
                },
                {"external_id": "week-2", "multi_sensor": True},
            ],
        }
    ],
    "datasets": [{"name": "night", "segmentation": True, "annotations": [{"id": 1}]}],
    "query": {"judgements": [{"id": 1}], "kpi": [{"id": 2}]},
}


def test_seed(kognic_sandbox: Sandbox, api: Api) -> None:
    """Everything named is there, beside what a new sandbox holds."""
    kognic_sandbox.control.seed(SEED)

    assert "team-a" in {one["externalId"] for one in api.get("/v1/workspaces?anyRoleIn=viewer")}
    assert [one["project"] for one in api.get("/v1/projects")] == ["sandbox-project", "harbour"]
    batches = api.get("/v1/projects/harbour/batches")
    assert [(one["batch"], one["status"]) for one in batches] == [("week-1", "ready"), ("week-2", "open")]
    assert api.get("/v1/projects/harbour/batches/week-2/annotation-types") == ["boxes"]
    placed = api.place(projectExtId="harbour")
    assert api.request_input(placed["uuid"])["progressDetails"]["currentTask"]["taskType"] == "annotate"
    [dataset] = api.get("/v2/datasets")
    assert api.get(f"/v1/datasets/{dataset['uuid']}/annotations") == [{"id": 1}]
    assert api.send("POST", "/v1/search/kpi/query", json={}).json()["items"] == [{"id": 2}]


def test_seed_again(kognic_sandbox: Sandbox, api: Api) -> None:
    """What is there already is left alone."""
    kognic_sandbox.control.seed(SEED)
    before = (api.get("/v1/workspaces"), api.get("/v1/projects/harbour/batches"), api.get("/v2/datasets"))

    kognic_sandbox.control.seed(SEED)

    after = (api.get("/v1/workspaces"), api.get("/v1/projects/harbour/batches"), api.get("/v2/datasets"))
    assert after == before
    assert api.send("POST", "/v1/search/judgements/query", json={}).json()["totalHits"] == 1


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ({"project": []}, "project: Extra inputs are not permitted"),
        ({"projects": [{}]}, "projects.0.external_id: Field required"),
        ({"projects": [{"external_id": "p", "batches": [{}]}]}, "projects.0.batches.0.external_id"),
        (
            {
                "projects": [
                    {"external_id": "p", "batches": [{"external_id": "b", "requests": [{"phases": []}]}]}
                ]
            },
            "A workflow ends with the phase delivery",
        ),
    ],
)
def test_refused(kognic_sandbox: Sandbox, api: Api, seed: dict[str, Any], message: str) -> None:
    """The message names the place, and nothing is half done."""
    with pytest.raises(SandboxError) as caught:
        kognic_sandbox.control.seed(seed)

    assert message in str(caught.value)
    assert [one["project"] for one in api.get("/v1/projects")] == ["sandbox-project"]


USERS: dict[str, Any] = {
    "organizations": ["Harbour Ltd"],
    "workspaces": [
        {"external_id": "docks", "organization": "Harbour Ltd", "roles": []},
        {"external_id": "cranes", "organization": "Harbour Ltd", "roles": []},
    ],
    "users": [
        {
            "email": "ada@harbour.invalid",
            "organization": "Harbour Ltd",
            "roles": {"docks": ["developer"], "sandbox-workspace": ["viewer"]},
        }
    ],
}


def workspaces_of_ada(sandbox: Sandbox, query: str = "") -> dict[str, str]:
    """External id and organization of each workspace in which the seeded user has a role."""
    ada = Api(sandbox, json.loads((sandbox.root / "users" / "ada@harbour.invalid.json").read_text()))
    ada.login()
    with ada.session:
        return {one["externalId"]: one["organization"]["name"] for one in ada.get(f"/v1/workspaces{query}")}


def test_seed_users_of_more_than_one_organization(kognic_sandbox: Sandbox) -> None:
    """A user has the roles of the file; its credentials are in the sandbox's folder, for the owner only."""
    kognic_sandbox.control.seed(USERS)

    path = kognic_sandbox.root / "users" / "ada@harbour.invalid.json"
    assert path.stat().st_mode & 0o777 == 0o600
    found = workspaces_of_ada(kognic_sandbox)
    assert found == {"docks": "Harbour Ltd", "sandbox-workspace": "Sandbox Organization"}


def test_seed_users_after_a_reset(kognic_sandbox: Sandbox) -> None:
    """A reset keeps users and forgets their roles: the same file gives them back."""
    kognic_sandbox.control.seed(USERS)
    kognic_sandbox.control.reset()
    assert workspaces_of_ada(kognic_sandbox) == {}

    kognic_sandbox.control.seed(USERS)

    found = workspaces_of_ada(kognic_sandbox)
    assert found == {"docks": "Harbour Ltd", "sandbox-workspace": "Sandbox Organization"}


def test_seed_users_again_keeps_roles_that_were_changed(kognic_sandbox: Sandbox) -> None:
    """Roles that a user has in a workspace are not replaced by those of the file."""
    kognic_sandbox.control.seed(USERS)
    changed = {
        **USERS,
        "users": [{**USERS["users"][0], "roles": {"docks": ["viewer"], "cranes": ["viewer"]}}],
    }

    kognic_sandbox.control.seed(changed)

    assert set(workspaces_of_ada(kognic_sandbox)) == {"docks", "cranes", "sandbox-workspace"}
    developed = set(workspaces_of_ada(kognic_sandbox, "?anyRoleIn=developer"))
    assert developed == {"docks"}


@pytest.mark.parametrize("email", ["../ada@harbour.invalid", "ada", "a/b@harbour.invalid"])
def test_seed_users_are_named_by_an_address(kognic_sandbox: Sandbox, email: str) -> None:
    with pytest.raises(SandboxError, match=r"users\.0\.email"):
        kognic_sandbox.control.seed({"users": [{"email": email}]})
