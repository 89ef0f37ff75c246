"""The pages of the sandbox in a browser: the viewer in a scene's page, lists without script."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from kognic.pipelines.scene_upload import SceneFileUpload
from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.scene_file import load_scene_file
from tests.viewer.browser.conftest import Open

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox of these tests, which only look at it."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def input_uuid(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An input of a drive of three frames with a pre-annotation."""
    drive = write_sample_drive(tmp_path_factory.mktemp("drive"), frames=3)
    with sandbox.client() as client:
        scene_file = load_scene_file(drive.scene_file)
        upload = SceneFileUpload(
            client=client, scene_file=scene_file, tell=lambda _: None, poll_interval=0.05
        )
        upload.project = "sandbox-project"
        upload.run()
        assert sandbox.control.wait_until_idle()
        return next(iter(client.input.query_inputs(project="sandbox-project"))).uuid


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_view_link_opens_the_viewer(sandbox: Sandbox, input_uuid: str, open_url: Open, scheme: str) -> None:
    """Without console errors or requests elsewhere: frames, both cameras, boxes of the pre-annotation."""
    link = sandbox.view_link(input_uuid)

    viewer = open_url(link, hosts=[f"{sandbox.url}/view/"], scheme=scheme)

    state = viewer.state()
    assert viewer.page.url.partition("#")[0] == f"{sandbox.url}/view/input/{input_uuid}"
    assert state["points"] > 1000
    image = viewer.pixels("image")
    assert len(np.unique(image.view(np.uint32))) > 100
    viewer.press("End")
    viewer.wait("s.shown === 2")
    box = viewer.page.locator(".s-viewer").bounding_box()
    assert box is not None
    assert box["height"] > 500
    assert viewer.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_lists_work_without_script(sandbox: Sandbox, input_uuid: str, open_url: Open) -> None:
    """Searching is a form, sorting a link."""
    viewer = open_url(sandbox.view_link(), hosts=[f"{sandbox.url}/view/"], is_ready=False)
    page = viewer.page

    page.click("nav >> text=Inputs")
    page.fill("input[name=q]", input_uuid)
    page.click("button")
    assert page.locator("tbody tr").count() == 1
    page.click("th >> text=Status")
    assert page.get_attribute("th:has-text('Status')", "aria-sort") == "ascending"
    page.fill("input[name=q]", "nothing like it")
    page.click("button")
    page.wait_for_load_state()
    assert "There is nothing to show" in page.inner_text("[role=main]")
    assert page.locator("script").count() == 0
