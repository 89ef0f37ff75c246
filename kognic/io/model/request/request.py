"""Requests."""

from __future__ import annotations

from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer


@attrs.frozen(kw_only=True)
class InputProgressCounts(BaseSerializer):
    """Number of inputs of a request by progress; `total` is the sum."""

    not_started: int
    in_progress: int
    completed: int
    total: int


@attrs.frozen(kw_only=True)
class Request(BaseSerializer):
    """One annotation goal inside a batch.

    Attributes:
        id: UUID assigned by the platform.
        project_id: The uuid of its project.
        created_at: Creation time.
        title: Title.
        input_progress_counts: Progress of its inputs; None unless requested.
    """

    id: str
    project_id: str
    created_at: datetime
    title: str
    input_progress_counts: InputProgressCounts | None = None
