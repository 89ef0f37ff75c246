"""Creating many scenes, and inputs from them: planned, resumable, one item's failure being its own.

from kognic.io.tools.bulk import BulkItem, BulkRun, Target
"""

from __future__ import annotations

from kognic.io.tools.bulk.items import BulkItem, BulkResult, OnExisting, Plan, Summary, Target
from kognic.io.tools.bulk.journal import Entry, Journal, JournalError, Stage
from kognic.io.tools.bulk.run import BulkRun

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
