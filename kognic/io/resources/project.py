"""Projects and their batches."""

from __future__ import annotations

from typing import Any

from kognic.base_clients.errors import BadRequestError, ConflictError
from kognic.base_clients.http.client import HttpClient
from kognic.base_clients.http.lookups import Lookup
from kognic.io.model.projects.project import Project
from kognic.io.model.projects.project_batch import ProjectBatch, ProjectBatchStatus
from kognic.io.resources import operations
from kognic.io.resources.shapes import items


class ProjectResource:
    """Projects and their batches, by external ID."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def get_projects(self) -> list[Project]:
        """List the projects of the caller's organization.

        Raises:
            ApiError: The request failed.
        """
        found = self._client.call(operations.GET_PROJECTS)
        return [Project.from_json(item) for item in items(found, operations.GET_PROJECTS)]

    def get_project_batches(self, project: str) -> list[ProjectBatch]:
        """List the batches of a project.

        Args:
            project: External ID of the project.

        Raises:
            NotFoundError: The project does not exist.
        """
        return [ProjectBatch.from_json(item) for item in self._batches(project)]

    def create_batch(self, project: str, batch: str, publish_previous_batches: bool = False) -> ProjectBatch:
        """Create a batch, open for new inputs.

        It has the annotation types of the latest batch; its request appears a few seconds later.

        Args:
            project: External ID of the project.
            batch: External ID of the new batch.
            publish_previous_batches: Also publish every other open batch of the project.

        Raises:
            BadRequestError: The project already has a batch with that name. If this request created it,
                because a proxy delivered it twice, the batch is returned.
            NotFoundError: The project does not exist.
        """
        start = self._client.call_start()

        def find() -> dict[str, Any] | None:
            return self._find_created(project, batch, publish_previous_batches)

        def duplicate() -> dict[str, Any] | None:
            found = find()
            return found if found is not None and start.is_before(found.get("created")) else None

        created = self._client.call(
            operations.CREATE_BATCH,
            {"project": project, "batch": batch},
            json={"publishPreviousBatches": publish_previous_batches},
            lookup=Lookup(
                find, unique=True, duplicate=duplicate, names=lambda _: [f"batch {project}/{batch}"]
            ),
        )
        return ProjectBatch.from_json(created)

    def publish_batch(self, project: str, batch: str) -> ProjectBatch:
        """Close a batch for new inputs so that annotation can start.

        Args:
            project: External ID of the project.
            batch: External ID of the batch.

        Raises:
            NotFoundError: The project or batch does not exist.
        """
        try:
            published = self._client.call(operations.PUBLISH_BATCH, {"project": project, "batch": batch})
        except (BadRequestError, ConflictError) as exc:
            # A retry can be rejected because the first attempt has published the batch.
            found = self._find(project, batch) if exc.maybe_done else None
            if found is None or found.get("status") == ProjectBatchStatus.OPEN.value:
                raise
            published = found
        return ProjectBatch.from_json(published)

    def get_annotation_types(self, project: str, batch: str | None = None) -> list[str]:
        """List the annotation types of a project, or of one of its batches.

        Args:
            project: External ID of the project.
            batch: External ID of a batch; None or "" for the whole project, which may also have `QA`.

        Raises:
            NotFoundError: The project or batch does not exist.
        """
        if not batch:
            operation, path = operations.GET_PROJECT_ANNOTATION_TYPES, {"project": project}
        else:
            operation, path = operations.GET_BATCH_ANNOTATION_TYPES, {"project": project, "batch": batch}
        return items(self._client.call(operation, path), operation)

    def _batches(self, project: str) -> list[dict[str, Any]]:
        found = self._client.call(operations.GET_PROJECT_BATCHES, {"project": project})
        return items(found, operations.GET_PROJECT_BATCHES)

    def _find(self, project: str, batch: str) -> dict[str, Any] | None:
        return next((item for item in self._batches(project) if item.get("batch") == batch), None)

    def _find_created(self, project: str, batch: str, published_previous: bool) -> dict[str, Any] | None:
        """Find the batch of a creation whose response was lost; None if it did not happen."""
        batches = self._batches(project)
        found = next((item for item in batches if item.get("batch") == batch), None)
        if found is None or not published_previous:
            return found
        # The batch exists, but if this call had created it, no other batch would be open. The retry fails
        # with the platform's error that the name is taken.
        others_open = any(
            item.get("status") == ProjectBatchStatus.OPEN.value and item is not found for item in batches
        )
        return None if others_open else found
