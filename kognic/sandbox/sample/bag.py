"""Writes the sample drive as a recording: a ROS 2 bag with point clouds, images, camera info and transforms.

What the sensors say is that of `drive`, so that an importer can be tried out, and its scene compared.
"""

from __future__ import annotations

import math
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from kognic.sandbox.sample.camera import render
from kognic.sandbox.sample.messages import BagWriter, ros2_bag
from kognic.sandbox.sample.rig import FRAME_MS, LIDAR, MOUNTINGS, START_NS, Mounting, Recording, frame_ns

_POINT = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("intensity", "u1"), ("t", "<u4")])
_POSE_STEP_MS = 10
_MARGIN_MS = 100
# 5 ms: recorders log a message a little after its stamp, and readers must not take one for the other.
_DELAY_NS = 5_000_000
_IDENTITY = (1.0, 0.0, 0.0, 0.0)


# Three frames are the fewest in which motion, and its change, is seen.
def write_sample_bag(folder: str | Path, *, seed: int = 0, frames: int = 3) -> Path:
    """Write the sample drive as a ROS 2 bag.

    Args:
        folder: Where to; it must not exist.
        seed: The same seed gives the same messages.
        frames: How many sweeps, 100 ms apart.

    Raises:
        ValueError: `frames` is below 1.
        WriterError: The folder exists.
    """
    if frames < 1:
        raise ValueError(f"frames is {frames}, must be at least 1")
    recording = Recording(seed=seed, frames=frames)
    with ros2_bag(Path(folder)) as bag:
        _write_transforms(bag, recording)
        for frame in range(frames):
            _write_cloud(bag, recording, frame)
            for mounting in MOUNTINGS:
                _write_image(bag, recording, frame, mounting)
    return Path(folder)


def _write_transforms(bag: BagWriter, recording: Recording) -> None:
    cameras = [("base_link", _frame(m), m.position, m.rotation) for m in MOUNTINGS]
    start = START_NS - _MARGIN_MS * 1_000_000
    static = bag.make.transform(start, ("base_link", LIDAR, (0.0, 0.0, 0.0), _IDENTITY), *cameras)
    bag.write("/tf_static", start, static)
    for ms in range(-_MARGIN_MS, (recording.frames - 1) * FRAME_MS + _MARGIN_MS + 1, _POSE_STEP_MS):
        now = START_NS + ms * 1_000_000
        yaw = recording.trajectory.yaw(ms / 1000)
        rotation = (math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2))
        origin = recording.trajectory.pose(ms / 1000).origin
        bag.write("/tf", now, bag.make.transform(now, ("map", "base_link", origin, rotation)))


def _write_cloud(bag: BagWriter, recording: Recording, frame: int) -> None:
    points = list(recording.points(frame))
    times = [START_NS + round(point.seconds * 1e9) for point in points]
    stamp = min(times)
    table = np.array(
        [(*point.position, point.intensity, time - stamp) for point, time in zip(points, times, strict=True)],
        _POINT,
    )
    bag.write("/lidar/points", max(times) + _DELAY_NS, bag.make.cloud(stamp, LIDAR, table))


def _write_image(bag: BagWriter, recording: Recording, frame: int, mounting: Mounting) -> None:
    now, camera = frame_ns(frame), mounting.camera()
    buffer = BytesIO()
    image = render(recording.street, camera, recording.vehicle(frame))
    image.save(buffer, "JPEG", quality=95, subsampling=0)
    topic = f"/camera/{mounting.name.lower()}"
    message: Any = bag.make.compressed(now, _frame(mounting), buffer.getvalue())
    bag.write(f"{topic}/image_raw/compressed", now + _DELAY_NS, message)
    matrix = camera.matrix
    k = [matrix["fx"], 0, matrix["cx"], 0, matrix["fy"], matrix["cy"], 0, 0, 1]
    d = [camera.lens[name] for name in ("k1", "k2", "p1", "p2", "k3")]
    size = (camera.width, camera.height)
    info = bag.make.info(now, _frame(mounting), size, k=k, d=d, distortion_model="plumb_bob")
    bag.write(f"{topic}/camera_info", now + _DELAY_NS, info)


def _frame(mounting: Mounting) -> str:
    return f"camera_{mounting.name.lower()}_optical"
