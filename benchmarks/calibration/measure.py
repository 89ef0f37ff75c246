"""Measure cases once, and keep what was measured: any thresholds can then be tried without measuring again.

A measurement holds all that `decide` asks for. Its costly parts, other numbers than the rotation and classic
mistakes, are measured where some thresholds that are tried could ask for them.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import attrs
import numpy as np

from benchmarks.calibration.cases import (
    GOOD,
    LENS,
    SIZES_DEG,
    TIMES,
    WRONG,
    Case,
    Recording,
    cases,
    is_in_part,
)
from kognic.scenes.calibration.alignment import logarithm
from kognic.scenes.calibration.answer import LEFT_OVER_DEG
from kognic.scenes.calibration.causes import try_mistakes
from kognic.scenes.calibration.decide import LEAST_TO_START_FROM, TOLERANCES, Tried
from kognic.scenes.calibration.directions import DIRECTIONS, Direction, estimate_directions
from kognic.scenes.calibration.estimate import RotationEstimate, estimate_rotation, gain_of, refine
from kognic.scenes.calibration.objective import NONE, Change, Objective
from kognic.scenes.calibration.observe import Observations, lens_of
from kognic.scenes.calibration.search import Landscape, Peak, best_around
from kognic.scenes.geometry.poses import Rigid, rotation_of

# Outside of these, thresholds that are tried agree: a rotation stands out, or does not.
_ALWAYS, _NEVER = (14.0, 2.2), (6.0, 1.15)
_WITH_DIRECTIONS = (*GOOD, *LENS, *TIMES, *(f"rotated-2-{axis}" for axis in "xyz"))
# Rotation vectors, degrees: each size about each axis, both ways round.
ERRORS: tuple[tuple[float, float, float], ...] = tuple(
    (float(x), float(y), float(z))
    for size in SIZES_DEG
    for x, y, z in np.vstack([np.eye(3) * size, np.eye(3) * -size])
)
# The same about axes in between, for errors that are not about one axis of the camera alone.
OBLIQUE: tuple[tuple[float, float, float], ...] = tuple(
    (side * size / 3**0.5, other * size / 3**0.5, size / 3**0.5)
    for size in (2, 5)
    for side in (-1, 1)
    for other in (-1, 1)
)
SHIFTED = ("shifted", "oblique")
SHOWN_BY = {
    "wrong-lens": "k1",
    "late": "time_offset",
    "next-frame": "time_offset",
    "no-motion-fast": "vehicle_speed",
}
"""The number that shows what is wrong, by condition."""
_WITH_NEAR = (*_WITH_DIRECTIONS, *WRONG)


@attrs.frozen(kw_only=True, eq=False)
class Measured:
    """A case and what was measured of it: the `Signs` that `decide` takes.

    Attributes:
        site, camera, condition, error: Of the case.
        estimate: None where too few points are in view.
        best, near: Other numbers, from the best rotation and from the calibration as given.
        mistakes: Classic mistakes undone.
        seconds: Processor time for the rotation.
        gains: Of a camera as it is: how much better its estimate fits than each of `ERRORS`, then `OBLIQUE`.
        givens: The objective with each of them, see `Landscape.given`.
        moved_px: How far a lens, a time or a motion that is wrong moves 95 % of the points at most, pixels.
        limits: By name of a number that the data limits: twice its standard deviation and what it is stated
            to be right to, as such displacements.
    """

    site: str
    camera: str
    condition: str
    error: tuple[float, float, float]
    estimate: RotationEstimate | None
    best: tuple[Direction, ...] = ()
    near: tuple[Direction, ...] = ()
    mistakes: tuple[Tried, ...] = ()
    seconds: float = 0.0
    gains: tuple[float, ...] = ()
    givens: tuple[float, ...] = ()
    moved_px: float = 0.0
    limits: Mapping[str, tuple[float, float]] = attrs.field(factory=dict)

    @property
    def left_deg(self) -> float:
        """The rotation error once the reported correction is applied, degrees."""
        assert self.estimate is not None
        return float(np.linalg.norm(np.array(self.estimate.supported) - self.error))

    @cached_property
    def size_deg(self) -> int:
        """Of the error that was put in, 0 for none."""
        return round(float(np.linalg.norm(self.error)))

    @property
    def axis(self) -> str:
        """About which it was put in."""
        return "xyz"[int(np.argmax(np.abs(self.error)))]

    def directions(self) -> Sequence[Direction]:
        """Part of `Signs`."""
        return self.best

    def directions_near(self) -> Sequence[Direction]:
        """Part of `Signs`."""
        return self.near

    def tried(self) -> Sequence[Tried]:
        """Part of `Signs`."""
        return self.mistakes


def measure(case: Case) -> Measured:
    """Measure a case."""
    start = time.process_time()
    seen = case.observations
    objective = seen.objective(case.camera)
    estimate = None if objective is None else estimate_rotation(objective)
    seconds = time.process_time() - start
    best: tuple[Direction, ...] = ()
    near: tuple[Direction, ...] = ()
    mistakes: tuple[Tried, ...] = ()
    if objective is None or estimate is None:
        mistakes = _mistakes(seen, case.camera)
    else:
        landscape = estimate.landscape
        if _stands_out(landscape, _NEVER) and case.condition in _WITH_DIRECTIONS:
            best = estimate_directions(objective, estimate, TOLERANCES)
        if not _stands_out(landscape, _ALWAYS) or estimate.size_deg > LEFT_OVER_DEG:
            mistakes = _mistakes(seen, case.camera)
        has_near = landscape.given_contrast >= LEAST_TO_START_FROM and case.condition in _WITH_NEAR
        if has_near and not _stands_out(landscape, _ALWAYS):
            given = attrs.evolve(landscape, peaks=(landscape.given,))
            near = estimate_directions(objective, refine(objective, given), TOLERANCES)
    return Measured(
        site=case.site,
        camera=case.camera,
        condition=case.condition,
        error=case.error,
        estimate=estimate,
        best=best,
        near=near,
        mistakes=mistakes,
        seconds=seconds,
        moved_px=0.0 if objective is None else _moved_px(case, objective),
        limits={} if objective is None else _limits(objective, best or near),
    )


def _moved_px(case: Case, objective: Objective) -> float:
    if case.right is not None:
        return objective.displacement(lens=lens_of(case.right[case.camera]))
    return 0.0 if case.undone is None else objective.displacement(case.undone)


def _limits(objective: Objective, directions: Sequence[Direction]) -> dict[str, tuple[float, float]]:
    found = {}
    for direction in directions:
        if direction.name in SHOWN_BY.values() and math.isfinite(direction.bound):
            kind = DIRECTIONS[direction.name]
            sizes = (direction.high - direction.low) / 2 / kind.scale, direction.bound / kind.scale
            twice, stated = (objective.displacement(Change(**kind.changed(size))) for size in sizes)
            found[direction.name] = twice, stated
    return found


def _stands_out(landscape: Landscape, limits: tuple[float, float]) -> bool:
    return landscape.contrast >= limits[0] and landscape.lead >= limits[1]


def _mistakes(seen: Observations, camera: str) -> tuple[Tried, ...]:
    return tuple(
        Tried(code=trial.hypothesis.code, index=index, height=trial.height, leaves_little=trial.leaves_little)
        for index, trial in enumerate(try_mistakes(seen, camera))
    )


def shifts_of(case: Case, estimate: RotationEstimate) -> dict[str, Any]:
    """`Measured.gains` and `givens`: how the same camera would fit with each of `ERRORS` and `OBLIQUE`."""
    objective = case.observations.objective(case.camera)
    if objective is None:
        return {}
    refined = objective.refined()
    best = refined.without_groups(Change(rotation=estimate.rotation))
    undone = [(-x, -y, -z) for x, y, z in (*ERRORS, *OBLIQUE)]
    return {
        "gains": tuple(gain_of(best - refined.without_groups(Change(rotation=at))) for at in undone),
        "givens": tuple(best_around(objective, at).value for at in undone),
    }


def shifted(found: Sequence[Measured]) -> list[Measured]:
    """The cameras as they are, with each of `ERRORS` ("shifted") and `OBLIQUE` ("oblique").

    A rotation moves no ray against another, so that the objective of a rotated camera is that of the right
    one, shifted, and so are its estimate and what else is measured of it. What the search may do differently
    shows in the cases `rotated-...`, which are searched from the rotated calibration.
    """
    cases = []
    for one in found:
        if one.estimate is None:
            continue
        errors = zip((*ERRORS, *OBLIQUE), one.gains, one.givens, strict=False)
        for index, (error, gain, value) in enumerate(errors):
            turn = rotation_of(one.estimate.rotation) @ rotation_of(error)
            x, y, z = map(math.degrees, logarithm(Rigid(turn, np.zeros(3)))[:3])
            cases.append(
                Measured(
                    site=one.site,
                    camera=one.camera,
                    condition=SHIFTED[index >= len(ERRORS)],
                    error=error,
                    estimate=attrs.evolve(
                        one.estimate,
                        rotation=(x, y, z),
                        gain=gain,
                        landscape=attrs.evolve(
                            one.estimate.landscape, given=Peak(rotation=NONE, value=value)
                        ),
                    ),
                    seconds=one.seconds,
                )
            )
    return cases


def measured(
    source: Sequence[Recording], cache: Path, *, pooled: bool, part: float = 1.0, only: bool = False
) -> list[Measured]:
    """Measure all cases, those that are in the cache not again.

    Args:
        source: The recordings; each has the one before it as its other drive.
        cache: File that measurements are appended to.
        pooled: All frames of a camera together.
        part: Share of the cases that are measured, always the same ones, beside each camera as it is.
        only: What is in the cache, and nothing else.
    """
    known = {}
    if cache.exists():
        for line in cache.read_text(encoding="utf-8").splitlines():
            key, values = json.loads(line)
            known[tuple(key)] = _restored(values)
    if only:
        return list(known.values())
    cache.parent.mkdir(parents=True, exist_ok=True)
    found = []
    with cache.open("a", encoding="utf-8") as file:
        for place, recording in enumerate(source):
            elsewhere = source[place - 1] if len(source) > 1 else None
            for number, case in enumerate(cases(recording, pooled=pooled, elsewhere=elsewhere)):
                key = (case.site, case.camera, case.condition, str(number))
                if key not in known and case.condition != "good" and not is_in_part(key, part):
                    continue
                if key not in known:
                    known[key] = measure(case)
                    _append(file, key, known[key])
                one = known[key]
                if one.condition == "good" and one.estimate is not None and not one.givens:
                    known[key] = attrs.evolve(one, **shifts_of(case, one.estimate))
                    _append(file, key, known[key])
                found.append(known[key])
            print(f"measured {recording.site}", flush=True)
    return found


def _append(file: IO[str], key: tuple[str, str, str, str], one: Measured) -> None:
    """Keep a measurement; of two with one key the later one counts."""
    file.write(json.dumps([list(key), _plain(one)]) + "\n")
    file.flush()


def _plain(found: Measured) -> dict[str, Any]:
    values = attrs.asdict(found)
    if found.estimate is not None:
        values["estimate"]["covariance"] = found.estimate.covariance.tolist()
    return values


def _restored(values: dict[str, Any]) -> Measured:
    estimate = values.pop("estimate")
    if estimate is not None:
        landscape = estimate.pop("landscape")
        peaks = tuple(_peak(peak) for peak in landscape.pop("peaks"))
        given = _peak(landscape.pop("given"))
        estimate = RotationEstimate(
            **{
                **estimate,
                "rotation": tuple(estimate["rotation"]),
                "covariance": np.array(estimate["covariance"]),
                "observable": tuple(estimate["observable"]),
                "landscape": Landscape(peaks=peaks, given=given, **landscape),
            }
        )
    parts: dict[str, Any] = {
        key: tuple(Direction(**direction) for direction in values.pop(key)) for key in ("best", "near")
    }
    parts["mistakes"] = tuple(Tried(**tried) for tried in values.pop("mistakes"))
    return Measured(
        **{
            **values,
            **parts,
            "error": tuple(values["error"]),
            "gains": tuple(values.get("gains", ())),
            "givens": tuple(values.get("givens", ())),
            "limits": {key: tuple(limits) for key, limits in values.get("limits", {}).items()},
            "estimate": estimate,
        }
    )


def _peak(values: dict[str, Any]) -> Peak:
    return Peak(rotation=tuple(values["rotation"]), value=values["value"])
