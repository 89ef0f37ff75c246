"""Requests: annotation goals inside a batch."""

from __future__ import annotations

from kognic.base_clients.http.client import HttpClient
from kognic.io.model.request.request import Request
from kognic.io.resources import operations
from kognic.io.resources.shapes import items


class RequestResource:
    """Requests of a project."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def get_requests(self, *, project_id: str, include_input_progress_counts: bool = False) -> list[Request]:
        """List the requests of a project in which the caller collaborates.

        Args:
            project_id: UUID of the project, not its external ID.
            include_input_progress_counts: Also count inputs not started, in progress and completed; slower.

        Raises:
            NotFoundError: The project does not exist.
        """
        params = {
            "projectId": project_id,
            "includeInputProgressCounts": "true" if include_input_progress_counts else None,
        }
        found = self._client.call(operations.GET_REQUESTS, params=params)
        return [Request.from_json(item) for item in items(found, operations.GET_REQUESTS)]
