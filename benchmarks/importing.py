"""How long a bag takes to import, compared with reading it, and how much memory: `python -m
benchmarks.importing`.

A bag of 60 s is generated: one lidar (10 Hz, 60,000 points with times), two cameras (10 Hz, JPEG of 150 kB)
and transforms (100 Hz). Each measurement is a process of its own. Reading means that the `rosbags` library
decodes every message, as a program that uses the recording does; `list` only passes over the undecoded
bytes of all messages. Times are those of the processor, so that other programs do not distort them.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

START = 1_772_000_000_000_000_000
POINTS = 60_000
JPEG = 150_000
_LIMIT_MB = 500


def write_bag(folder: Path, seconds: int) -> None:
    """Write the bag."""
    from kognic.sandbox.sample.messages import ros2_bag

    rng = np.random.default_rng(0)
    layout = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("intensity", "<f4"), ("t", "<u4"), ("ring", "<u2")]
    table = np.zeros(POINTS, layout)
    table["t"] = np.linspace(0, 99_000_000, POINTS)
    picture = b"\xff\xd8\xff" + rng.bytes(JPEG)
    looks = (0.5, -0.5, 0.5, -0.5)
    with ros2_bag(folder) as bag:
        make = bag.make
        cameras = [("base_link", name, (1.0, 0.0, 1.5), looks) for name in ("front", "rear")]
        bag.write(
            "/tf_static",
            START - 10**9,
            make.transform(START, ("base_link", "lidar", (0.0, 0.0, 2.0), (1.0, 0.0, 0.0, 0.0)), *cameras),
        )
        for step in range(seconds * 100):
            now = START + step * 10_000_000
            bag.write(
                "/tf",
                now,
                make.transform(now, ("map", "base_link", (step * 0.1, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0))),
            )
            if step % 10 == 5:
                for axis in "xyz":
                    table[axis] = rng.uniform(-50, 50, POINTS)
                table["intensity"] = rng.uniform(0, 255, POINTS)
                bag.write("/lidar/points", now, make.cloud(now - 50_000_000, "lidar", table))
                for name in ("front", "rear"):
                    bag.write(f"/{name}/image_raw/compressed", now, make.compressed(now, name, picture))
                    bag.write(f"/{name}/camera_info", now, make.info(now, name, (1920, 1080), 1000.0))


def list_messages(folder: Path) -> dict[str, Any]:
    """Pass over all messages with mcap's own reader, without decoding them."""
    from mcap.reader import make_reader

    (path,) = folder.glob("*.mcap")
    with path.open("rb") as file:
        return {"messages": sum(1 for _ in make_reader(file).iter_messages())}


def read(folder: Path) -> dict[str, Any]:
    """Decode all messages with rosbags."""
    from rosbags.highlevel import AnyReader

    with AnyReader([folder]) as reader:
        found = [reader.deserialize(data, one.msgtype).__msgtype__ for one, _, data in reader.messages()]
    return {"messages": len(found)}


def import_bag(folder: Path, out: Path) -> dict[str, Any]:
    """Import it."""
    from kognic.scenes.importers.writing import import_recordings

    (written,) = import_recordings("rosbag2", str(folder), out)
    return {"frames": written.frames}


def convert(out: Path) -> dict[str, Any]:
    """Make every file of the scene, as an upload does."""
    from kognic.scenes.scene_file import load_scene_file

    (path,) = out.glob("*/scene.json")
    size = sum(len(file.load()) for file in load_scene_file(path).files.values())  # type: ignore[union-attr]
    return {"gigabytes": size / 1e9}


def upload(out: Path) -> dict[str, Any]:
    """Upload the scene to a sandbox, which shares this process and its memory."""
    from kognic.pipelines.scene_upload import SceneFileUpload
    from kognic.sandbox import Sandbox
    from kognic.scenes.scene_file import load_scene_file

    (path,) = out.glob("*/scene.json")
    scene_file = load_scene_file(path)
    with Sandbox() as sandbox:
        SceneFileUpload(client=sandbox.client(), scene_file=scene_file, timeout=None).run()
        return {"files": len(scene_file.files)}


def _measured(what: str, *paths: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.importing", "--measure", what, *map(str, paths)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    """Measure and print; the exit status is 1 if memory or time is beyond what is promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--upload", action="store_true", help="Upload to a sandbox, too.")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        what, *paths = arguments.measure
        actions = {
            "list": list_messages,
            "read": read,
            "import": import_bag,
            "convert": convert,
            "upload": upload,
        }
        result = actions[what](*map(Path, paths))
        result["seconds"] = time.process_time()
        result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        bag, out = Path(folder) / "bag", Path(folder) / "out"
        write_bag(bag, arguments.seconds)
        size = sum(path.stat().st_size for path in bag.iterdir()) / 1e9
        print(f"bag: {arguments.seconds} s, {size:.2f} GB")
        _measured("list", bag)  # the file is in the page cache from now on
        results = {"list": _measured("list", bag), "read": _measured("read", bag)}
        results["import"] = _measured("import", bag, out)
        results["convert"] = _measured("convert", out)
        if arguments.upload:
            results["upload"] = _measured("upload", out)
    for name, result in results.items():
        print(
            f"{name:8} {result['seconds']:6.2f} s  {result['seconds'] / size:6.2f} s per GB of the bag  "
            f"{result['peak_mb']:5.0f} MB at most"
        )
    ratio = results["import"]["seconds"] / results["read"]["seconds"]
    memory = max(result["peak_mb"] for name, result in results.items() if name != "upload")
    print(f"import takes {ratio:.2f} times as long as reading")
    return int(ratio > 1.5 or memory > _LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
