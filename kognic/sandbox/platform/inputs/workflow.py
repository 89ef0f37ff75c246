"""The way of an input through the phases of its request: tasks, verdicts, delivery.

A workflow is a list of phases. `annotate` and `review` phases have an action with a task for a person; an
`integration-review` phase waits for a verdict through the API; `delivery` completes the input.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kognic.sandbox.platform.errors import InvalidError
from kognic.sandbox.platform.tables import Input, Task
from kognic.sandbox.platform.values import new_uuid, utc_now, without_none

ANNOTATE = "annotate"
REVIEW = "review"
INTEGRATION_REVIEW = "integration-review"
DELIVERY = "delivery"
DEFAULT_PHASES = (ANNOTATE, INTEGRATION_REVIEW, DELIVERY)
NAMES = {
    ANNOTATE: "Annotate",
    REVIEW: "Review",
    INTEGRATION_REVIEW: "Integration review",
    DELIVERY: "Delivery",
}
ACTIONS = {"annotate": "Annotate", "review": "Review", "correct": "Correct"}
TODO, ONGOING, COMPLETED = "todo", "ongoing", "completed"
# How a correction ends: with its result, or with a review that accepts it.
CORRECT_ONLY, CORRECT_REVIEW_LOOP = "correct", "correct-review-loop"
NAMESPACE = uuid.UUID("6f3f5f5e-3f8c-4b5e-9a55-0d3f3a8f2f10")


def new_phases(definitions: Iterable[str]) -> list[dict[str, Any]]:
    """Phases for one request, numbered where a kind comes more than once.

    Raises:
        InvalidError: A kind is unknown, or `delivery` is not the last one.
    """
    kinds = list(definitions)
    for kind in kinds:
        if kind not in NAMES:
            raise InvalidError(f"{kind} is no phase; phases are {', '.join(NAMES)}")
    if not kinds or kinds[-1] != DELIVERY or DELIVERY in kinds[:-1]:
        raise InvalidError("A workflow ends with the phase delivery")
    phases = []
    for index, kind in enumerate(kinds):
        name = NAMES[kind]
        if kinds.count(kind) > 1 or kind == REVIEW:
            name = f"{name} {kinds[: index + 1].count(kind)}"
        phases.append({"id": new_uuid(), "name": name, "definition": kind})
    return phases


def definition_id(kind: str) -> str:
    """Return the id of a kind of phase: the same in all requests."""
    return str(uuid.uuid5(NAMESPACE, f"phase/{kind}"))


def action_id(kind: str) -> str:
    """Return the id of the action of a phase: the same in all requests."""
    return str(uuid.uuid5(NAMESPACE, f"action/{kind}"))


def start(session: Session, placed: Input) -> None:
    """Put a new input into the first phase."""
    if placed.request.workflow is not None:
        _enter(session, placed, 0)


def phase_of(placed: Input) -> dict[str, Any]:
    """Return the phase that an input is in."""
    phases = placed.request.workflow or []
    return dict(phases[placed.phase_index])


def open_task(session: Session, placed: Input) -> Task | None:
    """Return the task of an input that is not completed, the newest if there are more."""
    query = select(Task).where(Task.input_id == placed.id, Task.state != COMPLETED)
    return session.scalars(query.order_by(Task.number.desc())).first()


def require_flexible(placed: Input) -> None:
    """Check that the input's request has a flexible workflow; raises `InvalidError`."""
    if placed.request.workflow is None:
        raise InvalidError(f"Request {placed.request.id} has no flexible workflow")


def advance(session: Session, placed: Input) -> bool:
    """Go on to the next phase; whether the input has been delivered by that."""
    return _enter(session, placed, placed.phase_index + 1)


def begin_task(task: Task) -> None:
    """Somebody starts to work."""
    if task.state == COMPLETED:
        raise InvalidError(f"Task {task.id} is completed")
    task.state = ONGOING
    task.input.status = "in_progress"
    touch(task.input)


def assign_task(task: Task, user_id: int | None) -> None:
    """Give a task to a user, or to nobody. Nothing changes when it is so already.

    Raises:
        InvalidError: Work on the task has begun, or the user is not in the request's workforce.
    """
    if task.state != TODO:
        raise InvalidError(f"Task {task.id} is {task.state} and cannot be reassigned")
    if task.assigned_user_id == user_id:
        return
    if user_id is not None and user_id not in {member.user_id for member in task.input.request.members}:
        raise InvalidError(f"User {user_id} is not a member of request {task.input.request.id}")
    task.assigned_user_id = user_id
    touch(task.input)


def complete_task(session: Session, task: Task, *, accepted: bool = True) -> bool:
    """Complete a task; returns whether that delivered the input.

    Args:
        session: Session to write with.
        task: The open task.
        accepted: The verdict, if it is a review: a rejected result is corrected and reviewed again.
    """
    placed = task.input
    if task.state == COMPLETED:
        raise InvalidError(f"Task {task.id} is completed already")
    task.state = COMPLETED
    placed.status = "in_progress"
    touch(placed)
    if task.task_type == "review" and not accepted:
        add_task(session, placed, "correct")
        return False
    if task.task_type == "correct" and placed.review_loop != CORRECT_ONLY:
        add_task(session, placed, "review")
        return False
    if placed.review_loop is not None:
        placed.review_loop = None
        return _enter(session, placed, len(placed.request.workflow or []) - 1)
    return advance(session, placed)


def order_correction(session: Session, placed: Input, mode: str) -> None:
    """Send an input back to be corrected: once (`correct`), or until a review accepts it."""
    placed.review_loop = mode
    placed.status = "in_progress"
    placed.completed = None
    placed.awaits_review = False
    placed.phase_index = _last_working_phase(placed)
    add_task(session, placed, "correct")
    touch(placed)


def wait_for_decision(placed: Input) -> None:
    """Keep an input whose integration review was rejected until somebody decides what to do."""
    placed.awaits_review = False
    placed.action = None
    touch(placed)


def deliver(session: Session, placed: Input) -> None:
    """Complete an input, whatever phase it is in; its open tasks are completed with it."""
    for task in session.scalars(select(Task).where(Task.input_id == placed.id, Task.state != COMPLETED)):
        task.state = COMPLETED
    placed.review_loop = None
    if placed.request.workflow is not None:
        _enter(session, placed, len(placed.request.workflow) - 1)
    else:
        placed.status = "completed"
        placed.completed = utc_now()
        touch(placed)


def touch(placed: Input) -> None:
    """Note that an input has changed now."""
    placed.updated = utc_now()


def add_task(session: Session, placed: Input, task_type: str) -> Task:
    """Add a task: to do, unassigned."""
    placed.action = task_type
    task = Task(input_id=placed.id, task_type=task_type)
    session.add(task)
    session.flush()
    return task


def progress_answer(session: Session, placed: Input) -> dict[str, Any]:
    """`progressDetails` of a request input."""
    phase = phase_of(placed)
    action = placed.action
    stage: dict[str, Any] = {
        "name": f"{phase['name']}: {ACTIONS[action]}" if action else phase["name"],
        "phase": {
            "id": phase["id"],
            "name": phase["name"],
            "phaseDefinition": {"id": definition_id(phase["definition"]), "name": phase["definition"]},
        },
    }
    if action:
        stage["action"] = {"id": action_id(action), "name": ACTIONS[action]}
    details: dict[str, Any] = {
        "currentWorkflowStage": stage,
        "availableForIntegrationReview": placed.awaits_review,
    }
    task = open_task(session, placed)
    if task is not None:
        details["currentTask"] = without_none(
            {
                "taskId": task.id,
                "isOngoing": task.state == ONGOING,
                "taskType": task.task_type,
                "assignedUserId": task.assigned_user_id,
            }
        )
    return details


def _enter(session: Session, placed: Input, index: int) -> bool:
    placed.phase_index = index
    placed.awaits_review = False
    placed.action = None
    touch(placed)
    kind = phase_of(placed)["definition"]
    if kind == INTEGRATION_REVIEW:
        placed.awaits_review = True
    elif kind == DELIVERY:
        placed.status = "completed"
        placed.completed = utc_now()
    else:
        add_task(session, placed, kind)
    return bool(kind == DELIVERY)


def _last_working_phase(placed: Input) -> int:
    kinds = [phase["definition"] for phase in placed.request.workflow or []]
    working = [index for index, kind in enumerate(kinds) if kind in (ANNOTATE, REVIEW)]
    if not working:
        raise InvalidError(f"Request {placed.request.id} has no phase in which work could be corrected")
    return working[-1]
