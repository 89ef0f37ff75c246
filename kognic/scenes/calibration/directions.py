"""Other numbers of a calibration than the rotation: focal length, distortion, times, speed, position.

Each is estimated together with the rotation, along a line of values first: a number that is wrong has bent
the rotation. What it may be in 95 of 100 cases follows from how much worse the objective is along the line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import attrs
import numpy as np

from kognic.scenes.calibration.estimate import (
    RotationEstimate,
    Space,
    fit_paraboloid,
    gain_of,
    vector_of,
)
from kognic.scenes.calibration.objective import NONE, Change, Objective, Vector
from kognic.scenes.calibration.search import ascend
from kognic.scenes.geometry.poses import FloatArray

# A third of an estimate's: a line of values shows where its maximum is, and the fit comes after.
_LINE_POINTS = 2000
RECTIFIED = "rectified"
"""Name of the direction that tells whether the images are rectified already."""
# A value is excluded if the best fits so many times as well, by so many standard deviations. A choice; the
# report says how often the right value is among the others.
_WORSE, _BEYOND_CHANCE = 1.25, 1.0
# A lens that moves points by less shows nothing, radians: half a degree, as for rotations.
_LEAST_BENT = 0.009


@attrs.frozen(kw_only=True)
class Direction:
    """One number of a calibration, and how far it is off.

    Attributes:
        name: One of `DIRECTIONS`. Positions are along the camera's own axes; a principal point can hardly be
            told from a rotation, nor a focal length from a position along the view.
        correction: What to add to the number given; for the focal length, percent of it. A time offset is how
            much later than stated the image was taken.
        deviation: Standard deviation of the correction; infinite where the data does not tell.
        gain: How much better the data fits than with the rotation alone, standard deviations.
        ratio: The objective with it, relative to that with the rotation alone.
        unit: Of correction and deviation.
        alone: What the correction would be if nothing else, not even the rotation, were wrong. A focal length
            alone explains some right cameras as well as a rotation does (KITTI: 12 % less), so that this is
            estimated of lenses, times and speeds only.
        alone_deviation: Its standard deviation.
        alone_gain: How much better the data fits with it alone than as given, standard deviations.
        alone_ratio: The objective with it alone, relative to that with the rotation alone, which has three
            numbers to explain the data with.
        low, high: The correction is between these in 95 of 100 cases; infinite where the data sets no limit.
    """

    name: str
    correction: float
    deviation: float
    gain: float
    ratio: float
    unit: str
    alone: float = 0.0
    alone_deviation: float = math.inf
    alone_gain: float = 0.0
    alone_ratio: float = 0.0
    low: float = -math.inf
    high: float = math.inf

    @property
    def bound(self) -> float:
        """The number given is off by less than this in 95 of 100 cases; infinite without a limit."""
        return max(-self.low, self.high)

    @property
    def observable(self) -> bool:
        """Whether the data tells."""
        return math.isfinite(self.deviation)


def estimate_directions(
    objective: Objective, rotation: RotationEstimate, names: Iterable[str]
) -> tuple[Direction, ...]:
    """Estimate other numbers of a calibration, and whether the images are rectified.

    Args:
        objective: Of the camera.
        rotation: Its rotation as estimated without the numbers.
        names: Of `DIRECTIONS`; those that cannot change anything are left out.
    """
    start = _start(objective, rotation)
    found = [_estimated(objective, start, name) for name in names]
    found.append(estimate_rectified(objective, rotation))
    return tuple(direction for direction in found if direction is not None)


def estimate_direction(objective: Objective, rotation: RotationEstimate, name: str) -> Direction | None:
    """Estimate one more number of a calibration together with the rotation.

    Args:
        objective: Of the camera.
        rotation: Its rotation as estimated without the number.
        name: One of `DIRECTIONS`.

    Returns:
        None where the number cannot change anything: a time without a known motion, a motion that is known.
    """
    return _estimated(objective, _start(objective, rotation), name)


def _estimated(objective: Objective, start: _Start, name: str) -> Direction | None:
    kind = DIRECTIONS[name]
    if changes_nothing(objective, kind):
        return None
    if kind.field == "time_s" and not moves(objective):
        return Direction(name=name, correction=0.0, deviation=math.inf, gain=0.0, ratio=1.0, unit=kind.unit)
    middle = start.middle
    places = _along_line(middle, kind, start.place)
    alone = estimate_alone(objective, middle, kind) if kind.alone else None
    if alone is not None and abs(alone.value) <= kind.reach:
        # A wrong time or lens may have led the rotation so far astray that the line misses the right value.
        places.append(_climb(middle, Space(kind), alone.value, [NONE], (0.6,)))
    low, high = _interval(middle, kind, places)
    best, deviation = max(places, key=lambda place: place.value), (high - low) / 4
    if best.value >= _WORTH_A_CLIMB * max(start.place.value, 1.0):
        best, deviation = _refined(objective, middle, kind, best)
        if alone is not None and alone.height > best.value:
            best, deviation = _Place(np.array([*NONE, alone.value]), alone.height), alone.deviation
    before, after = start.before, objective.without_groups(Space(kind).change(best.at))
    told = {} if alone is None else _about(alone, kind, float(before[0]))
    # A best value at the border of the search is not a maximum, so the direction is not observable.
    observable = deviation < kind.reach and abs(best.number) < _INSIDE * kind.reach
    return Direction(
        name=name,
        correction=best.number * kind.scale,
        deviation=deviation * kind.scale if observable else math.inf,
        gain=gain_of(after - before),
        ratio=float(after[0]) / max(float(before[0]), 1.0),
        unit=kind.unit,
        low=low * kind.scale,
        high=high * kind.scale,
        **told,
    )


def _refined(objective: Objective, middle: Objective, kind: Kind, best: _Place) -> tuple[_Place, float]:
    """The maximum next to a place, with all points, and the standard deviation of the number there."""
    space = Space(kind)
    for columns, width, steps in ((middle, 0.5, (0.6, 0.3)), (objective, 0.25, (0.3, 0.15))):
        near = [best.number + side * width * kind.span for side in (-1, 0, 1)]
        found = [_climb(columns, space, at, [vector_of(best.at)], steps) for at in near]
        best = max(found, key=lambda place: place.value)
    fitted = fit_paraboloid(objective, space, best.at, farthest=kind.reach)
    # Where the objective is rough the paraboloid may be led astray; the best place seen is not.
    value = objective.value(space.change(fitted.maximum))
    if value > best.value:
        best = _Place(fitted.maximum, value)
    return best, math.hypot(float(np.sqrt(fitted.covariance[3, 3])), kind.floor)


def _interval(objective: Objective, kind: Kind, places: Sequence[_Place]) -> tuple[float, float]:
    """Between which values the number is, in 95 of 100 cases.

    The values that fit about as well as the best, the rotation being fitted to each: no worse by a fifth, or
    by less than the standard deviation of the difference. It holds every such value where there are several
    maxima, and is infinite on a side where the last value of the line still fits.
    """
    space = Space(kind)
    values = [objective.without_groups(space.change(place.at)) for place in places]
    best = max(values, key=lambda value: float(value[0]))
    fits = [
        place.number
        for place, value in zip(places, values, strict=True)
        if value is best or best[0] < _WORSE * value[0] or gain_of(best - value) < _BEYOND_CHANCE
    ]
    line = kind.line()
    half, last = float(line[1] - line[0]) / 2, _INSIDE * kind.reach
    low, high = min(fits), max(fits)
    return (low - half if low > -last else -math.inf), (high + half if high < last else math.inf)


def estimate_rectified(objective: Objective, rotation: RotationEstimate) -> Direction | None:
    """Compare the lens with one that does not distort: were the images rectified already?

    Both are compared on the points that both show, each with its best rotation. The opposite, raw images with
    a lens that does not distort, shows in `k1`: nothing tells which coefficients would be right.

    Returns:
        None if the lens has no distortion that shows. Else the correction is -100, in percent of it.
    """
    lens = objective.lens
    if lens.straight is None:
        return None
    given = Objective(attrs.evolve(lens, also=lens.straight), objective.shots)
    straight = Objective(attrs.evolve(lens, optics=lens.straight, also=lens.optics), objective.shots)
    if given.displacement(lens=straight.lens) < _LEAST_BENT * lens.matrix[0]:
        return None
    starts = [rotation.rotation, NONE]
    own = max(starts, key=lambda start: given.value(Change(rotation=start)))
    best = _climbed(straight, starts)
    before = given.without_groups(Change(rotation=_climbed(given, [own])))
    after, as_given = straight.without_groups(Change(rotation=best)), given.without_groups(Change())
    alone = straight.without_groups(Change())
    return Direction(
        name=RECTIFIED,
        correction=-100.0,
        deviation=0.0,
        gain=gain_of(after - before),
        ratio=float(after[0]) / max(float(before[0]), 1.0),
        unit="%",
        alone=-100.0,
        alone_deviation=0.0,
        alone_gain=gain_of(alone - as_given),
        alone_ratio=float(alone[0]) / max(float(before[0]), 1.0),
        low=-100.0,
        high=0.0,
    )


def _climbed(objective: Objective, starts: Sequence[Vector]) -> Vector:
    """The best rotation next to the best of some, found with fewer points first."""
    space = Space(None)
    rough = _climb(objective.thinned(_LINE_POINTS), space, 0.0, starts, (0.6,))
    return vector_of(_climb(objective, space, 0.0, [vector_of(rough.at)], (0.3,)).at)


def changes_nothing(objective: Objective, kind: Kind) -> bool:
    """Whether a number is a time without a known motion, or a motion that is known."""
    shots = objective.shots
    if kind.field == "time_s":
        return any(shot.velocity is None for shot in shots)
    if kind.field == "speed":
        return any(shot.delay is None for shot in shots)
    # Where times are known, so is how far each point is from the image at a speed.
    return kind.field == "advance" and all(s.velocity is not None or s.delay is not None for s in shots)


class Tallied(Protocol):
    """An objective, of one camera or several."""

    def value(self, change: Change | None = None) -> float:
        """See `Objective.value`."""
        ...

    def without_groups(self, change: Change) -> FloatArray:
        """See `Objective.without_groups`."""
        ...


@attrs.frozen(kw_only=True)
class Kind:
    """A number of a calibration that can be off.

    Attributes:
        field: Of `Change`.
        axis: Of the field, where it has several.
        reach: Largest change that is searched.
        span: Half-width of the region that the paraboloid is fitted over.
        floor: Smallest standard deviation that is believed.
        unit, scale: How it is reported.
        alone: It is also estimated with the rotation as given.
    """

    field: str
    axis: int | None = None
    alone: bool = False
    reach: float
    span: float
    floor: float
    unit: str
    scale: float = 1.0

    def line(self) -> FloatArray:
        """Values to try first."""
        return np.linspace(-self.reach, self.reach, 2 * round(self.reach / self.span) + 1)

    def changed(self, value: float) -> dict[str, Any]:
        """The fields of `Change`."""
        if self.axis is None:
            return {self.field: value}
        width = 2 if self.field == "centre" else 3
        return {self.field: tuple(value if axis == self.axis else 0.0 for axis in range(width))}


# Reach and floor are what people get wrong and what published calibrations differ by from one another.
DIRECTIONS: dict[str, Kind] = {
    "focal_length": Kind(field="log_focal", reach=0.16, span=0.02, floor=0.004, unit="%", scale=100.0),
    "k1": Kind(field="k1", reach=0.5, span=0.05, floor=0.01, unit="", alone=True),
    "principal_point_x": Kind(field="centre", axis=0, reach=80, span=10, floor=2, unit="px"),
    "principal_point_y": Kind(field="centre", axis=1, reach=80, span=10, floor=2, unit="px"),
    "time_offset": Kind(
        field="time_s", reach=0.15, span=0.025, floor=0.003, unit="ms", scale=1000.0, alone=True
    ),
    "vehicle_motion": Kind(field="advance", reach=1.6, span=0.2, floor=0.05, unit="m"),
    "vehicle_speed": Kind(field="speed", reach=40, span=3, floor=0.5, unit="m/s", alone=True),
    "position_x": Kind(field="position", axis=0, reach=0.6, span=0.1, floor=0.02, unit="m"),
    "position_y": Kind(field="position", axis=1, reach=0.6, span=0.1, floor=0.02, unit="m"),
    "position_z": Kind(field="position", axis=2, reach=1.2, span=0.2, floor=0.05, unit="m"),
}
# Vehicles slower than this tell nothing about times, m/s (median over the points in view).
_SLOWEST = 0.7
# A number that improves the objective by less than this on its line has its maximum where the line has it.
_WORTH_A_CLIMB = 1.03
# The share of a direction's reach within which a maximum is one.
_INSIDE = 0.9


@attrs.frozen(eq=False)
class _Place:
    """A rotation and a value of a number, as one vector, and the objective there."""

    at: FloatArray
    value: float

    @property
    def number(self) -> float:
        """The value of the number."""
        return float(self.at[3])


@attrs.frozen(eq=False)
class _Start:
    """What the lines of all numbers have in common: the place where each number is as given.

    Attributes:
        middle: The objective with fewer points, for the lines.
        place: The best rotation there.
        before: The objective with the rotation as estimated, see `Objective.without_groups`.
    """

    middle: Objective
    place: _Place
    before: FloatArray


def _start(objective: Objective, rotation: RotationEstimate) -> _Start:
    middle = objective.thinned(_LINE_POINTS)
    return _Start(
        middle,
        _climb(middle, Space(None), 0.0, [rotation.rotation, NONE], (0.6,)),
        objective.without_groups(Change(rotation=rotation.rotation)),
    )


def _along_line(objective: Objective, kind: Kind, start: _Place) -> list[_Place]:
    """The best rotation for each value of a number.

    A number that is wrong has bent the rotation, so that is followed from each value to the next.
    """
    space = Space(kind)
    found = [start]
    for side in (-1, 1):
        at = found[0]
        for value in sorted(side * v for v in kind.line() if side * v > 0):
            at = _climb(objective, space, side * float(value), [vector_of(at.at)], (0.6,))
            found.append(at)
    return found


@attrs.frozen(kw_only=True)
class Alone:
    """A number that explains the data if nothing else, not even a rotation, is wrong.

    Attributes:
        value: To be added to the number given, in the units of `Change`.
        deviation: Standard deviation; infinite where the data does not tell.
        gain: How much better the data fits than as given, standard deviations.
        height: The objective with it, nats.
    """

    value: float
    deviation: float
    gain: float
    height: float


def estimate_alone(objective: Tallied, middle: Tallied, kind: Kind) -> Alone:
    """The best value of a number with the rotation as given: a parabola around the best of a line.

    Args:
        objective: Of one or more cameras.
        middle: The same with fewer points.
        kind: The number.
    """

    def at(value: float) -> FloatArray:
        return objective.without_groups(Change(**kind.changed(value)))

    line, half = kind.line(), kind.span / 2
    best = float(max(line, key=lambda value: middle.value(Change(**kind.changed(float(value))))))
    below, centre, above = (at(best + side * half) for side in (-1, 0, 1))
    curvature = np.minimum(below - 2 * centre + above, -1e-6)
    offsets = np.clip((below - above) / (2 * curvature), -1, 1) * half
    value, without = best + float(offsets[0]), offsets[1:]
    groups = len(without)
    variance = (groups - 1) / groups * float(np.sum((without - without.mean()) ** 2))
    is_inside = abs(value) < _INSIDE * kind.reach
    explained = at(value)
    return Alone(
        value=value,
        deviation=math.sqrt(variance + kind.floor**2) if is_inside else math.inf,
        gain=gain_of(explained - objective.without_groups(Change())),
        height=float(explained[0]),
    )


def _about(found: Alone, kind: Kind, rotated: float) -> dict[str, float]:
    """The fields of `Direction` about the number alone.

    Args:
        found: The number alone.
        kind: The number.
        rotated: The objective with the best rotation, and the number as given.
    """
    return {
        "alone": found.value * kind.scale,
        "alone_deviation": found.deviation * kind.scale,
        "alone_gain": found.gain,
        "alone_ratio": found.height / max(rotated, 1.0),
    }


def _climb(
    objective: Objective, space: Space, at: float, starts: Sequence[Vector], steps: Sequence[float]
) -> _Place:
    """The best rotation near one of the starts, with a value of the number."""

    def score(rotation: Vector) -> float:
        return objective.value(space.change(np.array([*rotation, at])))

    best = max((ascend(score, near, steps) for near in sorted(set(starts))), key=lambda peak: peak.value)
    return _Place(np.array([*best.rotation, at]), best.value)


def moves(objective: Objective) -> bool:
    """Whether the vehicle is fast enough for times to show."""
    speeds = [
        float(np.median(np.linalg.norm(shot.velocity, axis=1)))
        for shot in objective.shots
        if shot.velocity is not None
    ]
    return max(speeds, default=0.0) > _SLOWEST
