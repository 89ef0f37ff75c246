"""The differences as a page."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from kognic.annotations import diff_page as module
from kognic.annotations.diff import diff
from kognic.annotations.diff_page import diff_page
from tests.annotations.scenes import car, document, drive


class _Cells(HTMLParser):
    """Texts of cells, and the names of all elements."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()
        self._inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self._inside = tag == "td"
        if self._inside:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.cells[-1] += data


def test_rows_are_escaped_and_nothing_is_fetched() -> None:
    """Names come from strangers; the page has no script and no link."""
    labels = [
        car("f0", class_name="<script>alert(1)</script>"),
        car("f1", class_name="<script>alert(1)</script>"),
    ]
    page = diff_page({"<b>": diff(document(labels[:1]), document([]))})
    parser = _Cells()
    parser.feed(page)
    assert "<script>alert(1)</script>" in parser.cells
    assert not parser.tags & {"script", "b", "link", "img"}
    assert "http" not in page.replace("http-equiv", "")


def test_amounts_and_counts() -> None:
    """What changed by how much, frame by frame."""
    after = [car("f0", y=0.25), *drive()[1:]]
    parser = _Cells()
    page = diff_page({"scene": diff(document(drive()), document(after))})
    parser.feed(page)
    assert parser.cells[:6] == ["f0", "moved", "Car", "cuboid", "ROOF", "0.250 m"]
    assert "<p>1 moved</p>" in page


def test_large_diffs_say_what_they_leave_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser gets no more rows than it can show."""
    monkeypatch.setattr(module, "MAX_ROWS", 1)
    after = [car(f, y=0.25) for f in ("f0", "f1")]
    page = diff_page({"scene": diff(document(drive()[:2]), document(after))})
    assert "more are not shown; the JSON form has all." in page
