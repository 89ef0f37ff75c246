"""Calls that the platform's own tools use to get annotation work done: members, assignments, completion.

They are no public API. Ids here are internal integers.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from kognic.sandbox.platform.annotations import deliveries
from kognic.sandbox.platform.calls import Call, read, write
from kognic.sandbox.platform.errors import InvalidError, NotFoundError
from kognic.sandbox.platform.inputs import workflow
from kognic.sandbox.platform.tables import Input, Project, Request, RequestMember, Task
from kognic.sandbox.platform.wire import Wire


class RemoveMembers(Wire):
    """The users to remove from a request."""

    user_ids: list[int]


class Assign(Wire):
    """The user to assign a task to."""

    to_user_id: int


class Complete(Wire):
    """The result of a task: an OpenLABEL document, or nothing."""

    content: dict[str, Any] = {}


def list_project_requests(call: Call) -> list[dict[str, Any]]:
    """List the requests of a project by its internal id."""
    project = call.session.get(Project, _number(call, "number"))
    if project is None or project.organization_id not in call.organization_ids:
        raise NotFoundError(f"There is no project {call.path['number']}")
    query = select(Request).where(Request.batch.has(project_number=project.number)).order_by(Request.number)
    return [
        {"uuid": one.id, "id": one.number, "inputBatchExternalId": one.batch.external_id}
        for one in call.session.scalars(query)
    ]


def list_members(call: Call) -> list[dict[str, Any]]:
    """List the members of a request's workforce."""
    return [
        {
            "user": {"userId": member.user_id},
            "responsibility": member.responsibility,
            "state": member.state,
            "autoAssign": member.auto_assign,
        }
        for member in _request(call).members
    ]


def add_members(call: Call) -> None:
    """Add users to the workforce of a request; who is in it already gets the new responsibility."""
    request = _request(call)
    body = call.json()
    if not isinstance(body, list):
        raise InvalidError("the body must be an array of members")
    for item in body:
        # Not isinstance: true and false are integers in Python.
        if not isinstance(item, dict) or type(item.get("userId")) is not int:
            raise InvalidError("a member needs an integer userId")
        call.session.merge(
            RequestMember(
                request_number=request.number,
                user_id=item["userId"],
                responsibility=str(item.get("responsibility", "annotate")),
                state=str(item.get("state", "production")),
                auto_assign=bool(item.get("autoAssign", False)),
            )
        )


def remove_members(call: Call) -> None:
    """Remove users from a request's workforce."""
    request = _request(call)
    wanted = call.parse(RemoveMembers).user_ids
    for member in request.members:
        if member.user_id in wanted:
            call.session.delete(member)


def list_assignments(call: Call) -> list[dict[str, Any]]:
    """Return the tasks of a request, with their assignment where somebody has them."""
    # JSON numbers are exact up to 2^53.
    number = call.whole_number("requestId", -1, low=0, high=2**53)
    query = (
        select(Task)
        .join(Input)
        .where(Input.request_number == number, Input.is_deleted.is_(False))
        .order_by(Task.number)
    )
    return [_assignment(task) for task in call.session.scalars(query)]


def assign(call: Call) -> dict[str, Any]:
    """Assign a task to a user, or unassign it."""
    task = _task(call)
    workflow.assign_task(task, call.parse(Assign).to_user_id)
    return {"uuid": _assignment_id(task), "id": task.number}


def get_request(call: Call) -> dict[str, int]:
    """Revisions of what an annotator works by; the sandbox has one of each."""
    number = _request(call).number
    return {
        "taskDefinitionId": number,
        "taskDefinitionRevisionId": 1,
        "guidelineId": number,
        "guidelineRevisionId": 1,
    }


def complete(call: Call) -> dict[str, str]:
    """Complete an assigned task with a document."""
    task = _task(call)
    if task.assigned_user_id is None:
        raise InvalidError(f"Task {task.number} is assigned to nobody")
    content = call.parse(Complete).content
    document = content if "openlabel" in content else {"openlabel": content}
    judgement = deliveries.complete_task(call.platform, call.session, task, document)
    return {"judgementUuid": judgement.id}


def _request(call: Call) -> Request:
    found = call.session.get(Request, _number(call, "number"))
    if found is None or found.batch.project.organization_id not in call.organization_ids:
        raise NotFoundError(f"There is no request {call.path['number']}")
    return found


def _task(call: Call) -> Task:
    found = call.session.get(Task, _number(call, "number"))
    if found is None or found.input.request.batch.project.organization_id not in call.organization_ids:
        raise NotFoundError(f"There is no task {call.path['number']}")
    return found


def _number(call: Call, name: str) -> int:
    text = call.path[name]
    # SQLite holds 64-bit integers, and JSON numbers are exact to 15 digits.
    if not text.isdecimal() or len(text) > 15:
        raise NotFoundError(f"{text} is not an internal id")
    return int(text)


def _assignment(task: Task) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "requestInputUuid": task.input_id,
        "taskAction": task.task_type,
        "status": task.state,
        "taskId": task.number,
    }
    if task.assigned_user_id is not None:
        answer["assignment"] = {"uuid": _assignment_id(task), "id": task.number}
    return answer


def _assignment_id(task: Task) -> str:
    return str(uuid.uuid5(workflow.NAMESPACE, f"assignment/{task.id}"))


REQUEST = "/v1/requests/{number}"

APIS = (
    read("GET", "/v1/projects/{number}/requests/shallow", list_project_requests),
    read("GET", f"{REQUEST}/members", list_members),
    write("POST", f"{REQUEST}/members", add_members),
    write("DELETE", f"{REQUEST}/members", remove_members),
    read("GET", "/v1/orchestration/assignments", list_assignments),
    write("POST", "/v1/orchestration/tasks/{number}/actions/assign", assign),
    read("GET", "/v1/request/{number}", get_request),
    write("POST", "/v1/assignment/{number}/complete", complete),
)
