"""Waits of seconds, made short."""

from __future__ import annotations

import pytest

from kognic.auth import _token_flow
from kognic.base_clients.http import breaker, outages
from kognic.pipelines.bulk import coordinator


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Report an outage after tenths of seconds."""
    for module, name, seconds in (
        (breaker, "FAILING", 0.3), (breaker, "SILENT", 0.4), (breaker, "SILENT_TRANSFER", 1.0),
        (breaker, "FIRST_PROBE", 0.1), (coordinator, "UNANSWERED", 0.4), (coordinator, "GLANCE", 0.1),
        (outages, "LOOKOUT_GLANCE", 0.1),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, seconds)
    monkeypatch.setattr(_token_flow, "RETRY_WAITS", (0.0, 0.1, 0.2))
