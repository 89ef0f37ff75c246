"""The differences of deliveries as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from kognic.annotations.diff import Difference, DocumentDiff

MAX_ROWS = 20_000
"""Rows of all tables together; more would stop a browser."""

_COLUMNS = ("Frame", "Change", "Class", "Geometry", "Sensor", "By", "Before", "After", "Object")
_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem;
  color: #1c2733; background: #fff; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #d5dbe1; padding: .25rem .6rem; text-align: left; vertical-align: top; }
[role=alert] { border-left: 4px solid #b3261e; padding-left: .6rem; }
td.amount { text-align: right; font-variant-numeric: tabular-nums; }
td.object { font-family: ui-monospace, monospace; font-size: 12px; overflow-wrap: anywhere; }
tr.added td:nth-child(2) { color: #0a6b2f; } tr.removed td:nth-child(2) { color: #a51d24; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
@media (prefers-color-scheme: dark) {
  body { color: #dce3ea; background: #14191f; } th, td { border-color: #34404c; }
  tr.added td:nth-child(2) { color: #5fd08a; } tr.removed td:nth-child(2) { color: #ff8b8f; }
}
"""

_HEAD = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Changes of annotations</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Changes of annotations</h1>
"""


def diff_page(diffs: Mapping[str, DocumentDiff]) -> str:
    """Write differences as an HTML page.

    Args:
        diffs: By the name of what was compared.
    """
    parts = [_HEAD]
    room = MAX_ROWS
    for name, changes in diffs.items():
        shown = changes.differences[:room]
        room -= len(shown)
        parts += _section(name, changes, shown)
    parts.append("</body>\n</html>\n")
    return "".join(parts)


def _section(name: str, changes: DocumentDiff, shown: tuple[Difference, ...]) -> Iterator[str]:
    yield f"<section>\n<h2>{escape(name)}</h2>\n<p>{escape(_summary(changes))}</p>\n"
    if changes.unrelated is not None:
        yield f'<p role="alert">Nothing can be compared: {escape(changes.unrelated)}.</p>\n'
    for title, frames in (
        ("Frames added", changes.frames_added),
        ("Frames removed", changes.frames_removed),
    ):
        if frames:
            yield f"<p>{title}: {escape(', '.join(frames))}</p>\n"
    if shown:
        heads = "".join(f'<th scope="col">{column}</th>' for column in _COLUMNS)
        yield f"<table>\n<caption>Differences</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n"
        yield from map(_row, shown)
        yield "</tbody>\n</table>\n"
    if len(shown) < len(changes.differences):
        yield f"<p>{len(changes.differences) - len(shown)} more are not shown; the JSON form has all.</p>\n"
    yield "</section>\n"


def _summary(changes: DocumentDiff) -> str:
    return ", ".join(f"{count} {change}" for change, count in changes.counts().items()) or "No changes."


def _row(item: Difference) -> str:
    change = f"{item.change}: {item.name}" if item.name else item.change
    cells: list[tuple[str, Any]] = [
        ("", item.frame_id), ("", change), ("", item.class_name), ("", item.kind), ("", item.stream),
        ("amount", item.amount_text), ("", item.before), ("", item.after), ("object", item.object_id),
    ]  # fmt: skip
    written = "".join(f'<td class="{kind}">{escape(_text(value))}</td>' for kind, value in cells)
    return f'<tr class="{item.change}">{written}</tr>\n'.replace(' class=""', "")


def _text(value: Any) -> str:
    return "" if value is None else str(value)
