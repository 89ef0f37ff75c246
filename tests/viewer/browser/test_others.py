"""The viewer in Firefox and in WebKit, the engine of Safari: `make browsers`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from kognic.viewer.document import Camera, Frame, Scene
from kognic.viewer.frames import frame_bytes, scene_bytes
from kognic.viewer.page import write_page
from kognic.viewer.server import ViewServer
from tests.viewer.browser.others import ENGINES, Browser
from tests.viewer.browser.scenes import HEIGHT, PARAMETERS, POINTS, WIDTH, annotated, optics, picture

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]


@pytest.fixture(scope="module", params=sorted(ENGINES))
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Each of them, one for all tests."""
    with ENGINES[request.param]() as started:
        print(started.name)
        yield started


@attrs.frozen
class Drive:
    """Three frames with a camera of each model."""

    scene: Scene
    first: Frame

    @classmethod
    def sample(cls) -> Drive:
        cameras = [Camera(name=kind, given=optics(kind)) for kind in PARAMETERS]
        head, first = annotated(frames=3, cameras=cameras)
        return cls(head, attrs.evolve(first, pictures=[picture(kind) for kind in PARAMETERS]))

    def frame(self, index: int) -> Frame:
        return attrs.evolve(self.first, index=index)


PRESS = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true}));"
SETTLE = "await new Promise((done) => setTimeout(done, 500));"
LOOK = """
const pixels = (name) => kognicViewer.pixels(name);
const at = ({width, height, data}, u, v) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const scale = Math.min(width / 640, height / 480);
    const [left, top] = [(width - 640 * scale) / 2, (height - 480 * scale) / 2];
    const place = Math.floor(top + (v + 0.5) * scale) * width + Math.floor(left + (u + 0.5) * scale);
    return [...bytes.slice(4 * place, 4 * place + 3)];
};
"""


@pytest.fixture
def page(tmp_path: Path) -> str:
    """The address of an offline page."""
    drive = Drive.sample()
    path = tmp_path / "page.html"
    with path.open("wb") as file:
        frames = [frame_bytes(drive.frame(index), drive.scene) for index in range(3)]
        write_page(file, title="others", scene=scene_bytes(drive.scene), frames=frames)
    return f"file://{path}"


def state_of(browser: Browser) -> dict[str, Any]:
    found: dict[str, Any] = browser.run("return kognicViewer.state();")
    return found


def test_an_offline_page_draws_points_where_they_are(browser: Browser, page: str) -> None:
    """With every camera model, at the pixel that the formula gives, in images and in 3D."""
    browser.go(f"{page}#on=points")
    browser.run("await kognicViewer.ready;")
    assert state_of(browser)["status"] == "ready"

    for kind in PARAMETERS:
        places = browser.run(f"return kognicViewer.project({kind!r}, {POINTS.tolist()});")
        # The formula itself is bound to Python's in test_parity.py, in one browser.
        assert all(is_seen and 0 <= u < WIDTH and 0 <= v < HEIGHT for u, v, is_seen in places), kind
        browser.run(f"location.hash = ''; document.querySelector('.tile[title^={kind}]').click(); {SETTLE}")
        for u, v, _ in places:
            assert max(browser.run(f"{LOOK} return at(pixels('image'), {u}, {v});")) > 60, kind
    drawn = browser.run("return new Set(atob(kognicViewer.pixels('view3d').data)).size;")
    assert drawn > 10


def test_keys_sliders_and_frames(browser: Browser, page: str) -> None:
    """The next frame, a slider that rotates the camera, and the quaternion that it prints."""
    browser.go(f"{page}#k=height")
    browser.run("await kognicViewer.ready;")
    browser.run(PRESS % "ArrowRight" + SETTLE)
    assert (state_of(browser)["shown"], state_of(browser)["colouring"]) == (1, "height")
    before = browser.run(f"return kognicViewer.project('pinhole', {POINTS.tolist()});")
    browser.run(
        "const tabs = [...document.querySelectorAll('.tabs button')];"
        "tabs.find((one) => one.textContent === 'Calibration').click();"
        + SETTLE
        + "const slider = document.getElementById('slider-ry'); slider.value = 1;"
        + "slider.dispatchEvent(new Event('input', {bubbles: true}));"
        + SETTLE
    )
    after = browser.run(f"return kognicViewer.project('pinhole', {POINTS.tolist()});")
    assert np.abs(np.array(after, float) - np.array(before, float))[:, 0].max() > 3
    assert "rotation_quaternion" in browser.run("return document.getElementById('quaternion').textContent;")
    assert len(browser.screenshot()) > 10_000


def test_a_served_drive_opens_by_its_link(browser: Browser) -> None:
    """The cookie, the policy and the frames by and by."""
    with ViewServer(Drive.sample()) as server:
        browser.go(server.link)
        browser.run("await kognicViewer.ready;")
        browser.run(PRESS % "End" + SETTLE)
        state = state_of(browser)
        address = browser.run("return location.href;")

    assert (state["status"], state["shown"], state["points"]) == ("ready", 2, len(POINTS))
    assert "key=" not in address
