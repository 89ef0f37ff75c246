"""Workspaces, over real sockets."""

from __future__ import annotations

import pytest

from kognic.base_clients.errors import ApiError, ModelValidationError
from kognic.io.client import KognicIOClient
from kognic.sandbox import Sandbox
from kognic.sandbox.control import Control


def names(client: KognicIOClient, **filters: object) -> list[str]:
    return [each.external_id for each in client.workspace.get_workspaces(**filters)]


def test_get_workspaces(client: KognicIOClient, control: Control) -> None:
    """By default those to which the user may upload."""
    control.create_workspace("written", roles=["developer"])
    control.create_workspace("read", roles=["viewer"])

    assert sorted(names(client)) == ["sandbox-workspace", "written"]
    assert sorted(names(client, roles=["viewer"])) == ["read"]
    assert sorted(names(client, roles=[])) == ["read", "sandbox-workspace", "written"]


def test_organizations_are_asked_for(client: KognicIOClient, control: Control) -> None:
    """One id or several; each repeats the parameter."""
    client.workspace.get_workspaces(organization_ids=[1, 2])
    client.workspace.get_workspaces(organization_ids=7)

    queries = [call.query for call in control.calls() if call.route == "/v1/workspaces"]
    assert queries == [
        "anyRoleIn=developer&organizationIds=1&organizationIds=2",
        "anyRoleIn=developer&organizationIds=7",
    ]


def test_get_workspaces_refused(client: KognicIOClient, control: Control) -> None:
    """A refusal is an ApiError with its status."""
    with control.fault("status", "GET /v1/workspaces", status=403), pytest.raises(ApiError, match="403"):
        client.workspace.get_workspaces()


def test_answer_of_another_shape(kognic_sandbox: Sandbox, client: KognicIOClient) -> None:
    """A response that is not a list is an error, unlike an empty list."""
    from kognic.io.resources.workspace import WorkspaceResource

    class Elsewhere:
        def call(self, *args: object, **kwargs: object) -> object:
            return {"message": "moved"}

    with pytest.raises(
        ModelValidationError, match=r"GET v1/workspaces is an object with the keys \['message'\]"
    ):
        WorkspaceResource(Elsewhere()).get_workspaces()  # type: ignore[arg-type]
