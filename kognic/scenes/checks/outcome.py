"""The result of a check as data: findings, counts, an exit status. `report` adds output formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self

import attrs

from kognic._core.findings import Finding, Severity

if TYPE_CHECKING:
    from kognic.scenes.calibration.verdict import CameraVerdict


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: finding.severity.rank))


@attrs.frozen(kw_only=True)
class Outcome:
    """The result of a check.

    Attributes:
        name: Name of the checked object, usually the external ID of a scene or a file name.
        findings: Sorted by severity, highest first; within a severity in the order of the scene.
        facts: Counts of what was inspected, for example `{"frames": 200, "files read": 1400}`.
        cameras: Result of the calibration check of each camera; empty if geometry was not checked.
        source: Path of the scene file; None for scenes created in Python.
    """

    name: str
    findings: tuple[Finding, ...] = attrs.field(converter=_sorted)
    facts: dict[str, Any] = attrs.field(factory=dict)
    cameras: tuple[CameraVerdict, ...] = ()
    source: str | None = None

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings of severity error: the platform would reject or misinterpret the scene."""
        return self._of(Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings of severity warning."""
        return self._of(Severity.WARNING)

    @property
    def codes(self) -> Counter[str]:
        """Number of findings by code."""
        return Counter(finding.code for finding in self.findings)

    @property
    def worst(self) -> Severity | None:
        """The highest severity; None without findings."""
        return min((finding.severity for finding in self.findings), key=lambda s: s.rank, default=None)

    def exit_status(self, *, fail_on: Severity = Severity.ERROR) -> int:
        """Return 1 if there are findings of severity `fail_on` or higher, otherwise 0."""
        return int(self.worst is not None and self.worst.rank <= fail_on.rank)

    def without(self, codes: Iterable[str]) -> Self:
        """Return the report without the findings of some rules."""
        silenced = frozenset(codes)
        return attrs.evolve(self, findings=[item for item in self.findings if item.code not in silenced])

    def _of(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is severity)
