"""The table of rules in docs/checks.md."""

from __future__ import annotations

from kognic.scenes.checks import GROUPS, RULES
from tests.docs.error_catalogue import TITLES
from tests.docs.generated import replaced, table


def page() -> str:
    """The page with a table for each group of rules."""
    parts = []
    for group in GROUPS:
        rows = [
            f"| [`{rule.code}`](rules.md#{rule.code}) | {rule.severity.value} | {rule.title} |"
            for rule in RULES.values()
            if rule.group == group
        ]
        parts.append(f"### {TITLES[group]}\n\n{table('Code', 'Severity', 'Rule', rows=rows)}")
    return replaced("checks.md", "rules", "\n".join(parts))
