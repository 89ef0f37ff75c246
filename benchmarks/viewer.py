"""The viewer in numbers: `make bench-viewer`.

First picture, frames per second while the 3D view orbits, sliders, sizes, and memory over a long drive, in
the distribution's Chromium without a GPU. The scenes are generated, so you can run it anywhere.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from kognic.viewer.document import (
    Camera,
    Cloud,
    Frame,
    FrameEntry,
    Lidar,
    Optics,
    Picture,
    Pose,
    Scene,
    Trajectory,
)
from kognic.viewer.frames import frame_bytes, scene_bytes
from kognic.viewer.page import bundle, write_page
from kognic.viewer.server import ViewServer
from tests.viewer.browser.conftest import FLAGS, find_chromium

START = 1_772_000_000_000_000_000
SIZE = (1600, 900)
CAMERAS = 6


def street(count: int, seed: int = 0) -> np.ndarray[Any, Any]:
    """Points of a street: ground, two rows of houses, poles; shape (N, 3)."""
    rng = np.random.default_rng(seed)
    angle, distance = rng.uniform(-np.pi, np.pi, count), 3 + rng.exponential(18, count)
    x, y = distance * np.cos(angle), distance * np.sin(angle)
    z = np.where(np.abs(y) > 12, rng.uniform(-1.8, 8, count), -1.8 + rng.normal(0, 0.02, count))
    return np.column_stack([x, np.clip(y, -14, 14), z])


def cameras() -> list[Camera]:
    """Six cameras all around."""
    found = []
    for index in range(CAMERAS):
        half = np.pi * index / CAMERAS
        w, z = np.cos(half), np.sin(half)
        # A rotation about z after x right, y down, z ahead: (w + zk) (0.5 - 0.5i + 0.5j - 0.5k).
        q = np.array([w + z, -w - z, w - z, -w + z]) / 2
        pose = Pose(position=(0.0, 0.0, 0.0), quaternion=tuple(q.tolist()))
        parameters = {"fx": 900.0, "fy": 900.0, "cx": 800.0, "cy": 450.0, "k1": -0.1, "k2": 0.01}
        optics = Optics(kind="pinhole", width=SIZE[0], height=SIZE[1], pose=pose, parameters=parameters)
        found.append(Camera(name=f"CAM_{index}", given=optics))
    return found


def photo(seed: int) -> bytes:
    """A JPEG with as much detail as a street."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (90, 160, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(small).resize(SIZE, Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
    return file.getvalue()


@attrs.define
class Drive:
    """A drive of frames that are made when they are asked for."""

    scene: Scene
    points: int
    images: list[bytes]

    @classmethod
    def of(cls, frames: int, points: int) -> Drive:
        """With one lidar and six cameras."""
        entries = [
            FrameEntry(frame_id=str(i), relative_ms=100 * i, unix_ns=START + i * 10**8) for i in range(frames)
        ]
        times = START + np.arange(-20, 10 * frames + 20) * 10**7
        path = Trajectory(
            times_ns=times,
            positions=np.column_stack([(times - START) / 1e8, np.zeros((len(times), 2))]),
            quaternions=np.tile([1.0, 0, 0, 0], (len(times), 1)),
        )
        still = Pose(position=(0, 0, 0), quaternion=(1, 0, 0, 0))
        scene = Scene(
            title="bench", cameras=cameras(), lidars=[Lidar(name="TOP", given=still)], frames=entries,
            only_lidar="TOP", trajectory=path, is_compensated=True,
        )  # fmt: skip
        return cls(scene, points, [photo(index) for index in range(CAMERAS)])

    def frame(self, index: int) -> Frame:
        """A frame."""
        rng = np.random.default_rng(index)
        now = START + index * 10**8
        cloud = Cloud(
            lidar="TOP",
            xyz=street(self.points, index),
            intensity=rng.integers(0, 255, self.points),
            times_ns=now - rng.integers(0, 10**8, self.points),
        )
        pictures = [
            Picture(
                camera=camera.name, content=self.images[number], media_type="image/jpeg", width=SIZE[0],
                height=SIZE[1], shutter_ns=(now - 10**7, now + 10**7),
            )
            for number, camera in enumerate(self.scene.cameras)
        ]  # fmt: skip
        return Frame(index=index, clouds=[cloud], pictures=pictures)


@contextmanager
def opened(browser: Browser, url: str) -> Iterator[tuple[Page, float]]:
    """A page, and the seconds to its first picture."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    started = time.perf_counter()
    page.goto(url)
    page.evaluate("kognicViewer.ready")
    yield page, time.perf_counter() - started
    context.close()


def page_of(drive: Drive, path: Path) -> int:
    """Write a page; its size in bytes."""
    with path.open("wb") as file:
        packets = (frame_bytes(drive.frame(i), drive.scene) for i in range(len(drive.scene.frames)))
        return write_page(file, title="bench", scene=scene_bytes(drive.scene), frames=packets)


class MainThread:
    """CPU time of a page's main thread, which other processes on the machine do not change."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self._start = self._now()

    def _now(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))

    def spent_ms(self) -> float:
        """Milliseconds since the beginning."""
        return 1000 * (self._now() - self._start)


def orbit(page: Page, seconds: float = 4.0) -> tuple[float, float]:
    """Pictures per second while the 3D view turns by its own keys, and CPU milliseconds for each."""
    script = """(seconds) => new Promise((done) => {
        const view = document.getElementById('view3d');
        view.focus();
        const before = kognicViewer.frameTimes().length;
        const end = performance.now() + 1000 * seconds;
        // Software WebGL may need a second for each picture.
        const isEnough = () => kognicViewer.frameTimes().length - before >= 5;
        const turn = () => {
            view.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', bubbles: true}));
            if (performance.now() < end || !isEnough()) requestAnimationFrame(turn);
            else done(kognicViewer.frameTimes().slice(before));
        };
        requestAnimationFrame(turn);
    })"""
    thread = MainThread(page)
    times = page.evaluate(script, seconds)
    return 1000 * (len(times) - 1) / (times[-1] - times[0]), thread.spent_ms() / len(times)


def slider(page: Page, count: int = 8) -> tuple[float, float]:
    """Milliseconds from a slider to the points that follow it, and CPU milliseconds of that."""
    page.get_by_role("button", name="Calibration", exact=True).click()
    script = """async (count) => {
        const slider = document.getElementById('slider-ry');
        const times = [];
        for (let i = 1; i <= count; i++) {
            slider.value = i / 10;
            const start = performance.now();
            slider.dispatchEvent(new Event('input', {bubbles: true}));
            await new Promise((done) => setTimeout(done, 0));
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
            times.push(performance.now() - start);
        }
        return times;
    }"""
    page.evaluate(script, 1)  # B is shown from now on
    thread = MainThread(page)
    times = page.evaluate(script, count)
    return statistics.median(times), thread.spent_ms() / count


def renderer_megabytes() -> float:
    """Memory of the largest renderer process below this one."""
    sizes = [0.0]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"--type=renderer" in (folder / "cmdline").read_bytes():
                fields = (folder / "smaps_rollup").read_text().splitlines()
                sizes += [int(line.split()[1]) / 1024 for line in fields if line.startswith("Pss:")]
        except OSError:
            continue  # it has ended
    return max(sizes)


def measure_views(browser: Browser, folder: Path) -> Iterator[tuple[str, str]]:
    """Sizes, first picture, frames per second, sliders."""
    yield "bundle", f"{len(bundle().script.encode()) / 1e3:.0f} KB"
    for points in (35_000, 200_000, 1_000_000):
        path = folder / f"{points}.html"
        size = page_of(Drive.of(1, points), path)
        yield f"page, 1 frame, 6 cameras, {points:,} points", f"{size / 1e6:.1f} MB"
        for renderer in ("cpu", "gl"):
            with opened(browser, f"file://{path}?renderer={renderer}") as (page, first):
                if renderer == "cpu":
                    yield f"first picture, {points:,} points", f"{first:.2f} s"
                rate, spent = orbit(page)
                yield f"orbit, {renderer}, {points:,} points", f"{rate:.0f} frames/s, {spent:.0f} ms CPU each"
                if renderer == "cpu":
                    waited, spent = slider(page)
                    yield f"slider to new overlays, {points:,} points", f"{waited:.0f} ms, {spent:.0f} ms CPU"


def measure_drive(browser: Browser, frames: int, points: int) -> Iterator[tuple[str, str]]:
    """A long drive, served frame by frame."""
    drive = Drive.of(frames, points)
    name = f"{frames} frames x {CAMERAS} cameras x {points:,} points"
    with ViewServer(drive) as server, opened(browser, server.link) as (page, first):
        yield f"served, {name}: first picture", f"{first:.2f} s"
        page.wait_for_timeout(1500)
        unseen, seen, heap, memory = [], [], [], []
        session = page.context.new_cdp_session(page)
        for index in range(1, frames):
            started = time.perf_counter()
            page.keyboard.press("ArrowRight")
            page.wait_for_function(f"() => kognicViewer.state().shown === {index}")
            unseen.append(time.perf_counter() - started)
            if index % 20 == 0:
                session.send("HeapProfiler.collectGarbage")
                heap.append(session.send("Runtime.getHeapUsage")["usedSize"] / 2**20)
                memory.append(renderer_megabytes())
        for index in range(frames - 2, max(frames - 5, 0), -1):
            started = time.perf_counter()
            page.keyboard.press("ArrowLeft")
            page.wait_for_function(f"() => kognicViewer.state().shown === {index}")
            seen.append(time.perf_counter() - started)
        yield f"{name}: unseen frame", f"{statistics.median(unseen):.2f} s"
        yield f"{name}: cached frame", f"{statistics.median(seen):.2f} s"
        yield f"{name}: JavaScript heap", f"{min(heap):.0f} to {max(heap):.0f} MB"
        yield f"{name}: renderer process", f"{min(memory):.0f} to {max(memory):.0f} MB"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200, help="frames of the long drive; 0 leaves it out")
    parser.add_argument("--points", type=int, default=200_000, help="points per frame of the long drive")
    options = parser.parse_args()
    print(f"{os.cpu_count()} processors, no GPU, 1440 x 900\n\n| Measurement | Result |\n| --- | --- |")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        rows = list[Iterator[tuple[str, str]]]()
        rows.append(measure_views(browser, Path(folder)))
        if options.frames:
            rows.append(measure_drive(browser, options.frames, options.points))
        for part in rows:
            for name, result in part:
                print(f"| {name} | {result} |", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
