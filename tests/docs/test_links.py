"""Links between the Markdown files lead somewhere, and `.ci/links.py` notices those that do not."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LINKS: dict[str, Any] = runpy.run_path(str(ROOT / ".ci" / "links.py"))


def test_markdown_files() -> None:
    """The anchors of pages are checked in the built documentation (`make check`)."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "decisions").glob("*.md")]
    assert [problem for page in pages for problem in LINKS["broken_in_markdown"](page)] == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.html").write_text('<p id="here">')
    (tmp_path / "a.html").write_text(
        '<a href="sub/b.html#here">fine</a><a href="#top" id="top">fine</a><a href="https://x.example/#y">fine</a>'
        '<a href="sub/b.html#gone">no anchor</a><a href="c.html">no file</a><img src="c.png">'
    )
    assert list(LINKS["broken_in_html"](tmp_path)) == [
        "a.html: sub/b.html#gone: there is no such anchor",
        "a.html: c.html: there is no such file",
        "a.html: c.png: there is no such file",
    ]
    page = tmp_path / "page.md"
    page.write_text(
        "[x](sub/b.html) [y](nothing.md#z) `[code](no.md)`\n```\n[code](no.md)\n```\n![picture](p.png)\n"
    )
    assert list(LINKS["broken_in_markdown"](page)) == [f"{page}: nothing.md#z: there is no such file"]
