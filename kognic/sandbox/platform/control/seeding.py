"""What a new sandbox holds: an organization, a workspace, a user with credentials, a project."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kognic._core.files import write_private
from kognic.sandbox.platform.config import CONTROL_TOKEN_FILE, CREDENTIALS_FILE
from kognic.sandbox.platform.database import Database
from kognic.sandbox.platform.inputs import workflow
from kognic.sandbox.platform.projects import batches
from kognic.sandbox.platform.security import ISSUER, hash_secret, new_secret
from kognic.sandbox.platform.tables import (
    ApiClient,
    Batch,
    ErrorType,
    Organization,
    Project,
    Request,
    RequestMember,
    User,
    Workspace,
    WorkspaceRole,
)
from kognic.sandbox.platform.values import to_wire_time, utc_now

ORGANIZATION_ID = 1
USER_ID = 1
USER_EMAIL = "developer@sandbox.invalid"
SCOPES = ("api:read", "api:write")
WORKSPACE_ID = "00000000-0000-4000-8000-000000000001"
WORKSPACE = "sandbox-workspace"
PROJECT = "sandbox-project"
BATCH = "batch-1"
ANNOTATION_TYPES = ("signs", "objects")
ERROR_TYPES = (
    # name, whether a pin and whether an object may be given
    ("Missing object", True, False),
    ("Wrong class", False, True),
    ("Inaccurate geometry", True, True),
    ("Wrong property", False, True),
    ("Other", True, True),
)


def seed_credentials(database: Database, root: Path) -> dict[str, Any]:
    """Return the content of the credentials file, which the first start creates."""
    path = root / CREDENTIALS_FILE
    with database.write() as session:
        if session.get(Organization, ORGANIZATION_ID) is None:
            session.add(Organization(id=ORGANIZATION_ID, name="Sandbox Organization"))
            session.flush()
            session.add(User(id=USER_ID, email=USER_EMAIL, organization_id=ORGANIZATION_ID))
            session.flush()
        if path.is_file():
            stored: dict[str, Any] = json.loads(path.read_text())
            if session.get(ApiClient, stored.get("clientId", "")) is not None:
                return stored
        credentials = new_credentials(session, user_id=USER_ID)
    write_private(path, json.dumps(credentials, indent=2))
    return credentials


def seed_control_token(root: Path) -> str:
    """Return the secret that opens the control API, which the first start creates."""
    path = root / CONTROL_TOKEN_FILE
    if not path.is_file():
        write_private(path, new_secret())
    return path.read_text().strip()


def new_credentials(
    session: Session,
    *,
    user_id: int,
    scopes: tuple[str, ...] = SCOPES,
    name: str = "API Credentials",
    expires: datetime | None = None,
) -> dict[str, Any]:
    """Credentials of a user, in the form of a credentials file; the secret is kept nowhere else."""
    user = session.get_one(User, user_id)
    secret = new_secret()
    client = ApiClient(
        client_id=f"sandbox-{new_secret()[:16]}",
        secret_hash=hash_secret(secret),
        user_id=user_id,
        name=name,
        scopes=list(scopes),
        expires=expires,
    )
    session.add(client)
    session.flush()
    credentials = {
        "clientId": client.client_id,
        "clientSecret": secret,
        "email": user.email,
        "userId": user_id,
        "issuer": ISSUER,
        "name": name,
        "created": to_wire_time(utc_now()),
        "scopes": list(scopes),
    }
    if expires is not None:
        credentials["expires"] = to_wire_time(expires)
    return credentials


def seed_defaults(database: Database) -> None:
    """Fill an empty platform; one that holds a workspace is left alone."""
    with database.write() as session:
        if session.scalar(select(Workspace.id).limit(1)) is not None:
            return
        add_workspace(session, WORKSPACE, "Sandbox Workspace", workspace_id=WORKSPACE_ID)
        for name, pin_allowed, object_allowed in ERROR_TYPES:
            session.add(ErrorType(name=name, pin_allowed=pin_allowed, object_allowed=object_allowed))
        project = add_project(session, PROJECT, title="Sandbox Project")
        batch = batches.create_batch(session, project, BATCH, publish_previous=False, title="Batch 1")
        add_request(session, batch.number, "request-1", title="Request 1")


def add_workspace(
    session: Session,
    external_id: str,
    name: str,
    *,
    workspace_id: str | None = None,
    organization: str | None = None,
    user_ids: tuple[int, ...] = (USER_ID,),
    roles: tuple[str, ...] = ("developer",),
) -> Workspace:
    """Add a workspace, and give users roles in it."""
    owner = organization_id(session, organization)
    workspace = Workspace(external_id=external_id, name=name, organization_id=owner)
    if workspace_id is not None:
        workspace.id = workspace_id
    session.add(workspace)
    session.flush()
    for user_id in user_ids:
        for role in roles:
            session.add(WorkspaceRole(workspace_id=workspace.id, user_id=user_id, role=role))
    session.flush()
    return workspace


def add_user(
    session: Session,
    email: str,
    *,
    organization: str | None,
    is_staff: bool,
    workspaces: Mapping[str, Iterable[str]],
    scopes: tuple[str, ...],
    expires: datetime | None,
) -> dict[str, Any]:
    """Add a user with credentials.

    Args:
        session: Session to write with.
        email: Address of the user.
        organization: Name of the organization, created if there is none; None for that of the sandbox.
        is_staff: Whether the user may act for other organizations.
        workspaces: Workspace UUID to the roles the user has in it.
        scopes: What its tokens may be used for.
        expires: When the credentials end.
    """
    user = User(email=email, organization_id=organization_id(session, organization), is_staff=is_staff)
    session.add(user)
    session.flush()
    for workspace_id, roles in workspaces.items():
        give_roles(session, user.id, workspace_id, roles)
    return new_credentials(session, user_id=user.id, scopes=scopes, expires=expires)


def give_roles(session: Session, user_id: int, workspace_id: str, roles: Iterable[str]) -> None:
    """Replace the roles of a user in a workspace; none takes the workspace away."""
    held = select(WorkspaceRole).where(
        WorkspaceRole.user_id == user_id, WorkspaceRole.workspace_id == workspace_id
    )
    for role in session.scalars(held):
        session.delete(role)
    session.flush()
    for name in dict.fromkeys(roles):
        session.add(WorkspaceRole(workspace_id=workspace_id, user_id=user_id, role=name))
    session.flush()


def organization_id(session: Session, name: str | None) -> int:
    """Return the id of an organization; None is the sandbox's own. One that does not exist is created."""
    if name is None:
        return ORGANIZATION_ID
    found = session.scalar(select(Organization).where(Organization.name == name))
    if found is None:
        found = Organization(name=name)
        session.add(found)
        session.flush()
    return found.id


def add_project(
    session: Session,
    external_id: str,
    *,
    title: str | None = None,
    description: str = "",
    annotation_types: tuple[str, ...] = ANNOTATION_TYPES,
    organization: str | None = None,
) -> Project:
    """Add a project without batches."""
    project = Project(
        external_id=external_id,
        title=title or external_id,
        description=description,
        organization_id=organization_id(session, organization),
        annotation_types=list(annotation_types),
    )
    session.add(project)
    session.flush()
    return project


def add_request(
    session: Session,
    batch_number: int,
    external_id: str,
    *,
    title: str | None = None,
    annotation_types: tuple[str, ...] | None = None,
    phases: tuple[str, ...] | None = workflow.DEFAULT_PHASES,
    input_type: str | None = None,
    member_ids: tuple[int, ...] = (USER_ID,),
) -> Request:
    """Add a request to a batch; `phases` of None gives it no flexible workflow."""
    batch = session.get_one(Batch, batch_number)
    request = Request(
        batch=batch,
        external_id=external_id,
        title=title or external_id,
        annotation_types=list(batch.annotation_types if annotation_types is None else annotation_types),
        input_type=input_type,
        workflow=None if phases is None else workflow.new_phases(phases),
    )
    session.add(request)
    session.flush()
    for user_id in member_ids:
        session.add(RequestMember(request_number=request.number, user_id=user_id))
    session.flush()
    return request
