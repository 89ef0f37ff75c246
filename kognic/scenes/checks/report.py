"""The result of a check, and how it looks: a table, JSON, SARIF, an HTML page."""

from __future__ import annotations

from typing import Any

import attrs

from kognic.scenes.checks.outcome import Outcome
from kognic.scenes.checks.reporting import as_json, grouping, html, sarif, table


@attrs.frozen(kw_only=True)
class Report(Outcome):
    """What a check found; see `Outcome` for its data.

    Attributes:
        name: What was checked, usually the external ID of a scene or the name of a file.
        findings: Worst first; within a severity in the order of the scene.
        facts: Counts of what was inspected, for example `{"frames": 200, "files read": 1400}`.
        cameras: What the lidar says of each camera's calibration; empty when geometry was not checked.
        source: Path of the scene file; None for scenes created in Python.
    """

    def summary(self) -> str:
        """One line, for example `2 errors, 1 warning`."""
        return grouping.in_words(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return as_json.to_dict(self)

    def to_json(self) -> str:
        """The JSON text of `to_dict()`."""
        return as_json.dumps(self.to_dict())

    def to_sarif(self) -> str:
        """The report as SARIF 2.1.0, which code hosts and editors show."""
        return sarif.to_sarif([self])

    def to_html(self) -> str:
        """The report as one self-contained HTML page."""
        return html.to_html([self])

    def to_table(self, *, width: int = 120) -> str:
        """The report as a table for a terminal; `click.echo` leaves its colours out in files.

        Args:
            width: Cells in a line.
        """
        return table.to_table(self, width=width)
