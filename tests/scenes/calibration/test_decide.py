"""What measurements say: a small correction before a cause, a number only if it explains far more."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import pytest

from kognic.scenes.calibration.answer import Answer, bound_deg
from kognic.scenes.calibration.decide import LEAST_TO_START_FROM, Tried, decide
from kognic.scenes.calibration.directions import RECTIFIED, Direction
from kognic.scenes.calibration.estimate import RotationEstimate
from kognic.scenes.calibration.search import Landscape, Peak
from kognic.scenes.calibration.thresholds import THRESHOLDS


@attrs.frozen(kw_only=True)
class Seen:
    """Signs that were written down."""

    estimate: RotationEstimate | None
    numbers: tuple[Direction, ...] = ()
    mistakes: tuple[Tried, ...] = ()

    def directions(self) -> Sequence[Direction]:
        return self.numbers

    def directions_near(self) -> Sequence[Direction]:
        return self.numbers

    def tried(self) -> Sequence[Tried]:
        return self.mistakes


def estimate(
    rotation: tuple[float, float, float] = (0.0, 0.0, 0.0),
    *,
    deviation: Sequence[float] = (0.2, 0.2, 0.3),
    contrast: float = 30.0,
    given: float = 10.0,
    next_best: float | None = None,
) -> RotationEstimate:
    """An estimate whose best rotation is so far above chance, and so is the next."""
    best = Peak(rotation=rotation, value=contrast)
    rest = () if next_best is None else (Peak(rotation=(9.0, 9.0, 9.0), value=next_best),)
    return RotationEstimate(
        rotation=rotation,
        covariance=np.diag(np.square(deviation)),
        observable=(True, True, True),
        value=contrast,
        given=given,
        gain=5.0,
        landscape=Landscape(
            peaks=(best, *rest), given=attrs.evolve(best, value=given), chance_mean=0.0, chance_deviation=1.0
        ),
        in_view=3000,
        images=1,
    )


def tried(code: str, height: float, *, leaves_little: bool = True) -> Tried:
    return Tried(code=code, index=0, height=height, leaves_little=leaves_little)


LENS = Direction(name="k1", correction=-0.28, deviation=0.02, gain=4.0, ratio=3.0, unit="")


def test_small_rotation_is_consistent_and_a_large_one_is_off() -> None:
    assert decide(Seen(estimate=estimate((0.1, 0.2, 0.1)))).answer is Answer.CONSISTENT
    assert decide(Seen(estimate=estimate((0.1, 3.0, 0.1)))).answer is Answer.OFF


@pytest.mark.parametrize(
    ("yaw", "given", "expected"),
    [
        (13.7, 20.0, Answer.UNDECIDED),
        (13.7, 5.0, Answer.OFF),
        (3.0, 20.0, Answer.OFF),
    ],
)
def test_large_rotation_beside_a_calibration_that_fits(yaw: float, given: float, expected: Answer) -> None:
    """A correct camera before kerb, wall and roof had a contrast of 20 as given and 33 at 13.7 degrees."""
    assert decide(Seen(estimate=estimate((yaw, 0.1, 0.1), contrast=33.0, given=given))).answer is expected


@pytest.mark.parametrize(
    ("yaw", "contrast", "given", "expected"),
    [
        (5.0, 12.0, 4.0, Answer.UNFIT),
        (5.0, 12.0, 10.0, Answer.UNDECIDED),
        (5.0, 5.5, 2.6, Answer.UNDECIDED),
        (0.6, 12.0, 4.0, Answer.UNDECIDED),
    ],
)
def test_two_rotations_that_both_rule_out_the_calibration(
    yaw: float, contrast: float, given: float, expected: Answer
) -> None:
    """Which of them is right does not show, but neither leaves the camera where it is said to be."""
    two = estimate((0.0, yaw, 0.0), contrast=contrast, given=given, next_best=0.9 * contrast)

    assert decide(Seen(estimate=two)).answer is expected


def test_rotation_that_the_search_does_not_prefer_is_none() -> None:
    """Of a right camera that looks sideways, only the finer columns preferred 1.2 degrees of pitch."""
    off = estimate((1.5, 0.0, 0.0))

    assert decide(Seen(estimate=off)).answer is Answer.OFF
    assert decide(Seen(estimate=attrs.evolve(off, agreed=False))).answer is Answer.CONSISTENT


SPEED = Direction(
    name="vehicle_speed",
    correction=6.1,
    deviation=0.7,
    gain=1.5,
    ratio=1.8,
    unit="m/s",
    alone=5.6,
    alone_deviation=1.0,
    alone_gain=2.6,
    alone_ratio=1.0,
)


def test_lens_is_not_blamed_for_a_motion_that_is_not_known() -> None:
    """A PandaSet camera without its motion data: k1 explained 2.3 times as much, the speed 1.8 times."""
    clear = estimate()
    by_little, by_far = (attrs.evolve(LENS, ratio=ratio) for ratio in (2.3, 4.0))

    assert decide(Seen(estimate=clear, numbers=(by_little,))).direction == by_little
    assert decide(Seen(estimate=clear, numbers=(by_little, SPEED))).direction is None
    assert decide(Seen(estimate=clear, numbers=(by_far, SPEED))).direction == by_far


def test_speed_instead_of_a_rotation_where_the_motion_is_not_known() -> None:
    """One number that explains the data as well as the three of a rotation do."""
    off = estimate((0.0, 3.0, 0.0), deviation=(0.3, 0.3, 0.3))
    slow = attrs.evolve(SPEED, alone=1.5)

    found = decide(Seen(estimate=off, numbers=(SPEED,))).direction
    assert found is not None
    assert (found.name, found.correction) == ("vehicle_speed", 5.6)
    assert decide(Seen(estimate=off, numbers=(slow,))).direction is None
    assert decide(Seen(estimate=estimate(), numbers=(SPEED,))).direction is None


def test_classic_mistake_must_beat_a_motion_that_is_not_known() -> None:
    """A right camera beside near walls, at 6 m/s, had 10 as given, 18 with its motion, and 16 mirrored."""
    unclear = estimate(contrast=9.7, given=9.7, next_best=9.0)
    mistake = (tried("axes-convention", 16.4),)

    assert decide(Seen(estimate=unclear, mistakes=mistake)).cause == mistake[0]
    assert decide(Seen(estimate=unclear, mistakes=mistake, numbers=(SPEED,))).cause is None


def test_cause_must_beat_the_small_correction_by_far() -> None:
    """Of a rotation of ten degrees that explains the data, another cause needs to explain much more."""
    off = estimate((0.0, 10.0, 0.0), contrast=10, given=3)

    as_well = decide(Seen(estimate=off, mistakes=(tried("axes-convention", 1.1 * 10),)))
    by_far = decide(Seen(estimate=off, mistakes=(tried("axes-convention", 3.0 * 10),)))

    assert (as_well.cause, as_well.answer) == (None, Answer.OFF)
    assert by_far.cause is not None
    assert by_far.sure


def test_one_degree_is_never_a_classic_mistake() -> None:
    """However well a mistake explains it: a small correction was enough."""
    decision = decide(Seen(estimate=estimate((1.0, 0.0, 0.0)), mistakes=(tried("axes-convention", 300.0),)))

    assert decision.cause is None


def test_mistake_that_leaves_a_large_rotation_is_none() -> None:
    unclear = estimate(contrast=2.0, given=1.0)

    found = decide(Seen(estimate=unclear, mistakes=(tried("pose-inverted", 30.0, leaves_little=False),)))

    assert found.cause is None
    assert found.answer is Answer.UNFIT


def test_rival_makes_a_cause_unsure() -> None:
    unclear = estimate(contrast=2.0, given=1.0)
    two = (tried("pose-inverted", 30.0), tried("quaternion-order", 29.0))

    found = decide(Seen(estimate=unclear, mistakes=two))

    assert found.cause == two[0]
    assert found.rival == two[1]
    assert not found.sure


def test_too_few_points_say_nothing_unless_a_mistake_brings_them_into_view() -> None:
    assert decide(Seen(estimate=None)).answer is Answer.UNDECIDED
    assert decide(Seen(estimate=None, mistakes=(tried("pose-inverted", 30.0),))).cause is not None


@pytest.mark.parametrize(
    ("changes", "is_wrong"),
    [
        ({}, True),
        ({"ratio": 1.01}, False),
        ({"gain": 0.1}, False),
        ({"correction": -0.05}, False),
        ({"deviation": float("inf")}, False),
    ],
)
def test_other_number_is_wrong(changes: dict[str, float], is_wrong: bool) -> None:
    """If it is outside its tolerance, and explains far more than a rotation."""
    found = decide(Seen(estimate=estimate(), numbers=(attrs.evolve(LENS, **changes),)))

    assert (found.direction is not None) is is_wrong
    assert found.accuses is is_wrong


LATE = Direction(
    name="time_offset",
    correction=20.0,
    deviation=20.0,
    gain=0.5,
    ratio=1.05,
    unit="ms",
    alone=95.0,
    alone_deviation=8.0,
    alone_gain=4.0,
    alone_ratio=1.3,
)


@pytest.mark.parametrize(
    ("changes", "is_wrong"),
    [
        ({}, True),
        ({"alone": 20.0}, False),
        ({"alone_ratio": 0.8}, False),
        ({"alone_gain": 0.2}, False),
        ({"alone_deviation": float("inf")}, False),
    ],
)
def test_time_alone_explains_as_much_as_a_rotation(changes: dict[str, object], is_wrong: bool) -> None:
    """One number that explains more than the three of a rotation is the answer, with its own value."""
    least = attrs.evolve(THRESHOLDS, direction_alone_gain=2.0, direction_alone_ratio=1.05)

    found = decide(Seen(estimate=estimate((0.0, 3.0, 0.0)), numbers=(attrs.evolve(LATE, **changes),)), least)

    assert found.answer is Answer.OFF
    assert (found.direction is not None) is is_wrong
    if found.direction is not None:
        assert (found.direction.correction, found.direction.deviation) == (95.0, 8.0)


TWICE = attrs.evolve(
    LATE, correction=100.0, deviation=5.0, gain=1.0, ratio=1.5, alone=92.0, alone_gain=1.6, alone_ratio=1.4
)


@pytest.mark.parametrize(
    ("changes", "is_wrong"),
    [
        ({}, True),
        ({"alone": 50.0}, False),
        ({"correction": -100.0}, False),
        ({"alone_gain": 0.5}, False),
        ({"gain": 0.1}, False),
        ({"alone_ratio": 1.02}, False),
        ({"correction": 32.0, "alone": 33.0}, False),
        ({"name": "k1", "correction": 0.3, "deviation": 0.01, "alone": 0.3, "alone_deviation": 0.01}, False),
    ],
)
@pytest.mark.parametrize("answer", [Answer.CONSISTENT, Answer.UNDECIDED])
def test_time_that_comes_out_the_same_with_and_without_a_rotation(
    answer: Answer, changes: dict[str, object], is_wrong: bool
) -> None:
    """Neither alone would do; that both agree does, whether the camera looks right or says nothing."""
    least = attrs.evolve(
        THRESHOLDS, twice_gain=1.2, twice_ratio=1.15, direction_alone_gain=3.0, direction_clear_gain=3.0
    )
    seen = Seen(estimate=estimate(given=9.0), numbers=(attrs.evolve(TWICE, **changes),))
    if answer is Answer.UNDECIDED:
        assert seen.estimate is not None
        found = seen.estimate.landscape
        rival = attrs.evolve(found.best, rotation=(9.0, 0.0, 0.0))
        level = attrs.evolve(found, peaks=(found.best, rival))
        seen = attrs.evolve(seen, estimate=attrs.evolve(seen.estimate, landscape=level))

    found_out = decide(seen, least)

    assert found_out.answer is answer
    assert (found_out.direction is not None) is is_wrong


STRAIGHT = Direction(name=RECTIFIED, correction=-100.0, deviation=0.0, gain=2.0, ratio=1.6, unit="%")


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        ((STRAIGHT,), RECTIFIED),
        ((attrs.evolve(STRAIGHT, ratio=1.1),), None),
        ((attrs.evolve(STRAIGHT, gain=0.3),), None),
        ((attrs.evolve(STRAIGHT, gain=0.3, ratio=1.1), attrs.evolve(LENS, correction=0.28)), RECTIFIED),
        ((attrs.evolve(STRAIGHT, gain=-1.0, ratio=0.8), attrs.evolve(LENS, correction=0.28)), "k1"),
        # The lens with another k1 is the same thing said twice; a time that explains more is another thing.
        ((STRAIGHT, attrs.evolve(LENS, correction=0.28)), RECTIFIED),
        ((STRAIGHT, attrs.evolve(TWICE, ratio=2.1, gain=3.0)), "time_offset"),
    ],
)
def test_images_that_are_rectified_already(numbers: tuple[Direction, ...], named: str | None) -> None:
    """A lens without distortion is one value, not a search, so that less is asked of it."""
    least = attrs.evolve(THRESHOLDS, rectified_gain=1.0, rectified_ratio=1.25)

    found = decide(Seen(estimate=estimate(), numbers=numbers), least).direction

    assert (None if found is None else found.name) == named


def test_focal_length_near_the_given_pose_has_to_beat_the_best_rotation() -> None:
    """One that lifts the given calibration less high than a rotation stands does not explain the data."""
    focal = Direction(name="focal_length", correction=11.5, deviation=1.5, gain=2.5, ratio=2.0, unit="%")
    level = (Peak(rotation=(0.0, 2.0, 0.0), value=20.0), Peak(rotation=(9.0, 0.0, 0.0), value=19.0))

    def found(given: float) -> Direction | None:
        seen = estimate(contrast=20.0, given=given)
        landscape = attrs.evolve(seen.landscape, peaks=level)
        return decide(Seen(estimate=attrs.evolve(seen, landscape=landscape), numbers=(focal,))).direction

    assert found(9.0) is None
    assert found(11.0) is None
    assert found(13.0) is focal


def test_bound_holds_on_the_far_side_of_the_estimate() -> None:
    """Gaussian estimates of rotations of 0.8 degrees stay below their bounds in 95 of 100 cases."""
    rng = np.random.default_rng(0)
    truth, deviation = np.array([0.8, 0.0, 0.0]), 0.2
    drawn = truth + rng.normal(0, deviation, (400, 3))
    bounds = [bound_deg(estimate((x, y, z), deviation=[deviation] * 3)) for x, y, z in drawn.tolist()]

    assert np.mean(np.array(bounds) > np.linalg.norm(truth)) >= 0.95


def test_nothing_is_tried_at_a_calibration_that_does_not_agree_at_all() -> None:
    """Points and image of different places: no lens or time makes them fit."""
    without = estimate(contrast=3.0, given=LEAST_TO_START_FROM - 0.1)
    some = estimate(contrast=3.0, given=LEAST_TO_START_FROM + 0.1)
    found = attrs.evolve(LENS, ratio=50.0)

    assert decide(Seen(estimate=without, numbers=(found,))).direction is None
    assert decide(Seen(estimate=some, numbers=(found,))).direction is not None


def test_far_outside_the_tolerance_less_gain_is_enough() -> None:
    """An error that one part of the images shows most has a gain of about one, however large it is."""
    least = attrs.evolve(THRESHOLDS, gain=1.2, far=5.0, gain_of_far=0.6)
    lopsided = attrs.evolve(estimate((0.0, 6.0, 0.0)), gain=0.9)

    assert decide(Seen(estimate=lopsided), least).answer is Answer.OFF
    assert (
        decide(Seen(estimate=attrs.evolve(lopsided, rotation=(0.0, 1.1, 0.0))), least).answer
        is not Answer.OFF
    )


def test_correction_leaves_out_what_the_data_does_not_support() -> None:
    """A roll of less than a deviation stays out, and the yaw that hangs together with it follows."""
    uncertain = estimate((0.1, 5.0, 0.5), deviation=(0.2, 0.2, 0.6))
    assert uncertain.supported == (0.0, 5.0, 0.0)

    # Errors are about any axis: of 5 degrees, a part as small as that is as real.
    assert estimate((0.6, 5.0, 0.0)).supported == (0.6, 5.0, 0.0)

    covariance = np.array([[0.04, 0, 0], [0, 0.04, 0.06], [0, 0.06, 0.36]])
    together = attrs.evolve(uncertain, covariance=covariance)
    # The mean of a Gaussian if its last number is 0: 5 - 0.06 / 0.36 * 0.5.
    assert together.supported == pytest.approx((0, 5 - 0.06 / 0.36 * 0.5, 0))
    assert together.correction == pytest.approx((0, -(5 - 0.06 / 0.36 * 0.5), 0))


def test_thresholds_are_those_of_the_file() -> None:
    """All are given, and none is so low that chance reaches it."""
    values = attrs.asdict(THRESHOLDS)

    assert all(value > 0 for value in values.values())
    assert min(THRESHOLDS.contrast, THRESHOLDS.cause_contrast) > 4
    assert min(THRESHOLDS.lead, THRESHOLDS.cause_lead, THRESHOLDS.rival_lead) > 1


@pytest.mark.parametrize(("widest", "certain"), [(0.45, True), (0.55, False), (4.0, False)])
def test_correction_is_as_certain_as_its_least_known_axis(widest: float, certain: bool) -> None:
    """Twice the largest standard deviation is the bound; up to one degree the correction can be used."""
    known = estimate((0.0, 5.0, 0.0), deviation=(0.1, 0.2, widest))

    assert known.correction_bound == pytest.approx(2 * widest)
    assert known.is_certain is certain
