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
from kognic.sandbox.platform.values import new_uuid, utc_now

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
    """The id of a kind of phase: the same in all requests."""
    return str(uuid.uuid5(NAMESPACE, f"phase/{kind}"))


def action_id(kind: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"action/{kind}"))


def start(session: Session, placed: Input) -> None:
    """Put a new input into the first phase."""
    if placed.request.workflow is not None:
        _enter(session, placed, 0)


def phase_of(placed: Input) -> dict[str, Any]:
    phases = placed.request.workflow or []
    return dict(phases[placed.phase_index])


def open_task(session: Session, placed: Input) -> Task | None:
    query = select(Task).where(Task.input_id == placed.id, Task.state != "completed")
    return session.scalars(query.order_by(Task.number.desc())).first()


def advance(session: Session, placed: Input) -> None:
    """Go on to the next phase."""
    _enter(session, placed, placed.phase_index + 1)


def touch(placed: Input) -> None:
    placed.updated = utc_now()


def _enter(session: Session, placed: Input, index: int) -> None:
    placed.phase_index = index
    placed.awaits_review = False
    placed.action = None
    kind = phase_of(placed)["definition"]
    if kind == INTEGRATION_REVIEW:
        placed.awaits_review = True
    elif kind == DELIVERY:
        placed.status = "completed"
        placed.completed = utc_now()
    else:
        add_task(session, placed, kind)
    touch(placed)


def add_task(session: Session, placed: Input, task_type: str) -> Task:
    """A fresh task: to do, unassigned."""
    placed.action = task_type
    task = Task(input_id=placed.id, task_type=task_type)
    session.add(task)
    session.flush()
    return task
