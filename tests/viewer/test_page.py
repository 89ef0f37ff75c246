"""The HTML around the viewer."""

from __future__ import annotations

import base64
import hashlib
import re
from io import BytesIO
from pathlib import Path

import pytest

from kognic._core.viewer_errors import ViewerMissingError
from kognic.viewer import page
from kognic.viewer.frames import scene_bytes
from kognic.viewer.page import Bundle, bundle, served_page, write_page

HOSTILE = "</script><img src=x onerror=alert(1)>\u202e"


def written(**values: object) -> str:
    """A page."""
    file = BytesIO()
    size = write_page(file, **{"title": "drive", "scene": b"S", "frames": [b"F0", b"F1"], **values})  # type: ignore[arg-type]
    assert size == len(file.getvalue())
    return file.getvalue().decode()


def test_a_page_may_run_its_own_script_only() -> None:
    """The policy names the script and the style that stand in the page, and nothing else."""
    html = written()

    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert policy is not None
    assert len(scripts) == len(styles) == 1
    for kind, text in (("script", scripts[0]), ("style", styles[0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none'; ")
    assert "unsafe" not in policy[1]


def test_packets_stand_in_the_page_as_base64() -> None:
    """In blocks that are no scripts, the frames in their order."""
    large = bytes(range(256)) * 4000

    html = written(frames=[b"F0", large])

    found = dict(re.findall(r'<script type="text/plain" id="([\w-]+)">([^<]*)</script>', html))
    assert {key: base64.b64decode(value) for key, value in found.items()} == {
        "scene": b"S",
        "frame-0": b"F0",
        "frame-1": large,
    }


def test_hostile_titles_are_text() -> None:
    """In both kinds of pages."""
    for html in (written(title=HOSTILE), served_page(title=HOSTILE, source='x"><b>/', assets='a"><i>/')):
        assert "<img src=x" not in html
        assert "&lt;/script&gt;&lt;img" in html
        assert "<b>" not in html
        assert "<i>" not in html


def test_a_page_without_javascript_shows_a_still() -> None:
    """And says what is missing."""
    html = written(still=b"webp")

    assert (
        '<noscript><p>This page needs JavaScript.</p><img alt="" src="data:image/webp;base64,d2VicA==">'
        in html
    )


def test_a_page_of_more_than_200_mb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is written, not after."""
    monkeypatch.setattr(page, "PAGE_LIMIT", 100_000)

    with pytest.raises(ValueError, match=r"more than 200 MB.*kognic view"):
        write_page(BytesIO(), title="t", scene=b"", frames=iter(lambda: b"x" * 50_000, None))


def test_a_served_page_has_no_inline_code() -> None:
    """Script and style come from its own host."""
    html = served_page(title="drive", source="data/abc/", assets="assets/12/", back="/view/")

    assert '<script src="assets/12/viewer.js"></script>' in html
    assert '<div id="app" data-source="data/abc/" data-back="/view/"></div>' in html
    assert "<style" not in html


def test_an_installation_without_the_bundle_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the way out."""
    bundle.cache_clear()
    monkeypatch.setattr(page.resources, "files", lambda name: tmp_path)
    try:
        with pytest.raises(ViewerMissingError, match=r"built without the viewer.*reinstall with a network"):
            bundle()
    finally:
        monkeypatch.undo()
        bundle.cache_clear()


def test_the_bundle_is_small_and_can_stand_in_a_page() -> None:
    """At most 700 KB, with nothing that would end its script element."""
    built: Bundle = bundle()

    assert len(built.script.encode()) <= 700_000
    assert "</script" not in built.script.lower()
    assert "eval(" not in built.script
    assert len(built.digest.strip()) == 64


def test_the_scene_of_a_page_cannot_leave_its_block() -> None:
    """Strangers' texts are inside the packet."""
    from kognic.viewer.document import Scene

    html = written(scene=scene_bytes(Scene(title=HOSTILE, notes=[HOSTILE])))

    assert "onerror" not in re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
