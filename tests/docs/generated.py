"""Parts of pages that are generated: they stand between two comments."""

from __future__ import annotations

from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def table(*columns: str, rows: list[str]) -> str:
    """A table in Markdown; rows are complete lines."""
    return "\n".join([f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}", *rows, ""])


def replaced(page: str, part: str, content: str) -> str:
    """The text of a page with other content between `<!--- PART: begin -->` and `<!--- PART: end -->`."""
    text = (DOCS / page).read_text("utf-8")
    begin, end = (f"<!--- {part}: {edge} -->" for edge in ("begin", "end"))
    before, after = text.index(begin) + len(begin), text.index(end)
    return f"{text[:before]}\n\n{content}\n{text[after:]}"
