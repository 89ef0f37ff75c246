"""Reports as one HTML page for people: style inside, no scripts, no network, light and dark.

All text is escaped, and the page forbids its reader's browser to load anything at all.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from kognic._core.findings import Severity
from kognic._core.version import __version__
from kognic.scenes.checks.reporting.figures import Figure, FigureOf
from kognic.scenes.checks.reporting.grouping import Group, fact, grouped, in_words, scenes_in
from kognic.scenes.checks.rules import REPORTED_GROUPS, REPORTED_RULES

if TYPE_CHECKING:
    from kognic.scenes.calibration.verdict import CameraVerdict
    from kognic.scenes.checks.outcome import Outcome

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_TITLES = {
    "structure": "Structure",
    "files": "Files",
    "geometry": "Geometry",
    "openlabel": "Pre-annotation",
    "annotation": "Annotation",
}
# From this score on nobody doubts; the bar is then full.
_FULL_SCORE = 20
# A scene of a thousand broken frames is understood from the first hundred.
_SHOWN_PLACES = 100


def to_html(reports: Sequence[Outcome], figure_of: FigureOf | None = None) -> str:
    """Put reports into one page.

    Args:
        reports: The reports.
        figure_of: Gives findings their pictures, see `kognic.viewer.figures`.
    """
    figures = figure_of or (lambda _: None)
    title = escape(f"Check of {reports[0].name if len(reports) == 1 else scenes_in(reports)}")
    body = [
        f"<h1>{title}</h1>",
        f'<p class="soft">{escape(_sources(reports))}</p>',
        _tiles(reports),
        _switches(),
        *(_scene(report, figures, is_open=len(reports) == 1 or bool(report.errors)) for report in reports),
        f"<footer>Made by kognic check {__version__}, without sending anything anywhere.</footer>",
    ]
    style = files("kognic.scenes.checks.reporting").joinpath("report.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _sources(reports: Sequence[Outcome]) -> str:
    known = list(dict.fromkeys(report.source for report in reports if report.source))
    return known[0] if len(known) == 1 else f"{len(known)} scene files" if known else ""


def _tiles(reports: Sequence[Outcome]) -> str:
    counts = Counter(finding.severity for report in reports for finding in report)
    if len(reports) == 1:
        tiles = [("", *fact(name, value).split(" ", 1)) for name, value in reports[0].facts.items()]
    else:
        number, words = scenes_in(reports).split()
        tiles = [("", number, words)]
    for severity, words in (
        (Severity.ERROR, "error"),
        (Severity.WARNING, "warning"),
        (Severity.INFO, "note"),
    ):
        count = counts[severity]
        tone = severity.value if count else "fine" if severity is not Severity.INFO else ""
        tiles.append((tone, str(count), words if count == 1 else f"{words}s"))
    inside = "".join(
        f'<div class="tile {tone}"><b>{escape(number)}</b>{escape(words)}</div>'
        for tone, number, words in tiles
    )
    return f'<div class="tiles">{inside}</div>'


def _switches() -> str:
    """What is shown, chosen with style alone."""
    return '<div class="show">Show ' + "".join(
        f'<label><input type="checkbox" id="show-{severity.value}" checked> {words}</label>'
        for severity, words in (
            (Severity.ERROR, "errors"), (Severity.WARNING, "warnings"), (Severity.INFO, "notes"),
        )
    ) + "</div>"  # fmt: skip


def _scene(report: Outcome, figure_of: FigureOf, *, is_open: bool) -> str:
    worst = report.worst
    tone = worst.value if worst is not None and worst is not Severity.INFO else "fine"
    facts = ", ".join(fact(name, value) for name, value in report.facts.items())
    parts = [
        f'<details class="scene"{" open" if is_open else ""}>',
        "<summary>",
        f"<h2>{escape(report.name)}</h2>",
        f'<span class="badge {tone}">{escape(in_words(report))}</span>',
        f'<span class="soft">{escape(facts)}</span>',
        "</summary>",
        '<div class="inside">',
    ]
    if not report.findings:
        parts.append('<p class="soft">Nothing was found.</p>')
    for group in REPORTED_GROUPS:
        found = grouped(finding for finding in report.findings if REPORTED_RULES[finding.code].group == group)
        if found:
            parts.append(f"<h3>{_TITLES[group]}</h3>")
            parts += [_finding(one, figure_of) for one in found]
    if report.cameras:
        parts.append(_cameras(report.cameras))
    return "\n".join([*parts, "</div>", "</details>"])


def _finding(group: Group, figure_of: FigureOf) -> str:
    finding = group.first
    figures = "".join(_figure(found) for one in group.findings if (found := figure_of(one)) is not None)
    hint = f'<p class="hint">{escape(finding.hint)}</p>' if finding.hint else ""
    return (
        f'<article class="finding {finding.severity.value}"><header><b>{finding.severity.value}</b>'
        f'<a href="{escape(finding.docs_url)}" title="{escape(REPORTED_RULES[finding.code].title)}">'
        f"<code>{escape(finding.code)}</code></a>"
        f'<span class="location">{escape(finding.location)}</span></header>'
        f"<p>{escape(finding.message)}</p>{hint}{figures}{_others(group)}</article>"
    )


def _figure(figure: Figure) -> str:
    pictures = "".join(
        f'<figure><img alt="{escape(caption)}" src="data:image/webp;base64,{b64encode(content).decode()}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, content in figure.pictures
    )
    rows = []
    if figure.quaternion is not None:
        numbers = ", ".join(
            f'"{name}": {value:.9f}' for name, value in zip("wxyz", figure.quaternion, strict=True)
        )
        rows.append(f'"rotation_quaternion": {{{numbers}}}')
    rows += [figure.command] if figure.command else []
    lines = "".join(f"<p><code>{escape(row)}</code></p>" for row in rows)
    message = f'<p class="nopicture">{escape(figure.message)}</p>' if figure.message else ""
    shown = f'<div class="figures">{pictures}</div>' if pictures else ""
    return f"{shown}{message}{lines}"


def _others(group: Group) -> str:
    others = group.findings[1:]
    if not others:
        return ""
    items = [f"<li>{escape(f'{other.location}: {other.message}')}</li>" for other in others[:_SHOWN_PLACES]]
    if len(others) > _SHOWN_PLACES:
        items.append(f"<li>and {len(others) - _SHOWN_PLACES} more</li>")
    return f"<details><summary>{escape(group.others)}</summary><ul>{''.join(items)}</ul></details>"


def _cameras(cameras: Sequence[CameraVerdict]) -> str:
    head = "".join(
        f"<th>{name}</th>" for name in ("Camera", "Verdict", "Confidence", "Score", "Points in view", "Why")
    )
    return (
        f'<h3>Cameras, checked against the lidar</h3>\n<div class="wide"><table>\n<tr>{head}</tr>\n'
        + "\n".join(map(_camera, cameras))
        + "\n</table></div>"
    )


def _camera(camera: CameraVerdict) -> str:
    tone = {"consistent": "fine", "undecided": "info"}.get(camera.verdict, "warning")
    share = max(0.0, min(camera.score / _FULL_SCORE, 1.0))
    return (
        f"<tr><td>{escape(camera.sensor)}</td>"
        f'<td><span class="badge {tone}">{escape(camera.verdict)}</span></td>'
        f'<td class="number">{camera.confidence:.2f}</td>'
        f'<td class="number"><span class="meter {tone}"><i style="width: {share:.0%}"></i></span>'
        f"{camera.score:.1f}</td>"
        f'<td class="number">{camera.points_in_view} ({camera.share_in_view:.1%})</td>'
        f"<td>{escape(camera.explanation)}</td></tr>"
    )
