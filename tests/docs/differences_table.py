"""The table of tested differences in docs/migration.md.

The table has every entry of the two lists of intended differences to the official client, so that none is
without a reason: `tests/wire/intended_differences.py` and `tests/interop/expected_differences.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.docs.generated import replaced, table
from tests.interop.expected_differences import OWN
from tests.wire.intended_differences import INTENDED, Intended

# What a pattern of a place is about; the first that fits.
_SHOWS_IN = (
    ("requests", "the requests that are sent"),
    ("order of requests", "the order of requests"),
    ("request ", "a request"),
    (" except", "the class of an error"),
    (".message", "the text of an error"),
    (".status_code", "the attributes of an error"),
    ("warnings", "a warning"),
    ("*[*]", "printed tables"),
)


def shows_in(entry: Intended) -> str:
    """What a difference is seen in."""
    for part, text in _SHOWS_IN:
        if entry.place.startswith(part) or (part[0] != "r" and part in entry.place):
            return text
    return "a result"


def rows(entries: Iterable[Intended]) -> list[tuple[str, list[str], list[str]]]:
    """Reason, what it is seen in, and the cases; entries that continue a sentence join the one before."""
    found: list[tuple[str, list[str], list[str]]] = []
    for entry in entries:
        cases = [case for case in entry.cases if case != "*"]
        if found and re.match(r"[a-z]|So ", entry.reason):
            reason, places, names = found.pop()
            found.append((f"{reason} {entry.reason}", [*places, shows_in(entry)], [*names, *cases]))
        else:
            found.append((entry.reason, [shows_in(entry)], cases))
    return [(reason, [*dict.fromkeys(places)], [*dict.fromkeys(names)]) for reason, places, names in found]


def page() -> str:
    """The page with the table as it should be."""
    lines = [
        f"| {', '.join(places)} | {reason} | {', '.join(f'`{name}`' for name in names) or 'any'} |"
        for reason, places, names in rows((*INTENDED, *OWN))
    ]
    shown = table("Seen in", "Difference", "Test cases", rows=lines)
    return replaced("migration.md", "differences", shown)
