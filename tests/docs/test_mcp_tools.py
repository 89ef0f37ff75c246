"""The documented tools are the tools."""

from __future__ import annotations

from tests.docs.mcp_tools import PAGE, updated


async def test_tools_in_the_documentation() -> None:
    """`python -m tests.docs.mcp_tools` brings the page up to date."""
    page = PAGE.read_text("utf-8")
    assert page == await updated(page)
    assert "| `invalidate_scene` |" in page
