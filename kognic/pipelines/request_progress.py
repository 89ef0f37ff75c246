"""How far the requests of a project are, found through the inputs of each of its batches."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from kognic.base_clients.errors import BadRequestError

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.io.model.projects import ProjectBatch

HIDDEN_STAGE = "(not visible)"
"""Stage of inputs whose current phase the caller may not see."""


@attrs.frozen(kw_only=True)
class RequestProgress:
    """The inputs of one annotation request.

    Attributes:
        request_id: UUID of the request.
        inputs: How many there are.
        statuses: Number of inputs by `not_started`, `in_progress` and `completed`; empty if the request has
            no workflow that reports progress.
        stages: Number of inputs that are not completed, by the name of their workflow stage.
    """

    request_id: str
    inputs: int
    statuses: dict[str, int]
    stages: dict[str, int]

    @property
    def completed(self) -> float | None:
        """Share of completed inputs, 0 to 1; None if it is not reported."""
        if not self.statuses or not self.inputs:
            return None
        return self.statuses.get("completed", 0) / self.inputs


@attrs.frozen(kw_only=True)
class BatchProgress:
    """The requests of one batch.

    Attributes:
        batch: External ID.
        status: Such as `open`.
        requests: Requests that have inputs, in the order of their first input.
    """

    batch: str
    status: str
    requests: tuple[RequestProgress, ...]

    @property
    def inputs(self) -> int:
        """Inputs of all requests."""
        return sum(request.inputs for request in self.requests)


def batch_progress(
    client: KognicIOClient, project: str, *, batch: str | None = None, progress: bool = True
) -> tuple[BatchProgress, ...]:
    """Get the progress of a project's batches, in the platform's order.

    Args:
        client: Reads.
        project: External ID of the project.
        batch: Only this batch, by external ID.
        progress: Ask for the status of every input; without it requests only have their number of inputs.

    Raises:
        NotFoundError: The project does not exist.
        ValueError: The project does not have the batch.
    """
    batches = client.project.get_project_batches(project)
    if batch is not None:
        known = ", ".join(item.batch for item in batches) or "none"
        batches = [item for item in batches if item.batch == batch]
        if not batches:
            raise ValueError(f"project {project!r} has no batch {batch!r}; it has {known}")
    return tuple(_batch(client, item, progress) for item in batches)


def _batch(client: KognicIOClient, batch: ProjectBatch, progress: bool) -> BatchProgress:
    inputs = client.input.query_inputs(project=batch.project, batch=batch.batch)
    counts = Counter(item.request_uid for item in inputs)
    return BatchProgress(
        batch=batch.batch,
        status=batch.status.value,
        requests=tuple(_request(client, request_id, count, progress) for request_id, count in counts.items()),
    )


def _request(client: KognicIOClient, request_id: str, inputs: int, progress: bool) -> RequestProgress:
    if not progress:
        return RequestProgress(request_id=request_id, inputs=inputs, statuses={}, stages={})
    statuses: Counter[str] = Counter()
    stages: Counter[str] = Counter()
    try:
        for item in client.input.get_request_inputs(request_id=request_id):
            statuses[item.status.value] += 1
            if item.completed_at is None:
                details = item.progress_details
                stages[HIDDEN_STAGE if details is None else details.current_workflow_stage.name] += 1
    except BadRequestError:
        # The request has no flexible workflow: the platform reports no progress of its inputs.
        return RequestProgress(request_id=request_id, inputs=inputs, statuses={}, stages={})
    return RequestProgress(
        request_id=request_id,
        inputs=max(inputs, statuses.total()),
        statuses=dict(statuses),
        stages=dict(stages),
    )
