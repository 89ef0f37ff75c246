"""Drives through a made street with known truth: lidars on a vehicle that drives, turns, or stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kognic.scenes.calibration.evidence import Cloud, Evidence, FrameEvidence
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import Rigid, quaternion_of, rotate_about
from tests.scenes.geometry import conftest as make

Array = Any
STEP_NS = 100_000_000


def mounted(yaw: float = 0, pitch: float = 0, roll: float = 0, position: Array = (1.0, 0.0, 1.8)) -> Rigid:
    """A lidar on the vehicle, degrees and metres."""
    turn = rotate_about([0, 0, 1], yaw) @ rotate_about([0, 1, 0], pitch) @ rotate_about([1, 0, 0], roll)
    return Rigid(turn, np.array(position, dtype=float))


def sensor(pose: Rigid) -> Any:
    return make.lidar(**make.placed(quaternion_of(pose.rotation), tuple(map(float, pose.position))))


def boxes() -> Array:
    """Houses along a street, with gaps, shape (N, 2, 3): lowest and highest corners, metres."""
    rng = np.random.default_rng(4)
    found = []
    for side in (-1, 1):
        x = -40.0
        while x < 80:
            length, depth, height = rng.uniform(4, 9), rng.uniform(3, 6), rng.uniform(3, 8)
            y = side * rng.uniform(7, 11)
            low, high = sorted((y, y + side * depth))
            found.append([[x, low, 0], [x + length, high, height]])
            x += length + rng.uniform(2, 6)
    return np.array(found)


BOXES = boxes()


def rays(rows: int = 40, step: float = 1.2, sector: tuple[float, float] = (-180, 180)) -> Array:
    yaw, pitch = np.meshgrid(np.arange(*sector, step), np.linspace(-25, 8, rows))
    a, b = np.radians(yaw.ravel()), np.radians(pitch.ravel())
    return np.column_stack([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)])


def seen(lidar_in_world: Rigid, directions: Array, rng: np.random.Generator) -> Array:
    """Points of a lidar in its own system: the first surface on each ray, with 2 cm of noise."""
    ahead = np.ascontiguousarray((directions @ lidar_in_world.rotation.T).T)
    ahead[np.abs(ahead) < 1e-9] = 1e-9
    start = lidar_in_world.position[:, None]
    distance = np.where(ahead[2] < 0, -start[2] / ahead[2], np.inf)
    # One box at a time, and axes first: all at once are hundreds of megabytes, and ten times as slow.
    for box in BOXES:
        near, far = ((box[side][:, None] - start) / ahead for side in (0, 1))
        enter, leave = np.minimum(near, far).max(axis=0), np.maximum(near, far).min(axis=0)
        np.minimum(distance, enter, out=distance, where=(enter < leave) & (enter > 0))
    kept = distance < 60
    return directions[kept] * (distance[kept] + rng.normal(0, 0.02, int(kept.sum())))[:, None]


def poses(kind: str, frames: int) -> list[Rigid]:
    """The vehicle in the world: 8 m/s straight on, the same in a bend of 25 m while braking, or standing."""
    found, at, yaw, speed = [], np.array([0.0, 0, 0]), 0.0, 8.0
    for _ in range(frames):
        found.append(Rigid(rotate_about([0, 0, 1], yaw), at.copy()))
        if kind == "stands":
            continue
        yaw += np.degrees(speed * 0.1 / 12) if kind == "turns" else 0.0
        at += speed * 0.1 * np.array([np.cos(np.radians(yaw)), np.sin(np.radians(yaw)), 0])
        speed *= 0.9 if kind == "turns" else 1.0
    return found


def drive(
    kind: str,
    lidars: Mapping[str, Rigid],
    *,
    frames: int = 8,
    seed: int = 0,
    scale: float = 1.0,
    late_s: float = 0.0,
    sectors: Mapping[str, tuple[float, float]] | None = None,
    wrong_poses: bool = False,
) -> Evidence:
    """A drive as a scene says it is.

    Args:
        kind: `straight`, `turns` or `stands`.
        lidars: Where the lidars truly are.
        frames: How many, 100 ms apart.
        seed: Of the noise.
        scale: What the ego positions are multiplied by.
        late_s: How much later than stated the clouds were taken.
        sectors: Azimuths that a lidar sees, degrees.
        wrong_poses: Give the poses of another drive.
    """
    rng = np.random.default_rng(seed)
    truth = poses(kind, frames + 4)
    times = np.arange(len(truth)) * STEP_NS + 1_700_000_000_000_000_000
    path = Trajectory(
        times, np.array([p.position for p in truth]), np.array([quaternion_of(p.rotation) for p in truth])
    )
    made = []
    for index in range(2, frames + 2):
        vehicle = path.pose_at(int(times[index] + late_s * 1e9))
        clouds = tuple(
            Cloud(
                name,
                PointArrays(
                    xyz=seen(vehicle @ pose, rays(sector=(sectors or {}).get(name, (-180, 180))), rng)
                ),
            )
            for name, pose in lidars.items()
        )
        made.append(FrameEvidence(str(index), int(times[index]), clouds, ()))
    shift = rng.normal(0, 0.5, path.positions.shape) if wrong_poses else 0.0
    stated = Trajectory(times, path.positions * scale + shift, path.quaternions)
    return Evidence(tuple(made), stated, False, False)
