"""Do ego poses, lidar poses and their times agree with how static points move, and lidars with each other?

Clouds of different frames are aligned by their own points (`alignment`) and the motion between them compared
with that of the ego poses. What differs is explained by the pose of the lidar, an offset of times, or the
length of the vehicle's motion, with the uncertainty that the alignments leave. Which of them shows depends on
the drive: nothing while the vehicle stands, and on a straight road neither a sideways position nor a roll.

Source: hand-eye calibration, `A X = X B`; K. Daniilidis, "Hand-Eye Calibration Using Dual Quaternions", 1999,
on what motions determine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs
import numpy as np

from kognic.io.model.calibration import BaseCalibration
from kognic.scenes.calibration.alignment import align, exponential, logarithm
from kognic.scenes.calibration.evidence import Evidence, FrameEvidence
from kognic.scenes.calibration.observe import lidar_poses
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import FloatArray, Rigid

# What is estimated: about and along the axes of the reference system.
DIRECTIONS = (
    *(("rotation_x", "deg"), ("rotation_y", "deg"), ("rotation_z", "deg")),
    *(("position_x", "m"), ("position_y", "m"), ("position_z", "m")),
    *(("time_offset", "ms"), ("motion_length", "%")),
)
# Standard deviations up to which a direction is observable, and errors that are reported, in those units.
_OBSERVABLE = {"deg": 1.5, "m": 0.5, "ms": 40.0, "%": 8.0}
# A choice, in those units: smaller ones are common in published recordings, and do no harm to cuboids.
TOLERANCE = {"deg": 0.75, "m": 0.15, "ms": 20.0, "%": 5.0}
# An estimate is an error of the calibration if it is so many standard deviations off, and explains this much.
_SIGMAS, _EXPLAINED = 4.0, 0.5
# What may remain of it: mean square of what is off, in standard deviations of the alignments.
_MOST_REST = 9.0
_TO_UNIT = {"deg": math.degrees(1), "m": 1.0, "ms": 1000.0, "%": 100.0}
# Frames are paired if the vehicle has moved at least and at most so far between them, metres.
_LEAST_MOVED, _MOST_MOVED, _MOST_PAIRS = 0.25, 10.0, 12
_MOST_FRAMES = 8
# How far poses may be from the points without a cause that was found: root mean square, degrees and metres.
_UNEXPLAINED = (0.6, 0.2)
# Radians, metres or shares: large against rounding (1e-16), small against the curvature of a turn.
_STEP = 1e-4


@attrs.frozen(kw_only=True)
class LidarDirection:
    """One number, and how far it is off.

    Attributes:
        name: One of `DIRECTIONS`.
        correction: What to add; infinite deviations mean that the drive does not show it.
        deviation: Standard deviation of the correction.
        unit: Of both: degrees, metres, milliseconds, percent.
    """

    name: str
    correction: float
    deviation: float
    unit: str

    @property
    def observable(self) -> bool:
        """Whether the drive shows it."""
        return math.isfinite(self.deviation)

    @property
    def is_off(self) -> bool:
        """Whether it is off by more than the tolerance, beyond doubt."""
        return self.observable and abs(self.correction) > max(TOLERANCE[self.unit], _SIGMAS * self.deviation)

    def __str__(self) -> str:
        """With its uncertainty, or that it is not observable."""
        if not self.observable:
            return f"{self.name} not observable"
        return f"{self.name} {self.correction:+.2f} +- {self.deviation:.2f} {self.unit}"


@attrs.frozen(kw_only=True)
class LidarEstimate:
    """What the points of a lidar say about its pose and the vehicle's motion.

    Attributes:
        lidar: Its name.
        against: `ego poses`, or the lidar that it is compared with.
        verdict: `consistent`, `pose`, `time`, `motion_length`, `system` (the ego poses are those of the
            lidar instead of the reference system, or the reverse), `poses` (ego poses that nothing explains)
            or `undecided`.
        directions: Estimates of each direction alone; those of the cause together.
        pairs: How many alignments it rests on.
        rms_deg: Rotation between points and poses, root mean square.
        rms_m: The same of the translation.
        explanation: One sentence.
    """

    lidar: str
    against: str
    verdict: str
    directions: tuple[LidarDirection, ...]
    pairs: int
    rms_deg: float
    rms_m: float
    explanation: str


EGO = "ego poses"
AGREE = ("consistent", "undecided")
"""Verdicts that find nothing wrong."""


def estimate_lidars(
    evidence: Sequence[Evidence], sensors: Mapping[str, BaseCalibration]
) -> list[LidarEstimate]:
    """Estimate each lidar of a rig against the ego poses, and against the lidar that sees most.

    Args:
        evidence: Frames of the scenes that share the calibration, two or more of each, with points.
        sensors: The calibration; lidars without an entry are taken to sit at the reference.

    Returns:
        One estimate for each lidar with ego poses, then one for each further lidar against the one with most
        points.
    """
    poses = dict(lidar_poses(sensors))
    names = sorted({cloud.lidar for one in evidence for frame in one.frames for cloud in frame.clouds})
    for name in names:
        poses.setdefault(name, Rigid.identity())
    moving = any(one.trajectory is not None for one in evidence)
    found = [_against_poses(name, evidence, poses) for name in names if moving]
    found = _of_another_system(found, evidence, poses)
    if any(one.verdict not in AGREE for one in found):
        # Frames cannot be put together with poses that are wrong: lidars are then compared frame by frame.
        evidence = [attrs.evolve(one, trajectory=None) for one in evidence]
    base = max(names, key=lambda name: _count(name, evidence), default="")
    return found + [_against_lidar(base, name, evidence, poses) for name in names if name != base]


def _count(lidar: str, evidence: Sequence[Evidence]) -> int:
    """How many points of a lidar there are; the others are compared with the one that has most."""
    frames = [frame for one in evidence for frame in one.frames]
    return sum(len(cloud.points) for frame in frames for cloud in frame.clouds if cloud.lidar == lidar)


@attrs.frozen(kw_only=True, eq=False)
class _Pair:
    """Two frames: the motion that the points add to the poses, and what each direction would add."""

    off: FloatArray
    covariance: FloatArray
    effects: FloatArray


def _points(one: Evidence, frame: FrameEvidence, lidar: str, poses: Mapping[str, Rigid]) -> FloatArray:
    """Points of one lidar in the reference system at the time of the frame, shape (N, 3)."""
    only = attrs.evolve(frame, clouds=tuple(cloud for cloud in frame.clouds if cloud.lidar == lidar))
    return one.reference_points(only, poses, None)[0]


def _against_poses(lidar: str, evidence: Sequence[Evidence], poses: Mapping[str, Rigid]) -> LidarEstimate:
    pairs = [pair for one in evidence for pair in _pairs(one, lidar, poses)]
    return _judged(lidar, EGO, pairs, tuple(range(len(DIRECTIONS))))


def _of_another_system(
    found: list[LidarEstimate], evidence: Sequence[Evidence], poses: Mapping[str, Rigid]
) -> list[LidarEstimate]:
    """Estimates against ego poses, if those explain all once they are taken as the poses of another system.

    With one lidar, ego poses have to be those of the lidar, otherwise those of the reference system: each is
    often given for the other. That explains all that is off without any number that could be fitted. One of
    several lidars alone does not show it: a wrong pose of that lidar may look the same on a straight road.
    """
    one_lidar = all(one.one_lidar for one in evidence)
    if all(one.verdict in AGREE for one in found) or (len(found) < 2 and not one_lidar):
        return found
    for name in (one.lidar for one in found):
        mount = poses[name] if one_lidar else poses[name].inverse()
        moved = [_with_poses_of(one, mount) for one in evidence]
        verdicts = [_against_poses(one.lidar, moved, poses).verdict for one in found]
        if verdicts.count("consistent") < min(2, len(found)) or not {*verdicts} <= {*AGREE}:
            continue
        if one_lidar:
            text = "the reference system; a scene with one lidar needs those of the lidar"
        else:
            text = f"{name}; a scene with more than one lidar needs those of the reference system"
        text = f"agrees with the ego poses only if they are those of {text}"
        return [attrs.evolve(one, verdict="system", explanation=text) for one in found]
    return found


def _with_poses_of(one: Evidence, mount: Rigid) -> Evidence:
    path = one.trajectory
    return one if path is None else attrs.evolve(one, trajectory=path.of_mounted(mount))


def _pairs(one: Evidence, lidar: str, poses: Mapping[str, Rigid]) -> Iterator[_Pair]:
    path = one.trajectory
    frames = [f for f in one.frames if f.time_ns is not None and any(c.lidar == lidar for c in f.clouds)]
    frames = frames[:_MOST_FRAMES]
    if path is None:
        return
    mount = poses[lidar]

    def motion(first: int, second: int, shift_ns: float = 0.0) -> Rigid:
        """From the reference system at the second time to that at the first, as the poses say."""
        steps = [_at(path, first + shift_ns), _at(path, second + shift_ns)]
        moved = steps[0].inverse() @ steps[1]
        return mount @ moved @ mount.inverse() if one.one_lidar else moved

    clouds = [_points(one, frame, lidar, poses) for frame in frames]
    steps = _steps(frames, clouds, motion)
    for i, j in _chosen(frames, motion):
        times = (frames[i].time_ns or 0, frames[j].time_ns or 0)
        given = motion(*times)
        aligned = align(clouds[i], clouds[j], _chained(steps[i:j], given))
        if aligned is None:
            continue
        columns = [_effect(given, unit) for unit in np.eye(6)]
        later = motion(*times, 1e6) @ given.inverse()  # by a millisecond
        columns.append(logarithm(later) / 1e-3)
        longer = Rigid(given.rotation, given.position * (1 + _STEP)) @ given.inverse()
        columns.append(logarithm(longer) / _STEP)
        yield _Pair(
            off=logarithm(aligned.motion @ given.inverse()),
            covariance=aligned.covariance,
            effects=np.column_stack(columns),
        )


def _steps(
    frames: Sequence[FrameEvidence], clouds: Sequence[FloatArray], motion: Callable[[int, int], Rigid]
) -> list[Rigid | None]:
    """The motion from each frame to the one before, as the points have it."""
    found: list[Rigid | None] = []
    for index in range(len(frames) - 1):
        given = motion(frames[index].time_ns or 0, frames[index + 1].time_ns or 0)
        aligned = align(clouds[index], clouds[index + 1], given)
        found.append(None if aligned is None else aligned.motion)
    return found


def _chained(steps: Sequence[Rigid | None], given: Rigid) -> Rigid:
    """The steps of the points one after the other; the given motion if one is missing.

    Poses that are off are farther off the longer the way is; the points' own steps are not.
    """
    total = Rigid.identity()
    for step in steps:
        if step is None:
            return given
        total = total @ step
    return total


def _at(path: Trajectory, time_ns: float) -> Rigid:
    return path.pose_at(round(time_ns))


def _effect(given: Rigid, unit: FloatArray) -> FloatArray:
    """What a small correction of the lidar's pose changes in the motion between two frames, per unit."""
    change = exponential(unit * _STEP)
    return logarithm(change.inverse() @ given @ change @ given.inverse()) / _STEP


def _chosen(frames: Sequence[FrameEvidence], motion: Callable[[int, int], Rigid]) -> list[tuple[int, int]]:
    """Pairs of frames, neighbours and farther apart, the longest ways last; few enough to be quick."""
    found = []
    for gap in (1, 2, 4, 8):
        for first in range(len(frames) - gap):
            times = (frames[first].time_ns or 0, frames[first + gap].time_ns or 0)
            moved = float(np.linalg.norm(motion(*times).position))
            if moved <= _MOST_MOVED:
                found.append((moved, first, first + gap))
    far = [(first, second) for moved, first, second in found if moved >= _LEAST_MOVED]
    return far[-_MOST_PAIRS:] if far else [(first, second) for _, first, second in found[:4]]


def _against_lidar(
    first: str, second: str, evidence: Sequence[Evidence], poses: Mapping[str, Rigid]
) -> LidarEstimate:
    """Points of both lidars over all frames of a scene, each frame moved by the poses, if there are any."""
    pairs = []
    for one in evidence:
        both = [frame for frame in one.frames if {first, second} <= {cloud.lidar for cloud in frame.clouds}]
        target, source = (_accumulated(one, both[:_MOST_FRAMES], name, poses) for name in (first, second))
        aligned = align(target, source, Rigid.identity())
        if aligned is not None:
            pairs.append(
                _Pair(off=logarithm(aligned.motion), covariance=aligned.covariance, effects=np.eye(6))
            )
    return _judged(second, first, pairs, tuple(range(6)))


def _accumulated(
    one: Evidence, frames: Sequence[FrameEvidence], lidar: str, poses: Mapping[str, Rigid]
) -> FloatArray:
    parts = [np.empty((0, 3))]
    path = one.trajectory
    for frame in frames:
        points = _points(one, frame, lidar, poses)
        if path is not None and frame.time_ns is not None and frames[0].time_ns is not None:
            points = path.move(points, frame.time_ns, frames[0].time_ns)
        elif frame is not frames[0]:
            continue
        parts.append(points)
    return np.vstack(parts)


def _judged(lidar: str, against: str, pairs: Sequence[_Pair], known: tuple[int, ...]) -> LidarEstimate:
    if not pairs:
        directions = tuple(_direction(index, 0.0, math.inf) for index in known)
        text = f"cannot be compared with {against}: too few flat surfaces are seen by both"
        if against == EGO:
            text = "cannot be compared with the ego poses: no two frames show the same flat surfaces"
        return _estimate(lidar, against, "undecided", directions, pairs, text)
    whitened = [np.linalg.inv(np.linalg.cholesky(pair.covariance)) for pair in pairs]
    off = np.concatenate([w @ pair.off for w, pair in zip(whitened, pairs, strict=True)])
    effects = np.vstack([w @ pair.effects[:, list(known)] for w, pair in zip(whitened, pairs, strict=True)])
    alone = tuple(_alone(effects[:, place], off, index) for place, index in enumerate(known))
    causes = _causes(effects, off, known)
    if not causes:
        text, verdict = _without_cause(against, alone, pairs)
        return _estimate(lidar, against, verdict, alone, pairs, text)
    best, *others = causes
    merged = {one.name: one for one in (*alone, *best.directions)}
    text = f"does not agree with {'the ego poses' if against == EGO else against}: {best}"
    close = [str(one) for one in others if one.cost < best.cost + _CLOSE and len(one.directions) == 1]
    if close:
        text += f"; as likely: {', or '.join(close)}"
    return _estimate(lidar, against, best.name, tuple(merged.values()), pairs, text)


def _alone(column: FloatArray, off: FloatArray, index: int) -> LidarDirection:
    """A direction as if nothing else were wrong."""
    information = float(column @ column)
    # Nothing depends on it: its standard deviation is infinite.
    if information < 1e-12:
        return _direction(index, 0.0, math.inf)
    value = float(column @ off) / information
    spread = max(1.0, float(np.mean((off - column * value) ** 2)))
    return _direction(index, value, math.sqrt(spread / information))


def _direction(index: int, value: float, deviation: float) -> LidarDirection:
    name, unit = DIRECTIONS[index]
    scaled, observable = deviation * _TO_UNIT[unit], _OBSERVABLE[unit]
    shown = scaled <= observable
    return LidarDirection(
        name=name,
        correction=value * _TO_UNIT[unit] if shown else 0.0,
        deviation=scaled if shown else math.inf,
        unit=unit,
    )


# What may be wrong, and the directions that it moves: a pose in one or in all, a clock, the motion's length.
_CAUSES = (
    *(("pose", (index,)) for index in range(6)),
    *(("pose", (0, 1, 2, 3, 4, 5)), ("time", (6,)), ("motion_length", (7,))),
)
# What a cause must explain for each number that it changes, square standard deviations; a cause that explains
# less than this below the best one is named beside it.
_PRICE, _CLOSE = 12.0, 12.0


@attrs.frozen(kw_only=True)
class _Cause:
    """A cause with its estimates, and what remains (square standard deviations, with its price)."""

    name: str
    directions: tuple[LidarDirection, ...]
    cost: float

    def __str__(self) -> str:
        return ", ".join(str(one) for one in self.directions if one.is_off)


def _causes(effects: FloatArray, off: FloatArray, known: tuple[int, ...]) -> list[_Cause]:
    """The causes that explain most of what is off, the best first."""
    total = float(off @ off)
    found = []
    for name, indices in _CAUSES:
        if not set(indices) <= set(known):
            continue
        columns = effects[:, [known.index(index) for index in indices]]
        units = [DIRECTIONS[index][1] for index in indices]
        # A weak prior keeps directions that the drive does not show where they are.
        prior = np.diag([(10 * TOLERANCE[unit] / _TO_UNIT[unit]) ** -2 for unit in units])
        covariance = np.linalg.inv(columns.T @ columns + prior)
        values = covariance @ columns.T @ off
        rest = off - columns @ values
        spread = max(1.0, float(np.mean(rest**2)))
        deviations = np.sqrt(spread * np.diag(covariance))
        directions = tuple(map(_direction, indices, map(float, values), map(float, deviations)))
        explained = 1 - float(rest @ rest) / max(total, 1e-9)
        if explained >= _EXPLAINED and spread <= _MOST_REST and any(one.is_off for one in directions):
            cost = float(rest @ rest) + _PRICE * len(indices)
            found.append(_Cause(name=name, directions=directions, cost=cost))
    return sorted(found, key=lambda cause: cause.cost)


def _without_cause(against: str, alone: Sequence[LidarDirection], pairs: Sequence[_Pair]) -> tuple[str, str]:
    degrees, metres = _rms(pairs)
    typical = np.sqrt(np.mean([np.diag(pair.covariance) for pair in pairs], axis=0))
    sure = max(
        degrees / max(math.degrees(typical[:3].max()), 1e-9), metres / max(float(typical[3:].max()), 1e-9)
    )
    if against == EGO and (degrees > _UNEXPLAINED[0] or metres > _UNEXPLAINED[1]) and sure > _SIGMAS:
        text = f"{degrees:.2f} degrees and {metres:.2f} m apart (root mean square)"
        reason = "which neither the lidar's pose nor its time explains"
        return f"the ego poses do not move as the points do: {text}, {reason}", "poses"
    hidden = [one.name for one in alone if not one.observable]
    if len(hidden) == len(alone):
        return f"not observable against {against}: the vehicle hardly moves", "undecided"
    text = f"consistent with {'the ego poses' if against == EGO else against}"
    text += f": {', '.join(str(one) for one in alone if one.observable)}"
    return (f"{text}; not observable: {', '.join(hidden)}" if hidden else text), "consistent"


def _rms(pairs: Sequence[_Pair]) -> tuple[float, float]:
    if not pairs:
        return 0.0, 0.0
    offs = np.array([pair.off for pair in pairs])
    return (
        float(np.degrees(np.sqrt(np.mean(np.sum(offs[:, :3] ** 2, axis=1))))),
        float(np.sqrt(np.mean(np.sum(offs[:, 3:] ** 2, axis=1)))),
    )


def _estimate(
    lidar: str,
    against: str,
    verdict: str,
    directions: tuple[LidarDirection, ...],
    pairs: Sequence[_Pair],
    text: str,
) -> LidarEstimate:
    degrees, metres = _rms(pairs)
    return LidarEstimate(
        lidar=lidar,
        against=against,
        verdict=verdict,
        directions=directions,
        pairs=len(pairs),
        rms_deg=degrees,
        rms_m=metres,
        explanation=text,
    )
