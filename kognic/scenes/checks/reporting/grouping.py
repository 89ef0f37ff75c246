"""Findings that say the same of many frames, put together; two hundred equal lines hide the other one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import attrs

from kognic._core.findings import Finding, Severity
from kognic._core.wording import counted

if TYPE_CHECKING:
    from kognic.scenes.checks.outcome import Outcome

# A choice: as many as an error text shows of a scene file; a program repeats one mistake in every frame.
_MESSAGES = 20


@attrs.frozen
class Group:
    """Findings of one rule, of one severity, at one sensor.

    Attributes:
        findings: All of them, at least one.
    """

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The first of them."""
        return self.findings[0]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.findings)

    @property
    def others(self) -> str:
        """Words for the rest, empty when there is none."""
        return f"and {self.count - 1} more" if self.count > 1 else ""


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Put findings of the same rule and sensor together, in the order of the first of each.

    Problems of a scene file share a rule and not what they say, so they are put together by their message.
    """
    found: dict[tuple[object, ...], list[Finding]] = {}
    messages: set[str] = set()
    for finding in findings:
        message = None
        if finding.code == "scene-file" and (finding.message in messages or len(messages) < _MESSAGES):
            messages.add(message := finding.message)
        found.setdefault((finding.code, finding.severity, finding.sensor, message), []).append(finding)
    return [Group(tuple(items)) for items in found.values()]


def fact(name: str, value: object) -> str:
    """Return `200 frames`, but `1 frame`."""
    return f"{value} {name.removesuffix('s') if value == 1 and ' ' not in name else name}"


def in_words(findings: Iterable[Finding]) -> str:
    """Return how many errors and warnings there are, for example `2 errors, 1 warning`."""
    counts = Counter(finding.severity for finding in findings)
    words = [
        counted(counts[severity], severity.value)
        for severity in (Severity.ERROR, Severity.WARNING)
        if counts[severity]
    ]
    return ", ".join(words) or "no errors, no warnings"


def scenes_in(reports: Sequence[Outcome]) -> str:
    """`3 scenes`; the report of a rig is about scenes that have reports of their own."""
    count = len({report.source or report.name for report in reports})
    return counted(count, "scene")


def in_total(reports: Sequence[Outcome]) -> str:
    """Return the same for several reports, for example `3 scenes, 2 errors, 1 warning`."""
    return f"{scenes_in(reports)}, {in_words(finding for report in reports for finding in report)}"
