"""The content of a seed file: what a sandbox is to hold beside its defaults. Documented in docs/sandbox.md.

Everything is named by external ID, and what exists already is left as it is, so that a sandbox can be started
with the same file again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from kognic._core.files import write_private
from kognic.sandbox.platform.control import seeding
from kognic.sandbox.platform.errors import NotFoundError, shape_error
from kognic.sandbox.platform.inputs import workflow
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.projects import batches
from kognic.sandbox.platform.tables import (
    Batch,
    Dataset,
    DatasetAnnotation,
    Project,
    QueryItem,
    User,
    Workspace,
    WorkspaceRole,
)
from kognic.sandbox.platform.values import new_uuid, private_folder

# Below the sandbox's folder: one credentials file per seeded user, EMAIL.json.
USERS_FOLDER = "users"


class Part(BaseModel):
    """A part of a seed file; unknown keys are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SeedWorkspace(Part):
    """A workspace, and the roles of the first user in it."""

    external_id: str
    name: str | None = None
    roles: list[str] = ["developer"]
    organization: str | None = None


class SeedUser(Part):
    """A user; `roles` are the roles by workspace."""

    email: Annotated[str, Field(pattern=r"^[\w.+-]+@[\w.-]+$")]
    organization: str | None = None
    staff: bool = False
    scopes: list[str] = list(seeding.SCOPES)
    roles: dict[str, list[str]] = {}


class SeedRequest(Part):
    """A request of a batch; `phases` are those of its workflow, None for none."""

    external_id: str | None = None
    title: str | None = None
    annotation_types: list[str] | None = None
    phases: list[str] | None = list(workflow.DEFAULT_PHASES)
    input_type: str | None = None
    members: list[int] = [seeding.USER_ID]


class SeedBatch(Part):
    """A batch of a project, with its requests."""

    external_id: str
    title: str | None = None
    status: str = batches.OPEN
    multi_sensor: bool = False
    annotation_types: list[str] | None = None
    requests: list[SeedRequest] = [SeedRequest()]


class SeedProject(Part):
    """A project of an organization, with its batches."""

    external_id: str
    title: str | None = None
    description: str = ""
    annotation_types: list[str] = list(seeding.ANNOTATION_TYPES)
    organization: str | None = None
    batches: list[SeedBatch] = []


class SeedDataset(Part):
    """A dataset, with its annotations."""

    name: str
    segmentation: bool = False
    annotations: list[dict[str, Any]] = []


class SeedItems(Part):
    """What the query service answers with, by kind."""

    judgements: list[dict[str, Any]] = []
    kpi: list[dict[str, Any]] = []


class Seed(Part):
    """The whole file."""

    organizations: list[str] = []
    workspaces: list[SeedWorkspace] = []
    users: list[SeedUser] = []
    projects: list[SeedProject] = []
    datasets: list[SeedDataset] = []
    query: Annotated[SeedItems, Field(default_factory=SeedItems)]


def apply(platform: Platform, content: dict[str, Any]) -> None:
    """Add what a seed names and the platform does not hold yet.

    Raises:
        ValidationFailedError: A key is unknown or a value has the wrong type; the message names the place.
        InvalidError: A value breaks a rule, for example an unknown phase.
    """
    try:
        seed = Seed.model_validate(content)
    except ValidationError as exc:
        raise shape_error(exc.errors(include_url=False, include_context=False)) from None
    with platform.database.write() as session:
        for name in seed.organizations:
            seeding.organization_id(session, name)
        for workspace in seed.workspaces:
            _add_workspace(session, workspace)
        for user in seed.users:
            _add_user(session, user, platform.settings.root / USERS_FOLDER)
        for project in seed.projects:
            _add_project(session, project)
        for dataset in seed.datasets:
            _add_dataset(session, dataset)
        _add_items(session, seed.query)


def _add_workspace(session: Session, wanted: SeedWorkspace) -> None:
    if session.scalar(select(Workspace.id).where(Workspace.external_id == wanted.external_id)) is None:
        name = wanted.name or wanted.external_id
        seeding.add_workspace(
            session, wanted.external_id, name, roles=tuple(wanted.roles), organization=wanted.organization
        )


def _add_user(session: Session, wanted: SeedUser, folder: Path) -> None:
    """A user whose credentials are written into the sandbox's folder.

    Users outlive a reset of the sandbox, while workspaces and the roles in them do not: a user that is
    there already is given the roles of the file in each workspace in which it has none.
    """
    workspaces = {_workspace_id(session, name): roles for name, roles in wanted.roles.items()}
    existing = session.scalar(select(User.id).where(User.email == wanted.email))
    if existing is not None:
        held = select(WorkspaceRole.workspace_id).where(WorkspaceRole.user_id == existing)
        for workspace_id in workspaces.keys() - set(session.scalars(held)):
            seeding.give_roles(session, existing, workspace_id, workspaces[workspace_id])
        return
    credentials = seeding.add_user(
        session,
        wanted.email,
        organization=wanted.organization,
        is_staff=wanted.staff,
        workspaces=workspaces,
        scopes=tuple(wanted.scopes),
        expires=None,
    )
    private_folder(folder)
    write_private(folder / f"{wanted.email}.json", json.dumps(credentials, indent=2))


def _workspace_id(session: Session, external_id: str) -> str:
    found = session.scalar(select(Workspace.id).where(Workspace.external_id == external_id))
    if found is None:
        raise NotFoundError(f"There is no workspace {external_id}")
    return found


def _add_project(session: Session, wanted: SeedProject) -> None:
    project = session.scalar(select(Project).where(Project.external_id == wanted.external_id))
    if project is None:
        project = seeding.add_project(
            session,
            wanted.external_id,
            title=wanted.title,
            description=wanted.description,
            annotation_types=tuple(wanted.annotation_types),
            organization=wanted.organization,
        )
    existing = {batch.external_id for batch in batches.batches_of(session, project)}
    for batch in wanted.batches:
        if batch.external_id not in existing:
            _add_batch(session, project, batch)


def _add_batch(session: Session, project: Project, wanted: SeedBatch) -> Batch:
    batch = batches.create_batch(
        session, project, wanted.external_id, publish_previous=False, title=wanted.title
    )
    batch.status = wanted.status
    batch.is_multi_sensor = wanted.multi_sensor
    if wanted.annotation_types is not None:
        batch.annotation_types = list(wanted.annotation_types)
    for number, request in enumerate(wanted.requests, start=1):
        seeding.add_request(
            session,
            batch.number,
            request.external_id or f"request-{number}",
            title=request.title,
            annotation_types=None if request.annotation_types is None else tuple(request.annotation_types),
            phases=None if request.phases is None else tuple(request.phases),
            input_type=request.input_type,
            member_ids=tuple(request.members),
        )
    return batch


def _add_dataset(session: Session, wanted: SeedDataset) -> None:
    if session.scalar(select(Dataset.id).where(Dataset.name == wanted.name)) is not None:
        return
    dataset = Dataset(id=new_uuid(), name=wanted.name, is_segmentation=wanted.segmentation)
    session.add(dataset)
    session.flush()
    session.add_all(DatasetAnnotation(dataset_id=dataset.id, item=item) for item in wanted.annotations)


def _add_items(session: Session, wanted: SeedItems) -> None:
    """Items have no name to be recognized by: they are added only while there are none of their kind."""
    for kind, items in (("judgements", wanted.judgements), ("kpi", wanted.kpi)):
        if items and session.scalar(select(QueryItem.number).where(QueryItem.kind == kind).limit(1)) is None:
            session.add_all(QueryItem(kind=kind, item=item) for item in items)
