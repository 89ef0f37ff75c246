"""How far a project is: inputs per batch, annotation request, status and workflow stage; shapes per class.

Requests are found through the inputs of each batch, and stages come from the progress of each input. Shapes
and points per class are counted over what has been delivered, one document at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from kognic.annotations.reading import read_document
from kognic.annotations.stats import Statistics, statistics
from kognic.pipelines.request_progress import BatchProgress, RequestProgress, batch_progress

if TYPE_CHECKING:
    from kognic.annotations.document import Document
    from kognic.io.client import KognicIOClient


@attrs.frozen(kw_only=True)
class ProjectReport:
    """How far a project is.

    Attributes:
        project: External ID.
        batches: In the platform's order.
        annotations: What has been delivered, by annotation type; empty if contents were not read.
    """

    project: str
    batches: tuple[BatchProgress, ...]
    annotations: dict[str, Statistics]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "project": self.project,
            "batches": [
                {
                    "batch": batch.batch,
                    "status": batch.status,
                    "inputs": batch.inputs,
                    "requests": [
                        {**attrs.asdict(request), "completed": request.completed}
                        for request in batch.requests
                    ],
                }
                for batch in self.batches
            ],
            "annotations": {name: found.to_dict() for name, found in self.annotations.items()},
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row per batch, request and stage, for a table."""
        rows: list[dict[str, Any]] = []
        for batch in self.batches:
            head = {"batch": batch.batch, "status": batch.status}
            if not batch.requests:
                rows.append({**head, "request": None, "stage": None, "inputs": 0})
            for request in batch.requests:
                rows += [
                    {**head, "request": request.request_id, "stage": stage, "inputs": count}
                    for stage, count in _stage_counts(request)
                ]
        return rows


def _stage_counts(request: RequestProgress) -> Iterator[tuple[str | None, int]]:
    """Stages with their inputs, completed inputs last; None for a request that reports no progress."""
    if not request.statuses:
        yield None, request.inputs
        return
    yield from request.stages.items()
    if request.statuses.get("completed"):
        yield "completed", request.statuses["completed"]


def report_project(
    client: KognicIOClient,
    project: str,
    *,
    batch: str | None = None,
    contents: bool = True,
    on_document: Callable[[str, int], object] | None = None,
) -> ProjectReport:
    """Report how far a project is.

    Args:
        client: Reads.
        project: External ID of the project.
        batch: Only this batch, by external ID.
        contents: Download what has been delivered, and count shapes and points per class.
        on_document: Called with the annotation type and the number of its documents so far.

    Raises:
        NotFoundError: The project does not exist.
        ValueError: The project does not have the batch.
        AnnotationError: A delivered document cannot be counted.
    """
    return ProjectReport(
        project=project,
        batches=batch_progress(client, project, batch=batch),
        annotations=dict(_annotations(client, project, batch, on_document)) if contents else {},
    )


def _annotations(
    client: KognicIOClient,
    project: str,
    batch: str | None,
    on_document: Callable[[str, int], object] | None,
) -> Iterator[tuple[str, Statistics]]:
    for annotation_type in client.project.get_annotation_types(project, batch):
        documents = _documents(client, project, batch, annotation_type, on_document)
        yield annotation_type, statistics(documents)


def _documents(
    client: KognicIOClient,
    project: str,
    batch: str | None,
    annotation_type: str,
    on_document: Callable[[str, int], object] | None,
) -> Iterator[Document]:
    delivered = client.annotation.get_project_annotations(project, annotation_type, batch)
    for number, annotation in enumerate(delivered, start=1):
        if annotation.content:
            yield read_document(annotation.content, scene_uuid=annotation.scene_uuid)
        if on_document is not None:
            on_document(annotation_type, number)
