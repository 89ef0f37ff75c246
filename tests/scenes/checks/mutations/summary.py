"""The shares of what was found and of false alarms, for the end of a test run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any


def lines(reports: Iterable[Any]) -> Iterator[str]:
    """Sentences about the tests of mutations among some reports; none if there were no such tests.

    Reports carry what tests recorded, also from the processes of xdist.
    """
    counts = Counter(
        pair for report in reports for pair in getattr(report, "user_properties", ()) if len(pair) == 2
    )
    found, silent, missed = (counts["mutation", word] for word in ("found", "silent", "missed"))
    if total := found + silent + missed:
        yield (
            f"Mutations found with their own code: {found} of {total} ({found / total:.1%}); "
            f"{silent} where the data cannot tell, {missed} missed"
        )
    alarms, quiet = (counts["unbroken", word] for word in ("alarm", "quiet"))
    if total := alarms + quiet:
        yield f"False alarms on unbroken recordings: {alarms} of {total} ({alarms / total:.1%})"
