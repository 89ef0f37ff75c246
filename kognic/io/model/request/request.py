"""Requests."""

from __future__ import annotations

from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer


@attrs.frozen(kw_only=True)
class InputProgressCounts(BaseSerializer):
    """How many inputs of a request are how far; `total` is the sum of the others."""

    not_started: int
    in_progress: int
    completed: int
    total: int


@attrs.frozen(kw_only=True)
class Request(BaseSerializer):
    """One annotation goal inside a batch.

    Attributes:
        id: The platform's name for it.
        project_id: The uuid of its project.
        created_at: When it was created.
        title: For people.
        input_progress_counts: How far its inputs are; None unless asked for.
    """

    id: str
    project_id: str
    created_at: datetime
    title: str
    input_progress_counts: InputProgressCounts | None = None
