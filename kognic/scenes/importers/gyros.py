"""Rotations between poses from the angular velocities of an IMU.

The platform's IMU data are poses, so positions have to come from the vehicle's poses: an IMU measures none.
What it adds is how the vehicle rotated between two poses. Its rotation is integrated from pose to pose, and
what is left over at the next pose (bias, noise) is spread evenly, so that every pose stays as it is.
"""

from __future__ import annotations

import math
from array import array

import attrs
import numpy as np
import numpy.typing as npt

from kognic.annotations import rotations
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import FloatArray
from kognic.scenes.importers.arrays import SECOND_NS

# Poses that are farther apart are joined by interpolation: an integral over longer tells little.
_LONGEST_GAP_NS = SECOND_NS
# An IMU that is not at least this much faster than the poses adds nothing.
_LEAST_RATIO = 1.25
# How far the integrals may be from the poses: this share of the rotation, and this per step for the noise of
# the poses.
_SHARE, _NOISE_RAD = 0.5, np.radians(0.1)
_NO_TURN = (0.0, 0.0, 0.0, 1.0)


@attrs.define(eq=False)
class GyroSamples:
    """Angular velocities of one IMU over time, in rad/s, in its own system; compact, because an hour has a
    million."""

    frame: str
    times: array[int] = attrs.field(factory=lambda: array("q"))
    rates: array[float] = attrs.field(factory=lambda: array("d"))

    def add(self, time_ns: int, rates: tuple[float, float, float]) -> None:
        """Add a sample; those that are not finite are left out."""
        if all(map(math.isfinite, rates)):
            self.times.append(time_ns)
            self.rates.extend(rates)

    def __len__(self) -> int:
        return len(self.times)

    def sorted(self) -> tuple[npt.NDArray[np.int64], FloatArray]:
        """Times, shape (N,), increasing, and rates, shape (N, 3)."""
        times, first = np.unique(np.array(self.times, dtype=np.int64), return_index=True)
        return times, np.array(self.rates, dtype=np.float64).reshape(-1, 3)[first]

    @property
    def rate_hz(self) -> float:
        """Usual number of samples per second; 0 if there are fewer than two."""
        times = np.unique(np.array(self.times, dtype=np.int64))
        return SECOND_NS / float(np.median(np.diff(times))) if len(times) > 1 else 0.0


class GyroMismatchError(ValueError):
    """Why an IMU adds nothing to the poses."""


def refined(trajectory: Trajectory, samples: GyroSamples, mount: FloatArray) -> Trajectory:
    """Poses at the times of the IMU as well, rotated between poses as the IMU says.

    Args:
        trajectory: Vehicle to world; all its poses are kept.
        samples: Angular velocities.
        mount: Rotation from the IMU to the vehicle, shape (3, 3).

    Raises:
        GyroMismatchError: The IMU is not faster than the poses, does not overlap with them, or contradicts
            them.
    """
    times, rates = samples.sorted()
    rates = rates @ mount.T
    inner = (times > trajectory.times[0]) & (times < trajectory.times[-1])
    if inner.sum() < _LEAST_RATIO * len(trajectory.times):
        raise GyroMismatchError(
            f"{int(inner.sum())} messages within the {len(trajectory.times)} poses of the vehicle: the poses "
            "alone are as dense"
        )
    grid = np.union1d(times[inner], trajectory.times)
    positions, fallback = trajectory.at(grid)
    segment = np.searchsorted(trajectory.times, grid, side="right") - 1
    steps = _steps(grid, times, rates)
    integral = _integrals(steps, segment)
    measured = _between(trajectory)
    last = np.flatnonzero(np.diff(segment, append=segment[-1] + 1))[:-1]
    # The integral up to the next pose: that of the last sample before it, and the step from there.
    totals = rotations.multiply(integral[last], steps[last])
    left = rotations.multiply(rotations.inverse(totals), measured)
    _compare(totals, measured)
    spans = np.diff(trajectory.times)
    clipped = np.minimum(segment, len(spans) - 1)
    share = (grid - trajectory.times[clipped]) / spans[clipped]
    correction = _power(left[clipped], share)
    start = np.roll(trajectory.quaternions, -1, axis=1)[segment]
    bent = rotations.multiply(rotations.multiply(start, integral), correction)
    usable = (spans <= _LONGEST_GAP_NS)[clipped] & (segment < len(spans))
    quaternions = np.where(usable[:, None], np.roll(bent, 1, axis=1), fallback)
    exact = np.isin(grid, trajectory.times)
    quaternions[exact] = trajectory.quaternions
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    return Trajectory(grid, positions, quaternions)


def _steps(grid: npt.NDArray[np.int64], times: npt.NDArray[np.int64], rates: FloatArray) -> FloatArray:
    """The rotation from each time to the next, by the mean of the rates; that after the last is none."""
    # From the first time on, so that the numbers stay exact as doubles.
    at = np.stack(
        [np.interp(grid - times[0], times - times[0], rates[:, axis]) for axis in range(3)], axis=-1
    )
    vectors = np.zeros((len(grid), 3))
    vectors[:-1] = (at[:-1] + at[1:]) / 2 * (np.diff(grid) / SECOND_NS)[:, None]
    return _rotation(vectors)


def _integrals(steps: FloatArray, segment: npt.NDArray[np.int64]) -> FloatArray:
    """The rotation from the pose at which each segment starts to each time in it."""
    first = np.flatnonzero(np.diff(segment, prepend=-1))
    lengths = np.diff(first, append=len(segment))
    found = np.zeros((len(segment), 4))
    found[:, 3] = 1
    # All segments at once, one sample after the other.
    for index in range(1, int(lengths.max())):
        at = first[lengths > index] + index
        found[at] = rotations.multiply(found[at - 1], steps[at - 1])
    return found


def _between(trajectory: Trajectory) -> FloatArray:
    """The rotation from each pose to the next."""
    quaternions = np.roll(trajectory.quaternions, -1, axis=1)
    return rotations.multiply(rotations.inverse(quaternions[:-1]), quaternions[1:])


def _compare(totals: FloatArray, measured: FloatArray) -> None:
    differences = rotations.angle_between(totals, measured)
    turns = rotations.angle_between(_NO_TURN, measured)
    allowed = _SHARE * float(turns.mean()) + _NOISE_RAD
    if float(differences.mean()) > allowed:
        raise GyroMismatchError(
            f"its rotations are {np.degrees(differences.mean()):.2f} degrees off between poses that are "
            f"{np.degrees(turns.mean()):.2f} degrees apart; are they in rad/s, and is its frame right?"
        )


def _rotation(vectors: FloatArray) -> FloatArray:
    """Quaternions, x, y, z, w, of rotation vectors in rad, shape (N, 3)."""
    angles = np.linalg.norm(vectors, axis=1, keepdims=True)
    # sin(a / 2) / a, also where a is 0.
    return np.concatenate([vectors * np.sinc(angles / 2 / np.pi) / 2, np.cos(angles / 2)], axis=1)


def _power(quaternions: FloatArray, share: FloatArray) -> FloatArray:
    """A share of each rotation, by the shorter way."""
    signed = np.where(quaternions[:, 3:] < 0, -quaternions, quaternions)
    sines = np.linalg.norm(signed[:, :3], axis=1, keepdims=True)
    angles = 2 * np.arctan2(sines, signed[:, 3:])
    axes = np.divide(signed[:, :3], sines, out=np.zeros_like(signed[:, :3]), where=sines > 0)
    return _rotation(axes * angles * share[:, None])
