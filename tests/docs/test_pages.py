"""The generated pages are as the code says."""

from __future__ import annotations

import pytest

from kognic.scenes.checks import RULES
from tests.docs.generated import DOCS
from tests.docs.pages import PAGES


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    """If not: make pages"""
    assert (DOCS / name).read_text("utf-8") == PAGES[name]()


def test_rules_and_tools_are_in_the_tables() -> None:
    rules = (DOCS / "checks.md").read_text("utf-8")
    assert all(f"| [`{code}`](" in rules for code in RULES)
    assert "| `invalidate_scene` |" in (DOCS / "mcp.md").read_text("utf-8")
