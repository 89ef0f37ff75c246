"""Checks links without a network: those of the built documentation, and those between Markdown files.

    python .ci/links.py docs/_build/html README.md CONTRIBUTING.md

Every page that a link names has to exist, and every anchor on it; so have the addresses that errors and findings
carry. Links to other hosts are left to `make links`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

MARKDOWN_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]+`", re.MULTILINE | re.DOTALL)


class Page(HTMLParser):
    """The links and anchors of an HTML file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember what an element links to, and what it is called."""
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name == "id" and value:
                self.anchors.add(value)


@cache
def page_of(path: Path) -> Page:
    """The parsed file; each is read once."""
    return Page(path)


def broken_in_html(folder: Path) -> Iterator[str]:
    """Links of built pages that lead nowhere."""
    for path in sorted(folder.rglob("*.html")):
        for link in page_of(path).links:
            problem = _problem(path, link)
            if problem:
                yield f"{path.relative_to(folder)}: {link}: {problem}"


def broken_in_markdown(path: Path) -> Iterator[str]:
    """Links of a Markdown file to files that do not exist."""
    for link in MARKDOWN_LINK.findall(CODE.sub("", path.read_text("utf-8"))):
        parts = urlsplit(link)
        if not parts.scheme and parts.path and not (path.parent / unquote(parts.path)).exists():
            yield f"{path}: {link}: there is no such file"


def broken_in_code(folder: Path) -> Iterator[str]:
    """Addresses in errors and findings that the built documentation does not have."""
    from kognic._core.docs_links import docs_url, error_url, rule_url
    from kognic.io import errors
    from kognic.scenes.checks.rules import REPORTED_RULES

    base = docs_url("").removesuffix(".html")
    for url in [*map(error_url, errors.__all__), *map(rule_url, REPORTED_RULES)]:
        problem = _problem(folder / "index.html", url.removeprefix(base))
        if problem:
            yield f"{url}: {problem}"


def _problem(page: Path, link: str) -> str | None:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return "there is no such file"
    # Fragments of other files, such as text fragments of scripts, are not anchors.
    if parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in page_of(target).anchors:
        return "there is no such anchor"
    return None


def main(arguments: list[str]) -> int:
    """Print what is broken; the exit status says whether anything is."""
    found: list[str] = []
    for argument in map(Path, arguments):
        if argument.is_dir():
            found += [*broken_in_html(argument), *broken_in_code(argument)]
        else:
            found += broken_in_markdown(argument)
    print("\n".join(found) or "links: all lead somewhere")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
