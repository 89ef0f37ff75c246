"""Measure what the calibration check detects and how often it is wrong.

    make calibration-report [FOLDERS="drive another/drive"] [REPORT_ARGS="--frames 3"]

Without folders, synthetic rigs are driven through streets of their own: every camera model, standing, moving,
with rolling shutters. With folders, recordings whose calibration is known to be right. Each camera is judged
as it is, with fewer points, without motion data, rotated by 1, 2, 5 and 10 degrees about each axis, and with
images that are flipped or of elsewhere. Prints detection rates and false alarms with their 95 % confidence
intervals (E. B. Wilson, 1927), by the thresholds as shipped and by thresholds chosen without the site that
they are judged on. Measurements are kept in `.cache/calibration`, so that a run can be resumed.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from benchmarks.calibration.cases import GOOD, SIZES_DEG, Case, Recording, cases, load
from benchmarks.calibration.picture import Curve, draw
from benchmarks.calibration.rigs import Rig
from kognic.scenes.calibration.answer import Answer, Thresholds, answer, bound_deg
from kognic.scenes.calibration.estimate import RotationEstimate, estimate_rotation
from kognic.scenes.calibration.search import Landscape, Peak

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "calibration"
PICTURE = ROOT / "docs" / "images" / "calibration-detection.svg"
# A camera with a bound above this as it is does not have enough structure to be judged, degrees.
_STRUCTURE_DEG = 2.5

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


@attrs.frozen(kw_only=True, eq=False)
class Measured:
    """A case and its estimate; None where too few points are in view."""

    site: str
    camera: str
    condition: str
    error: tuple[float, float, float]
    estimate: RotationEstimate | None
    seconds: float

    @property
    def left_deg(self) -> float:
        """The rotation error once the reported correction is applied, degrees."""
        assert self.estimate is not None
        return float(np.linalg.norm(np.array(self.estimate.rotation) - self.error))

    @property
    def size_deg(self) -> int:
        """Of the error that was put in, 0 for none."""
        return round(float(np.linalg.norm(self.error)))

    def answer(self, thresholds: Thresholds) -> Answer:
        """What is said about it."""
        return Answer.UNDECIDED if self.estimate is None else answer(self.estimate, thresholds)

    def is_noticed(self, thresholds: Thresholds) -> bool:
        """Whether it is said that the camera is off or does not fit."""
        return self.answer(thresholds) in (Answer.OFF, Answer.UNFIT)


def measure(case: Case) -> Measured:
    """Estimate the rotation of a case."""
    start = time.process_time()
    objective = case.observations.objective(case.camera)
    return Measured(
        site=case.site,
        camera=case.camera,
        condition=case.condition,
        error=case.error,
        estimate=None if objective is None else estimate_rotation(objective),
        seconds=time.process_time() - start,
    )


def synthetic() -> Iterator[Recording]:
    """The rigs, each a site of its own."""
    for rig in RIGS:
        yield Recording(site=f"street {rig.seed} ({rig.model})", evidence=rig.record(), sensors=rig.sensors())


def recordings(folders: Sequence[Path], frames: int) -> Iterator[Recording]:
    """The recordings in folders; those without images are left out."""
    for folder in folders:
        recording = load(folder, frames)
        if any(frame.pictures for frame in recording.evidence.frames):
            yield recording


def measured(source: Iterable[Recording], cache: Path, *, pooled: bool) -> list[Measured]:
    """Measure all cases, those that are in the cache not again."""
    known = {}
    if cache.exists():
        for line in cache.read_text().splitlines():
            key, values = json.loads(line)
            known[tuple(key)] = _restored(values)
    cache.parent.mkdir(parents=True, exist_ok=True)
    found = []
    with cache.open("a") as file:
        for recording in source:
            for number, case in enumerate(cases(recording, pooled=pooled)):
                key = (case.site, case.camera, case.condition, str(number))
                if key not in known:
                    known[key] = measure(case)
                    file.write(json.dumps([list(key), _plain(known[key])]) + "\n")
                    file.flush()
                found.append(known[key])
            print(f"measured {recording.site}", flush=True)
    return found


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
    return Measured(**{**values, "error": tuple(values["error"]), "estimate": estimate})


def _peak(values: dict[str, Any]) -> Peak:
    return Peak(rotation=tuple(values["rotation"]), value=values["value"])


def chosen(found: Sequence[Measured]) -> Thresholds:
    """The thresholds that notice most without a false alarm on these cases; the strictest of equals."""
    best, noticed = Thresholds(), -1
    for contrast, lead, excess, gain in product(
        (10.0, 8.0, 6.5), (1.6, 1.35, 1.2), (3.0, 2.5, 2.0), (2.0, 1.5, 1.2)
    ):
        thresholds = Thresholds(contrast=contrast, lead=lead, excess=excess, gain=gain)
        if any(m.is_noticed(thresholds) for m in found if m.condition in GOOD):
            continue
        count = sum(m.is_noticed(thresholds) for m in found if m.size_deg)
        if count > noticed:
            best, noticed = thresholds, count
    return best


def interval(count: int, total: int) -> tuple[float, float]:
    """Wilson's interval of a rate, 95 %."""
    if total == 0:
        return 0.0, 1.0
    z, rate = 1.96, count / total
    centre = rate + z * z / (2 * total)
    width = z * math.sqrt(rate * (1 - rate) / total + z * z / (4 * total * total))
    return (centre - width) / (1 + z * z / total), (centre + width) / (1 + z * z / total)


def rate(name: str, hits: Sequence[bool]) -> str:
    """A row of a table."""
    low, high = interval(sum(hits), len(hits))
    share = f"{sum(hits) / len(hits):.0%}" if hits else "-"
    return f"| {name} | {sum(hits)} of {len(hits)} | {share} | {low:.0%} to {high:.0%} |"


def tables(found: Sequence[Measured], verdict: Callable[[Measured], Thresholds]) -> list[str]:
    """Detection, false alarms and what is left after the correction.

    Args:
        found: The cases.
        verdict: The thresholds that a case is judged by.
    """
    structured = {
        (m.site, m.camera)
        for m in found
        if m.condition == "good"
        and m.answer(verdict(m)) is Answer.CONSISTENT
        and m.estimate is not None
        and bound_deg(m.estimate) <= _STRUCTURE_DEG
    }
    cameras = {(m.site, m.camera) for m in found}
    lines = [
        f"{len(found)} cases, {len(cameras)} cameras, {len(structured)} of them with enough structure",
        "",
    ]
    lines += ["| case | noticed | rate | 95 % interval |", "| --- | --- | --- | --- |"]
    for size in SIZES_DEG:
        every = [m for m in found if m.size_deg == size]
        some = [m for m in every if (m.site, m.camera) in structured]
        lines.append(rate(f"rotated by {size} degrees", [m.is_noticed(verdict(m)) for m in every]))
        lines.append(rate("  with enough structure", [m.is_noticed(verdict(m)) for m in some]))
    for condition in ("other-image", "mirrored", "upside-down"):
        these = [m.is_noticed(verdict(m)) for m in found if m.condition == condition]
        lines.append(rate(f"{condition.replace('-', ' ')}, rotation alone", these))
    for condition in GOOD:
        these = [m.is_noticed(verdict(m)) for m in found if m.condition == condition]
        lines.append(rate(f"false alarms: {condition.replace('-', ' ')}", these))
    flagged = [m for m in found if m.size_deg and m.answer(verdict(m)) is Answer.OFF]
    for limit in (0.5, 1.0):
        lines.append(rate(f"corrected to below {limit} degrees", [m.left_deg < limit for m in flagged]))
    seconds = [m.seconds for m in found]
    lines += ["", f"processor time per case: {np.median(seconds):.1f} s median, {max(seconds):.1f} s at most"]
    return lines


def curves(found: Sequence[Measured], verdict: Callable[[Measured], Thresholds], name: str) -> Curve:
    """The detection curve of a set of cases."""
    points = []
    for size in (0, *SIZES_DEG):
        hits = [
            m.is_noticed(verdict(m)) for m in found if (m.size_deg == size if size else m.condition in GOOD)
        ]
        points.append((float(size), sum(hits) / max(len(hits), 1), *interval(sum(hits), len(hits))))
    return Curve(name, tuple(points))


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, help="recordings; synthetic rigs without any")
    parser.add_argument("--frames", type=int, default=1, help="frames read of each recording")
    parser.add_argument("--pooled", action="store_true", help="judge all frames of a camera together")
    parser.add_argument("--draw", action="store_true", help=f"write {PICTURE.relative_to(ROOT)}")
    given = parser.parse_args()
    name = "recordings" if given.folders else "synthetic"
    cache = CACHE / f"{name}-{given.frames}{'-pooled' if given.pooled else ''}.jsonl"
    source = recordings(given.folders, given.frames) if given.folders else synthetic()
    found = measured(source, cache, pooled=given.pooled)
    sites = sorted({m.site for m in found})
    without = {site: chosen([m for m in found if m.site != site]) for site in sites}
    print(f"\n## Thresholds as shipped, on {name}\n")
    print("\n".join(tables(found, lambda _: Thresholds())))
    print("\n## Thresholds set without the site that is judged\n")
    print("\n".join(tables(found, lambda m: without[m.site])))
    if given.draw:
        shown = [curves(found, lambda _: Thresholds(), "as shipped")]
        shown.append(curves(found, lambda m: without[m.site], "set without the site"))
        PICTURE.write_text(draw(shown, title=f"Rotation errors noticed, {name} rigs"), encoding="utf-8")


if __name__ == "__main__":
    main()
