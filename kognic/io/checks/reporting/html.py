"""Reports as one HTML page that needs no network: style inside, no scripts, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from kognic.io.checks.findings import Severity
from kognic.io.checks.reporting.grouping import Group, grouped
from kognic.io.checks.rules import GROUPS, RULES

if TYPE_CHECKING:
    from kognic.io.checks.report import Report

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --error: #c62828; --warning: #b26a00; --info: #607d8b; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { margin: 2.2rem 0 .3rem; font-size: 1.25rem; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: .92em; } .where, .cure, .facts { opacity: .75; }
.severity { color: #fff; border-radius: .3rem; padding: .05rem .45rem; font-size: .85em;
  white-space: nowrap; }
.error { background: var(--error); } .warning { background: var(--warning); }
.info { background: var(--info); }
.fine, .bar { background: #2e7d32; } .bar { display: inline-block; height: .6rem; border-radius: .3rem; }
""".strip()


def to_html(reports: Sequence[Report]) -> str:
    """Put reports into one page."""
    title = reports[0].name if len(reports) == 1 else f"{len(reports)} scenes"
    body = "\n".join(_report(report) for report in reports)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Check of {escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f"<h1>Check of {escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def _report(report: Report) -> str:
    badge = report.worst.value if report.worst not in (None, Severity.INFO) else "fine"
    facts = ", ".join(f"{escape(str(value))} {escape(key)}" for key, value in report.facts.items())
    summary = f'<span class="severity {badge}">{escape(report.summary())}</span>'
    parts = [
        f"<h2>{escape(report.name)}</h2>",
        f'<p>{summary} <span class="facts">{facts}</span></p>',
    ]
    for group in GROUPS:
        found = [finding for finding in report.findings if RULES[finding.code].group == group]
        if found:
            parts.append(f"<h3>{group}</h3>")
            parts.append(_table(grouped(found)))
    if report.cameras:
        parts.append(_cameras(report))
    return "\n".join(parts)


def _table(groups: Sequence[Group]) -> str:
    rows = []
    for group in groups:
        finding = group.first
        rest = f"<br>{group.others}" if group.others else ""
        rows.append(
            f'<tr><td><span class="severity {finding.severity.value}">{finding.severity.value}</span></td>'
            f"<td><code>{escape(finding.code)}</code></td>"
            f'<td class="where">{escape(finding.place)}{rest}</td>'
            f'<td>{escape(finding.message)}<div class="cure">{escape(finding.cure)}</div></td></tr>'
        )
    head = "<tr><th>Severity</th><th>Rule</th><th>Where</th><th>What, and what to do</th></tr>"
    return f"<table>\n{head}\n" + "\n".join(rows) + "\n</table>"


def _cameras(report: Report) -> str:
    rows = []
    for camera in report.cameras:
        width = max(0.0, min(camera.score / 20, 1)) * 8
        rows.append(
            f"<tr><td>{escape(camera.sensor)}</td><td>{escape(camera.verdict)}</td>"
            f'<td class="number">{camera.confidence:.2f}</td>'
            f'<td><span class="bar" style="width: {width:.2f}rem"></span> {camera.score:.1f}</td>'
            f'<td class="number">{camera.points_in_view} ({camera.share_in_view:.1%})</td>'
            f"<td>{escape(camera.explanation)}</td></tr>"
        )
    head = (
        "<tr><th>Camera</th><th>Verdict</th><th>Confidence</th><th>Score</th><th>Points in view</th>"
        "<th>Why</th></tr>"
    )
    return f"<h3>cameras, judged by the lidar</h3>\n<table>\n{head}\n" + "\n".join(rows) + "\n</table>"
