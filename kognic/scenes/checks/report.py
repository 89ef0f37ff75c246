"""The result of a check, with output as a table, JSON, SARIF, or an HTML page."""

from __future__ import annotations

from typing import Any

import attrs

from kognic.scenes.checks.outcome import Outcome
from kognic.scenes.checks.reporting import as_json, grouping, html, sarif, table


@attrs.frozen(kw_only=True)
class Report(Outcome):
    """The result of a check; see `Outcome` for its data.

    Attributes:
        name: Name of the checked object, usually the external ID of a scene or a file name.
        findings: Sorted by severity, highest first; within a severity in the order of the scene.
        facts: Counts of what was inspected, for example `{"frames": 200, "files read": 1400}`.
        cameras: Result of the calibration check of each camera; empty if geometry was not checked.
        source: Path of the scene file; None for scenes created in Python.
    """

    def summary(self) -> str:
        """Return one line, for example `2 errors, 1 warning`."""
        return grouping.in_words(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return as_json.to_dict(self)

    def to_json(self) -> str:
        """Return the JSON text of `to_dict()`."""
        return as_json.dumps(self.to_dict())

    def to_sarif(self) -> str:
        """Return the report as SARIF 2.1.0, for code hosts and editors."""
        return sarif.to_sarif([self])

    def to_html(self) -> str:
        """Return the report as a self-contained HTML page."""
        return html.to_html([self])

    # Characters: most terminals of today are wider than 80, and paths need the room.
    def to_table(self, *, width: int = 120) -> str:
        """Return the report as a table for a terminal; `click.echo` removes the colours in files.

        Args:
            width: Characters per line.
        """
        return table.to_table(self, width=width)
