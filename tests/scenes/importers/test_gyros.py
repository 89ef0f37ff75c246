"""Rotations of an IMU between poses: formulas, units, topics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import rotation_matrix
from kognic.scenes.importers.gyros import GyroMismatchError, GyroSamples, refined
from tests.scenes.importers.bag_writing import IDENTITY, START, opened, ros1_bag, ros2_bag

MS = 1_000_000


def yaw_at(seconds: np.ndarray) -> np.ndarray:
    """A vehicle that sways: radians over seconds."""
    return 0.2 * np.sin(8 * seconds)


def rate_at(seconds: np.ndarray) -> np.ndarray:
    """The derivative of the yaw."""
    return 1.6 * np.cos(8 * seconds)


def quaternions_of(yaw: np.ndarray) -> np.ndarray:
    """Rotations about z, w first."""
    zero = np.zeros_like(yaw)
    return np.stack([np.cos(yaw / 2), zero, zero, np.sin(yaw / 2)], axis=-1)


def poses(step_ms: int = 100, count: int = 21) -> Trajectory:
    """Poses at 10 Hz, where the yaw swings once in 0.8 s."""
    times = START + np.arange(count, dtype=np.int64) * step_ms * MS
    seconds = (times - START) / 1e9
    positions = np.stack([seconds * 10, 0 * seconds, 0 * seconds], axis=-1)
    return Trajectory(times, positions, quaternions_of(yaw_at(seconds)))


def samples(rate_hz: int = 200, *, scale: float = 1.0, bias: float = 0.0) -> GyroSamples:
    """An IMU from before the first to after the last pose."""
    found = GyroSamples("imu")
    for number in range(-20, rate_hz * 2 + 20):
        seconds = number / rate_hz
        found.add(START + round(seconds * 1e9), (0.0, 0.0, float(rate_at(np.array(seconds))) * scale + bias))
    return found


def error_of(trajectory: Trajectory) -> float:
    """The largest error of the yaw, radians, over 2 s."""
    times = START + np.arange(0, 2000, 3, dtype=np.int64) * MS
    _, found = trajectory.at(times)
    yaw = 2 * np.arctan2(found[:, 3], found[:, 0])
    return float(np.abs(yaw - yaw_at((times - START) / 1e9)).max())


def test_rotations_between_poses() -> None:
    """An IMU at 200 Hz finds a swing that poses at 10 Hz miss; all poses stay."""
    coarse = poses()
    fine = refined(coarse, samples(), np.eye(3))
    assert error_of(coarse) > 0.015
    assert error_of(fine) < 2e-4
    kept = np.isin(fine.times, coarse.times)
    assert fine.quaternions[kept] == pytest.approx(coarse.quaternions)
    assert fine.positions[kept] == pytest.approx(coarse.positions)
    assert (np.diff(fine.times) > 0).all()
    # A bias of 0.05 rad/s is taken out from pose to pose.
    assert error_of(refined(coarse, samples(bias=0.05), np.eye(3))) < 4e-4


def test_imus_mounted_otherwise() -> None:
    """With the IMU upside down, its z looks down."""
    down = rotation_matrix((0.0, 1.0, 0.0, 0.0))
    assert error_of(refined(poses(), samples(scale=-1.0), down)) < 2e-4
    with pytest.raises(GyroMismatchError, match=r"degrees off between poses"):
        refined(poses(), samples(scale=-1.0), np.eye(3))


def test_imus_that_add_nothing() -> None:
    """Degrees for radians, another time, too slow; a gap between poses is interpolated as before."""
    with pytest.raises(GyroMismatchError, match=r"are they in rad/s, and is its frame right\?"):
        refined(poses(), samples(scale=57.3), np.eye(3))
    with pytest.raises(GyroMismatchError, match=r"the poses alone are as dense"):
        refined(poses(step_ms=5, count=400), samples(), np.eye(3))
    whole = poses()
    gap = np.r_[0:4, 16:21]
    cut = Trajectory(whole.times[gap], whole.positions[gap], whole.quaternions[gap])
    middle = [START + 1000 * MS]
    assert refined(cut, samples(), np.eye(3)).at(middle)[1] == pytest.approx(cut.at(middle)[1], abs=1e-3)


def imu(make: Any, now: int, frame: str, rate: float, *, measured: bool = True) -> Any:
    """A sensor_msgs/Imu."""

    def vector(z: float) -> Any:
        return make.new("geometry_msgs/msg/Vector3", x=0.0, y=0.0, z=z)

    covariance = np.zeros(9)
    without = np.array([-1.0, *np.zeros(8)])
    return make.new(
        "sensor_msgs/msg/Imu",
        header=make.header(now, frame),
        orientation=make.new("geometry_msgs/msg/Quaternion", x=0.0, y=0.0, z=0.0, w=1.0),
        orientation_covariance=without,
        angular_velocity=vector(rate),
        angular_velocity_covariance=covariance if measured else without,
        linear_acceleration=vector(9.81),
        linear_acceleration_covariance=covariance,
    )


@pytest.mark.parametrize("storage", ["mcap", "sqlite3", "ros1"])
def test_topics_of_imus(tmp_path: Path, storage: str) -> None:
    """The fastest that is placed is taken, and the notes say so; another can be chosen, or none."""
    path = tmp_path / ("drive.bag" if storage == "ros1" else "drive")
    with ros1_bag(path) if storage == "ros1" else ros2_bag(path, storage) as bag:
        make = bag.make
        edges = [("base_link", name, (0.0, 0.0, 1.0), IDENTITY) for name in ("lidar", "imu", "slow")]
        bag.write("/tf_static", START - 50 * MS, make.transform(START, *edges))
        table = np.ones(3, [("x", "f4"), ("y", "f4"), ("z", "f4")])
        for number in range(21):
            now = START + number * 100 * MS
            bag.write("/points", now, make.cloud(now, "lidar", table))
            yaw = yaw_at(np.array(number * 0.1))
            pose = ("map", "base_link", (number * 1.0, 0.0, 0.0), tuple(map(float, quaternions_of(yaw))))
            bag.write("/tf", now, make.transform(now, pose))
        for number in range(401):
            seconds = number * 0.005
            now = START + number * 5 * MS
            rate = float(rate_at(np.array(seconds)))
            bag.write("/fast/imu", now, imu(make, now, "imu", rate))
            bag.write("/lost/imu", now, imu(make, now, "nowhere", rate))
            bag.write("/mute/imu", now, imu(make, now, "imu", 0.0, measured=False))
            if number % 4 == 0:
                bag.write("/slow/imu", now, imu(make, now, "slow", rate))

    recording = opened(path)
    fine = recording.imu()
    assert fine is not None
    assert error_of(fine) < 2e-4
    assert "from the angular velocities of the IMU /fast/imu (200 Hz, frame 'imu')" in str(recording.notes)
    reasons = {skip.source: skip.reason for skip in recording.skipped}
    assert reasons["/slow/imu"] == "the IMU /fast/imu is taken; choose this one with '-o imu=/slow/imu'"
    assert reasons["/mute/imu"] == "its messages have no angular velocities"
    assert "from its frame 'nowhere'" in reasons["/lost/imu"]
    assert opened(path, imu="none").imu() is None
    slow = opened(path, imu="/slow/imu").imu()
    assert slow is not None
    assert len(slow.times) == 101
