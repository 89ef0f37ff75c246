"""Tasks of inputs, and their assignees."""

from __future__ import annotations

from kognic.base_clients.http.client import HttpClient
from kognic.io.resources import operations


class TaskResource:
    """Tasks of inputs; `task_id` is `progress_details.current_task.task_id` of a request input."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def assign_task(self, task_id: str, user_id: int) -> None:
        """Assign a task that has not been started to a member of the request's workforce.

        Replaces the current assignee. Assigning it to the current assignee changes nothing.

        Args:
            task_id: ID of the task.
            user_id: ID of the user.

        Raises:
            BadRequestError: The user is not in the workforce, or the task is ongoing or completed.
            NotFoundError: The task does not exist.
        """
        self._assign(task_id, user_id)

    def unassign_task(self, task_id: str) -> None:
        """Unassign a task that has not been started.

        Args:
            task_id: ID of the task; a task without assignee is not changed.

        Raises:
            BadRequestError: The task is ongoing or completed.
            NotFoundError: The task does not exist.
        """
        self._assign(task_id, None)

    def _assign(self, task_id: str, user_id: int | None) -> None:
        # The platform distinguishes null (nobody) from a missing key, so PATCH bodies are sent unchanged.
        self._client.call(
            operations.UPDATE_TASK,
            {"task_id": task_id},
            json={"assignedUserId": user_id},
            discard_response=True,
        )
