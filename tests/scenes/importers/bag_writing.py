"""Writes small ROS 2 (MCAP, SQLite) and ROS 1 bags, and MCAP with JSON, message by message; opens bags."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter

from kognic.sandbox.sample.messages import BagWriter, ros1_bag, ros2_bag
from kognic.scenes.importers.bag_recording import BagRecording, open_messages

__all__ = [
    "FORWARD",
    "IDENTITY",
    "START",
    "opened",
    "ros1_bag",
    "ros2_bag",
    "stamp",
    "write_drive",
    "write_json_mcap",
]

START = 1_700_000_000_000_000_000


def opened(path: Path, **options: Any) -> BagRecording:
    """The recording of a bag."""
    (recording,) = open_messages(path, **options)
    assert isinstance(recording, BagRecording)
    return recording


def write_json_mcap(path: Path, messages: list[tuple[str, str, int, Any]]) -> Path:
    """An MCAP of JSON messages: topic, schema, log time, content (bytes in it become base64)."""
    with path.open("wb") as file:
        writer = McapWriter(file, compression=CompressionType.LZ4)
        writer.start()
        channels: dict[str, int] = {}
        for topic, schema, log_time, content in messages:
            if topic not in channels:
                number = writer.register_schema(schema, "jsonschema", b"{}")
                channels[topic] = writer.register_channel(topic, "json", number)
            data = json.dumps(content, default=lambda value: base64.b64encode(value).decode()).encode()
            writer.add_message(channels[topic], log_time, data, log_time)
        writer.finish()
    return path


def stamp(time: int) -> dict[str, int]:
    """A time in Foxglove's JSON."""
    return {"sec": time // 10**9, "nsec": time % 10**9}


IDENTITY = (1.0, 0.0, 0.0, 0.0)
# From a camera that looks along the vehicle's x to the vehicle: its x is the vehicle's -y, its y the
# vehicle's -z.
FORWARD = (0.5, -0.5, 0.5, -0.5)


def write_drive(bag: BagWriter, *, frames: int = 3, camera_hz: int = 10, jpeg: bytes = b"") -> None:
    """A drive along x at 10 m/s: a lidar at 10 Hz that needs 100 ms for a sweep, a camera, transforms at
    100 Hz.

    One point stands at (20, 2, 0) in the world; each sweep sees it at a time of its own.
    """
    make = bag.make
    bag.write(
        "/tf_static",
        START - 60_000_000,
        make.transform(
            START,
            ("base_link", "lidar", (1.0, 0.0, 2.0), IDENTITY),
            ("base_link", "camera_optical", (1.5, 0.0, 1.5), FORWARD),
        ),
    )
    for step in range(-6, frames * 10 + 6):
        now = START + step * 10_000_000
        bag.write("/tf", now, make.transform(now, ("map", "base_link", (step * 0.1, 0.0, 0.0), IDENTITY)))
    for frame in range(frames):
        now = START + frame * 100_000_000
        table = np.zeros(11, [("x", "f4"), ("y", "f4"), ("z", "f4"), ("intensity", "f4"), ("t", "u4")])
        seconds = np.linspace(-0.05, 0.05, 11)
        table["x"] = 20 - (frame + 10 * seconds) - 1.0
        table["y"], table["z"], table["intensity"] = 2, -2, 100
        table["t"] = np.rint((seconds + 0.05) * 1e9)
        bag.write("/lidar/points", now + 60_000_000, make.cloud(now - 50_000_000, "lidar", table))
    for shot in range(frames * camera_hz // 10):
        now = START + shot * 1_000_000_000 // camera_hz
        if jpeg:
            bag.write(
                "/camera/front/image_raw/compressed",
                now + 7_000_000,
                make.compressed(now, "camera_optical", jpeg),
            )
        else:
            pixels = np.full((40, 80, 3), 50 + shot, np.uint8)
            pixels[10:20, 10:30] = 200
            bag.write(
                "/camera/front/image_raw", now + 7_000_000, make.image(now, "camera_optical", pixels, "rgb8")
            )
        bag.write("/camera/front/camera_info", now + 7_000_000, make.info(now, "camera_optical", (80, 40)))
