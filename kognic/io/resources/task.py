"""Tasks: who works on an input."""

from __future__ import annotations

from kognic.base_clients.http.client import HttpClient
from kognic.io.resources import operations


class TaskResource:
    """Tasks of inputs; `task_id` is `progress_details.current_task.task_id` of a request input."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def assign_task(self, task_id: str, user_id: int) -> None:
        """Give a task that has not been started to a member of the request's workforce.

        Takes it from whoever held it. Giving it to who holds it already changes nothing.

        Args:
            task_id: ID of the task.
            user_id: ID of the user.

        Raises:
            BadRequestError: The user is not in the workforce, or the task is ongoing or completed.
            NotFoundError: There is no such task.
        """
        self._assign(task_id, user_id)

    def unassign_task(self, task_id: str) -> None:
        """Take a task that has not been started back from whoever holds it.

        Args:
            task_id: ID of the task; one without assignee stays as it is.

        Raises:
            BadRequestError: The task is ongoing or completed.
            NotFoundError: There is no such task.
        """
        self._assign(task_id, None)

    def _assign(self, task_id: str, user_id: int | None) -> None:
        # The platform tells a null (nobody) from an absent key: PATCH bodies are sent as they are.
        self._client.call(
            operations.UPDATE_TASK,
            {"task_id": task_id},
            json={"assignedUserId": user_id},
            discard_response=True,
        )
