"""Every mistake in a pose, in every camera and lidar of every recording, with all cameras judged each time.

Takes an hour of one processor: `make mutations`. Mutations of `make test` are a choice of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kognic.scenes.geometry.poses import Rigid, angle_between_deg
from kognic.scenes.geometry.projection import is_camera
from tests.scenes.checks.mutations.geometry import CAMERAS, POSES, Change, applied, lidars, take
from tests.scenes.checks.mutations.mutation import Mutation, Subject
from tests.scenes.conftest import Samples

pytestmark = [pytest.mark.exhaustive, pytest.mark.shared]

FEWEST_FOUND = 0.75
SMALLEST_DEG = 15.0
NO_VERDICT = ("camera-consistent", "camera-undecided")


def cases(sensors: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Change]]]:
    """Name of the mistake, code of its rule, the camera that must be named, what is changed.

    Mix-ups that rotate a camera by less than 15 degrees are left out: they are reported as rotation errors.
    """
    cameras = [name for name, sensor in sensors.items() if is_camera(sensor)]
    for camera in cameras:
        for name, (code, change) in POSES.items():
            by = _turned_deg(sensors[camera], change(sensors, camera))
            if code == "camera-misaligned" or by > SMALLEST_DEG:
                yield name, code, camera, {camera: change}
        for other in cameras:
            if other > camera:
                exchanged = {camera: take(other), other: take(camera)}
                yield f"exchanged-with-{other}", "cameras-swapped", camera, exchanged


def _turned_deg(good: Any, broken: Any) -> float:
    return angle_between_deg(Rigid.of_sensor(good).rotation, Rigid.of_sensor(broken).rotation)


@pytest.mark.parametrize("sample", list(CAMERAS))
def test_every_camera(sample: str, recordings: Samples, tmp_path: Path) -> None:
    """Most mistakes are found; where data cannot tell, no other mistake and no other camera is named."""
    good = Subject.load(recordings, sample, tmp_path)
    outcomes: Counter[str] = Counter()
    wrong = []
    for name, code, camera, changes in cases(dict(good.calibration.calibration)):
        subject = Subject.load(recordings, sample, tmp_path)
        applied(changes, None)(subject)
        named = {
            (finding.sensor, finding.code)
            for finding in subject.check("geometry")
            if finding.code not in NO_VERDICT
        }
        expected = {(changed, code) for changed in changes}
        outcome = "found" if (camera, code) in named else "missed"
        outcomes[outcome] += 1
        if named - expected:
            wrong.append((name, camera, sorted(named - expected)))
        if outcome == "missed" or named - expected:
            print(f"{sample} {camera} {name}: {outcome}, {sorted(named)}")
    share = outcomes["found"] / outcomes.total()
    print(f"{sample}: {outcomes.total()} mistakes, {share:.0%} found, {len(wrong)} named wrongly")
    assert wrong == []
    assert share >= FEWEST_FOUND


@pytest.mark.parametrize("mutation", lidars(elsewhere=True), ids=lambda m: f"{m.name}-{m.samples[0]}")
def test_lidars(mutation: Mutation, recordings: Samples, tmp_path: Path) -> None:
    """The mistakes of a lidar in the recordings that `make test` leaves out."""
    subject = Subject.load(recordings, mutation.samples[0], tmp_path)
    mutation.apply(subject)
    findings = subject.check(*mutation.groups)
    assert mutation.is_found(findings), sorted({finding.code for finding in findings})
