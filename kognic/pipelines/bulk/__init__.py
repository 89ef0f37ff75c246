"""Creating many scenes, and inputs from them: planned, resumable, one item's failure being its own.

from kognic.pipelines.bulk import BulkItem, BulkRun, Target
"""

from __future__ import annotations

from kognic._core.run_errors import JournalError
from kognic.pipelines.bulk.items import BulkItem, BulkResult, OnExisting, Plan, Summary, Target
from kognic.pipelines.bulk.journal import Entry, Journal, Stage
from kognic.pipelines.bulk.run import BulkRun

__all__ = [
    "BulkItem",
    "BulkResult",
    "BulkRun",
    "Entry",
    "Journal",
    "JournalError",
    "OnExisting",
    "Plan",
    "Stage",
    "Summary",
    "Target",
]
