"""The result of a check as data: findings, counts, an exit status. `report` adds how it looks."""

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
    """What a check found.

    Attributes:
        name: What was checked, usually the external ID of a scene or the name of a file.
        findings: Worst first; within a severity in the order of the scene.
        facts: Counts of what was looked at, for example `{"frames": 200, "files read": 1400}`.
        cameras: What the lidar says of each camera's calibration; empty when geometry was not checked.
        source: Path of the description that the scene was read from; None for scenes made in Python.
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
        """What the platform would refuse or misread."""
        return self._of(Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is probably wrong."""
        return self._of(Severity.WARNING)

    @property
    def codes(self) -> Counter[str]:
        """How often each rule is broken."""
        return Counter(finding.code for finding in self.findings)

    @property
    def worst(self) -> Severity | None:
        """The worst severity found; None when nothing was."""
        return min((finding.severity for finding in self.findings), key=lambda s: s.rank, default=None)

    def exit_status(self, *, fail_on: Severity = Severity.ERROR) -> int:
        """0 when nothing is as bad as `fail_on` or worse, else 1."""
        return int(self.worst is not None and self.worst.rank <= fail_on.rank)

    def without(self, codes: Iterable[str]) -> Self:
        """The same report without some rules."""
        silenced = frozenset(codes)
        return attrs.evolve(self, findings=[item for item in self.findings if item.code not in silenced])

    def _of(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is severity)
