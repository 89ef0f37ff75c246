"""The lists of what the platform holds: which rows a visitor may see, and what their columns show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from sqlalchemy import Select, func, select

from kognic.sandbox.platform import access
from kognic.sandbox.platform.calls import Call
from kognic.sandbox.platform.inputs import workflow
from kognic.sandbox.platform.inputs.routes import visible
from kognic.sandbox.platform.tables import (
    Annotation,
    Batch,
    Input,
    Project,
    Request,
    Scene,
    Task,
    User,
)
from kognic.sandbox.platform.values import to_wire_time
from kognic.sandbox.platform.view.rendering import age


@dataclass(frozen=True)
class Cell:
    """What stands in a column of a row; `kind` is its style: `status`, `code`, `number` or none."""

    text: str
    href: str = ""
    kind: str = ""
    title: str = ""


@dataclass(frozen=True)
class Column:
    """A column; `order` is what it is sorted by, None if it cannot be."""

    name: str
    title: str
    cell: Callable[[Sequence[Any]], Cell]
    order: Any = None


@dataclass(frozen=True)
class Table:
    """A list.

    Attributes:
        name: In its address.
        query: The rows that a visitor may see.
        number: What rows are sorted by, newest first, unless the visitor chooses.
        columns: What is shown.
        search: What the search looks into.
        status: What can be chosen from a list of statuses.
        filters: Query parameters that narrow the list, for links from elsewhere.
    """

    name: str
    query: Callable[[Call], Select[Any]]
    number: Any
    columns: Sequence[Column]
    search: Sequence[Any]
    status: Any = None
    filters: Mapping[str, Any] = field(default_factory=dict)


def to(name: str, **values: object) -> str:
    """Return the address of a list, narrowed."""
    return f"/view/{name}?{urlencode({key: str(value) for key, value in values.items()})}"


def moment(value: datetime | None) -> Cell:
    return Cell("") if value is None else Cell(age(value), title=to_wire_time(value), kind="short")


def status(value: str) -> Cell:
    return Cell(value, kind="status")


def code(value: str | None, href: str = "") -> Cell:
    return Cell(value or "", href, kind="code")


def number(value: object, href: str = "") -> Cell:
    return Cell("" if value is None else str(value), href, kind="number")


def stage(placed: Input) -> str:
    """Return where an input is in the workflow of its request."""
    if not placed.is_listed:
        return "waits for its scene"
    if placed.request.workflow is None:
        return ""
    phase = str(workflow.phase_of(placed)["name"])
    return f"{phase}: {workflow.ACTIONS[placed.action]}" if placed.action else phase


def _projects(call: Call) -> Any:
    batches = select(func.count(Batch.number)).where(Batch.project_number == Project.number)
    inputs = (
        select(func.count(Input.number))
        .join(Request)
        .join(Batch)
        .where(Batch.project_number == Project.number, Input.is_deleted.is_(False))
    )
    return select(Project, batches.scalar_subquery(), inputs.scalar_subquery()).where(
        Project.organization_id.in_(call.organization_ids)
    )


def _batches(call: Call) -> Any:
    requests = select(func.count(Request.number)).where(Request.batch_number == Batch.number)
    return (
        select(Batch, requests.scalar_subquery())
        .join(Project)
        .where(Project.organization_id.in_(call.organization_ids))
    )


def _requests(call: Call) -> Any:
    inputs = select(func.count(Input.number)).where(
        Input.request_number == Request.number, Input.is_deleted.is_(False)
    )
    return (
        select(Request, inputs.scalar_subquery())
        .join(Batch, Request.batch_number == Batch.number)
        .join(Project, Batch.project_number == Project.number)
        .where(Project.organization_id.in_(call.organization_ids))
    )


def _scenes(call: Call) -> Any:
    frames, spec = "$.frames", Scene.specification
    # Specifications have megabytes: SQLite counts in them, and only for the rows of a page.
    return select(
        Scene,
        func.json_array_length(spec, frames),
        func.json_array_length(spec, f"{frames}[0].images"),
        func.json_array_length(spec, f"{frames}[0].point_clouds"),
    ).where(Scene.status != "reserved", Scene.workspace_id.in_(access.workspace_ids(call)))


def _inputs(call: Call) -> Any:
    query: Select[Any] = visible(call).where(Input.is_deleted.is_(False))
    return query


def _tasks(call: Call) -> Any:
    own = _inputs(call).with_only_columns(Input.id)
    query = cast("Select[Any]", select(Task, User.email))
    return (
        query.join(Input, Task.input_id == Input.id)
        .join(Scene, Input.scene_id == Scene.id)
        .join(User, Task.assigned_user_id == User.id, isouter=True)
        .where(Task.input_id.in_(own))
    )


def _annotations(call: Call) -> Any:
    own = _inputs(call).with_only_columns(Input.id)
    return (
        select(Annotation)
        .join(Input, Annotation.input_id == Input.id)
        .join(Scene, Input.scene_id == Scene.id)
        .where(Annotation.input_id.in_(own))
    )


def annotation_state(annotation: Annotation) -> str:
    """Return what an annotation is, in a word."""
    if annotation.is_removed:
        return "replaced"
    return "preliminary" if annotation.is_preliminary else "delivered"


def input_cell(placed: Input) -> Cell:
    return code(placed.id, f"/view/input/{placed.id}")


def scene_cell(scene: Scene) -> Cell:
    return Cell(scene.external_id or scene.id, f"/view/scene/{scene.id}", title=scene.id)


PROJECTS = Table(
    "projects",
    _projects,
    Project.number,
    (
        Column(
            "external_id",
            "External ID",
            lambda row: Cell(row[0].external_id, to("batches", project=row[0].external_id)),
            Project.external_id,
        ),
        Column("title", "Title", lambda row: Cell(row[0].title), Project.title),
        Column("status", "Status", lambda row: status(row[0].status), Project.status),
        Column("batches", "Batches", lambda row: number(row[1], to("batches", project=row[0].external_id))),
        Column("inputs", "Inputs", lambda row: number(row[2], to("inputs", project=row[0].external_id))),
        Column("created", "Created", lambda row: moment(row[0].created), Project.created),
    ),
    (Project.external_id, Project.title, Project.description),
    Project.status,
)

BATCHES = Table(
    "batches",
    _batches,
    Batch.number,
    (
        Column(
            "external_id",
            "External ID",
            lambda row: Cell(
                row[0].external_id,
                to("requests", project=row[0].project.external_id, batch=row[0].external_id),
            ),
            Batch.external_id,
        ),
        Column("title", "Title", lambda row: Cell(row[0].title), Batch.title),
        Column("project", "Project", lambda row: Cell(row[0].project.external_id), Project.external_id),
        Column("status", "Status", lambda row: status(row[0].status), Batch.status),
        Column("requests", "Requests", lambda row: number(row[1])),
        Column("updated", "Updated", lambda row: moment(row[0].updated), Batch.updated),
    ),
    (Batch.external_id, Batch.title, Project.external_id),
    Batch.status,
    {"project": Project.external_id},
)

REQUESTS = Table(
    "requests",
    _requests,
    Request.number,
    (
        Column(
            "external_id",
            "External ID",
            lambda row: Cell(row[0].external_id, to("inputs", request=row[0].id)),
            Request.external_id,
        ),
        Column("title", "Title", lambda row: Cell(row[0].title), Request.title),
        Column("uuid", "UUID", lambda row: code(row[0].id)),
        Column(
            "project",
            "Project and batch",
            lambda row: Cell(f"{row[0].batch.project.external_id} / {row[0].batch.external_id}"),
            Project.external_id,
        ),
        Column(
            "workflow",
            "Workflow",
            lambda row: Cell(" > ".join(phase["name"] for phase in row[0].workflow or ())),
        ),
        Column("inputs", "Inputs", lambda row: number(row[1], to("inputs", request=row[0].id))),
        Column("created", "Created", lambda row: moment(row[0].created), Request.created),
    ),
    (Request.external_id, Request.title, Request.id, Batch.external_id, Project.external_id),
    None,
    {"project": Project.external_id, "batch": Batch.external_id},
)

SCENES = Table(
    "scenes",
    _scenes,
    Scene.number,
    (
        Column("external_id", "External ID", lambda row: scene_cell(row[0]), Scene.external_id),
        Column("type", "Type", lambda row: Cell(row[0].scene_type, kind="short"), Scene.scene_type),
        Column("status", "Status", lambda row: status(row[0].status), Scene.status),
        Column("frames", "Frames", lambda row: number(row[1])),
        Column("cameras", "Cameras", lambda row: number(row[2])),
        Column("lidars", "Lidars", lambda row: number(row[3])),
        Column("created", "Created", lambda row: moment(row[0].created), Scene.created),
        Column(
            "error", "Error", lambda row: Cell(row[0].error_message or "", kind="bad"), Scene.error_message
        ),
    ),
    (Scene.external_id, Scene.id, Scene.error_message),
    Scene.status,
    {"calibration": Scene.calibration_id},
)

INPUTS = Table(
    "inputs",
    _inputs,
    Input.number,
    (
        Column("uuid", "UUID", lambda row: input_cell(row[0])),
        Column("scene", "Scene", lambda row: scene_cell(row[0].scene), Scene.external_id),
        Column("status", "Status", lambda row: status(row[0].status), Input.status),
        Column("stage", "Workflow stage", lambda row: Cell(stage(row[0])), Input.phase_index),
        Column(
            "request",
            "Request",
            lambda row: Cell(row[0].request.external_id, to("inputs", request=row[0].request.id)),
            Request.external_id,
        ),
        Column(
            "project",
            "Project and batch",
            lambda row: Cell(
                f"{row[0].request.batch.project.external_id} / {row[0].request.batch.external_id}"
            ),
            Project.external_id,
        ),
        Column("updated", "Updated", lambda row: moment(row[0].updated), Input.updated),
    ),
    (Input.id, Scene.external_id, Scene.id, Request.external_id, Batch.external_id, Project.external_id),
    Input.status,
    {
        "project": Project.external_id,
        "batch": Batch.external_id,
        "request": Request.id,
        "scene": Input.scene_id,
    },
)

TASKS = Table(
    "tasks",
    _tasks,
    Task.number,
    (
        Column("uuid", "UUID", lambda row: code(row[0].id)),
        Column("type", "Type", lambda row: Cell(row[0].task_type), Task.task_type),
        Column("status", "Status", lambda row: status(row[0].state), Task.state),
        Column("assigned", "Assigned to", lambda row: Cell(row[1] or ""), User.email),
        Column("input", "Input", lambda row: input_cell(row[0].input)),
        Column("scene", "Scene", lambda row: scene_cell(row[0].input.scene), Scene.external_id),
    ),
    (Task.id, Task.task_type, Task.input_id, Scene.external_id),
    Task.state,
    {"input": Task.input_id},
)

ANNOTATIONS = Table(
    "annotations",
    _annotations,
    Annotation.number,
    (
        Column(
            "uuid",
            "UUID",
            lambda row: code(row[0].id, f"/view/input/{row[0].input_id}?annotation={row[0].id}"),
        ),
        Column("status", "Status", lambda row: status(annotation_state(row[0]))),
        Column("input", "Input", lambda row: input_cell(row[0].input)),
        Column("scene", "Scene", lambda row: scene_cell(row[0].input.scene), Scene.external_id),
        Column("created", "Created", lambda row: moment(row[0].created), Annotation.created),
    ),
    (Annotation.id, Annotation.input_id, Scene.external_id),
    None,
    {"input": Annotation.input_id},
)

TABLES = {table.name: table for table in (PROJECTS, BATCHES, REQUESTS, SCENES, INPUTS, TASKS, ANNOTATIONS)}
