"""How fast a scene is checked: 200 frames of six cameras and a lidar, headers only and in full.

    python benchmarks/checks.py [--frames 200] [--full-frames 20]

Images are 1920 x 1208 JPEG, clouds 60 000 points in binary PCD, all different. CPU time is of this process
with all its threads; of full reading, a profile by what the time is spent on follows.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from PIL import Image as Pictures
from pypcd4.pypcd4 import Encoding
from pypcd4.pypcd4 import PointCloud as Cloud

from kognic.io.model.calibration import Position, RotationQuaternion
from kognic.io.model.ego import EgoVehiclePose, IMUData
from kognic.io.model.scene.lidars_and_cameras_sequence import Frame, LidarsAndCamerasSequence
from kognic.io.model.scene.resources import Image, PointCloud
from kognic.scenes.checks import Report, check_scene
from kognic.scenes.checks.files import _read
from kognic.scenes.scene_view import view_of

CAMERAS = 6
WIDTH, HEIGHT = 1920, 1208
POINTS = 60_000
START = 1_772_000_000_000_000_000
STEP_NS = 100_000_000
LIMIT_SECONDS = 5.0
# Where a function of the profile belongs, by a part of its file and name.
_KINDS = (
    ("ImagingDecoder", "decoding images"), ("PIL", "decoding images"), ("ImagingCore", "decoding images"),
    ("pypcd4", "reading points"), ("numpy", "computing on points"), ("checks/content", "computing on points"),
    ("'read' of", "reading files"), ("open", "reading files"), ("readline", "reading files"),
    ("sha256", "comparing contents"),
)  # fmt: skip


def write_scene(folder: Path, frames: int) -> LidarsAndCamerasSequence:
    """Write the files and describe them."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    base = Pictures.fromarray(blocks).resize((WIDTH, HEIGHT))
    made = [_frame(folder, index, base, rng) for index in range(frames)]
    samples = [_sample(START - STEP_NS + n * STEP_NS // 10) for n in range(10 * frames + 30)]
    return LidarsAndCamerasSequence(
        external_id="large", frames=made, calibration_id="calibration", imu_data=samples
    )


def _frame(folder: Path, index: int, base: Any, rng: np.random.Generator) -> Frame:
    now = START + index * STEP_NS
    images = []
    for camera in range(CAMERAS):
        path = folder / f"c{camera}_{index:03}.jpg"
        base.putpixel((0, 0), (index % 256, camera, 0))
        buffer = BytesIO()
        base.save(buffer, "JPEG", quality=80, comment=f"{index}/{camera}")
        path.write_bytes(buffer.getvalue())
        images.append(Image(filename=path, sensor_name=f"C{camera}"))
    path = folder / f"lidar_{index:03}.pcd"
    xyz = rng.uniform((-80, -80, -2), (80, 80, 6), (POINTS, 3)).astype(np.float32)
    columns = [*xyz.T, rng.integers(0, 256, POINTS, np.uint32), np.full(POINTS, now, np.uint64)]
    types = [np.float32] * 3 + [np.uint32, np.uint64]
    Cloud.from_points(columns, ["x", "y", "z", "intensity", "timestamp"], types).save(
        path, encoding=Encoding.BINARY
    )
    pose = _sample(now)
    return Frame(
        frame_id=str(index), relative_timestamp=index * STEP_NS // 1_000_000, unix_timestamp=now,
        images=images, point_clouds=[PointCloud(filename=path, sensor_name="lidar")],
        ego_vehicle_pose=EgoVehiclePose(position=pose.position, rotation=pose.rotation_quaternion),
    )  # fmt: skip


def _sample(time_ns: int) -> IMUData:
    position = Position(x=10 * (time_ns - START) / 1e9, y=0, z=0)
    return IMUData(
        position=position, rotation_quaternion=RotationQuaternion(w=1, x=0, y=0, z=0), timestamp=time_ns
    )


def timed(action: Callable[[], Report]) -> tuple[Report, float, float]:
    """The report, and the seconds of processor and clock that it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    report = action()
    return report, time.process_time() - cpu, time.perf_counter() - wall


def profile(scene: LidarsAndCamerasSequence) -> dict[str, float]:
    """Seconds of full reading in this thread, by what they are spent on."""
    profiler = cProfile.Profile()
    files = list(view_of(scene).files())
    profiler.enable()
    for file in files:
        _read(file, full=True)
    profiler.disable()
    spent: dict[str, float] = defaultdict(float)
    stats: Any = pstats.Stats(profiler)
    for (path, _, name), (_, _, own, _, _) in stats.stats.items():
        place = f"{path} {name}"
        spent[next((kind for part, kind in _KINDS if part in place), "everything else")] += own
    return dict(sorted(spent.items(), key=lambda item: -item[1]))


def disk_seconds(scene: LidarsAndCamerasSequence) -> float:
    """Seconds that reading the bytes of all files takes, without looking at them."""
    start = time.perf_counter()
    for file in view_of(scene).files():
        if file.path is not None:
            file.path.read_bytes()
    return time.perf_counter() - start


def main() -> int:
    """Print the times; 1 if headers take longer than they may."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--full-frames", type=int, default=20, help="frames of the full check")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scene = write_scene(Path(folder), options.frames)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        files = sum(1 for _ in view_of(scene).files())
        print(f"{options.frames} frames, {files} files, {size / 1e6:.0f} MB, {os.cpu_count()} processors")
        report, cpu, wall = timed(lambda: check_scene(scene, groups=["structure", "files"]))
        print(f"headers    {cpu:6.2f} s CPU  {wall:6.2f} s  {report.summary()}")
        structure = timed(lambda: check_scene(scene, groups=["structure"]))
        print(f"structure  {structure[1]:6.2f} s CPU  {structure[2]:6.2f} s")
        part = attrs.evolve(scene, frames=scene.frames[: options.full_frames])
        full = timed(lambda: check_scene(part, groups=["structure", "files"], full=True))
        count = len(part.frames)
        print(f"in full    {full[1]:6.2f} s CPU  {full[2]:6.2f} s  {count} frames, {full[0].summary()}")
        print(f"reading the bytes of these {count} frames alone: {disk_seconds(part):.2f} s")
        spent = profile(part)
    total = sum(spent.values())
    for kind, seconds in spent.items():
        print(f"  {seconds / total:4.0%}  {kind}")
    print(f"headers take {cpu:.2f} s of CPU, the limit is {LIMIT_SECONDS:g} s for 200 frames")
    return int(cpu > LIMIT_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
