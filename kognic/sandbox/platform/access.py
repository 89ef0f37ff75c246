"""Access rules: workspaces by role, in any organization; projects by organization.

What a caller may not see does not exist for it: 404. What it sees but may not change is 403.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import or_, select

from kognic.sandbox.platform.calls import Call
from kognic.sandbox.platform.errors import ForbiddenError, NotFoundError
from kognic.sandbox.platform.projects import batches
from kognic.sandbox.platform.tables import Batch, Project, Request, Scene, Workspace, WorkspaceRole

WRITER_ROLES = frozenset({"developer", "admin"})


def workspaces(call: Call, roles: Iterable[str] = ()) -> list[Workspace]:
    """Return the workspaces in which the caller has one of the roles (any role if none is named).

    They may belong to any organization.
    Staff also see every workspace of the organization that they act for.
    """
    by_role = select(WorkspaceRole.workspace_id).where(WorkspaceRole.user_id == call.user.user_id)
    if wanted := list(roles):
        by_role = by_role.where(WorkspaceRole.role.in_(wanted))
    visible = [Workspace.id.in_(by_role)]
    if call.user.is_staff:
        visible.append(Workspace.organization_id.in_(call.organization_ids))
    query = select(Workspace).where(or_(*visible)).order_by(Workspace.created, Workspace.id)
    return list(call.session.scalars(query))


def workspace_ids(call: Call) -> set[str]:
    """Return the UUIDs of the workspaces that the caller can see."""
    return {workspace.id for workspace in workspaces(call)}


def workspace_to_write(call: Call, workspace_id: str | None) -> Workspace:
    """Return the workspace, if the caller may upload to it."""
    found = call.session.get(Workspace, workspace_id) if workspace_id else None
    roles = _roles(call, found)
    if found is None or not roles:
        raise NotFoundError(f"There is no workspace {workspace_id}")
    if not roles & WRITER_ROLES:
        raise ForbiddenError(f"You need the role developer in workspace {workspace_id}")
    return found


def _roles(call: Call, workspace: Workspace | None) -> set[str]:
    if workspace is None:
        return set()
    if call.user.is_staff and workspace.organization_id in call.organization_ids:
        return set(WRITER_ROLES)
    query = select(WorkspaceRole.role).where(
        WorkspaceRole.workspace_id == workspace.id, WorkspaceRole.user_id == call.user.user_id
    )
    return set(call.session.scalars(query))


def scene(call: Call, scene_id: str) -> Scene:
    """Return a scene the caller may see."""
    found = call.session.scalar(select(Scene).where(Scene.id == scene_id, Scene.status != "reserved"))
    if found is None or not _roles(call, call.session.get(Workspace, found.workspace_id)):
        raise NotFoundError(f"There is no scene {scene_id}")
    return found


def project(call: Call, external_id: str) -> Project:
    """Return the project of an organization whose projects the caller may see; raises `NotFoundError`."""
    found = call.session.scalar(
        select(Project).where(
            Project.external_id == external_id, Project.organization_id.in_(call.organization_ids)
        )
    )
    if found is None:
        raise NotFoundError(f"There is no project {external_id}")
    return found


def batch(call: Call, project_external_id: str, external_id: str) -> Batch:
    """Return a batch of a visible project, open or not; raises `NotFoundError`."""
    owner = project(call, project_external_id)
    found = call.session.scalar(
        select(Batch).where(Batch.project_number == owner.number, Batch.external_id == external_id)
    )
    if found is None:
        raise NotFoundError(f"There is no batch {external_id} in project {project_external_id}")
    return found


def open_batch(call: Call, project_external_id: str, external_id: str | None) -> Batch:
    """Return the batch named, which must be open, or the latest open one of the project."""
    if external_id is not None:
        return batches.require_open(batch(call, project_external_id, external_id))
    return batches.latest_open_batch(call.session, project(call, project_external_id))


def request(call: Call, request_id: str) -> Request:
    """Return a request that has appeared, in a visible project; raises `NotFoundError`."""
    found = call.session.scalar(select(Request).where(Request.id == request_id))
    is_visible = found is not None and not call.platform.visibility.is_hidden(found.id)
    if found is None or not is_visible or found.batch.project.organization_id not in call.organization_ids:
        raise NotFoundError(f"There is no request {request_id}")
    return found


def open_request(call: Call, request_id: str) -> Request:
    """Return a request whose batch takes inputs."""
    found = request(call, request_id)
    batches.require_open(found.batch)
    return found
