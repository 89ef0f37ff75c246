"""Completed work: judgements, deliveries, and what the query service learns of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from kognic.sandbox.platform.annotations import documents
from kognic.sandbox.platform.inputs import workflow
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.tables import Annotation, Input, QueryItem, Task
from kognic.sandbox.platform.values import to_wire_time


def complete_task(
    platform: Platform, session: Session, task: Task, document: dict[str, Any], *, accepted: bool = True
) -> Annotation:
    """Complete a task with a result: a preliminary annotation, and a delivery if that was the last step."""
    placed = task.input
    judgement = documents.store(platform, session, placed, document, is_preliminary=True)
    placed.last_annotation_id = judgement.id
    was_delivered = workflow.complete_task(session, task, accepted=accepted)
    _tell_query_service(session, task, judgement)
    if was_delivered:
        deliver_last(platform, session, placed)
    return judgement


def deliver_last(platform: Platform, session: Session, placed: Input) -> Annotation | None:
    """Deliver the last judgement, under an id of its own; None if there is nothing to deliver."""
    if placed.last_annotation_id is None:
        return None
    document = documents.load(platform, placed.last_annotation_id)
    return documents.store(platform, session, placed, document, is_preliminary=False)


def _tell_query_service(session: Session, task: Task, judgement: Annotation) -> None:
    placed = task.input
    session.add(
        QueryItem(
            kind="judgements",
            item={
                "judgementId": judgement.id,
                "requestId": placed.request.number,
                "requestUuid": placed.request.id,
                "requestInputUuid": placed.id,
                "sceneUuid": placed.scene_id,
                "sceneExternalId": placed.scene.external_id,
                "taskType": task.task_type,
                "userId": task.assigned_user_id,
                "created": to_wire_time(judgement.created),
            },
        )
    )
