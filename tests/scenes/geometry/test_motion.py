"""Where the vehicle is between the poses that are given."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import Rigid, rotate_about
from kognic.scenes.scene_view import FrameView, PoseView, SampleView, SceneView

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


def pose(x: float = 0, yaw_deg: float = 0, length: float = 1) -> PoseView:
    half = math.radians(yaw_deg) / 2
    return PoseView((x, 0, 0), (length * math.cos(half), 0, 0, length * math.sin(half)))


def frame(time: int | None, ego: PoseView | None) -> FrameView:
    return FrameView(
        place="frames[0]",
        frame_id="0",
        relative_ms=0,
        unix_ns=time,
        images=(),
        clouds=(),
        ego_pose=ego,
        metadata={},
    )


def scene(imu: Any = (), frames: Any = ()) -> SceneView:
    return SceneView(
        kind="lidars_and_cameras_sequence",
        external_id="scene",
        frames=tuple(frames),
        calibration_id="calibration",
        imu=tuple(SampleView(time, at) for time, at in imu),
        metadata={},
        specification=(),
        motion_compensation=True,
    )


def straight() -> Trajectory:
    """Ten metres and 90 degrees within a second."""
    found = Trajectory.of_scene(scene([(START + SECOND, pose(10, 90)), (START, pose())]))
    assert found is not None
    return found


def test_of_scene_takes_imu_before_ego_poses() -> None:
    """IMU samples in the order of time; without them the poses of frames."""
    frames = [frame(START, pose(5)), frame(START + SECOND, pose(6)), frame(None, pose(7))]

    assert straight().positions[:, 0].tolist() == [0, 10]
    from_frames = Trajectory.of_scene(scene(frames=frames))
    assert from_frames is not None
    assert from_frames.positions[:, 0].tolist() == [5, 6]


def test_of_scene_needs_two_usable_poses() -> None:
    """One pose, two at the same time, zero quaternions and NaN tell nothing of motion."""
    for second in (
        (START, pose(1)),
        (START + SECOND, pose(1, length=0)),
        (START + SECOND, pose(math.nan)),
    ):
        assert Trajectory.of_scene(scene([(START, pose()), second])) is None
    assert Trajectory.of_scene(scene()) is None


def test_at_is_linear_in_position_and_spherical_in_rotation() -> None:
    """Half way at half time; nanoseconds of today do not lose their last digits on the way."""
    positions, quaternions = straight().at([START + SECOND // 4, START + SECOND // 2])

    assert positions[:, 0] == pytest.approx([2.5, 5])
    angles = 2 * np.degrees(np.arctan2(quaternions[:, 3], quaternions[:, 0]))
    assert angles == pytest.approx([22.5, 45])
    tiny, _ = straight().at([START + 100])
    assert tiny[0, 0] == pytest.approx(1e-6, rel=1e-6)


def test_quaternions_of_any_length() -> None:
    """They are normalised before they are interpolated."""
    found = Trajectory.of_scene(scene([(START, pose(length=3)), (START + SECOND, pose(0, 90, length=0.2))]))

    assert found is not None
    assert np.linalg.norm(found.quaternions, axis=1) == pytest.approx(1)


def test_of_mounted_is_the_product_of_matrices() -> None:
    """For each pose that of the other system is `pose @ mount`, as with 4 x 4 matrices."""
    rng = np.random.default_rng(3)
    quaternions = rng.normal(size=(4, 4))
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    path = Trajectory(START + np.arange(4) * SECOND, rng.normal(size=(4, 3)), quaternions)
    mount = Rigid(rotate_about([1, 2, 3], 40), np.array([1.0, -2.0, 0.5]))

    other = path.of_mounted(mount)

    for time in path.times:
        expected = path.pose_at(int(time)).matrix @ mount.matrix
        assert other.pose_at(int(time)).matrix == pytest.approx(expected, abs=1e-12)


def test_covers() -> None:
    """The span of the poses and a fifth of a second around."""
    path = straight()

    assert path.covers(START)
    assert path.covers(START - 200_000_000)
    assert not path.covers(START - 200_000_001)
    assert path.covers(START + SECOND, slack_ns=0)
    assert not path.covers(START + SECOND + 1, slack_ns=0)


def test_move_to_another_time() -> None:
    """A point ahead comes nearer as the vehicle drives and turns to one side as it turns."""
    path = straight()

    moved = path.move(np.array([[20.0, 0, 0]]), START, START + SECOND)

    assert moved == pytest.approx(np.array([[0, -10, 0]]), abs=1e-9)


def test_move_points_of_their_own_times() -> None:
    """The same place in the world, seen at three times, comes out as one point."""
    path = straight()
    times = np.array([START, START + SECOND // 3, START + SECOND])
    seen = np.vstack([path.pose_at(int(time)).inverse().apply([[30.0, 4, 1]]) for time in times])

    moved = path.move(seen, times, START + SECOND // 2)

    assert moved == pytest.approx(np.repeat(moved[:1], 3, axis=0))
    assert path.pose_at(START + SECOND // 2).apply(moved[:1]) == pytest.approx(np.array([[30, 4, 1]]))
