"""Points and images that belong together: a random wall of blocks, seen by a lidar and by cameras.

Each block has its own colour and distance, so that a wrong calibration shows in the image.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kognic.scenes.calibration.evidence import Cloud, Evidence, FrameEvidence, Picture
from kognic.scenes.calibration.features import ImagePixels
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.poses import Rigid, quaternion_of, rotate_about
from kognic.scenes.geometry.projection import project
from tests.scenes.geometry import conftest as make

FORWARD = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
CELL_DEG = 4.0
WIDTH, HEIGHT = 800, 500


def looking(yaw_deg: float, position: tuple[float, float, float] = (0.5, 0.2, 1.4)) -> dict[str, Any]:
    """Where a camera is that looks so far to the left of forward and ten degrees down."""
    turn = rotate_about([0, 0, 1], yaw_deg) @ rotate_about([0, 1, 0], 10) @ FORWARD
    return make.placed(quaternion_of(turn), position)


def camera(yaw_deg: float, **values: Any) -> Any:
    matrix = make.matrix(500, 500, WIDTH / 2, HEIGHT / 2)
    common = {"camera_matrix": matrix, "image_width": WIDTH, "image_height": HEIGHT}
    return make.pinhole(**{**common, **looking(yaw_deg), **values})


def wall(rng: np.random.Generator, count: int = 20_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points in the reference system all around, with intensity, and the grey value of their block."""
    yaw, pitch = rng.uniform(-180, 180, count), rng.uniform(-40, 20, count)
    cell = (yaw // CELL_DEG * 1000 + pitch // CELL_DEG).astype(int)
    _, index = np.unique(cell, return_inverse=True)
    distance = rng.uniform(15, 40, index.max() + 1)[index]
    grey = rng.uniform(0, 1, index.max() + 1)[index]
    a, b = np.radians(yaw), np.radians(pitch)
    direction = np.column_stack([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)])
    return direction * distance[:, None], 200 * grey, grey


def picture(points: np.ndarray, grey: np.ndarray, calibration: Any) -> Any:
    """What a camera sees: the points as squares, the far ones first."""
    found = project(points, calibration)
    order = np.argsort(-found.depth)
    order = order[found.visible[order]]
    pixels = np.full((HEIGHT, WIDTH), 128, np.uint8)
    for (u, v), value in zip(found.pixels[order].astype(int), (grey[order] * 255).astype(int), strict=True):
        pixels[max(v - 5, 0) : v + 6, max(u - 5, 0) : u + 6] = value
    return ImagePixels(np.repeat(pixels[..., None], 3, axis=2), (WIDTH, HEIGHT))


def evidence(sensors: dict[str, Any], *, lidar: str = "lidar", seed: int = 0) -> Evidence:
    """One frame of a scene whose calibrations are right."""
    points, intensity, grey = wall(np.random.default_rng(seed))
    own = Rigid.of_sensor(sensors[lidar]).inverse().apply(points)
    cloud = Cloud(lidar, PointArrays(xyz=own, intensity=intensity, timestamps=None))
    pictures = tuple(
        Picture(name, picture(points, grey, sensor)) for name, sensor in sensors.items() if name != lidar
    )
    frame = FrameEvidence(frame_id="0", time_ns=None, clouds=(cloud,), pictures=pictures)
    return Evidence(frames=(frame,), trajectory=None, is_compensated=False, one_lidar=True)
