"""Takes the screenshots of the documentation: python docs/images/screenshots.py PANDASET (needs Chromium).

PANDASET is the folder of a sequence of PandaSet, such as pandaset/002, which viewer-dark.jpg and
viewer-light.jpg show. check-report.png shows a generated drive with three faults.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from kognic.scenes.geometry.poses import quaternion_of, rotation_matrix, rotation_of

HERE = Path(__file__).parent
KOGNIC = str(Path(sys.executable).with_name("kognic"))
# Software rendering is the same on every machine.
FLAGS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
# Milliseconds until the 3D view has loaded all its points.
SETTLED = 9000


def run(arguments: list[str], folder: Path | None = None) -> int:
    """Exit status of a command."""
    return subprocess.run([KOGNIC, *arguments], cwd=folder, check=False).returncode  # noqa: S603


def viewer(browser: Browser, recording: Path, folder: Path) -> None:
    """The viewer with a sequence of PandaSet and its cuboids."""
    run(["import", "pandaset", str(recording), str(folder), "--external-id", "pandaset-002"])
    (scene,) = folder.rglob("scene.json")
    with served(scene) as url:
        for theme in ("dark", "light"):
            page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=theme)
            page.goto(url)
            page.wait_for_timeout(SETTLED)
            page.screenshot(path=HERE / f"viewer-{theme}.jpg", type="jpeg", quality=88)
            page.close()


@contextmanager
def served(scene: Path) -> Iterator[str]:
    """The link of a running viewer."""
    running = subprocess.Popen(  # noqa: S603
        [KOGNIC, "view", scene, "--no-open"], stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    try:
        yield next(word for line in running.stdout for word in line.split() if word.startswith("http://"))
    finally:
        running.terminate()
        running.wait()


def broken_drive(folder: Path) -> None:
    """A generated drive with faults in its structure and geometry."""
    run(["sandbox", "drive", str(folder)])
    scene, calibration = folder / "scene.json", folder / "calibration.json"
    described = json.loads(scene.read_text())
    described["external_id"] = "crossing-0007"
    described["frames"][1]["frame_id"] = described["frames"][0]["frame_id"]
    described["frames"][2]["relative_timestamp"] = described["frames"][1]["relative_timestamp"]
    scene.write_text(json.dumps(described))
    sensors = json.loads(calibration.read_text())
    given = sensors["calibration"]["FRONT"]["rotation_quaternion"]
    turned = rotation_matrix([given[axis] for axis in "wxyz"]) @ rotation_of((2.0, 1.5, 0.0))
    sensors["calibration"]["FRONT"]["rotation_quaternion"] = dict(
        zip("wxyz", map(float, quaternion_of(turned)), strict=True)
    )
    calibration.write_text(json.dumps(sensors))


def report(browser: Browser, folder: Path) -> None:
    """The HTML report of a broken drive."""
    broken_drive(folder / "broken")
    found = run(["check", "broken/scene.json", "--format", "html", "--output", "report.html"], folder)
    assert found == 1, "the drive is broken, so the check has to fail"
    page = browser.new_page(viewport={"width": 1000, "height": 1400})
    page.goto((folder / "report.html").as_uri())
    page.wait_for_timeout(1000)
    page.screenshot(path=HERE / "check-report.png")


def main() -> None:
    """Take all of them."""
    recording = Path(sys.argv[1])
    folder = Path(tempfile.mkdtemp())
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
            viewer(browser, recording, folder / "imported")
            report(browser, folder)
            browser.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
