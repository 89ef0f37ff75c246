"""The procedure that chooses thresholds, on measurements that were made up."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import pytest

from benchmarks.calibration.choose import choose, cost, without_each, write
from benchmarks.calibration.measure import ERRORS, OBLIQUE, Measured, shifted
from benchmarks.calibration.report import interval, judged, rates, tables
from kognic.scenes.calibration.decide import decide
from kognic.scenes.calibration.directions import Direction
from kognic.scenes.calibration.thresholds import THRESHOLDS
from tests.scenes.calibration.test_decide import estimate


def case(site: str, condition: str, rotation: tuple[float, float, float], contrast: float = 30) -> Measured:
    return Measured(
        site=site,
        camera="front",
        condition=condition,
        error=(0.0, 0.0, 0.0) if condition == "good" else rotation,
        estimate=estimate(rotation, contrast=contrast),
    )


def some(site: str, *, worst: float = 0.3) -> list[Measured]:
    """Good cases that are at most so far off, and rotated ones."""
    return [
        case(site, "good", (worst, 0.0, 0.0)),
        case(site, "rotated-2-y", (0.0, 2.0, 0.0)),
        case(site, "rotated-5-y", (0.0, 5.0, 0.0)),
    ]


def test_no_good_case_is_accused_even_if_that_costs_errors() -> None:
    """A good calibration that looks 1.2 degrees off: the threshold rises until it is let go."""
    found = [*some("a"), *some("b", worst=1.2)]

    chosen = choose(found, THRESHOLDS)

    assert [decide(c, chosen).accuses for c in found if c.condition == "good"] == [False, False]
    assert cost(found, chosen) <= cost(found, THRESHOLDS)
    assert decide(found[2], chosen).accuses


def test_less_is_asked_of_what_is_far_outside() -> None:
    """Large errors that one part of the images shows most: the pair of thresholds moves together."""
    lopsided = [
        attrs.evolve(one, estimate=attrs.evolve(one.estimate, gain=0.7))
        for one in some("a")
        if one.size_deg == 5 and one.estimate is not None
    ]
    found = [*some("a"), *some("b"), *lopsided]
    strict = attrs.evolve(THRESHOLDS, far=12.0, gain=1.2, gain_of_far=1.2)
    assert not decide(lopsided[0], strict).accuses

    chosen = choose(found, strict)

    assert chosen.gain_of_far <= chosen.gain
    assert decide(lopsided[0], chosen).accuses


def test_site_does_not_choose_for_itself() -> None:
    """Without the odd site the thresholds are others, and only those of the others judge it."""
    found = [*some("a"), *some("b"), *some("odd", worst=1.2)]

    chosen = without_each(found, attrs.evolve(THRESHOLDS, excess=2.5))

    assert set(chosen) == {"a", "b", "odd"}
    good_of_odd = next(c for c in found if c.site == "odd" and c.condition == "good")
    assert not decide(good_of_odd, chosen["a"]).accuses
    assert chosen["odd"] == choose([*some("a"), *some("b")], attrs.evolve(THRESHOLDS, excess=2.5))


def test_written_thresholds_keep_the_comment(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.toml"
    file.write_text("# why\ncontrast = 1\n")

    write(THRESHOLDS, file)

    assert file.read_text().startswith("# why\n\ncontrast = ")
    assert f"\nrival_lead = {THRESHOLDS.rival_lead!r}\n" in file.read_text()


@pytest.mark.parametrize(
    ("count", "total", "expected"),
    # E. B. Wilson's interval as statsmodels computes it (proportion_confint, method="wilson").
    [(0, 36, (0.0, 0.0964)), (15, 27, (0.3731, 0.7241)), (27, 27, (0.8754, 1.0))],
)
def test_interval(count: int, total: int, expected: tuple[float, float]) -> None:
    assert interval(count, total) == pytest.approx(expected, abs=2e-4)


def test_errors_that_show_are_counted_apart() -> None:
    """A wrong lens shows where it moves points by more than the unmodified camera leaves open, 9 px here."""
    right = attrs.evolve(case("a", "good", (0.1, 0.0, 0.0)), limits={"k1": (9.0, 11.0)})
    blind = attrs.evolve(case("b", "good", (0.1, 0.0, 0.0)), limits={})
    bent = case("a", "wrong-lens", (0.1, 0.0, 0.0))
    cases = [
        right,
        blind,
        attrs.evolve(bent, moved_px=26.0, limits={"k1": (9.0, 30.0)}),
        attrs.evolve(bent, moved_px=5.0, limits={"k1": (9.0, 4.0)}),
        attrs.evolve(bent, site="b", moved_px=26.0),
    ]

    rows = rates(judged(cases, lambda _: THRESHOLDS))
    found = {rate.name: (rate.hits, rate.total) for rate in rows if rate.total}

    assert found["Wrong distortion, reported"] == (0, 3)
    assert found["- errors that show, reported"] == (0, 1)
    assert found["- called consistent within limits that the error exceeds"] == (1, 3)


def test_missing_motion_data_may_be_named() -> None:
    """Of a right camera without motion data, the speed of the vehicle is no false positive; a lens is one."""
    numbers = [
        Direction(name=name, correction=value, deviation=0.02, gain=9.0, ratio=9.0, unit="")
        for name, value in (("vehicle_speed", 9.0), ("k1", 0.3))
    ]
    cases = [attrs.evolve(case("a", "no-motion", (0.1, 0.0, 0.0)), best=(number,)) for number in numbers]

    rows = rates(judged(cases, lambda _: THRESHOLDS))
    found = {rate.name: (rate.hits, rate.total) for rate in rows if rate.total}

    assert found["- without motion data, below 10 m/s"] == (1, 2)
    assert found["- of these, the missing motion data reported"] == (1, 2)


def test_tables_have_a_column_for_each_kind() -> None:
    found = [case("street 1", "good", (0.1, 0.0, 0.0)), case("drive", "good", (0.1, 0.0, 0.0))]

    lines = tables(judged(found, lambda _: THRESHOLDS))

    assert lines[0].startswith("| Case | Synthetic rigs: hits")
    assert "| - unmodified | 0 of 1 (0 %; 0 % to 79 %) | 0 of 1 (0 %; 0 % to 79 %) |" in lines


def test_a_shifted_camera_fits_as_given_as_well_as_one_with_that_error() -> None:
    """A large rotation is doubted where the camera fits as given; a camera with that error does not."""
    right = case("street", "good", (0.1, 0.0, 0.0))
    errors = (*ERRORS, *OBLIQUE)
    values = [5.0 if np.linalg.norm(error) > 3 else 20.0 for error in errors]
    right = attrs.evolve(right, gains=(3.0,) * len(errors), givens=tuple(values))

    found = shifted([right])

    assert [one.estimate.landscape.given.value for one in found if one.estimate] == values
    assert all(decide(one).accuses for one in found if one.size_deg >= 5)
