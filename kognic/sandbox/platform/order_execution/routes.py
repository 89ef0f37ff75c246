"""The order-execution service: request inputs with their progress, and tasks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from kognic.sandbox.platform import access
from kognic.sandbox.platform.calls import Call, read, write
from kognic.sandbox.platform.envelope import Page
from kognic.sandbox.platform.errors import InvalidError, NotFoundError
from kognic.sandbox.platform.inputs import workflow
from kognic.sandbox.platform.paging import page
from kognic.sandbox.platform.tables import Input, Task
from kognic.sandbox.platform.values import to_wire_time, without_none

# The documented default and maximum of `limit`.
DEFAULT_PAGE = 1000
# Documented, as the default.
LARGEST_PAGE = 5000


def list_request_inputs(call: Call) -> Page:
    """Inputs of a request, optionally those of one scene."""
    request_id = call.query.get("requestId")
    if not request_id:
        raise InvalidError("requestId is missing")
    limit = call.whole_number(
        "limit", min(DEFAULT_PAGE, call.platform.settings.page_size), low=1, high=LARGEST_PAGE
    )
    request = access.request(call, request_id)
    if request.workflow is None:
        raise InvalidError(f"Request {request_id} has no flexible workflow")
    query = select(Input).where(
        Input.request_number == request.number,
        Input.is_deleted.is_(False),
        Input.is_listed.is_(True),
        Input.is_dispatched.is_(True),
    )
    if (scene_id := call.query.get("sceneId")) is not None:
        query = query.where(Input.scene_id == scene_id)
    return page(call, query, Input.number, lambda placed: _answer(call, placed), limit=limit)


def get_request_input(call: Call) -> dict[str, Any]:
    """Get an input with its progress."""
    placed = find_request_input(call, call.path["id"])
    workflow.require_flexible(placed)
    return _answer(call, placed)


def patch_task(call: Call) -> None:
    """Assign a task to a user, or unassign it: null is not the same as a missing value."""
    task = call.session.scalar(select(Task).where(Task.id == call.path["id"]))
    if task is None or task.input.request.batch.project.organization_id not in call.organization_ids:
        raise NotFoundError(f"There is no task {call.path['id']}")
    body = call.json()
    if not isinstance(body, dict) or "assignedUserId" not in body:
        raise InvalidError("assignedUserId is missing; send null to unassign the task")
    user_id = body["assignedUserId"]
    if user_id is not None and (not isinstance(user_id, int) or isinstance(user_id, bool)):
        raise InvalidError(f"assignedUserId is {user_id}, must be an integer or null")
    workflow.assign_task(task, user_id)


def find_request_input(call: Call, input_id: str) -> Input:
    """Find an input that the order-execution service knows."""
    query = select(Input).where(
        Input.id == input_id,
        Input.is_deleted.is_(False),
        Input.is_listed.is_(True),
        Input.is_dispatched.is_(True),
    )
    placed = call.session.scalar(query)
    if placed is None or placed.request.batch.project.organization_id not in call.organization_ids:
        raise NotFoundError(f"There is no request input {input_id}")
    return placed


def _answer(call: Call, placed: Input) -> dict[str, Any]:
    is_completed = placed.status == "completed" and placed.completed is not None
    return without_none(
        {
            "id": placed.id,
            "requestId": placed.request.id,
            "sceneId": placed.scene_id,
            "status": placed.status,
            "lastCompletedAnnotationId": placed.last_annotation_id,
            "createdAt": to_wire_time(placed.created),
            "lastUpdatedAt": to_wire_time(placed.updated),
            "completedAt": to_wire_time(placed.completed) if is_completed and placed.completed else None,
            "progressDetails": workflow.progress_answer(call.session, placed)
            if placed.shows_progress
            else None,
        }
    )


APIS = (
    read("GET", "/v2/request-inputs", list_request_inputs),
    read("GET", "/v2/request-inputs/{id}", get_request_input),
    write("PATCH", "/v1/tasks/{id}", patch_task),
)
