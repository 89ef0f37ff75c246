"""A small annotation to be changed: cars that drive straight on, in frames a tenth of a second apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from kognic.annotations.cuboids import ISO_8855, to_kognic
from kognic.annotations.document import Document
from kognic.annotations.labels import Box2D, Label, document_of

FRAMES = {"f0": 0, "f1": 100, "f2": 200}


def car(
    frame_id: str, track: str = "car", *, x: float = 10.0, y: float = 0.0, yaw: float = 0.0, **label: Any
) -> Label:
    """A car of 4 x 2 x 1.5 m."""
    value = to_kognic([[x, y, 0.75]], [[4, 2, 1.5]], ISO_8855, yaws=[yaw])[0].tolist()
    label.setdefault("class_name", "Car")
    return Label(frame_id=frame_id, track=track, cuboid=value, **label)


def box(x: float, y: float, size: float = 40.0, camera: str = "FRONT") -> Box2D:
    """A square in an image."""
    return Box2D(camera=camera, centre_size=(x, y, size, size))


def document(labels: list[Label], **known: Any) -> Document:
    """A document of three frames."""
    return Document.of(document_of(labels, lidar="ROOF", timestamps_ms=FRAMES), **known)


def drive(speed: float = 10.0, track: str = "car", **label: Any) -> list[Label]:
    """One car in all frames, metres per second along x."""
    return [car(f, track, x=10 + speed * ms / 1000, **label) for f, ms in FRAMES.items()]


def world(speed: float = 0.0) -> dict[str, np.ndarray]:
    """Poses of a vehicle that drives along x."""
    poses = {}
    for frame_id, ms in FRAMES.items():
        poses[frame_id] = np.eye(4)
        poses[frame_id][0, 3] = speed * ms / 1000
    return poses
