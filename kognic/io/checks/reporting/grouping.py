"""Findings that say the same of many frames, put together; two hundred equal lines hide the other one."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from kognic.io.checks.findings import Finding


@attrs.frozen
class Group:
    """Findings of one rule, of one severity, at one sensor.

    Attributes:
        first: The first of them.
        count: How many there are.
    """

    first: Finding
    count: int

    @property
    def others(self) -> str:
        """Words for the rest, empty when there is none."""
        return f"and {self.count - 1} more" if self.count > 1 else ""


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Put findings of the same rule and sensor together, in the order of the first of each."""
    found: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.code, finding.severity, finding.sensor), []).append(finding)
    return [Group(items[0], len(items)) for items in found.values()]
