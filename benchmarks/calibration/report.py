"""Measure what the calibration check detects and how often it is wrong.

    make calibration-report [FOLDERS="drive another/drive"] [REPORT_ARGS="--quick --draw"]

Synthetic rigs are driven through streets of their own: every camera model, standing, moving, with rolling
shutters. Folders are recordings whose calibration is known to be right. Each camera is judged as it is, with
fewer points, without motion data, rotated by 1, 2, 5 and 10 degrees about each axis, with images that are
flipped or of elsewhere, another lens, and images stated too early. Prints detection rates and false alarms
with their 95 % confidence intervals (E. B. Wilson, 1927), by thresholds chosen without the site that
they are judged on (`choose`), and by those as shipped. Measurements are kept in `.cache/calibration`, so that
a run can be resumed; remove them after a change of the estimator.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import attrs
import numpy as np

from benchmarks.calibration.cases import GOOD, LENS, SIZES_DEG, TIMES, WRONG, Recording, load
from benchmarks.calibration.choose import CODES, FILE, choose, is_misnamed, without_each, write
from benchmarks.calibration.measure import Measured, measured
from benchmarks.calibration.picture import Curve, draw
from benchmarks.calibration.rigs import Rig
from kognic.scenes.calibration.answer import Answer, bound_deg
from kognic.scenes.calibration.decide import Decision, decide
from kognic.scenes.calibration.thresholds import THRESHOLDS, Thresholds

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "calibration"
DRAWN = ROOT / "docs" / "images" / "calibration-detection.svg"
# A camera with a bound above this as it is does not have enough structure to be judged, degrees.
_STRUCTURE_DEG = 2.5
STREET = "street"

RIGS = (
    Rig(model="pinhole", seed=1),
    Rig(model="pinhole", seed=2, speed=12, yaw_deg=40, shutter_ms=30),
    Rig(model="distorted", seed=3, yaw_deg=-30),
    Rig(model="distorted", seed=4, speed=8, yaw_rate_deg=6, shutter_ms=30, reversed_shutter=True),
    Rig(model="fisheye", seed=5, yaw_deg=15),
    Rig(model="fisheye", seed=6, speed=10, yaw_deg=180, shutter_ms=20),
    Rig(model="kannala", seed=7),
    Rig(model="kannala", seed=8, speed=15, yaw_deg=-60, shutter_ms=30),
    Rig(model="cylinder", seed=9, yaw_deg=10),
    Rig(model="cylinder", seed=10, speed=6, yaw_rate_deg=-8, rows=24),
)


def synthetic() -> Iterator[Recording]:
    """The rigs, each a site of its own."""
    for rig in RIGS:
        yield Recording(
            site=f"{STREET} {rig.seed} ({rig.model})", evidence=rig.record(), sensors=rig.sensors()
        )


def recordings(folders: Sequence[Path], frames: int) -> Iterator[Recording]:
    """The recordings in folders; those without images are left out."""
    for folder in folders:
        recording = load(folder, frames)
        if any(frame.pictures for frame in recording.evidence.frames):
            yield recording


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

    def row(self) -> str:
        """Of a table."""
        low, high = self.bounds
        share = f"{self.hits / self.total:.0%}" if self.total else "-"
        return f"| {self.name} | {self.hits} of {self.total} | {share} | {low:.0%} to {high:.0%} |"


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
        every = [j for j in found if j.case.size_deg == size]
        some = [j for j in every if (j.case.site, j.case.camera) in good]
        rows += [
            noticed(f"rotated by {size} degree{'s' if size > 1 else ''}", every),
            noticed("  with enough structure", some),
        ]
        rows += [
            noticed(f"  of these, about {axis} ({name})", [j for j in some if j.case.axis == axis])
            for axis, name in (("x", "pitch"), ("y", "yaw"), ("z", "roll"))
        ]
    rows.append(noticed("false alarms, all conditions", [j for j in found if j.case.condition in GOOD]))
    for condition in GOOD:
        rows.append(
            noticed(f"  {condition.replace('-', ' ')}", [j for j in found if j.case.condition == condition])
        )
    turned = [j for j in found if j.case.size_deg]
    rows.append(of("rotated, but another cause named", turned, lambda j: is_misnamed(j.case, j.decision)))
    flagged = [j for j in turned if j.code == Answer.OFF.value]
    for limit in (0.5, 1.0):
        rows.append(
            of(
                f"corrected to below {limit} degrees",
                flagged,
                lambda j, limit=limit: j.case.left_deg < limit,  # type: ignore[misc]
            )
        )
    for condition in (*WRONG, *LENS, *TIMES):
        these = [j for j in found if j.case.condition == condition]
        name = condition.replace("-", " ")
        rows.append(noticed(name, these))
        rows.append(of("  called consistent", these, lambda j: j.code == Answer.CONSISTENT.value))
        if condition in CODES:
            rows.append(of("  named", these, lambda j: j.code == CODES.get(j.case.condition)))
        if condition in (*LENS, *TIMES):
            rows.append(of("  with the number", these, lambda j: j.decision.direction is not None))
    return rows


def table(found: Sequence[Judged]) -> list[str]:
    """The rates as Markdown."""
    cameras = {(j.case.site, j.case.camera) for j in found}
    sites = {j.case.site for j in found}
    seconds = [j.case.seconds for j in found]
    enough = f"{len(structured(found))} of them with enough structure"
    return [
        f"{len(found)} cases, {len(sites)} sites, {len(cameras)} cameras, {enough}",
        "",
        "| case | noticed | rate | 95 % interval |",
        "| --- | --- | --- | --- |",
        *(rate.row() for rate in rates(found) if rate.total),
        "",
        f"processor time for a rotation: {np.median(seconds):.1f} s median, {max(seconds):.1f} s at most",
    ]


def curve(found: Sequence[Judged], name: str) -> Curve:
    """The detection curve, on cameras with enough structure; false alarms, on all, at 0 degrees."""
    good = structured(found)
    points = []
    for size in (0, *SIZES_DEG):
        hits = [
            j.is_noticed
            for j in found
            if (
                j.case.size_deg == size and (j.case.site, j.case.camera) in good
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
    parser.add_argument("--frames", type=int, default=1, help="frames read of each recording")
    parser.add_argument("--pooled", action="store_true", help="judge all frames of a camera together")
    parser.add_argument("--quick", action="store_true", help="each size of rotation about one axis only")
    parser.add_argument("--cached", action="store_true", help="measure nothing, report what is in the cache")
    parser.add_argument("--choose", action="store_true", help=f"write {FILE.relative_to(ROOT)}")
    parser.add_argument("--draw", action="store_true", help=f"write {DRAWN.relative_to(ROOT)} (and .json)")
    given = parser.parse_args()
    names = f"{given.frames}{'-pooled' if given.pooled else ''}.jsonl"
    found = measured(
        synthetic(), CACHE / f"synthetic-{names}", pooled=given.pooled, quick=given.quick, only=given.cached
    )
    if given.folders:
        source = recordings(given.folders, given.frames)
        found += measured(
            source, CACHE / f"recordings-{names}", pooled=given.pooled, quick=given.quick, only=given.cached
        )
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
        print(f"\n## {title}\n")
        for kind, part in _kinds(results):
            print("\n".join([f"### {kind}", "", *table(part), ""]))
    if given.draw:
        _draw(left_out)


def _kinds(found: Sequence[Judged]) -> list[tuple[str, list[Judged]]]:
    """Synthetic rigs and recordings apart."""
    parts = {
        "Synthetic rigs": [j for j in found if j.case.site.startswith(STREET)],
        "Recordings": [j for j in found if not j.case.site.startswith(STREET)],
    }
    return [(kind, part) for kind, part in parts.items() if part]


def _draw(found: Sequence[Judged]) -> None:
    parts = _kinds(found)
    shown = [curve(part, kind) for kind, part in parts]
    title = "Rotation errors noticed, thresholds chosen on other sites"
    DRAWN.write_text(draw(shown, title=title), encoding="utf-8")
    values = {
        kind: [
            {"case": rate.name.strip(), "hits": rate.hits, "of": rate.total, "interval": rate.bounds}
            for rate in rates(part)
            if rate.total
        ]
        for kind, part in parts
    }
    DRAWN.with_suffix(".json").write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
