"""Batches of projects."""

from __future__ import annotations

from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer, OpenEnum


class ProjectBatchStatus(OpenEnum):
    """Where a batch is in its life; only an open one takes inputs."""

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
        batch: Its own external ID; what calls take.
        title: For people.
        status: Where it is in its life.
        created: When it was created.
        updated: When it last changed.
    """

    project: str
    batch: str
    title: str
    status: ProjectBatchStatus
    created: datetime
    updated: datetime
