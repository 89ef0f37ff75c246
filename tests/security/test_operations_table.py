"""The table of operations in the documentation is the one that the client goes by."""

from __future__ import annotations

from pathlib import Path

from kognic.io.resources.operations import OPERATIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
START, END = "<!-- operations -->\n", "<!-- end of operations -->"


def operations_table() -> str:
    """The table as the page must have it."""
    rows = [f"| `{one.method} {one.template}` | {one.effect.value} |" for one in OPERATIONS.values()]
    return "\n".join(["| operation | effect |", "| --- | --- |", *rows])


def test_page_has_every_operation_with_its_effect() -> None:
    """If this fails, put `operations_table()` between the two comments of the page."""
    written = PAGE.read_text().partition(START)[2].partition(END)[0].strip()

    assert written == operations_table()
