"""Batches of projects."""

from __future__ import annotations

from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer, OpenEnum


class ProjectBatchStatus(OpenEnum):
    """Status of a batch in its life cycle; inputs can be created only in an open batch."""

    PENDING = "pending"
    OPEN = "open"
    READY = "ready"
    INPROGESS = "in-progress"
    INPROGRESS = "in-progress"
    COMPLETED = "completed"
    ARCHIVED = "archived"


@attrs.frozen(kw_only=True)
class ProjectBatch(BaseSerializer):
    """A part of a project.

    Attributes:
        project: External ID of the project.
        batch: External ID of the batch.
        title: Title.
        status: Status in its life cycle.
        created: Creation time.
        updated: Time of the last change.
    """

    project: str
    batch: str
    title: str
    status: ProjectBatchStatus
    created: datetime
    updated: datetime
