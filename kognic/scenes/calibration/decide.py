"""What measurements of one camera say, as a function of thresholds alone.

What was measured comes as `Signs`, whose costly parts are asked for only when they matter. So `verdict` and
the procedure that chooses the thresholds decide by the same rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs

from kognic.scenes.calibration.answer import LEFT_OVER_DEG, Answer, answer, is_clear
from kognic.scenes.calibration.directions import RECTIFIED, Direction
from kognic.scenes.calibration.estimate import RotationEstimate
from kognic.scenes.calibration.thresholds import THRESHOLDS, Thresholds

TOLERANCES = {
    "focal_length": 2.5,  # percent
    "k1": 0.06,
    "time_offset": 30.0,  # milliseconds
    "vehicle_motion": 0.4,  # metres
    "vehicle_speed": 6.0,  # m/s: 70 ms of it are the same 0.4 m
}
"""Other numbers that are estimated, and errors that are not reported."""
MOTIONS = ("vehicle_motion", "vehicle_speed")
"""Numbers that are estimated where the scene does not say how the vehicle moves."""
# It most likely moved then: another number has to explain so many times as much.
_RIVAL_OF_MOTION = 1.5
# A speed fits as well as the three numbers of a rotation.
_AS_WELL = 0.95
# Times and motions: a distortion that fits by chance does so both ways.
_TWICE = ("time_offset", "vehicle_speed")
# Two values of a number are the same within this share of it, and outside a tolerance by so many deviations.
_SAME, _BEYOND = 0.35, 2.0
# A number found both ways needs to bring the calibration as given up to this share of the contrast asked.
_LESS = 0.75
# If k1 is wrong, a quarter of the thresholds is enough to report rectified images.
_LESS_OF_LENS = 0.25
LEAST_TO_START_FROM = 2.0
"""Other numbers are tried at the calibration as given from this contrast of its own on."""


@attrs.frozen(kw_only=True)
class Tried:
    """A classic mistake, and how the data fits if it is undone.

    Attributes:
        code: The rule that it breaks.
        index: Its place among the hypotheses.
        height: Contrast with the mistake undone, see `Landscape.contrast`.
        leaves_little: No large rotation remains to be corrected.
    """

    code: str
    index: int
    height: float
    leaves_little: bool


class Signs(Protocol):
    """What is measured of one camera."""

    @property
    def estimate(self) -> RotationEstimate | None:
        """The rotation; None where too few points are in view."""
        ...

    def directions(self) -> Sequence[Direction]:
        """Other numbers, estimated together with the rotation that fits best."""
        ...

    def directions_near(self) -> Sequence[Direction]:
        """Other numbers, estimated from the calibration as given."""
        ...

    def tried(self) -> Sequence[Tried]:
        """Classic mistakes undone."""
        ...


@attrs.frozen(kw_only=True)
class Decision:
    """What the signs say: a cause, else another number than the rotation, else the answer.

    Attributes:
        answer: What the rotation says.
        direction: The one number besides the rotation that is wrong.
        cause: The classic mistake that was made.
        rival: Another mistake that explains the data about as well.
        sure: There is none, and the agreement is far above chance.
    """

    answer: Answer
    direction: Direction | None = None
    cause: Tried | None = None
    rival: Tried | None = None
    sure: bool = False

    @property
    def accuses(self) -> bool:
        """Whether anything is said to be wrong."""
        return (
            self.cause is not None or self.direction is not None or self.answer in (Answer.OFF, Answer.UNFIT)
        )


def decide(signs: Signs, thresholds: Thresholds = THRESHOLDS) -> Decision:
    """Say what measurements mean."""
    estimate = signs.estimate
    if estimate is None:
        return _named(Answer.UNDECIDED, signs, thresholds) or Decision(answer=Answer.UNDECIDED)
    said = answer(estimate, thresholds)
    if said not in (Answer.CONSISTENT, Answer.OFF):
        # A wrong lens or time may keep every rotation from standing out; the given one is near then.
        cause = _named(said, signs, thresholds)
        return cause or Decision(answer=said, direction=_number_near(estimate, signs, thresholds))
    if estimate.size_deg > LEFT_OVER_DEG and not is_clear(estimate, thresholds):
        cause = _named(said, signs, thresholds)
        if cause is not None:
            return cause
    directions = signs.directions()
    number = wrong_number(directions, thresholds)
    if number is None and said is Answer.OFF:
        number = _motion_instead(directions)
    return Decision(answer=said, direction=number)


def _number_near(estimate: RotationEstimate, signs: Signs, thresholds: Thresholds) -> Direction | None:
    """A wrong number that makes the calibration as given stand out where no rotation does.

    With few points some lens fits by chance, as some rotation does. A lens or time that is wrong leaves some
    agreement where it is right, in the middle of the image or far away: without any, none is tried.
    """
    landscape = estimate.landscape
    if (
        estimate.in_view * estimate.images < thresholds.few_points
        or landscape.given_contrast < LEAST_TO_START_FROM
    ):
        return None

    def makes_it_stand_out(found: Direction | None, contrast: float) -> bool:
        if found is None:
            return False
        needed = landscape.chance_mean + contrast * landscape.chance_deviation
        # A number that is not estimated alone has to explain far more than the best rotation.
        if not found.alone_ratio:
            needed = max(needed, thresholds.rival_lead * landscape.best.value)
        return found.ratio * landscape.given.value >= needed

    directions = signs.directions_near()
    found = wrong_number(directions, thresholds)
    if makes_it_stand_out(found, thresholds.contrast):
        return found
    twice = _number_twice(directions, thresholds)
    return twice if makes_it_stand_out(twice, _LESS * thresholds.contrast) else None


def wrong_number(directions: Sequence[Direction], thresholds: Thresholds) -> Direction | None:
    """The one number besides the rotation that explains the data better than a rotation does."""
    numbers = _beside_motion([d for d in directions if d.name != RECTIFIED])
    found = [
        d
        for d in numbers
        if d.observable
        and _explains(d, thresholds)
        and (abs(d.correction) - TOLERANCES[d.name]) / d.deviation >= thresholds.direction_excess
    ]
    best = max(found, key=lambda d: d.ratio, default=None)
    best = best or _number_alone(numbers, thresholds) or _number_twice(numbers, thresholds)
    return _or_rectified(best, directions, thresholds)


def _beside_motion(numbers: Sequence[Direction]) -> Sequence[Direction]:
    """Without the numbers that explain little more than a motion that the scene says nothing about."""
    motions = [d.ratio for d in numbers if d.name in MOTIONS and d.observable]
    needed = _RIVAL_OF_MOTION * max(motions, default=0.0)
    return [d for d in numbers if d.name in MOTIONS or d.ratio >= needed]


def _or_rectified(
    best: Direction | None, directions: Sequence[Direction], thresholds: Thresholds
) -> Direction | None:
    """The number that explains the data, or that the images are rectified, which explains more.

    That is a single value, not a search, so that less is asked of it than of a number; least where the lens
    is known to be wrong already. A time or a motion may look like a lens as well.
    """
    straight = next((d for d in directions if d.name == RECTIFIED), None)
    if straight is None:
        return best
    share = _LESS_OF_LENS if best is not None and best.name == "k1" else 1.0
    if straight.gain < share * thresholds.rectified_gain:
        return best
    if straight.ratio - 1 < share * (thresholds.rectified_ratio - 1):
        return best
    return straight if best is None or best.name == "k1" or straight.ratio > best.ratio else best


def _number_twice(directions: Sequence[Direction], thresholds: Thresholds) -> Direction | None:
    """The number that comes out the same alone and together with a rotation, and is better both ways.

    A number that fits by chance takes another value once the rotation follows it.
    """
    found = [
        d
        for d in directions
        if d.name in _TWICE
        and d.observable
        and d.alone_gain >= thresholds.twice_gain
        and d.gain >= thresholds.twice_gain / 2
        and min(d.ratio, d.alone_ratio) >= thresholds.twice_ratio
        and _is_beyond(d.correction, d.deviation, d.name)
        and _is_beyond(d.alone, d.alone_deviation, d.name)
        and abs(d.correction - d.alone) <= _SAME * max(abs(d.correction), abs(d.alone))
    ]
    return max(found, key=lambda d: d.ratio, default=None)


def _is_beyond(value: float, deviation: float, name: str) -> bool:
    """Whether a number is outside its tolerance beyond doubt."""
    return (abs(value) - TOLERANCES[name]) / deviation >= _BEYOND


def _number_alone(directions: Sequence[Direction], thresholds: Thresholds) -> Direction | None:
    """The one number that alone explains the data as well as the three of a rotation do.

    Of two explanations that are as good, the one with fewer numbers is the likelier.
    """
    found = [
        _as_alone(d)
        for d in directions
        if d.alone_ratio >= thresholds.direction_alone_ratio
        and d.alone_gain >= thresholds.direction_alone_gain
        and (abs(d.alone) - TOLERANCES[d.name]) / d.alone_deviation > 0
    ]
    return max(found, key=lambda d: d.ratio, default=None)


def _motion_instead(directions: Sequence[Direction]) -> Direction | None:
    """The speed that explains what a rotation would, where the scene does not say how the vehicle moves."""
    return next(
        (
            _as_alone(d)
            for d in directions
            if d.name in MOTIONS and d.alone_ratio >= _AS_WELL and abs(d.alone) >= _BEYOND * d.alone_deviation
        ),
        None,
    )


def _as_alone(direction: Direction) -> Direction:
    """The number as it is if nothing else is wrong."""
    return attrs.evolve(
        direction,
        correction=direction.alone,
        deviation=direction.alone_deviation,
        ratio=direction.alone_ratio,
    )


def _explains(direction: Direction, thresholds: Thresholds) -> bool:
    """Whether the data fits better with the number: by far, or by less in every part of the images."""
    if direction.gain >= thresholds.direction_clear_gain:
        return direction.ratio >= thresholds.direction_clear_ratio
    return direction.gain >= thresholds.direction_gain and direction.ratio >= thresholds.direction_ratio


def contrast_in_motion(signs: Signs) -> float:
    """Contrast of the calibration as given if the vehicle moves as fits best; 0 where its motion is known."""
    if signs.estimate is None:
        return 0.0
    landscape = signs.estimate.landscape
    ratios = [d.ratio for d in signs.directions_near() if d.name in MOTIONS and d.observable]
    height = max(ratios, default=0.0) * landscape.given.value - landscape.chance_mean
    return height / landscape.chance_deviation if ratios else 0.0


def _named(said: Answer, signs: Signs, thresholds: Thresholds) -> Decision | None:
    """The classic mistake that explains the data by far better than any small correction."""
    estimate = signs.estimate
    small = 0.0 if estimate is None else max(estimate.landscape.contrast, 0.0)
    needed = max(thresholds.cause_contrast, thresholds.cause_lead * small)
    tried = signs.tried()
    best = max(
        (t for t in tried if t.height >= needed and t.leaves_little), key=lambda t: t.height, default=None
    )
    if best is None or best.height < thresholds.cause_lead * contrast_in_motion(signs):
        return None
    rivals = [t for t in tried if t.code != best.code and t.height * thresholds.rival_lead > best.height]
    rival = max(rivals, key=lambda t: t.height, default=None)
    sure = rival is None and best.height >= thresholds.rival_lead * thresholds.cause_contrast
    return Decision(answer=said, cause=best, rival=rival, sure=sure)
