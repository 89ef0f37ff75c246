"""The table of rules in docs/checks.md; run this file to bring it up to date."""

from __future__ import annotations

import re
from pathlib import Path

from kognic.scenes.checks import GROUPS, RULES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "checks.md"
_TITLES = {
    "structure": "Structure",
    "files": "Files",
    "geometry": "Geometry",
    "openlabel": "Pre-annotations",
}
_PLACE = re.compile(r"(<!--- rules: begin -->\n).*?(<!--- rules: end -->)", re.DOTALL)


def tables() -> str:
    """A table for each group of rules."""
    parts = []
    for group in GROUPS:
        rows = [
            f"| [`{rule.code}`](rules.md#{rule.code}) | {rule.severity.value} | {rule.title} |"
            for rule in RULES.values()
            if rule.group == group
        ]
        head = ["| Code | Severity | Rule |", "| --- | --- | --- |"]
        parts.append("\n".join([f"### {_TITLES[group]}", "", *head, *rows, ""]))
    return "\n".join(parts)


def updated(text: str) -> str:
    """A page with the tables of today."""
    return _PLACE.sub(lambda found: f"{found[1]}\n{tables()}\n{found[2]}", text)


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")
