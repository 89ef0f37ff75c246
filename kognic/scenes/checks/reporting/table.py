"""Reports in the terminal: a table where it is wide enough, else a list that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kognic._core.findings import Severity
from kognic.scenes.checks.reporting.grouping import Group, grouped

if TYPE_CHECKING:
    from kognic.scenes.checks.report import Report

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
_WIDE = 100


def to_table(report: Report, *, show_info: bool = True) -> ReportTable:
    """Make the table of a report for `rich.console.Console.print`.

    Args:
        report: The report.
        show_info: Also show findings that nothing need be done about.
    """
    findings = [f for f in report.findings if show_info or f.severity is not Severity.INFO]
    return ReportTable(report, tuple(grouped(findings)))


@attrs.frozen
class ReportTable:
    """What is printed of a report; made by `to_table`."""

    report: Report
    groups: Sequence[Group]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the report out for the width there is."""
        is_wide = options.max_width >= _WIDE
        yield _title(self.report)
        if self.groups:
            yield _wide(self.groups) if is_wide else _narrow(self.groups)
        if self.report.cameras:
            yield _cameras(self.report, with_reasons=is_wide)


def _title(report: Report) -> Text:
    worst = report.worst
    style = "green" if worst in (None, Severity.INFO) else STYLES[worst]
    title = Text.assemble((report.name, "bold"), ": ", (report.summary(), style))
    if report.facts:
        title.append(f" ({', '.join(_fact(name, value) for name, value in report.facts.items())})", "dim")
    return title


def _fact(name: str, value: object) -> str:
    """`200 frames`, but `1 frame`."""
    return f"{value} {name.removesuffix('s') if value == 1 and ' ' not in name else name}"


def _wide(groups: Sequence[Group]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("severity")
    table.add_column("rule", no_wrap=True)
    table.add_column("where", ratio=2)
    table.add_column("what, and what to do", ratio=3)
    for group in groups:
        finding = group.first
        table.add_row(
            Text(finding.severity.value, STYLES[finding.severity]),
            Text(finding.code),
            _where(group),
            _what(group),
        )
    return table


def _narrow(groups: Sequence[Group]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(ratio=1)
    for group in groups:
        finding = group.first
        head = Text.assemble((finding.code, "bold"), "  ", _where(group, separator="; "))
        table.add_row(Text(finding.severity.value, STYLES[finding.severity]), head)
        table.add_row("", _what(group))
    return table


def _where(group: Group, separator: str = "\n") -> Text:
    return Text(separator.join(filter(None, [group.first.location, group.others])))


def _what(group: Group) -> Text:
    text = Text(group.first.message)
    if group.first.hint:
        text.append(f"\n{group.first.hint}", "dim")
    return text


def _cameras(report: Report, *, with_reasons: bool) -> Padding:
    table = Table(
        title="Cameras, judged by the lidar", title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold",
    )  # fmt: skip
    for column in ("camera", "verdict"):
        table.add_column(column)
    for column in ("confidence", "score", "points in view"):
        table.add_column(column, justify="right")
    if with_reasons:
        table.add_column("why", ratio=1)
    for camera in report.cameras:
        cells = [
            Text(camera.sensor),
            Text(camera.verdict),
            Text(f"{camera.confidence:.2f}"),
            Text(f"{camera.score:.1f}"),
            Text(f"{camera.points_in_view} ({camera.share_in_view:.1%})"),
        ]
        table.add_row(*cells, *([Text(camera.explanation)] if with_reasons else []))
    return Padding(table, (1, 0, 0, 0))
