"""Docs for programs: a Markdown twin of every page, `llms.txt`, `llms-full.txt`, and a sitemap.

The sources are Markdown already; the twins are copies, so that a program reads what a person wrote. See
https://llmstxt.org for the format of `llms.txt`. Addresses are relative unless `html_baseurl` is set.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^(```|:::)[^\n]*\n.*?^\1\s*$", re.MULTILINE | re.DOTALL)


def setup(app: Any) -> dict[str, Any]:
    """Connect the writer to the end of an HTML build."""
    app.connect("build-finished", write_twins)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_twins(app: Any, error: Exception | None) -> None:
    """Write the files beside the HTML pages."""
    if error is not None or app.builder.name != "html":
        return
    out, base = Path(app.outdir), (app.config.html_baseurl or "").rstrip("/")
    base = f"{base}/" if base else ""
    pages = []
    for name in sorted(app.env.found_docs, key=lambda name: (name != "index", name)):
        text = Path(app.env.doc2path(name)).read_text("utf-8")
        twin = out / f"{name}.md"
        twin.parent.mkdir(parents=True, exist_ok=True)
        twin.write_text(text, "utf-8")
        pages.append((name, _title(text) or name, _summary(text), text))
    listed = "".join(
        f"- [{title}]({base}{name}.md){': ' if summary else ''}{summary}\n"
        for name, title, summary, _ in pages
        if name != "index"
    )
    summary = next(summary for name, _, summary, _ in pages if name == "index")
    head = f"# {app.config.project}\n\n> {summary}\n\n"
    (out / "llms.txt").write_text(f"{head}## Docs\n\n{listed}", "utf-8")
    full = "\n\n".join(text.strip() for _, _, _, text in pages)
    (out / "llms-full.txt").write_text(full + "\n", "utf-8")
    urls = "".join(f"  <url><loc>{escape(f'{base}{name}.html')}</loc></url>\n" for name, *_ in pages)
    (out / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n',
        "utf-8",
    )


def _title(text: str) -> str:
    found = _TITLE.search(text)
    return found[1] if found else ""


def _summary(text: str) -> str:
    """The first paragraph below the title, on one line, without links and markup."""
    body = _FENCE.sub("", text[(_TITLE.search(text) or re.match("", text)).end() :])  # type: ignore[union-attr]
    for paragraph in body.strip().split("\n\n"):
        line = " ".join(paragraph.split())
        if line and not line.startswith(("#", "|", "-", "!", "<", "`", ":")):
            return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", line).replace("`", "")
    return ""
