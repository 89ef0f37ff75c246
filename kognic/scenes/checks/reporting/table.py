"""Reports in the terminal: a table where it is wide enough, else a list that says the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import click

from kognic._core.findings import Severity
from kognic._core.terminal import Cell, Column, Styled, cells, table
from kognic._core.visible import visible
from kognic.scenes.checks.reporting.grouping import Group, fact, grouped, in_words

if TYPE_CHECKING:
    from kognic.scenes.checks.outcome import Outcome

STYLES: dict[Severity, dict[str, Any]] = {
    Severity.ERROR: {"fg": "red", "bold": True},
    Severity.WARNING: {"fg": "yellow"},
    Severity.INFO: {"dim": True},
}
_WIDE = 100
# Where a table does not fit, lines that are too long are better than no table.
_UNLIMITED = 100_000
_LEGEND = """\
confidence: how sure the verdict is, from 0 to 0.99
points in view: per image, and their share of all points"""


# As `Report.to_table`.
def to_table(report: Outcome, *, width: int = 120, show_info: bool = True) -> str:
    """Lay a report out for a terminal; styles are ANSI sequences, which `click.echo` leaves out in files.

    Args:
        report: The report.
        width: Cells in a line.
        show_info: Include findings of severity info.
    """
    findings = [f for f in report.findings if show_info or f.severity is not Severity.INFO]
    groups = tuple(grouped(findings))
    is_wide = width >= _WIDE
    parts = [_title(report, width)]
    if groups:
        parts.append((_wide if is_wide else _narrow)(groups, width))
    if report.cameras:
        told = {group.first.message for group in groups}
        parts.append("\n" + _cameras(report, width, told if is_wide else None))
    return "\n".join(parts)


def _title(report: Outcome, width: int) -> str:
    worst = report.worst
    style: dict[str, Any] = {"fg": "green"} if worst in (None, Severity.INFO) else STYLES[worst]
    title = (
        f"{click.style(visible(report.name), bold=True)}: {click.style(in_words(report.findings), **style)}"
    )
    if report.facts:
        facts = ", ".join(fact(name, value) for name, value in report.facts.items())
        title += click.style(f" ({visible(facts)})", dim=True)
    plain = click.unstyle(title)
    if cells(plain) <= width:
        return title
    return table([Column("", wraps=True, breaks=True)], [[plain]], width, headings=False) or plain


def _wide(groups: Sequence[Group], width: int) -> str:
    columns = [
        Column("severity"),
        Column("rule"),
        Column("where", wraps=True, breaks=True),
        Column("what, and what to do", wraps=True, breaks=True),
    ]
    rows: list[list[Cell]] = [
        [
            Styled(group.first.severity.value, STYLES[group.first.severity]),
            group.first.code,
            _where(group),
            _what(group),
        ]
        for group in groups
    ]
    return table(columns, rows, width) or _narrow(groups, width)


def _narrow(groups: Sequence[Group], width: int) -> str:
    columns = [Column("severity"), Column("text", wraps=True, breaks=True)]
    rows = [
        row
        for group in groups
        for row in (
            [
                Styled(group.first.severity.value, STYLES[group.first.severity]),
                Styled(f"{group.first.code}  {_where(group, separator='; ')}", {"bold": True}),
            ],
            [Styled(""), Styled(_what(group))],
        )
    ]
    # The narrowest terminals get lines that are too long rather than no report.
    return table(columns, rows, max(width, 40), headings=False) or ""


def _where(group: Group, separator: str = "\n") -> str:
    return separator.join(filter(None, [group.first.location, group.others]))


def _what(group: Group) -> str:
    return "\n".join(filter(None, [group.first.message, group.first.hint]))


def _cameras(report: Outcome, width: int, told: Collection[str] | None) -> str:
    """The verdicts; with the reasons that are not `told` above, or without any if that is None."""
    with_reasons = told is not None and any(camera.explanation not in told for camera in report.cameras)
    columns = [
        Column("camera", wraps=True, breaks=True),
        Column("verdict"),
        Column("confidence", right=True),
        Column("points in view", right=True),
        *([Column("why", wraps=True, breaks=True)] if with_reasons else []),
    ]
    rows = [
        [
            camera.sensor,
            camera.verdict,
            f"{camera.confidence:.2f}",
            f"{camera.points_in_view} ({camera.share_in_view:.1%})",
            *([camera.explanation] if with_reasons else []),
        ]
        for camera in report.cameras
    ]
    title = click.style("Cameras, checked against the lidar", bold=True)
    body = table(columns, rows, width) or table(columns, rows, _UNLIMITED)
    return f"{title}\n{body}\n{click.style(_LEGEND, dim=True)}"
