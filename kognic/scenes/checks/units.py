"""Check that points and positions are in metres, from the range of the points and the height of their lidar.

A factor of a thousand is obvious. A foot is only three times shorter than a metre, so it is an error only
with further evidence: the height of the lidar in the calibration, the height of driving vehicles, or images
that agree far better with the points if these are in feet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import attrs
import numpy as np

from kognic._core.findings import Finding
from kognic.io.model.calibration import BaseCalibration
from kognic.io.model.calibration.camera.common import BaseCameraCalibration
from kognic.scenes.calibration.estimate import gain_of
from kognic.scenes.calibration.evidence import Cloud, Evidence
from kognic.scenes.calibration.ground import ground_below
from kognic.scenes.calibration.objective import Change
from kognic.scenes.calibration.observe import AS_GIVEN, Observations, Variant
from kognic.scenes.checks.rules import broken
from kognic.scenes.geometry.poses import Rigid

# Metres of one unit, and its name.
UNITS = (
    (0.001, "millimetres"),
    (0.01, "centimetres"),
    (0.3048, "feet"),
    (0.0254, "inches"),
    (1000.0, "kilometres"),
)
# Metres, exact since 1959.
FOOT = 0.3048
# Lidars on vehicles: from a bumper to the roof of a bus of the largest height that roads allow.
_LIDAR_HEIGHT = (0.2, 4.5)
# Trucks and buses end at 4 to 4.5 m, and bridges soon after. Above this number, what is measured is not
# metres.
_HIGHEST_THAT_DRIVES = 5.2
# The median distance of the points of a lidar, and what 99 % of them stay below, metres.
_MEDIAN, _FARTHEST = (0.6, 150.0), (4.0, 700.0)
# z of the ground in the reference system, where the calibration says how high the lidar is: references are on
# the ground, at an axle, or at most on the roof of a van.
_GROUND_Z, _HEIGHT_SAID = (-2.6, 0.6), 1.0
# Metres between the height in the calibration and that above the ground: a slope, and references at an axle.
_AGREES = 0.8
# How much better points must fit the images in feet: with an implausible lidar height, and without a height.
_RATIO, _RATIO_ALONE, _GAIN_ALONE = 1.25, 1.6, 3.0
# A choice: the agreement with the images has to tell metres from feet only, a factor of three, and needs half
# the points of an estimate (`search.FINE_POINTS`). More points and cameras only take longer.
_POINTS_LOOKED_AT, _CAMERAS_LOOKED_AT = 3000, 6
# Metres from the first pose to the last. Poses of a vehicle that stands wander by centimetres.
_SLOWEST_DRIVE_M = 0.5
# No camera and lidar are that close together, metres; nor that far apart on one vehicle.
_CLOSEST, _WIDEST = 0.005, 60.0
# What a distance between camera and lidar must be to show in the images whether it is in feet.
_SHORTEST_IN_FEET = 0.55


@attrs.frozen(kw_only=True)
class _Seen:
    """What the points of one lidar show, in the unit that they are in.

    Attributes:
        lidar: Its name.
        median: Median distance of the points.
        farthest: What 99 % of them stay below.
        height: Of the lidar above the ground; None if no ground is found.
        said: z of the lidar in the reference system, from the calibration; None without one.
    """

    lidar: str
    median: float
    farthest: float
    height: float | None
    said: float | None

    def fits(self, metres: float) -> bool:
        """Whether what is seen is possible if one unit is so many metres."""
        if not _MEDIAN[0] <= self.median * metres <= _MEDIAN[1]:
            return False
        if not _FARTHEST[0] <= self.farthest * metres <= _FARTHEST[1]:
            return False
        return self.height is None or _LIDAR_HEIGHT[0] <= self.height * metres <= _LIDAR_HEIGHT[1]


def check_units(evidence: Sequence[Evidence], sensors: Mapping[str, BaseCalibration]) -> Iterator[Finding]:
    """Check that points and positions are in metres.

    Args:
        evidence: Some frames of scenes with one calibration.
        sensors: The calibration; may be empty.
    """
    seen = list(_seen(evidence, sensors))
    on_ground = any(_is_sound(one) for one in seen)
    found = {
        one.lidar: finding
        for one in seen
        if (finding := _cloud(one, evidence, sensors, others_sound=on_ground)) is not None
    }
    yield from found.values()
    sound = [one for one in seen if one.lidar not in found and one.fits(1.0)]
    if sound and not found:
        yield from _positions(sound, evidence, sensors)


def in_metres(evidence: Evidence, findings: Iterable[Finding]) -> Evidence:
    """The evidence with the points of lidars in metres, where `check_units` has found another unit."""
    units = {f.sensor: f.value for f in findings if f.code == "cloud-unit"}

    def converted(cloud: Cloud) -> Cloud:
        metres = units.get(cloud.lidar)
        if metres is None:
            return cloud
        return Cloud(cloud.lidar, attrs.evolve(cloud.points, xyz=cloud.points.xyz * metres))

    if not units:
        return evidence
    frames = (attrs.evolve(f, clouds=tuple(map(converted, f.clouds))) for f in evidence.frames)
    return attrs.evolve(evidence, frames=tuple(frames))


def _seen(evidence: Sequence[Evidence], sensors: Mapping[str, BaseCalibration]) -> Iterator[_Seen]:
    """One frame of each lidar, turned as the calibration says but not moved, so that z is up."""
    done: set[str] = set()
    for frame in (frame for one in evidence for frame in one.frames):
        for cloud in frame.clouds:
            if cloud.lidar in done or len(cloud.points) < 100:
                continue
            done.add(cloud.lidar)
            points, pose = cloud.points.xyz, _pose(sensors.get(cloud.lidar))
            distance = np.linalg.norm(points, axis=1)
            ground = ground_below(points if pose is None else points @ pose.rotation.T)
            yield _Seen(
                lidar=cloud.lidar,
                median=float(np.median(distance)),
                farthest=float(np.quantile(distance, 0.99)),
                height=None if ground is None else ground.height,
                said=None if pose is None else float(pose.position[2]),
            )


def _pose(sensor: BaseCalibration | None) -> Rigid | None:
    try:
        return None if sensor is None else Rigid.of_sensor(sensor)
    except ValueError:
        return None  # reported by quaternion-value


def _is_sound(one: _Seen) -> bool:
    """Whether a lidar hangs at a possible height, in metres, as far as the calibration says one."""
    return one.height is not None and one.fits(1.0) and not _ground_contradicts(one)


def _cloud(
    one: _Seen,
    evidence: Sequence[Evidence],
    sensors: Mapping[str, BaseCalibration],
    *,
    others_sound: bool,
) -> Finding | None:
    """An error if the points are in another unit, else None."""
    thousand = _thousand(one)
    if thousand is not None:
        metres, name = thousand
        return _named(one, metres, name, _reach(one, metres))
    # The lidars of one rig are written by one program, so a lidar without a ground is as the others.
    if _is_sound(one) or (one.height is None and others_sound) or not one.fits(FOOT):
        return None
    reason = _feet(one, evidence, sensors)
    return None if reason is None else _named(one, FOOT, "feet", reason)


def _thousand(one: _Seen) -> tuple[float, str] | None:
    """A unit that is far from a metre: what is seen is impossible in metres, and possible in it."""
    tiny = one.farthest < _FARTHEST[0] / 20 and one.median < _MEDIAN[0] / 4
    huge = one.median > 2 * _MEDIAN[1] or (one.height is not None and one.height > 20 * _LIDAR_HEIGHT[1])
    if not (tiny or huge):
        return None
    for metres, name in UNITS:
        # Feet are too near to a metre for limits this wide: `_feet` needs a second witness.
        if (metres < 0.1 if huge else metres > 1) and one.fits(metres):
            return metres, name
    return None


def _reach(one: _Seen, metres: float) -> str:
    text = f"half of them are within {one.median:.3g}, {one.median * metres:.3g} m in that unit"
    if one.height is not None:
        text += f"; the ground is {one.height:.3g} below the lidar, {one.height * metres:.3g} m"
    return text


def _named(one: _Seen, metres: float, name: str, reason: str) -> Finding:
    return broken(
        "cloud-unit",
        f"the points look like {name}: {reason}",
        f"multiply the coordinates by {metres:g}",
        sensor=one.lidar,
        value=metres,
    )


def _ground_contradicts(one: _Seen) -> bool:
    """Whether the ground is impossibly low, given the lidar's height in the reference system."""
    if one.height is None or one.said is None or one.said < _HEIGHT_SAID:
        return False
    return not _GROUND_Z[0] <= one.said - one.height <= _GROUND_Z[1]


def _feet(one: _Seen, evidence: Sequence[Evidence], sensors: Mapping[str, BaseCalibration]) -> str | None:
    """Why the points are in feet; None without a second thing that says so."""
    if one.height is not None:
        height = _in_feet(one.height)
        if _ground_contradicts(one) and one.said is not None and abs(one.said - one.height * FOOT) < _AGREES:
            return f"{height}, and the calibration puts the lidar {one.said:.3g} m above the reference"
        if one.height <= _LIDAR_HEIGHT[1]:
            return None
        if one.height > _HIGHEST_THAT_DRIVES and any(_drives(each) for each in evidence):
            return f"{height}, and no lidar on a vehicle that drives is so high"
    observations = Observations(evidence, sensors)
    cameras = list(observations.lenses)[: _CAMERAS_LOOKED_AT if one.height is not None else 2]
    in_feet = {camera: Variant(points=np.eye(3) * FOOT) for camera in cameras}
    ratio, gain = _better_with(observations, in_feet)
    reason = f"they fit the images {ratio:.1f} times better in feet"
    if one.height is None:
        return reason if ratio > _RATIO_ALONE and gain > _GAIN_ALONE else None
    return f"{_in_feet(one.height)}, and {reason}" if ratio > _RATIO else None


def _in_feet(height: float) -> str:
    return f"the ground is {height:.3g} below the lidar, {height * FOOT:.3g} m in feet"


def _drives(one: Evidence) -> bool:
    path = one.trajectory
    if path is None:
        return False
    return float(np.linalg.norm(path.positions[-1] - path.positions[0])) > _SLOWEST_DRIVE_M


def _better_with(observations: Observations, variants: Mapping[str, Variant]) -> tuple[float, float]:
    """How many times better the points fit the images under an assumption, and the most certain gain."""
    given, assumed, gain = 0.0, 0.0, 0.0
    for camera, variant in variants.items():
        first, second = (
            observations.objective(camera, one, limit=_POINTS_LOOKED_AT, refinable=False)
            for one in (AS_GIVEN, variant)
        )
        if first is None or second is None:
            continue
        before, after = first.without_groups(Change()), second.without_groups(Change())
        given, assumed = given + max(float(before[0]), 0.0), assumed + max(float(after[0]), 0.0)
        if len(before) == len(after):
            gain = max(gain, gain_of(after - before))
    return assumed / max(given, 1.0), gain


def _positions(
    seen: Sequence[_Seen], evidence: Sequence[Evidence], sensors: Mapping[str, BaseCalibration]
) -> Iterator[Finding]:
    """The positions of a calibration whose points are in metres."""
    unit = _unit_by_ground(seen) or _unit_by_spread(sensors)
    if unit is None and not any(one.said is not None and one.said >= _HEIGHT_SAID for one in seen):
        unit = _unit_by_images(seen[0].lidar, evidence, sensors)
    if unit is not None:
        metres, name, sensor, reason = unit
        yield broken(
            "calibration-unit",
            f"the positions of the calibration look like {name}: {reason}",
            f"multiply the positions by {metres:g}",
            sensor=sensor,
            field="position",
            value=metres,
        )


def _unit_by_ground(seen: Sequence[_Seen]) -> tuple[float, str, str, str] | None:
    """Where the height of a lidar above the ground is not the one that the calibration says."""
    for one in seen:
        if one.height is None or one.said is None or not one.said:
            continue
        ground = one.said - one.height
        if _GROUND_Z[0] - _LIDAR_HEIGHT[1] <= ground <= 2 * _HEIGHT_SAID:
            continue
        for metres, name in UNITS:
            if metres < 1 and abs(one.said * metres - one.height) < _AGREES:
                reason = (
                    f"{one.lidar} is {one.height:.3g} m above the ground, and at z = {one.said:.4g} "
                    f"({one.said * metres:.3g} m in that unit)"
                )
                return metres, name, one.lidar, reason
    return None


def _unit_by_spread(sensors: Mapping[str, BaseCalibration]) -> tuple[float, str, str, str] | None:
    """Where cameras and lidars are closer together than they can be, or farther apart."""
    placed = {name: pose.position for name, sensor in sensors.items() if (pose := _pose(sensor)) is not None}
    apart = {
        (first, second): float(np.linalg.norm(placed[first] - placed[second]))
        for first, second in combinations(placed, 2)
        if isinstance(sensors[first], BaseCameraCalibration)
        != isinstance(sensors[second], BaseCameraCalibration)
    }
    if not apart:
        return None
    (first, second), widest = max(apart.items(), key=lambda item: item[1])
    if _WIDEST < widest < _WIDEST * 500:
        return 0.001, "millimetres", first, f"{first} and {second} are {widest:.4g} m apart"
    if 0 < widest < _CLOSEST:
        return 1000.0, "kilometres", first, f"{first} and {second} are {widest * 1000:.2g} mm apart"
    return None


def _unit_by_images(
    lidar: str, evidence: Sequence[Evidence], sensors: Mapping[str, BaseCalibration]
) -> tuple[float, str, str, str] | None:
    """Where points fit the images far better with the camera three times nearer to the lidar."""
    observations = Observations(evidence, sensors)
    origin = observations.lidars.get(lidar)
    if origin is None:
        return None
    apart = {
        camera: float(np.linalg.norm(pose.position - origin.position))
        for camera, pose in observations.poses.items()
    }
    camera = max(apart, key=apart.__getitem__, default="")
    if not camera or apart[camera] < _SHORTEST_IN_FEET:
        return None
    pose = observations.poses[camera]
    nearer = Rigid(pose.rotation, origin.position + (pose.position - origin.position) * FOOT)
    ratio, gain = _better_with(observations, {camera: Variant(pose=nearer)})
    if ratio < _RATIO_ALONE or gain < _GAIN_ALONE:
        return None
    reason = (
        f"{camera} is {apart[camera]:.3g} from {lidar}, and the points fit its images {ratio:.1f} times "
        "better if these are feet"
    )
    return FOOT, "feet", camera, reason
