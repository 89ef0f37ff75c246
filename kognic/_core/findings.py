"""What a check found: where, how bad, and what to do about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol

import attrs

from kognic._core.docs_links import rule_url


class Severity(str, Enum):
    """How bad a finding is."""

    ERROR = "error"
    """The platform would refuse the scene or misread it."""
    WARNING = "warning"
    """Probably wrong."""
    INFO = "info"
    """Worth knowing; nothing to do."""

    @property
    def rank(self) -> int:
        """0 for errors, growing as they get milder."""
        return list(Severity).index(self)


@attrs.frozen(kw_only=True)
class Rule:
    """One thing that is checked.

    Attributes:
        code: Stable name, for example `frame-id-duplicate`.
        group: `structure`, `files`, `geometry` or `openlabel`.
        severity: How bad it usually is; a finding may differ.
        title: The rule as a sentence without its full stop.
    """

    code: str
    group: str
    severity: Severity
    title: str

    @property
    def docs_url(self) -> str:
        """What the documentation says about the rule: meaning, example, cause and fix."""
        return rule_url(self.code)


@attrs.frozen(kw_only=True)
class Finding:
    """One broken rule, at one place.

    Attributes:
        code: The rule, see `kognic.scenes.checks.RULES`.
        severity: How bad it is here.
        message: What is wrong.
        hint: What to do about it; empty where there is nothing to do.
        frame: Frame ID.
        sensor: Sensor name.
        file: File name, as in the scene.
        field: Path of the field, for example `frames[2].unix_timestamp`.
        value: The offending value.
        confidence: How sure a verdict on calibrations is, 0 to 1; None for rules that cannot be unsure.
    """

    code: str
    severity: Severity
    message: str
    hint: str = ""
    frame: str | None = None
    sensor: str | None = None
    file: str | None = None
    field: str | None = None
    value: Any = None
    confidence: float | None = None

    @property
    def location(self) -> str:
        """Where it is, in words."""
        parts = [
            f"frame {self.frame}" if self.frame is not None else "",
            f"sensor {self.sensor}" if self.sensor is not None else "",
            self.file or "",
            self.field or "",
        ]
        return ", ".join(part for part in parts if part) or "scene"

    @property
    def docs_url(self) -> str:
        """What the documentation says about the rule: meaning, example, cause and fix."""
        return rule_url(self.code)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain JSON values; what is not known is left out."""
        values = {**attrs.asdict(self), "docs_url": self.docs_url}
        values["severity"] = self.severity.value
        is_plain = isinstance(self.value, str | int | float | bool | None)
        if not is_plain or (isinstance(self.value, float) and not math.isfinite(self.value)):
            # What JSON cannot express travels as the text that Python has for it.
            values["value"] = str(self.value)
        return {key: value for key, value in values.items() if value is not None and value != ""}


class Broken(Protocol):
    """Creates the finding of a broken rule; the severity is the rule's unless given."""

    def __call__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        severity: Severity | None = None,
        frame: str | None = None,
        sensor: str | None = None,
        file: str | None = None,
        field: str | None = None,
        value: Any = None,
        confidence: float | None = None,
    ) -> Finding: ...


def parse_rules(table: str) -> dict[str, Rule]:
    """Read a table of rules: group, severity, code and title on each line."""
    rules = {}
    for line in table.strip().splitlines():
        if line.strip():
            group, severity, code, title = line.split(maxsplit=3)
            rules[code] = Rule(code=code, group=group, severity=Severity(severity), title=title)
    return rules


def finding_maker(rules: Mapping[str, Rule]) -> Broken:
    """Return the function with which the checks of some rules create their findings."""

    def broken(
        code: str, message: str, hint: str = "", *, severity: Severity | None = None, **where: Any
    ) -> Finding:
        return Finding(
            code=code, severity=severity or rules[code].severity, message=message, hint=hint, **where
        )

    return broken
