"""From a bag of a minute to a table of its annotations: `make bench-recording`.

A bag is generated. The documented commands import, check, show and upload it to a sandbox, where annotations
are delivered, and export these as a table. Each command runs in a process of its own, whose time and most
memory are printed, beside those of reading the bag alone with rosbags.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from PIL import Image

from benchmarks.annotations import delivery
from kognic.sandbox import Sandbox
from kognic.sandbox.sample.messages import ros2_bag

START = 1_772_000_000_000_000_000
FORWARD = (0.5, -0.5, 0.5, -0.5)
IDENTITY = (1.0, 0.0, 0.0, 0.0)
SIZE = (960, 540)
POINT = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("intensity", "u1"), ("t", "<u4")])
PROJECT = "sandbox-project"


def write_bag(folder: Path, *, seconds: int, points: int) -> None:
    """A vehicle at 10 m/s: a lidar and two cameras at 10 Hz, transforms at 100 Hz."""
    rng = np.random.default_rng(0)
    # The same content again and again, but for a few bytes: what it is does not change what it costs.
    clouds, images = [_cloud(rng, points) for _ in range(4)], [_image(rng) for _ in range(4)]
    with ros2_bag(folder) as bag:
        make = bag.make
        edges = [("base_link", "lidar", (0.0, 0.0, 2.0), IDENTITY)]
        edges += [("base_link", f"{name}_optical", (1.5, 0.0, 1.5), FORWARD) for name in ("front", "left")]
        bag.write("/tf_static", START, make.transform(START, *edges))
        for step in range(-20, seconds * 100 + 20):
            now = START + step * 10_000_000
            moved = ("map", "base_link", (step / 10, 0.0, 0.0), IDENTITY)
            bag.write("/tf", now, make.transform(now, moved))
        for frame in range(seconds * 10):
            now = START + frame * 100_000_000
            cloud = clouds[frame % 4].copy()
            cloud["x"] += frame / 1000
            bag.write("/lidar/points", now + 100_000_000, make.cloud(now, "lidar", cloud))
            for name in ("front", "left"):
                topic = f"/camera/{name}"
                content = _commented(images[frame % 4], f"{name} {frame}")
                image = make.compressed(now + 50_000_000, f"{name}_optical", content)
                bag.write(f"{topic}/image_raw/compressed", now + 60_000_000, image)
                info = make.info(now + 50_000_000, f"{name}_optical", SIZE, f=600.0)
                bag.write(f"{topic}/camera_info", now + 60_000_000, info)


def _cloud(rng: np.random.Generator, points: int) -> np.ndarray[Any, Any]:
    table = np.zeros(points, POINT)
    angle, distance = rng.uniform(-np.pi, np.pi, points), 3 + rng.exponential(18, points)
    table["x"], table["y"] = distance * np.cos(angle), distance * np.sin(angle)
    table["z"] = rng.uniform(-2, 4, points)
    table["intensity"] = rng.integers(0, 255, points)
    table["t"] = np.linspace(0, 99_900_000, points)
    return table


def _image(rng: np.random.Generator) -> bytes:
    small = Image.fromarray(rng.integers(0, 255, (27, 48, 3), np.uint8))
    file = BytesIO()
    small.resize(SIZE, Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def _commented(jpeg: bytes, text: str) -> bytes:
    """The same picture in a file of its own: with a comment segment after the start of the image."""
    comment = text.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


def read_bag(folder: Path) -> int:
    """Read and decode every message with rosbags; returns how many there are."""
    from rosbags.highlevel import AnyReader

    with AnyReader([folder]) as reader:
        return sum(
            reader.deserialize(data, connection.msgtype) is not None
            for connection, _, data in reader.messages()
        )


@attrs.frozen
class Run:
    """What a process took: seconds, seconds of a processor, and MB of memory at most.

    Beside other work, seconds of a processor say what seconds do not.
    """

    seconds: float
    processor_seconds: float
    peak_mb: float


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Run a command to its end; it must succeed."""
    started = time.perf_counter()
    with subprocess.Popen(
        arguments, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed with exit status {process.returncode}")
    factor = 1e6 if sys.platform == "darwin" else 1e3
    taken = usage.ru_utime + usage.ru_stime
    return Run(time.perf_counter() - started, taken, usage.ru_maxrss / factor)


def measure(folder: Path, *, seconds: int, points: int) -> dict[str, Run]:
    """The whole journey; a run for each command, by its documented form."""
    kognic = str(Path(sys.executable).with_name("kognic"))
    bag, scenes, export = folder / "recording", folder / "scenes", folder / "export"
    write_bag(bag, seconds=seconds, points=points)
    scene = str(scenes / "recording" / "scene.json")
    found: dict[str, Run] = {}
    with Sandbox() as sandbox:
        env = dict(sandbox.env())
        found["reading the bag with rosbags"] = run(
            [sys.executable, "-m", "benchmarks.recording", "--read", str(bag)], env
        )
        steps = {
            "kognic import rosbag2 recording scenes": ["import", "rosbag2", str(bag), str(scenes)],
            "kognic check scenes": ["check", str(scenes), "--fail-on", "never"],
            "kognic preview scenes/recording/scene.json -o page.html": [
                *("preview", scene, "-o", str(folder / "page.html")),
            ],
            "kognic scene create ...": ["scene", "create", scene, "--project", PROJECT],
        }
        for name, step in steps.items():
            found[name] = run([kognic, *step], env)
        with sandbox.client() as client:
            inputs = list(client.input.query_inputs(project=PROJECT))
        document = next(delivery(1, frames=10 * seconds, objects=20))
        for placed in inputs:
            sandbox.control.deliver_annotation(placed.uuid, dict(document.plain))
        export_step = [
            "annotation",
            "export",
            PROJECT,
            str(export),
            "--annotation-type",
            "objects",
            "--format",
            "parquet",
        ]
        found["kognic annotation export PROJECT export --format parquet"] = run([kognic, *export_step], env)
        table_step = ["annotation", "table", str(export), "--output", str(folder / "tables")]
        found["kognic annotation table export --output tables"] = run([kognic, *table_step], env)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measure, and print the rows of the table in the documentation."""
    parser = argparse.ArgumentParser(prog="benchmarks.recording", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--points", type=int, default=30_000)
    parser.add_argument("--read", type=Path, metavar="BAG", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.read is not None:
        print(f"{read_bag(options.read)} messages", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory(prefix="kognic-bench-") as folder:
        found = measure(Path(folder), seconds=options.seconds, points=options.points)
        size = sum(file.stat().st_size for file in (Path(folder) / "recording").iterdir()) / 1e9
    print(f"bag of {options.seconds} s, {size:.2f} GB")
    print("| Step | Seconds | Processor seconds | Processor seconds per GB | Peak memory |")
    print("| --- | --- | --- | --- | --- |")
    for name, one in found.items():
        taken = one.processor_seconds
        print(f"| `{name}` | {one.seconds:.1f} | {taken:.1f} | {taken / size:.0f} | {one.peak_mb:.0f} MB |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
