"""Workspaces, which scenes and calibrations belong to."""

from __future__ import annotations

from collections.abc import Sequence

from kognic.base_clients.http.client import HttpClient
from kognic.io.model.workspace.workspace import Workspace
from kognic.io.resources import operations
from kognic.io.resources.shapes import items

DEVELOPER = "developer"
"""The role that may upload."""


class WorkspaceResource:
    """Workspaces in which the caller has a role."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def get_workspaces(
        self, roles: list[str] | None = None, organization_ids: list[int] | int | None = None
    ) -> list[Workspace]:
        """List the workspaces in which the caller has one of some roles.

        Args:
            roles: Role names; None means `developer`, an empty list means any role.
            organization_ids: Only workspaces of these organizations, one ID or a list; only honoured for
                Kognic staff.

        Raises:
            ApiError: The request failed.
        """
        if isinstance(organization_ids, int):
            organization_ids = [organization_ids]
        params: dict[str, Sequence[object] | None] = {
            "anyRoleIn": [DEVELOPER] if roles is None else roles,
            "organizationIds": organization_ids,
        }
        found = self._client.call(operations.GET_WORKSPACES, params=params)
        return [Workspace.from_json(item) for item in items(found, operations.GET_WORKSPACES)]
