"""A browser without a GPU, and pages in it that may neither complain nor ask anybody for anything."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from kognic.viewer.document import Frame, Scene
from kognic.viewer.frames import frame_bytes, scene_bytes
from kognic.viewer.page import write_page

FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
Pixels = np.ndarray[Any, Any]


def find_chromium() -> str:
    """The distribution's Chromium; without it the tests are skipped, or fail where nothing may be skipped."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        message = "Chromium is missing; on Debian: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Run the tests of a module in one worker, so that each module starts one browser."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here:
            item.add_marker(pytest.mark.xdist_group(f"browser {item.path.stem}"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a module.

    While it is open, Playwright's event loop counts as running in this thread: `asyncio.run` would fail in
    the tests of other modules.
    """
    executable = find_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield started
        started.close()


class Viewer:
    """A page with the viewer.

    Attributes:
        page: Playwright's page.
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    def state(self) -> dict[str, Any]:
        """What the page says of itself."""
        found: dict[str, Any] = self.page.evaluate("kognicViewer.state()")
        return found

    def wait(self, condition: str) -> None:
        """Wait until a condition on `s`, the page's state, holds."""
        self.page.wait_for_function(f"() => {{ const s = kognicViewer.state(); return {condition}; }}")

    def press(self, key: str) -> None:
        """Press a key, with the focus on nothing."""
        self.page.evaluate("document.activeElement?.blur?.()")
        self.page.keyboard.press(key)

    def settle(self) -> None:
        """Wait for two pictures: signals, then drawing."""
        self.page.evaluate(
            "new Promise((done) => setTimeout(() => "
            "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))), 0))"
        )

    def pixels(self, name: str) -> Pixels:
        """A canvas, shape (height, width, 4): `view3d`, `image`, or a camera of the strip."""
        self.settle()
        found = self.page.evaluate("(name) => kognicViewer.pixels(name)", name)
        data = np.frombuffer(base64.b64decode(found["data"]), np.uint8)
        return data.reshape(found["height"], found["width"], 4)

    def project(self, camera: str, points: Any) -> list[list[Any]]:
        """Columns, rows and visibility of points of the reference system, as the page draws them."""
        given = np.asarray(points, dtype=float).tolist()
        found: list[list[Any]] = self.page.evaluate(
            "([camera, points]) => kognicViewer.project(camera, points)", [camera, given]
        )
        return found

    def positions(self) -> Pixels:
        """All points in the reference system at the frame's time, shape (N, 3)."""
        count = self.state()["points"]
        return np.array(self.page.evaluate(f"kognicViewer.positions(0, {count})")).reshape(-1, 3)


Open = Callable[..., Viewer]


@pytest.fixture
def open_url(browser: Browser) -> Iterator[Open]:
    """Opens an address; what goes wrong in the page fails the test.

    Keyword arguments: `width`, `height`, `scheme` (`dark` or `light`), `hosts` that may be asked, and
    `allowed_errors`, parts of console messages that are expected.
    """
    problems: list[str] = []
    contexts = []

    def start(
        url: str,
        *,
        width: int = 1280,
        height: int = 800,
        scheme: Any = "dark",
        hosts: Sequence[str] = (),
        allowed_errors: Sequence[str] = (),
        is_ready: bool = True,
    ) -> Viewer:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        own = url.split("?")[0].split("#")[0]

        def check(request: Request) -> None:
            asked = request.url
            if asked.startswith(("data:", "blob:")) or asked.split("?")[0].split("#")[0] == own:
                return
            if not any(asked.startswith(host) for host in hosts):
                problems.append(f"request to {asked}")

        def complain(text: str) -> None:
            if not any(part in text for part in allowed_errors):
                problems.append(text)

        page.on("request", check)
        page.on("pageerror", lambda error: complain(f"page error: {error}"))
        page.on("console", lambda message: complain(message.text) if message.type == "error" else None)
        page.goto(url)
        if is_ready:
            page.evaluate("kognicViewer.ready")
        return Viewer(page)

    yield start
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def open_scene(open_url: Open, tmp_path: Path) -> Open:
    """Writes a page of a scene and its frames, and opens it; arguments as for `open_url`, and `suffix`."""
    count = 0

    def start(scene: Scene, frames: Sequence[Frame], *, suffix: str = "", **values: Any) -> Viewer:
        nonlocal count
        count += 1
        path = tmp_path / f"page-{count}.html"
        with path.open("wb") as file:
            packets = [frame_bytes(frame, scene) for frame in frames]
            write_page(file, title=scene.title, scene=scene_bytes(scene), frames=packets)
        return open_url(f"file://{path}{suffix}", **values)

    return start
