"""Measure what the calibration check detects and how often it is wrong.

    make calibration-report [FOLDERS="drive another/drive"] [REPORT_ARGS="--part 0.5 --draw"]

Synthetic rigs are driven through streets of their own: every camera model, standing, moving, with rolling
shutters. Folders are recordings whose calibration is known to be right. Each camera is judged as it is, with
fewer points, without motion data, rotated by 1, 2, 5 and 10 degrees about each axis, with images that are
flipped, of elsewhere or of another drive, another lens, and images stated too early. Prints detection rates
and false alarms with their 95 % confidence intervals (E. B. Wilson, 1927), by thresholds chosen without the
site that they are judged on (`choose`), and by those as shipped. Then whole rigs are judged (`rigwide`):
lidars with exchanged axes or in another unit, lidars against ego poses and against each other. Measurements
are kept in `.cache/calibration`, so that a run can be resumed; remove them after a change of the estimator.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import attrs
import numpy as np

from benchmarks.calibration.cases import GOOD, LENS, SIZES_DEG, TIMES, WRONG, Recording, load
from benchmarks.calibration.choose import CODES, FILE, choose, is_accused, is_misnamed, without_each, write
from benchmarks.calibration.measure import SHIFTED, SHOWN_BY, Measured, measured, shifted
from benchmarks.calibration.picture import Curve, draw
from benchmarks.calibration.rigs import Rig
from benchmarks.calibration.rigwide import COSTS, RIGHT, Answered, answered
from kognic.scenes.calibration.answer import Answer, bound_deg
from kognic.scenes.calibration.decide import MOTIONS, Decision, decide
from kognic.scenes.calibration.thresholds import THRESHOLDS, Thresholds

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "calibration"
DRAWN = ROOT / "docs" / "images" / "calibration-detection.svg"
# A camera with a bound above this as it is does not have enough structure to be judged, degrees.
_STRUCTURE_DEG = 2.5
# Conditions in words.
_AS = {
    "good": "unmodified",
    "half": "half of the points",
    "quarter": "a quarter of the points",
    "no-motion": "without motion data, below 10 m/s",
    "other-drive": "Images of another drive",
    "other-image": "Images of another camera",
    "mirrored": "Mirrored images",
    "upside-down": "Images upside down",
    "wrong-lens": "Wrong distortion",
    "late": "Timestamps 100 ms early",
    "next-frame": "Images of the next frame",
    "no-motion-fast": "No motion data, 10 m/s and more",
}
NAMES = {"synthetic": "Synthetic rigs", "recordings": "Recordings"}
STREET = "street"
_TENTH = 100_000_000

RIGS = (
    Rig(model="pinhole", seed=1),
    Rig(model="pinhole", seed=2, speed=12, yaw_deg=40, shutter_ms=30, frames=2, frame_ns=_TENTH),
    Rig(model="distorted", seed=3, yaw_deg=-30),
    Rig(model="distorted", seed=4, speed=8, yaw_rate_deg=6, shutter_ms=30, reversed_shutter=True),
    Rig(model="fisheye", seed=5, yaw_deg=15),
    Rig(model="fisheye", seed=6, speed=10, yaw_deg=180, shutter_ms=20, frames=2, frame_ns=_TENTH),
    Rig(model="kannala", seed=7),
    Rig(model="kannala", seed=8, speed=15, yaw_deg=-60, shutter_ms=30, frames=2, frame_ns=_TENTH),
    Rig(model="cylinder", seed=9, yaw_deg=10),
    Rig(model="cylinder", seed=10, speed=6, yaw_rate_deg=-8, rows=24),
    Rig(model="pinhole", seed=11, world="suburb", yaw_deg=-20, rows=64),
    Rig(model="pinhole", seed=12, world="country", speed=15, yaw_deg=90, frames=2, frame_ns=_TENTH),
    Rig(model="distorted", seed=13, world="country"),
    Rig(model="distorted", seed=14, world="suburb", speed=15, yaw_deg=75, shutter_ms=30),
    Rig(model="fisheye", seed=15, world="suburb", yaw_deg=-90, rows=64),
    Rig(model="kannala", seed=16, world="suburb", speed=5, yaw_deg=120, frames=2, frame_ns=_TENTH),
    Rig(model="kannala", seed=17, world="country", yaw_deg=45, rows=24),
    Rig(model="cylinder", seed=18, world="suburb", speed=12, shutter_ms=20),
    # Slow enough for missing motion data to be no mistake, and points that the lidar saw half a turn earlier.
    Rig(model="pinhole", seed=19, speed=6, yaw_deg=-80),
    Rig(model="distorted", seed=20, world="suburb", speed=8, yaw_deg=-100),
)


def synthetic() -> list[Recording]:
    """The rigs, each a site of its own."""
    return [
        Recording(site=f"{STREET} {rig.seed} ({rig.model})", evidence=rig.record(), sensors=rig.sensors())
        for rig in RIGS
    ]


def recordings(folders: Sequence[Path], frames: int) -> list[Recording]:
    """The recordings in folders; those without images are left out."""
    found = [load(folder, frames) for folder in folders]
    return [one for one in found if any(frame.pictures for frame in one.evidence.frames)]


def interval(count: int, total: int) -> tuple[float, float]:
    """Wilson's interval of a rate, 95 %."""
    if total == 0:
        return 0.0, 1.0
    z, rate = 1.96, count / total
    centre = rate + z * z / (2 * total)
    width = z * math.sqrt(rate * (1 - rate) / total + z * z / (4 * total * total))
    return max(0.0, (centre - width) / (1 + z * z / total)), (centre + width) / (1 + z * z / total)


@attrs.frozen
class Rate:
    """How many of some cases."""

    name: str
    hits: int
    total: int

    @property
    def bounds(self) -> tuple[float, float]:
        """The 95 % interval."""
        return interval(self.hits, self.total)

    @property
    def cell(self) -> str:
        """Of a table: hits of n, the rate, and its 95 % interval."""
        if not self.total:
            return "-"
        low, high = self.bounds
        rate = self.hits / self.total
        percents = f"{100 * rate:.0f} %; {100 * low:.0f} % to {100 * high:.0f} %"
        return f"{self.hits} of {self.total} ({percents})"


@attrs.frozen(eq=False)
class Judged:
    """A case and what is said about it."""

    case: Measured
    decision: Decision

    @property
    def is_noticed(self) -> bool:
        """Whether something is said to be wrong."""
        return self.decision.accuses

    @property
    def code(self) -> str:
        """In one word."""
        if self.decision.cause is not None:
            return self.decision.cause.code
        if self.decision.direction is not None:
            return self.decision.direction.name
        return self.decision.answer.value


def judged(found: Sequence[Measured], by: Callable[[Measured], Thresholds]) -> list[Judged]:
    """Decide on every case.

    Args:
        found: The cases.
        by: Returns the thresholds for a case.
    """
    return [Judged(case, decide(case, by(case))) for case in found]


def structured(found: Sequence[Judged]) -> set[tuple[str, str]]:
    """Cameras with enough structure: as they are, their rotation is known to a few degrees."""
    return {
        (j.case.site, j.case.camera)
        for j in found
        if j.case.condition == "good"
        and j.decision.answer is Answer.CONSISTENT
        and j.case.estimate is not None
        and bound_deg(j.case.estimate) <= _STRUCTURE_DEG
    }


def rates(found: Sequence[Judged]) -> list[Rate]:
    """Detection, false alarms, mistakes that are named, and what is left after the correction."""
    good = structured(found)

    def of(name: str, cases: Iterable[Judged], is_hit: Callable[[Judged], bool]) -> Rate:
        hits = [is_hit(j) for j in cases]
        return Rate(name, sum(hits), len(hits))

    def noticed(name: str, cases: Iterable[Judged]) -> Rate:
        return of(name, cases, lambda j: j.is_noticed)

    rows = []
    for size in SIZES_DEG:
        every = [j for j in found if j.case.size_deg == size and j.case.condition == "shifted"]
        some = [j for j in every if (j.case.site, j.case.camera) in good]
        searched = [j for j in found if j.case.size_deg == size and j.case.condition not in SHIFTED]
        rows += [
            noticed(f"Rotated by {size} degree{'s' if size > 1 else ''}", every),
            noticed("- cameras with enough structure", some),
        ]
        rows += [
            noticed(f"- of these, of {name}", [j for j in some if j.case.axis == axis])
            for axis, name in (("x", "pitch"), ("y", "yaw"), ("z", "roll"))
        ]
        rows.append(noticed("- searched from the rotated calibration", searched))
        oblique = [j for j in found if j.case.size_deg == size and j.case.condition == "oblique"]
        rows.append(noticed("- about axes in between", oblique))
    right = [j for j in found if j.case.condition in GOOD]
    rows.append(of("False positives, all conditions", right, lambda j: is_accused(j.case, j.decision)))
    for condition in GOOD:
        some = [j for j in right if j.case.condition == condition]
        rows.append(of(f"- {_AS[condition]}", some, lambda j: is_accused(j.case, j.decision)))
        if condition == "no-motion":
            rows.append(of("- of these, the missing motion data reported", some, lambda j: j.code in MOTIONS))
    turned = [j for j in found if j.case.size_deg]
    searched = [j for j in turned if j.case.condition not in SHIFTED]
    rows.append(
        of("Rotated, but a different mistake reported", searched, lambda j: is_misnamed(j.case, j.decision))
    )
    rows += corrections(found)
    told = [j for j in turned if j.code == Answer.CONSISTENT.value and j.case.estimate is not None]
    rows.append(
        of(
            "Rotated and called consistent, with a bound below the error",
            told,
            lambda j: j.case.estimate is not None and bound_deg(j.case.estimate) < j.case.size_deg,
        )
    )
    for condition in (*WRONG, *LENS, *TIMES):
        these = [j for j in found if j.case.condition == condition]
        rows.append(noticed(f"{_AS[condition]}, reported", these))
        rows.append(of("- called consistent", these, lambda j: j.code == Answer.CONSISTENT.value))
        if condition in CODES:
            rows.append(of("- named", these, lambda j: j.code == CODES.get(j.case.condition)))
        if condition in (*LENS, *TIMES):
            rows.append(
                of(
                    "- as distortion, focal length, time or motion",
                    these,
                    lambda j: j.decision.direction is not None,
                )
            )
            rows += _observable_rows(found, these)
    return rows


def _observable_rows(found: Sequence[Judged], these: Sequence[Judged]) -> list[Rate]:
    """The same of errors that show: they move points by more than twice the uncertainty of their number.

    That is of the camera as it is, and of one whose motion is not known, its own.
    """
    own = {(j.case.site, j.case.camera): j.case.limits for j in reversed(found) if j.case.condition == "good"}

    def shows(j: Judged) -> bool:
        name = SHOWN_BY[j.case.condition]
        limits = j.case.limits if "speed" in name else own.get((j.case.site, j.case.camera), {})
        return name in limits and j.case.moved_px > limits[name][0]

    def is_within(j: Judged) -> bool:
        limits = j.case.limits.get(SHOWN_BY[j.case.condition])
        return limits is None or j.case.moved_px <= limits[1]

    some = [j for j in these if shows(j)]
    told = [j for j in these if j.code == Answer.CONSISTENT.value]
    return [
        Rate("- errors that show, reported", sum(j.is_noticed for j in some), len(some)),
        Rate(
            "- errors that show, called consistent",
            sum(j.code == Answer.CONSISTENT.value for j in some),
            len(some),
        ),
        Rate(
            "- called consistent within limits that the error exceeds",
            sum(not is_within(j) for j in told),
            len(told),
        ),
    ]


def corrections(found: Sequence[Judged]) -> list[Rate]:
    """What is left of rotations once the reported correction is applied, where one is ready to be used."""
    flagged = [j for j in found if j.case.size_deg and j.code == Answer.OFF.value]
    ready = [j for j in flagged if j.case.estimate is not None and j.case.estimate.is_certain]
    rows = [
        Rate("Rotation error with a correction to copy (bound of 1 degree at most)", len(ready), len(flagged))
    ]
    about = {"": ("shifted",), ", axes in between": ("oblique",)}
    for name, conditions in about.items():
        some = [j for j in ready if j.case.condition in conditions]
        for limit in (0.5, 1.0):
            left = sum(j.case.left_deg < limit for j in some)
            size = "1 degree" if limit == 1 else f"{limit} degrees"
            rows.append(Rate(f"- error below {size} after it{name}", left, len(some)))
    searched = [j for j in ready if j.case.condition not in SHIFTED]
    left = sum(j.case.left_deg < 0.5 for j in searched)
    rows.append(Rate("- searched from the rotated calibration", left, len(searched)))
    own = {
        (j.case.site, j.case.camera): np.array(j.case.estimate.rotation)
        for j in reversed(found)
        if j.case.condition == "good" and j.case.estimate is not None
    }
    known = [(own.get((j.case.site, j.case.camera)), j.case) for j in searched]
    apart = [
        float(np.linalg.norm(np.array(case.estimate.rotation) - case.error - there))
        for there, case in known
        if there is not None and case.estimate is not None
    ]
    rows.append(
        Rate(
            "- within 0.5 degrees of the unmodified camera's estimate",
            sum(a < 0.5 for a in apart),
            len(apart),
        )
    )
    return rows


def tables(found: Sequence[Judged]) -> list[str]:
    """The rates as Markdown, one column for each kind of case."""
    kinds = _kinds(found)
    columns = " | ".join(f"{kind}: hits of n (rate; 95 % interval)" for kind, _ in kinds)
    lines = [f"| Case | {columns} |", f"| --- |{' --- |' * len(kinds)}"]
    rows = zip(*(rates(part) for _, part in kinds), strict=True)
    shown = [row for row in rows if any(rate.total for rate in row)]
    lines += [f"| {row[0].name} | {' | '.join(rate.cell for rate in row)} |" for row in shown]
    return [*lines, "", *(_about(kind, part) for kind, part in kinds)]


def _about(kind: str, found: Sequence[Judged]) -> str:
    """How many cases, and what they cost."""
    cameras = {(j.case.site, j.case.camera) for j in found}
    sites = {j.case.site for j in found}
    full = [j for j in found if j.case.condition not in SHIFTED]
    seconds = [j.case.seconds for j in full]
    return (
        f"{kind}: {len(found)} cases, {len(full)} of them measured in full and the others shifted; "
        f"{len(sites)} sites, {len(cameras)} cameras, {len(structured(found))} of them with enough "
        f"structure; processor time for a rotation {np.median(seconds):.1f} s median, {max(seconds):.1f} s "
        "at most"
    )


def rig_rates(found: Sequence[Answered]) -> dict[str, tuple[Rate, Rate]]:
    """How often something is reported of whole rigs, and as what it is, by what was done to them."""
    rates = {}
    for condition in dict.fromkeys(one.condition for one in found):
        these = [one for one in found if one.condition == condition]
        name = condition[:1].upper() + condition[1:]
        rates[name] = (
            Rate(name, sum(one.noticed for one in these), len(these)),
            Rate(f"{name}, as what it is", sum(one.named for one in these), len(these)),
        )
    return rates


def rig_tables(kinds: Sequence[tuple[str, Sequence[Answered]]]) -> list[str]:
    """What is said of whole rigs, as Markdown, one column for each kind."""
    rates = [rig_rates(found) for _, found in kinds]
    columns = " | ".join(f"{kind}: reported (rate; 95 % interval)" for kind, _ in kinds)
    lines = [f"| Whole rigs | {columns} |", f"| --- |{' --- |' * len(kinds)}"]
    for name in dict.fromkeys(name for one in rates for name in one):
        cells = []
        for one in rates:
            reported, named = one.get(name, (Rate(name, 0, 0), Rate(name, 0, 0)))
            is_wrong = reported.total and not name.endswith(RIGHT)
            cells.append(reported.cell + (f", as what it is: {named.hits}" if is_wrong else ""))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines.append("")
    for kind, found in kinds:
        for condition in COSTS:
            seconds = [one.seconds for one in found if one.condition == condition]
            if seconds:
                text = f"{np.median(seconds):.1f} s median, {max(seconds):.1f} s at most"
                lines.append(f"{kind}: processor time per camera, {condition}: {text}")
    return lines


def curve(found: Sequence[Judged], name: str) -> Curve:
    """The detection curve, on cameras with enough structure; false alarms, on all, at 0 degrees."""
    good = structured(found)
    points = []
    for size in (0, *SIZES_DEG):
        hits = [
            j.is_noticed if size else is_accused(j.case, j.decision)
            for j in found
            if (
                j.case.condition == "shifted"
                and j.case.size_deg == size
                and (j.case.site, j.case.camera) in good
                if size
                else j.case.condition in GOOD
            )
        ]
        points.append((float(size), sum(hits) / max(len(hits), 1), *interval(sum(hits), len(hits))))
    return Curve(name, tuple(points))


def main() -> None:
    """Measure, choose, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, help="recordings; synthetic rigs alone without any")
    parser.add_argument("--frames", type=int, default=2, help="frames read of each recording")
    parser.add_argument("--pooled", action="store_true", help="judge all frames of a camera together")
    parser.add_argument(
        "--part", type=float, default=1.0, help="share of the cases that are measured, 0 to 1"
    )
    parser.add_argument("--cached", action="store_true", help="measure nothing, report what is in the cache")
    parser.add_argument("--choose", action="store_true", help=f"write {FILE.relative_to(ROOT)}")
    parser.add_argument("--draw", action="store_true", help=f"write {DRAWN.relative_to(ROOT)} (and .json)")
    given = parser.parse_args()
    names = f"{given.frames}{'-pooled' if given.pooled else ''}.jsonl"
    sources: dict[str, Callable[[], list[Recording]]] = {
        "synthetic": synthetic,
        "recordings": partial(recordings, given.folders, given.frames),
    }
    found: list[Measured] = []
    rigs: list[tuple[str, list[Answered]]] = []
    for kind, source in sources.items():
        if kind == "synthetic" or given.folders:
            read = [] if given.cached else source()
            file = CACHE / f"{kind}-{names}"
            found += measured(read, file, pooled=given.pooled, part=given.part, only=given.cached)
            file = file.with_suffix(".rigs.jsonl")
            answers = answered(
                read, file, with_drives=kind == "synthetic", part=given.part, only=given.cached
            )
            rigs.append((NAMES[kind], answers))
    found += shifted(found)
    if given.choose:
        write(choose(found, THRESHOLDS))
        print(f"wrote {FILE.relative_to(ROOT)}; run the report again to see what they do")
        return
    without = without_each(found, THRESHOLDS)
    shipped = judged(found, lambda _: THRESHOLDS)
    left_out = judged(found, lambda case: without[case.site])
    for title, results in (
        ("Thresholds chosen without the site that is judged", left_out),
        ("Thresholds as shipped", shipped),
    ):
        print("\n".join([f"\n## {title}\n", *tables(results)]))
    print("\n".join(["\n## Whole rigs, thresholds as shipped\n", *rig_tables(rigs)]))
    if given.draw:
        _draw(left_out, rigs)


def _kinds(found: Sequence[Judged]) -> list[tuple[str, list[Judged]]]:
    """Synthetic rigs and recordings apart."""
    parts = [
        (NAMES["synthetic"], [j for j in found if j.case.site.startswith(STREET)]),
        (NAMES["recordings"], [j for j in found if not j.case.site.startswith(STREET)]),
    ]
    return [(kind, part) for kind, part in parts if part]


def _draw(found: Sequence[Judged], rigs: Sequence[tuple[str, Sequence[Answered]]]) -> None:
    parts = _kinds(found)
    shown = [curve(part, kind) for kind, part in parts]
    title = "Rotation errors noticed, thresholds chosen on other sites"
    DRAWN.write_text(draw(shown, title=title), encoding="utf-8")
    drawn = {kind: rates(part) for kind, part in parts}
    for kind, answers in rigs:
        drawn[f"{kind}, whole"] = [rate for pair in rig_rates(answers).values() for rate in pair]
    values = {
        kind: [
            {"case": rate.name, "hits": rate.hits, "of": rate.total, "interval": rate.bounds}
            for rate in part
            if rate.total
        ]
        for kind, part in drawn.items()
    }
    DRAWN.with_suffix(".json").write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
