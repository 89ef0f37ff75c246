"""The workspace service."""

from __future__ import annotations

from typing import Any

from kognic.sandbox.platform import access
from kognic.sandbox.platform.calls import Call, read
from kognic.sandbox.platform.errors import InvalidError
from kognic.sandbox.platform.tables import Workspace
from kognic.sandbox.platform.values import to_wire_time


def list_workspaces(call: Call) -> list[dict[str, Any]]:
    """Workspaces in which the caller has any of the roles named.

    All organizations count, also with `X-Organization-Id`; only `organizationIds` narrows the list.
    """
    organizations = call.query.getlist("organizationIds")
    if not all(number.isdecimal() for number in organizations):
        raise InvalidError("organizationIds must be integers")
    found = access.workspaces(call, call.query.getlist("anyRoleIn"))
    if organizations:
        found = [workspace for workspace in found if str(workspace.organization_id) in organizations]
    return [_answer(workspace) for workspace in found]


def _answer(workspace: Workspace) -> dict[str, Any]:
    return {
        "id": workspace.id,
        "name": workspace.name,
        "externalId": workspace.external_id,
        "created": to_wire_time(workspace.created),
        "organization": {"id": workspace.organization_id, "name": workspace.organization.name},
    }


APIS = (read("GET", "/v1/workspaces", list_workspaces),)
