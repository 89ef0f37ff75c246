"""Projects, batches and annotation types (input service), requests (project-management)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from kognic.sandbox.platform import access
from kognic.sandbox.platform.calls import Call, read, write
from kognic.sandbox.platform.errors import InvalidError, NotFoundError
from kognic.sandbox.platform.projects import batches
from kognic.sandbox.platform.tables import Batch, Input, Project, Request, RequestMember
from kognic.sandbox.platform.values import to_wire_time
from kognic.sandbox.platform.wire import Wire


class CreateBatch(Wire):
    """Options of a new batch."""

    publish_previous_batches: bool = False


def list_projects(call: Call) -> list[dict[str, Any]]:
    """List the projects that the caller may see."""
    query = select(Project).where(Project.organization_id.in_(call.organization_ids)).order_by(Project.number)
    return [batches.project_answer(project) for project in call.session.scalars(query)]


def list_batches(call: Call) -> list[dict[str, Any]]:
    """List the batches of a project, oldest first."""
    project = access.project(call, call.path["project"])
    return [batches.batch_answer(batch) for batch in batches.batches_of(call.session, project)]


def create_batch(call: Call) -> dict[str, Any]:
    """Create a batch with one request, configured like the latest of the project."""
    project = access.project(call, call.path["project"])
    body = call.parse(CreateBatch)
    batch = batches.create_batch(
        call.session, project, call.path["batch"], publish_previous=body.publish_previous_batches
    )
    request = batches.copy_request(call.session, batch)
    call.platform.visibility.hide(request.id, call.platform.tuning.request_delay)
    return batches.batch_answer(batch)


def publish_batch(call: Call) -> dict[str, Any]:
    """Publish a batch, which takes no more inputs from then on."""
    batch = access.batch(call, call.path["project"], call.path["batch"])
    batches.publish(batch)
    return batches.batch_answer(batch)


def project_annotation_types(call: Call) -> list[str]:
    """List the annotation types of a project."""
    return list(access.project(call, call.path["project"]).annotation_types)


def batch_annotation_types(call: Call) -> list[str]:
    """List the annotation types of a batch."""
    types = access.batch(call, call.path["project"], call.path["batch"]).annotation_types
    return [name for name in types if name != batches.QUALITY_ASSURANCE]


def list_requests(call: Call) -> list[dict[str, Any]]:
    """Requests of a project in which the caller collaborates."""
    project_id = call.query.get("projectId")
    if not project_id:
        raise InvalidError("projectId is missing")
    project = call.session.scalar(
        select(Project).where(Project.id == project_id, Project.organization_id.in_(call.organization_ids))
    )
    if project is None:
        raise NotFoundError(f"There is no project {project_id}")
    with_counts = call.flag("includeInputProgressCounts")
    query = (
        select(Request)
        .join(Batch)
        .join(RequestMember)
        .where(Batch.project_number == project.number, RequestMember.user_id == call.user.user_id)
        .order_by(Request.number)
    )
    return [
        _request_answer(call, request, project, with_counts)
        for request in call.session.scalars(query)
        if not call.platform.visibility.is_hidden(request.id)
    ]


def _request_answer(call: Call, request: Request, project: Project, with_counts: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": request.id,
        "projectId": project.id,
        "createdAt": to_wire_time(request.created),
        "title": request.title,
    }
    if with_counts:
        answer["inputProgressCounts"] = _progress(call, request)
    return answer


def _progress(call: Call, request: Request) -> dict[str, int]:
    query = (
        select(Input.status, func.count())
        .where(
            Input.request_number == request.number,
            Input.is_deleted.is_(False),
            Input.is_listed.is_(True),
        )
        .group_by(Input.status)
    )
    counts = {row[0]: row[1] for row in call.session.execute(query)}
    not_started = counts.get("not_started", 0)
    in_progress = counts.get("in_progress", 0)
    completed = counts.get("completed", 0)
    return {
        "notStarted": not_started,
        "inProgress": in_progress,
        "completed": completed,
        "total": not_started + in_progress + completed,
    }


PROJECT = "/v1/projects/{project}"
BATCH = f"{PROJECT}/batches/{{batch}}"

APIS = (
    read("GET", "/v1/projects", list_projects),
    read("GET", f"{PROJECT}/batches", list_batches),
    write("POST", BATCH, create_batch),
    write("POST", f"{BATCH}/publish", publish_batch),
    read("GET", f"{PROJECT}/annotation-types", project_annotation_types),
    read("GET", f"{BATCH}/annotation-types", batch_annotation_types),
    read("GET", "/v2/requests", list_requests),
)
