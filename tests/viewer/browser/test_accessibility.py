"""axe-core finds nothing serious, in both themes and in every part of the page."""

from __future__ import annotations

import os
from pathlib import Path

import attrs
import pytest

from kognic.viewer.document import Camera
from tests.viewer.browser.conftest import Open
from tests.viewer.browser.scenes import annotated, cuboid, optics, picture

pytestmark = pytest.mark.slow
AXE = Path(__file__).resolve().parents[3] / "web/node_modules/axe-core/axe.min.js"
SIZES = [(1440, 900), (1280, 720), (800, 900)]


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_nothing_serious(scheme: str, open_scene: Open) -> None:
    """Names, roles, contrast and focus of every panel and dialog."""
    if not AXE.is_file():
        message = "axe-core is missing; python build_backend/bundle.py --check installs it"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    cameras = [Camera(name=name, given=optics()) for name in ("FRONT", "SIDE")]
    head, first = annotated(frames=2, cameras=cameras)
    first = attrs.evolve(first, pictures=[picture(), picture("SIDE")], notes=["a note"])
    viewer = open_scene(head, [attrs.evolve(first, index=index) for index in range(2)], scheme=scheme)
    assert viewer.state()["theme"] == scheme
    # Through the debugger, because the page's own policy allows no other script.
    session = viewer.page.context.new_cdp_session(viewer.page)
    session.send("Runtime.evaluate", {"expression": AXE.read_text("utf-8")})

    for part in ("View", "Calibration", "Objects", "? keys", "notes (1)"):
        viewer.page.get_by_role("button", name=part, exact=True).click()
        viewer.settle()
        found = viewer.page.evaluate("axe.run({resultTypes: ['violations']})")
        serious = [
            (violation["id"], [node["html"] for node in violation["nodes"]][:3])
            for violation in found["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
        assert serious == [], part


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_off(size: tuple[int, int], open_scene: Open) -> None:
    """The page never scrolls, and its controls lie inside the window."""
    head, first = annotated(frames=2)
    viewer = open_scene(
        head, [attrs.evolve(first, index=index) for index in range(2)], width=size[0], height=size[1]
    )

    outside = viewer.page.evaluate(
        """() => [...document.querySelectorAll('.top button, .timeline :is(button, input), .tabs button')]
            .filter((element) => element.checkVisibility())
            .map((element) => element.getBoundingClientRect())
            .filter((box) => box.right > innerWidth + 1 || box.bottom > innerHeight + 1 || box.left < -1)
            .length"""
    )
    scrolls = viewer.page.evaluate(
        "[document.documentElement].some((e) => e.scrollHeight > innerHeight || e.scrollWidth > innerWidth)"
    )

    assert outside == 0
    assert not scrolls
    if size[0] > 900:
        share = viewer.page.evaluate("document.getElementById('view3d').clientHeight / innerHeight")
        assert share >= 0.6


def test_captions_of_upright_images_are_whole(open_scene: Open) -> None:
    """A tall image gets less room, not its caption."""
    tall = Camera(name="FRONT", given=optics(width=480, height=900))
    head, first = annotated(cameras=[tall])
    viewer = open_scene(head, [attrs.evolve(first, pictures=[picture(width=480, height=900)])])

    cut = viewer.page.locator(".mainimage .caption").evaluate(
        "(caption) => caption.scrollHeight - caption.clientHeight"
    )

    assert cut <= 0


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_labels_stand_out_from_their_ground(scheme: str, open_scene: Open) -> None:
    """Text of every class has a contrast of 4.5 to its outline (WCAG 2.1), in 3D and in images."""
    kinds = [f"K{number}" for number in range(9)]
    shapes = [
        cuboid(kind, class_name=kind, name="", numbers=[10.0, 1.5 * index - 6, 0, 0, 0, 0, 1, 1, 1, 1])
        for index, kind in enumerate(kinds)
    ]
    head, first = annotated()
    viewer = open_scene(head, [attrs.evolve(first, shapes=shapes)], scheme=scheme)
    drawn = viewer.page.evaluate(
        """() => {
          const found = [];
          const kind = CanvasRenderingContext2D.prototype;
          const fill = kind.fillText;
          kind.fillText = function (...values) {
            found.push([this.fillStyle, this.strokeStyle]);
            return fill.apply(this, values);
          };
          for (const name of ['view3d', 'image']) kognicViewer.pixels(name);
          return found;
        }"""
    )
    pairs = {(text, ground) for text, ground in drawn}

    assert len(pairs) == 18
    assert [pair for pair in pairs if contrast(*map(channels, pair)) < 4.5] == []


def channels(colour: str) -> list[int]:
    """Red, green and blue of `#rrggbb`."""
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def contrast(one: list[int], other: list[int]) -> float:
    """The contrast ratio of WCAG 2.1."""

    def luminance(colour: list[int]) -> float:
        shares = [value / 255 for value in colour]
        linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)
