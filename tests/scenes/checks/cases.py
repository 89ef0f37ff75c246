"""Ways of breaking something good, as cases for parametrized tests.

A case names the rule that it breaks and what it cannot help breaking besides, so that a rule that begins to
fire by accident is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import attrs

from kognic.scenes.checks import RULES, Finding

Change = Callable[[Any], Any]


@attrs.frozen
class Case:
    """One way of breaking something.

    Attributes:
        change: Breaks it in place, or returns what to take instead.
        code: The rule that must be found broken.
        also: Rules that may be found broken besides.
        place: The field, sensor or frame that the finding must name; None if the location is reported
            elsewhere.
    """

    change: Change
    code: str
    also: Collection[str] = ()
    place: str | None = None

    def apply(self, good: Any) -> Any:
        """Break it."""
        changed = self.change(good)
        return good if changed is None else changed

    def verify(self, findings: Sequence[Finding]) -> None:
        """The rule is found broken, at its place, with its severity and a hint; no other rule is."""
        found = [finding for finding in findings if finding.code == self.code]
        assert found, [finding.code for finding in findings]
        assert {finding.code for finding in findings} <= {self.code, *self.also}
        places = {place for f in found for place in (f.field, f.sensor, f.frame)}
        assert self.place is None or self.place in places, places
        rule = RULES[self.code]
        assert all(finding.severity is rule.severity for finding in found)
        assert rule.severity.value == "info" or all(finding.hint for finding in found)


class Cases(list[Any]):
    """Cases, each a decorated function."""

    def breaks(self, code: str, *also: str, place: str | None = None) -> Callable[[Change], Change]:
        """Add a function that breaks a rule."""

        def add(change: Change) -> Change:
            assert code in RULES
            self.append(Case(change, code, also, place))
            return change

        return add

    def ids(self) -> list[str]:
        """Names for `pytest.mark.parametrize`."""
        return [f"{case.code}:{case.change.__name__.strip('_')}" for case in self]
