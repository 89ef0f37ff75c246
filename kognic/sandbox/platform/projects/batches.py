"""Projects, batches and requests: what they look like, which batch takes new inputs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kognic.sandbox.platform.errors import InvalidError, NotFoundError
from kognic.sandbox.platform.inputs.workflow import DEFAULT_PHASES, new_phases
from kognic.sandbox.platform.tables import Batch, Project, Request, RequestMember
from kognic.sandbox.platform.values import to_wire_time, utc_now
from kognic.sandbox.platform.visibility import Visibility

OPEN = "open"
READY = "ready"
QUALITY_ASSURANCE = "QA"


def project_answer(project: Project) -> dict[str, Any]:
    """Describe a project as the API does."""
    return {
        "created": to_wire_time(project.created),
        "title": project.title,
        "description": project.description,
        "status": project.status,
        "project": project.external_id,
    }


def batch_answer(batch: Batch) -> dict[str, Any]:
    """Describe a batch as the API does."""
    return {
        "project": batch.project.external_id,
        "batch": batch.external_id,
        "title": batch.title,
        "status": batch.status,
        "created": to_wire_time(batch.created),
        "updated": to_wire_time(batch.updated),
    }


def batches_of(session: Session, project: Project) -> list[Batch]:
    """Return the batches of a project, oldest first."""
    query = select(Batch).where(Batch.project_number == project.number).order_by(Batch.number)
    return list(session.scalars(query))


def create_batch(
    session: Session, project: Project, external_id: str, *, publish_previous: bool, title: str | None = None
) -> Batch:
    """Create an open batch with the annotation types, and the workflow of the request, of the latest one.

    Raises:
        InvalidError: The project has a batch of that name.
    """
    previous = batches_of(session, project)
    if any(batch.external_id == external_id for batch in previous):
        raise InvalidError(f"Project {project.external_id} already has a batch {external_id}")
    types = previous[-1].annotation_types if previous else project.annotation_types
    batch = Batch(
        project=project,
        external_id=external_id,
        title=title or external_id,
        annotation_types=[name for name in types if name != QUALITY_ASSURANCE],
        is_multi_sensor=previous[-1].is_multi_sensor if previous else False,
    )
    session.add(batch)
    session.flush()
    if publish_previous:
        for other in previous:
            if other.status == OPEN:
                publish(other)
    return batch


def publish(batch: Batch) -> None:
    """Close a batch for new inputs; publishing it again changes nothing."""
    if batch.status in ("pending", OPEN):
        batch.status = READY
        batch.updated = utc_now()


def require_open(batch: Batch) -> Batch:
    """Check that a batch takes inputs and return it; raises `InvalidError`."""
    if batch.status != OPEN:
        raise InvalidError(f"Batch {batch.external_id} is {batch.status} and takes no more inputs")
    return batch


def latest_open_batch(session: Session, project: Project) -> Batch:
    """Return the batch that inputs go to when none is named."""
    candidates = [batch for batch in batches_of(session, project) if batch.status == OPEN]
    if not candidates:
        raise NotFoundError(f"Project {project.external_id} has no open batch")
    return candidates[-1]


def requests_of(batch: Batch, visibility: Visibility) -> list[Request]:
    """Return the requests of a batch that have appeared."""
    return [request for request in batch.requests if not visibility.is_hidden(request.id)]


def copy_request(session: Session, batch: Batch) -> Request:
    """Give a new batch its request, configured like the latest request of the project before it."""
    query = (
        select(Request)
        .join(Batch)
        .where(Batch.project_number == batch.project_number, Batch.number < batch.number)
        .order_by(Request.number.desc())
    )
    previous = session.scalars(query).first()
    request = Request(
        batch=batch,
        external_id=f"{batch.external_id}-request-1",
        title=previous.title if previous else f"Request of {batch.external_id}",
        annotation_types=list(batch.annotation_types),
        input_type=previous.input_type if previous else None,
        workflow=None,
    )
    request.workflow = _own_phases(previous.workflow) if previous else new_phases(DEFAULT_PHASES)
    session.add(request)
    session.flush()
    members = previous.members if previous else []
    for member in members:
        session.add(
            RequestMember(
                request_number=request.number,
                user_id=member.user_id,
                responsibility=member.responsibility,
                state=member.state,
                auto_assign=member.auto_assign,
            )
        )
    session.flush()
    return request


def _own_phases(workflow: list[Any] | None) -> list[Any] | None:
    """Phases get ids of their own in every request; their definitions are shared."""
    if workflow is None:
        return None
    return new_phases([phase["definition"] for phase in workflow])
