"""Projects and their batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.projects.project import Project
    from kognic.io.model.projects.project_batch import ProjectBatch, ProjectBatchStatus
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Project": "kognic.io.model.projects.project",
            "ProjectBatch": "kognic.io.model.projects.project_batch",
            "ProjectBatchStatus": "kognic.io.model.projects.project_batch",
        },
    )

__all__ = [
    "Project",
    "ProjectBatch",
    "ProjectBatchStatus",
]
