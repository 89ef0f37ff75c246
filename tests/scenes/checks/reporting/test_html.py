"""Reports as a page: one file, escaped, no network, and a browser shows it."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import attrs
import pytest

from kognic._core.docs_links import docs_url, rule_url
from kognic.scenes.checks import Report
from kognic.scenes.checks.reporting.html import to_html
from tests.scenes.checks.reporting.conftest import NASTY

VOID = {"meta", "input", "br", "link", "img"}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Page(HTMLParser):
    """Tags must be closed in order; text and attributes are collected."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_everything_is_escaped(report: Report) -> None:
    """File names, sensors and messages with markup are text."""
    page = Page(to_html([report]))
    assert "script" not in page.tags
    assert page.text.count(NASTY) >= 6


def test_nothing_is_loaded(report: Report) -> None:
    """No address but that of the documentation, behind links, and a policy that forbids to load anything."""
    text = to_html([report])
    assert f'<a href="{rule_url("image-size")}"' in text
    text = text.replace(docs_url("rules"), "")
    page = Page(re.sub(r'<a href="#[a-z0-9-]+"', "<a", text))
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed"}
    assert not {name for name, _ in page.attributes} & {"src", "href", "srcset", "action", "onclick"}
    assert not re.search(r"https?:|url\(|@import", text)
    assert "default-src 'none'" in text


def test_groups_counts_and_places(report: Report, nothing: Report) -> None:
    """Every rule once, how many more there are, and where; long lists are cut with a word."""
    text = Page(to_html([report, nothing])).text
    assert "2 scenes" in text
    assert text.count("image-size") == 1
    assert "and 199 more" in text
    assert "frame 100, sensor FRONT" in text
    assert "frame 101, sensor FRONT" not in text
    assert "and 99 more" in text
    assert "Nothing was found." in text
    text = Page(nothing.to_html()).text
    assert text.count("fine") >= 2
    assert "1 frames" not in text


def test_the_report_of_a_rig_is_no_scene(report: Report) -> None:
    """It has the scene file of one of its scenes, which have reports of their own."""
    scenes = [attrs.evolve(report, source=f"{name}/scene.json") for name in ("a", "b")]
    text = Page(to_html([*scenes, attrs.evolve(scenes[0], name="rig")])).text
    assert "Check of 2 scenes" in text
    assert "2 scene files" in text
    assert "2scenes" in text


def test_size_is_bounded(report: Report) -> None:
    """Many scenes with thousands of findings stay far below 5 MB."""
    assert len(to_html([report] * 50).encode()) < 2_000_000


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium to open the page in")
def test_browser_shows_it(report: Report, tmp_path: Path) -> None:
    """Opened from disk in a browser without a network, the findings are there and no script has run."""
    assert CHROMIUM is not None
    page = tmp_path / "report.html"
    page.write_text(to_html([report]), encoding="utf-8")
    flags = ("headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking",
             "disable-component-update", "disable-sync", "proxy-server=127.0.0.1:9", "dump-dom",
             f"user-data-dir={tmp_path / 'profile'}")  # fmt: skip
    done = subprocess.run(
        [CHROMIUM, *(f"--{flag}" for flag in flags), page.as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    shown = Page(done.stdout)
    assert "there is no such file" in shown.text
    assert NASTY in shown.text
    assert "script" not in shown.tags
