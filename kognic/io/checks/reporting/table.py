"""A report in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group as Lines
from rich.markup import escape
from rich.table import Table

from kognic.io.checks.findings import Severity
from kognic.io.checks.reporting.grouping import grouped

if TYPE_CHECKING:
    from kognic.io.checks.report import Report

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def to_table(report: Report, *, show_info: bool = True) -> Lines:
    """Make the table of a report for `rich.console.Console.print`.

    Args:
        report: The report.
        show_info: Also show findings that nothing need be done about.
    """
    parts: list[Table | str] = [f"[bold]{escape(report.name)}[/bold]: {report.summary()}"]
    findings = [f for f in report.findings if show_info or f.severity is not Severity.INFO]
    if findings:
        table = Table(show_lines=False, expand=False)
        table.add_column("Severity")
        table.add_column("Rule", no_wrap=True)
        table.add_column("Where")
        table.add_column("What, and what to do")
        for group in grouped(findings):
            finding = group.first
            style = STYLES[finding.severity]
            cure = f"\n[dim]{escape(finding.cure)}[/dim]" if finding.cure else ""
            where = "\n".join(filter(None, [escape(finding.place), group.others]))
            table.add_row(
                f"[{style}]{finding.severity.value}[/{style}]",
                finding.code,
                where,
                escape(finding.message) + cure,
            )
        parts.append(table)
    if report.cameras:
        parts.append(_cameras(report))
    return Lines(*parts)


def _cameras(report: Report) -> Table:
    table = Table(title="Cameras, judged by the lidar")
    for column in ("Camera", "Verdict", "Confidence", "Score", "Points in view"):
        table.add_column(column)
    for camera in report.cameras:
        table.add_row(
            escape(camera.sensor),
            camera.verdict,
            f"{camera.confidence:.2f}",
            f"{camera.score:.1f}",
            f"{camera.points_in_view} ({camera.share_in_view:.1%})",
        )
    return table
