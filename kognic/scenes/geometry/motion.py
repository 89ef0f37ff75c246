"""Where the vehicle is at any time, and where points are then.

The platform moves each point to the time of its frame with the IMU data; an image is taken a little earlier
or later, so to compare points with it they are moved on to the image's time.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from kognic.annotations import rotations
from kognic.scenes.geometry.poses import FloatArray, Rigid, quaternion_of, rotation_matrix, slerp
from kognic.scenes.scene_view import PoseView, SceneView

Poses = tuple[FloatArray, FloatArray]
"""Positions in metres, shape (N, 3), and unit quaternions `w, x, y, z`, shape (N, 4); N may be 1."""


@attrs.frozen(eq=False)
class Trajectory:
    """Poses over time: linear in position, spherical in rotation, as the platform is taken to do.

    Attributes:
        times: Unix nanoseconds, int64, increasing, shape (N,).
        positions: Metres, shape (N, 3).
        quaternions: Unit quaternions `w, x, y, z`, shape (N, 4).
    """

    times: npt.NDArray[np.int64]
    positions: FloatArray
    quaternions: FloatArray

    @classmethod
    def of_scene(cls, scene: SceneView) -> Trajectory | None:
        """Read the IMU data, else the ego poses of frames; None when there are fewer than two."""
        samples = [(sample.timestamp, sample.pose) for sample in scene.imu]
        if not samples:
            samples = [
                (frame.unix_ns, frame.ego_pose)
                for frame in scene.frames
                if frame.unix_ns is not None and frame.ego_pose is not None
            ]
        usable = {time: pose for time, pose in samples if pose.is_usable}
        return cls._of(sorted(usable.items())) if len(usable) > 1 else None

    @classmethod
    def _of(cls, samples: Sequence[tuple[int, PoseView]]) -> Trajectory:
        quaternions = np.array([pose.quaternion for _, pose in samples], dtype=float)
        quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
        positions = np.array([pose.position for _, pose in samples], dtype=float)
        return cls(np.array([time for time, _ in samples], dtype=np.int64), positions, quaternions)

    # 200 ms are two frames at 10 Hz. Extrapolated with constant speed over that time, a vehicle that brakes
    # with 1 m/s^2 is 2 cm off (a t^2 / 2).
    def covers(self, time: int, *, slack_ns: int = 200_000_000) -> bool:
        """Whether a time is within the poses, or close enough (`slack_ns`) to extrapolate."""
        return int(self.times[0]) - slack_ns <= time <= int(self.times[-1]) + slack_ns

    def at(self, times: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Interpolate positions, shape (N, 3), and quaternions, shape (N, 4), at times in nanoseconds.

        Outside the poses, positions go on at the first or last velocity and rotations stay as they are;
        `covers` limits how far.
        """
        wanted = np.atleast_1d(np.asarray(times, dtype=np.int64))
        after = np.clip(np.searchsorted(self.times, wanted), 1, len(self.times) - 1)
        start, end = self.times[after - 1], self.times[after]
        share = (wanted - start) / (end - start)
        first, second = self.positions[after - 1], self.positions[after]
        positions = first + share[:, None] * (second - first)
        return positions, slerp(self.quaternions[after - 1], self.quaternions[after], np.clip(share, 0, 1))

    def pose_at(self, time: int) -> Rigid:
        """Return the motion from the vehicle at a time to the world."""
        positions, quaternions = self.at([time])
        return Rigid(rotation_matrix(quaternions[0]), positions[0])

    def of_mounted(self, mount: Rigid) -> Trajectory:
        """Return the poses of another system that is fixed to the vehicle.

        Args:
            mount: From that system to the one whose poses these are.
        """
        return Trajectory(self.times, *composed((self.positions, self.quaternions), poses_of(mount)))

    def move(self, points: FloatArray, taken: npt.ArrayLike, target: int) -> FloatArray:
        """Move points from the vehicle at the times they were taken to the vehicle at another time.

        Args:
            points: In the vehicle's system at `taken`, metres, shape (N, 3).
            taken: Unix nanoseconds, one for all points or shape (N,).
            target: Unix nanoseconds.

        Returns:
            In the vehicle's system at `target`, metres, shape (N, 3).
        """
        back = self.pose_at(target).inverse()
        times = np.asarray(taken)
        if times.ndim == 0:
            return (back @ self.pose_at(int(times))).apply(points)
        positions, quaternions = self.at(times)
        return back.apply(rotated(quaternions, points) + positions)


def poses_of(motion: Rigid) -> Poses:
    """One motion as poses of shape (1, 3) and (1, 4)."""
    return motion.position[None], quaternion_of(motion.rotation)[None]


def composed(outer: Poses, inner: Poses) -> Poses:
    """Pose by pose: first `inner`, then `outer`."""
    (p, q), (r, s) = outer, inner
    # Rotations have w last.
    quaternions = rotations.multiply(np.roll(q, -1, axis=1), np.roll(s, -1, axis=1))
    return p + rotated(q, r), np.roll(quaternions, 1, axis=1)


def rotated(quaternions: FloatArray, points: FloatArray) -> FloatArray:
    """Rotate points, shape (N, 3), each by its own unit quaternion `w, x, y, z`; N may be 1 for either.

    It is `p + 2 w (v x p) + 2 v x (v x p)` with the quaternion's vector part v, which needs no matrices.
    """
    axis = quaternions[:, 1:]
    turn = 2 * np.cross(axis, points)
    return np.asarray(points + quaternions[:, :1] * turn + np.cross(axis, turn))
