"""`kognic.viewer.show` in a notebook."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from kognic.sandbox.sample.drive import write_sample_drive
from kognic.viewer import show

pytestmark = pytest.mark.slow


def test_a_scene_is_shown_in_a_frame_of_its_own(browser: Browser, tmp_path: Path) -> None:
    """The cell's output runs in a sandboxed frame, and complains of nothing."""
    drive = write_sample_drive(tmp_path / "drive", frames=2)
    shown = show(drive.folder, frames="1", image_width=320, max_points=500, height=555)
    cell = tmp_path / "cell.html"
    cell.write_text(f"<!doctype html><title>notebook</title>{shown._repr_html_()}", "utf-8")
    context = browser.new_context(viewport={"width": 1200, "height": 700})
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"file://{cell}")

    (inside,) = page.frames[1:]
    inside.evaluate("kognicViewer.ready")
    state = inside.evaluate("kognicViewer.state()")
    inside.locator("button", has_text="Calibration").click()
    page.wait_for_timeout(300)
    context.close()

    assert (state["status"], state["points"], state["cameras"]) == ("ready", 500, ["LEFT", "FRONT"])
    assert 'height="555"' in shown._repr_html_()
    assert 'sandbox="allow-scripts"' in shown._repr_html_()
    assert problems == []
