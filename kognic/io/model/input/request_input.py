"""Request inputs: scenes in a request, with their progress."""

from __future__ import annotations

from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer, OpenEnum


class RequestInputStatus(OpenEnum):
    """Progress of an input."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class TaskType(OpenEnum):
    """The type of a task."""

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
        name: Display name.
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
    """Current stage of an input in the workflow.

    Attributes:
        phase: The phase.
        action: The action within it; None between actions.
        name: Display name of both, for example `Review 1: Correct`.
    """

    phase: Phase
    action: PhaseAction | None = None
    name: str


@attrs.frozen(kw_only=True)
class CurrentTask(BaseSerializer):
    """The current task of an input.

    Attributes:
        task_id: ID, for `client.task`.
        is_ongoing: Whether someone is working on it.
        task_type: Type of the task.
        assigned_user_id: ID of the assignee; None if unassigned.
    """

    task_id: str
    is_ongoing: bool
    task_type: TaskType
    assigned_user_id: int | None = None


@attrs.frozen(kw_only=True)
class InputProgressDetails(BaseSerializer):
    """Progress of an input.

    Attributes:
        current_workflow_stage: The stage of the workflow.
        current_task: The current task; None between tasks.
        available_for_integration_review: Whether it can be reviewed through the API.
    """

    current_workflow_stage: WorkflowStage
    current_task: CurrentTask | None = None
    available_for_integration_review: bool


@attrs.frozen(kw_only=True)
class RequestInput(BaseSerializer):
    """A scene placed in a request.

    Attributes:
        id: UUID assigned by the platform.
        request_id: The request.
        scene_id: The uuid of the scene.
        status: Its progress.
        last_completed_annotation_id: UUID of its latest annotation; None before the first.
        progress_details: Its stage and task; None if you may not see the current phase.
        created_at: Creation time.
        last_updated_at: Time of the last change.
        completed_at: Completion time; None before.
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
