"""Request inputs: scenes placed in a request, and how far their annotation is."""

from __future__ import annotations

from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer, OpenEnum


class RequestInputStatus(OpenEnum):
    """How far an input is."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class TaskType(OpenEnum):
    """What somebody does with an input."""

    ANNOTATE = "annotate"
    CORRECT = "correct"
    REVIEW = "review"


@attrs.frozen(kw_only=True)
class PhaseDefinition(BaseSerializer):
    """A kind of phase, the same in all requests."""

    id: str
    name: str


@attrs.frozen(kw_only=True)
class Phase(BaseSerializer):
    """A phase of one request's workflow.

    Attributes:
        id: Unique to the request.
        name: For people.
        phase_definition: The kind of phase.
    """

    id: str
    name: str
    phase_definition: PhaseDefinition


@attrs.frozen(kw_only=True)
class PhaseAction(BaseSerializer):
    """What is done within a phase."""

    id: str
    name: str


@attrs.frozen(kw_only=True)
class WorkflowStage(BaseSerializer):
    """Where in the workflow an input is.

    Attributes:
        phase: The phase.
        action: The action within it; None between actions.
        name: Both, for people, such as `Review 1: Correct`.
    """

    phase: Phase
    action: PhaseAction | None = None
    name: str


@attrs.frozen(kw_only=True)
class CurrentTask(BaseSerializer):
    """The task that an input waits for.

    Attributes:
        task_id: What `client.task` takes.
        is_ongoing: Whether somebody works on it.
        task_type: What is done.
        assigned_user_id: By whom; None when nobody is assigned.
    """

    task_id: str
    is_ongoing: bool
    task_type: TaskType
    assigned_user_id: int | None = None


@attrs.frozen(kw_only=True)
class InputProgressDetails(BaseSerializer):
    """Where an input is.

    Attributes:
        current_workflow_stage: The stage of the workflow.
        current_task: The task it waits for; None between tasks.
        available_for_integration_review: Whether it can be reviewed through the API.
    """

    current_workflow_stage: WorkflowStage
    current_task: CurrentTask | None = None
    available_for_integration_review: bool


@attrs.frozen(kw_only=True)
class RequestInput(BaseSerializer):
    """A scene placed in a request.

    Attributes:
        id: The platform's name for it.
        request_id: The request.
        scene_id: The uuid of the scene.
        status: How far it is.
        last_completed_annotation_id: Its latest annotation; None before the first.
        progress_details: Where it is; None when you may not see its current phase.
        created_at: When it was created.
        last_updated_at: When it last changed.
        completed_at: When it was completed; None while it is not.
    """

    id: str
    request_id: str
    scene_id: str
    status: RequestInputStatus
    last_completed_annotation_id: str | None = None
    progress_details: InputProgressDetails | None = None
    created_at: datetime
    last_updated_at: datetime
    completed_at: datetime | None = None
