"""The vehicle of the sample drive: where its sensors sit, how it moves, what it measures on the way.

Times are integers, nanoseconds since the Unix epoch or milliseconds since the first frame; a float of seconds
since the first frame is only used where a position is computed from it.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Iterator
from typing import Any

import attrs

from kognic.sandbox.sample.camera import Camera
from kognic.sandbox.sample.world import (
    LidarPoint,
    Pose,
    Street,
    Trajectory,
    Vector,
    build_street,
    sweep,
)

Quaternion = tuple[float, float, float, float]  # w, x, y, z
Json = dict[str, Any]

LIDAR = "lidar"
# 2026-02-25 in Unix nanoseconds; any date does, but the same in every file.
START_NS = 1_772_000_000_000_000_000
FRAME_MS = 100
# 200 Hz, as common inertial units.
IMU_STEP_MS = 5
# The first sweep begins and the last one ends half a turn away from its frame's time.
IMU_MARGIN_MS = 60
# Camera axes (x right, y down, z forward) seen from a vehicle with x forward, y left, z up.
_LOOKING_AHEAD: Quaternion = (0.5, -0.5, 0.5, -0.5)


@attrs.frozen
class Mounting:
    """Where a camera sits on the vehicle, metres and radians, and how its lens bends."""

    name: str
    image_format: str
    position: Vector
    yaw: float
    pitch: float
    k1: float

    @property
    def rotation(self) -> Quaternion:
        """Camera to vehicle, as in a calibration."""
        yaw = (math.cos(self.yaw / 2), 0.0, 0.0, math.sin(self.yaw / 2))
        pitch = (math.cos(self.pitch / 2), 0.0, math.sin(self.pitch / 2), 0.0)
        return _product(_product(yaw, pitch), _LOOKING_AHEAD)

    def camera(self) -> Camera:
        """Return the camera that takes the pictures."""
        return Camera(
            name=self.name,
            mount=Pose(axes=_axes(self.rotation), origin=self.position),
            width=960,
            height=540,
            matrix={"fx": 620.0, "fy": 622.0, "cx": 478.5, "cy": 271.5},
            lens={"k1": self.k1, "k2": 0.02, "p1": 0.0004, "p2": -0.0003, "k3": 0.0},
        )


# Metres and radians from the lidar: behind the windscreen and at the left mirror of a car.
MOUNTINGS = (
    Mounting("FRONT", "png", (1.4, 0.0, -0.45), yaw=0.0, pitch=0.035, k1=-0.09),
    Mounting("LEFT", "jpg", (1.1, 0.55, -0.4), yaw=0.9, pitch=0.02, k1=-0.07),
)


@attrs.frozen
class Recording:
    """What happened on the drive: the street, the vehicle's way through it, the times of the frames."""

    seed: int
    frames: int
    trajectory: Trajectory = attrs.field(factory=Trajectory)

    @functools.cached_property
    def street(self) -> Street:
        """The same for every frame; nothing in it moves."""
        return build_street(random.Random(self.seed))  # noqa: S311 -- a drive, not a secret  # nosec B311

    def vehicle(self, frame: int) -> Pose:
        """Lidar pose in the world at a frame's time."""
        return self.trajectory.pose(frame * FRAME_MS / 1000)

    def points(self, frame: int) -> Iterator[LidarPoint]:
        """Scan one turn of the lidar, around a frame's time."""
        rng = random.Random(f"{self.seed}/{frame}")  # noqa: S311  # nosec B311
        return sweep(self.street, self.trajectory, frame * FRAME_MS / 1000, rng)


def calibration() -> Json:
    """Return the rig of every sample drive, in the form in which calibrations travel."""
    sensors: Json = {
        LIDAR: {
            "calibration_type": "lidar",
            "position": _xyz((0.0, 0.0, 0.0)),
            "rotation_quaternion": _wxyz((1.0, 0.0, 0.0, 0.0)),
        }
    }
    for mounting in MOUNTINGS:
        camera = mounting.camera()
        sensors[mounting.name] = {
            "calibration_type": "pinhole",
            "position": _xyz(mounting.position),
            "rotation_quaternion": _wxyz(mounting.rotation),
            "image_height": camera.height,
            "image_width": camera.width,
            "camera_matrix": dict(camera.matrix),
            "distortion_coefficients": dict(camera.lens),
        }
    return {"external_id": "sample-rig", "calibration": sensors}


def imu_samples(recording: Recording) -> Iterator[Json]:
    """Lidar poses every 5 ms, from before the first point to after the last."""
    for ms in range(-IMU_MARGIN_MS, (recording.frames - 1) * FRAME_MS + IMU_MARGIN_MS + 1, IMU_STEP_MS):
        pose = pose_at(recording.trajectory, ms, "rotationQuaternion")
        yield {**pose, "timestamp": START_NS + ms * 1_000_000}


def frame_ns(frame: int) -> int:
    """Unix time of a frame."""
    return START_NS + frame * FRAME_MS * 1_000_000


def pose_at(trajectory: Trajectory, ms: int, rotation_key: str) -> Json:
    """Lidar pose in the world, with the rotation under the name that the place asks for."""
    pose, yaw = trajectory.pose(ms / 1000), trajectory.yaw(ms / 1000)
    rotation = (math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2))
    return {"position": _xyz(pose.origin), rotation_key: _wxyz(rotation)}


def _xyz(vector: Vector) -> dict[str, float]:
    return dict(zip("xyz", vector, strict=True))


def _wxyz(rotation: Quaternion) -> dict[str, float]:
    return dict(zip("wxyz", rotation, strict=True))


def _product(a: Quaternion, b: Quaternion) -> Quaternion:
    """Of two rotations: first `b`, then `a`."""
    return (
        a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
        a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
        a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
        a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0],
    )


def _axes(rotation: Quaternion) -> tuple[Vector, Vector, Vector]:
    """Where the rotation takes the x, y and z axis."""
    w, x, y, z = rotation
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)),
        (2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)),
        (2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)),
    )
