"""The documented rules are the rules."""

from __future__ import annotations

from kognic.scenes.checks import RULES
from tests.docs.rules_table import PAGE, updated


def test_rules_in_the_documentation() -> None:
    """`python -m tests.docs.rules_table` brings the page up to date."""
    page = PAGE.read_text("utf-8")
    assert page == updated(page)
    assert all(f"| [`{code}`](" in page for code in RULES)
