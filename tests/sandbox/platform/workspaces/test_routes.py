"""Workspaces, and who sees which."""

from __future__ import annotations

import re

from tests.sandbox.protocol import Api


def test_answer(api: Api) -> None:
    """The fields, and the one form of time that clients can read."""
    [workspace] = api.get("/v1/workspaces?anyRoleIn=developer")

    assert workspace["id"] == api.workspace
    assert workspace["externalId"] == "sandbox-workspace"
    assert workspace["organization"]["name"] == "Sandbox Organization"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", workspace["created"])


def test_roles(api: Api) -> None:
    """Any of the roles named will do; without a role all workspaces are listed, each once."""
    api.sandbox.control.create_workspace("watched", roles=["viewer"])
    api.sandbox.control.create_workspace("both", roles=["viewer", "developer"])

    def names(query: str) -> set[str]:
        found = [one["externalId"] for one in api.get(f"/v1/workspaces{query}")]
        assert len(found) == len(set(found))
        return set(found)

    assert names("?anyRoleIn=developer") == {"sandbox-workspace", "both"}
    assert names("?anyRoleIn=viewer") == {"watched", "both"}
    assert names("?anyRoleIn=viewer&anyRoleIn=developer") == {"sandbox-workspace", "watched", "both"}
    assert names("") == {"sandbox-workspace", "watched", "both"}
    assert names("?anyRoleIn=none") == set()


def test_organizations(api: Api) -> None:
    """organizationIds filters; something that is no integer is refused."""
    organization = api.get("/v1/workspaces")[0]["organization"]["id"]

    assert len(api.get(f"/v1/workspaces?organizationIds={organization}&organizationIds=99")) == 1
    assert api.get("/v1/workspaces?organizationIds=99") == []
    api.refuse("GET", "/v1/workspaces?organizationIds=x", 400)


def test_staff_must_name_an_organization(api: Api) -> None:
    """Staff gets 403 without `X-Organization-Id`, and acts for the named one; others need none."""
    staff = Api(api.sandbox, api.sandbox.control.create_user("staff@kognic.invalid", is_staff=True))
    staff.login()

    assert "X-Organization-Id" in staff.refuse("GET", "/v1/workspaces", 403)
    assert len(staff.get("/v1/workspaces", headers={"X-Organization-Id": "1"})) == 1
    assert staff.get("/v1/workspaces", headers={"X-Organization-Id": "2"}) == []
    assert len(api.get("/v1/workspaces", headers={"X-Organization-Id": "2"})) == 1
    body = {"workspaceId": api.workspace}
    staff.post("/v1/inputs/initialize", body, headers={"X-Organization-Id": "1"})
    staff.refuse("POST", "/v1/inputs/initialize", 404, json=body, headers={"X-Organization-Id": "2"})


def test_other_organization(api: Api) -> None:
    """Users of another organization see neither workspaces nor projects of this one."""
    credentials = api.sandbox.control.create_user("user@other.invalid", organization="Other")
    other = Api(api.sandbox, credentials)
    other.login()

    assert other.get("/v1/workspaces") == []
    assert other.get("/v1/projects") == []
    other.refuse("GET", "/v1/projects/sandbox-project/batches", 404)


def test_roles_in_more_than_one_organization(api: Api) -> None:
    """Workspaces of every organization are listed in which the user has a role; a header changes nothing."""
    control = api.sandbox.control
    other = control.create_organization("Other")
    control.create_workspace("theirs", organization="Other", roles=["viewer"])
    control.create_workspace("hidden", organization="Other", roles=[])

    def names(query: str = "", **headers: str) -> set[str]:
        return {one["externalId"] for one in api.get(f"/v1/workspaces{query}", headers=headers)}

    assert names() == {"sandbox-workspace", "theirs"}
    assert names(**{"X-Organization-Id": "1"}) == {"sandbox-workspace", "theirs"}
    assert names(f"?organizationIds={other}") == {"theirs"}
    assert names("?anyRoleIn=developer") == {"sandbox-workspace"}


def test_work_in_more_than_one_organization(api: Api) -> None:
    """A role in a workspace opens it, and the projects of its organization; without one they are closed."""
    control = api.sandbox.control
    workspace = control.create_workspace("theirs", organization="Other")
    control.create_project("their-project", organization="Other")
    scene = api.post("/v1/inputs/initialize", {"workspaceId": workspace})["sceneUuid"]
    body = api.body("cameras", internalId=scene)
    api.post(f"/v1/inputs/cameras?workspaceId={workspace}", body)

    assert api.scene(scene)["workspaceId"] == workspace
    listed = {one["project"] for one in api.get("/v1/projects")}
    assert listed == {"sandbox-project", "their-project"}
    number = str(control.create_organization("Other"))
    narrowed = api.get("/v1/projects", headers={"X-Organization-Id": number})
    assert [one["project"] for one in narrowed] == ["their-project"]

    control.set_roles(workspace, ["viewer"])
    api.refuse("POST", "/v1/inputs/initialize", 403, json={"workspaceId": workspace})
    control.set_roles(workspace, [])
    api.refuse("POST", "/v1/inputs/initialize", 404, json={"workspaceId": workspace})
    api.refuse("GET", f"/v2/scenes/{scene}", 404)
    assert [one["project"] for one in api.get("/v1/projects")] == ["sandbox-project"]
