"""Create many scenes, and inputs from them: planned, resumable, and tolerant of failed items and outages.

from kognic.pipelines.bulk import BulkItem, BulkRun, Target
"""

from __future__ import annotations

from kognic._core.run_errors import JournalError
from kognic.base_clients.errors import PlatformAwayError
from kognic.base_clients.http.outages import Patience
from kognic.pipelines.bulk.items import BulkItem, BulkResult, OnExisting, Plan, Summary, Target
from kognic.pipelines.bulk.journal import Entry, Journal, Placement, Stage
from kognic.pipelines.bulk.run import BulkRun

__all__ = [
    "BulkItem",
    "BulkResult",
    "BulkRun",
    "Entry",
    "Journal",
    "JournalError",
    "OnExisting",
    "Patience",
    "Placement",
    "Plan",
    "PlatformAwayError",
    "Stage",
    "Summary",
    "Target",
]
