"""Cards from a plain list of links, so that the page also reads well where only Markdown is rendered.

<!-- cards -->
- [Upload a drive](quickstart.md): From files on disk to inputs in a project.
<!-- end of cards -->
"""

from __future__ import annotations

import re
from typing import Any

_BLOCK = re.compile(r"<!-- cards -->\n(.*?)<!-- end of cards -->", re.DOTALL)
_ITEM = re.compile(r"- \[(?P<title>[^\]]+)\]\((?P<page>[^)]+)\.md\): (?P<text>(?:[^\n]|\n  )+)\n")


def setup(app: Any) -> dict[str, Any]:
    """Register the extension."""
    app.connect("source-read", _replace)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _replace(_app: Any, _name: str, source: list[str]) -> None:
    source[0] = _BLOCK.sub(lambda block: cards(block[1]), source[0])


def cards(items: str) -> str:
    """Return a list of links, each with a text after a colon, as a grid of sphinx-design.

    Raises:
        ValueError: Something in it is not an item of this form.
    """
    rest = _ITEM.sub("", items).strip()
    if rest:
        raise ValueError(f"not a card: {rest[:80]!r}; write '- [Title](page.md): Text'")
    found = [
        f":::{{grid-item-card}} {item['title']}\n:link: {item['page']}\n:link-type: doc\n"
        f"{' '.join(item['text'].split())}\n:::\n"
        for item in _ITEM.finditer(items)
    ]
    return "\n".join(["::::{grid} 1 2 2 3", ":gutter: 3", "", *found, "::::"])
