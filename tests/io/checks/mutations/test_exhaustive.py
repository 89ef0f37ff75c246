"""Every mistake in a pose, in every camera of every recording, with all cameras judged each time.

Takes an hour of one processor: `make mutations`. Mutations of `make test` are a choice of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from kognic.io.checks.geometry.projection import is_camera
from tests.io.checks.conftest import Samples
from tests.io.checks.mutations.geometry import CAMERAS, POSES, Change, applied, take
from tests.io.checks.mutations.mutation import Subject

pytestmark = [pytest.mark.exhaustive, pytest.mark.shared]

FEWEST_FOUND = 0.75
NO_VERDICT = ("camera-confirmed", "camera-undecided")


def cases(cameras: list[str]) -> Iterator[tuple[str, str, str, dict[str, Change]]]:
    """Name of the mistake, code of its rule, the camera that must be named, what is changed."""
    for camera in cameras:
        for name, (code, change) in POSES.items():
            yield name, code, camera, {camera: change}
        for other in cameras:
            if other > camera:
                exchanged = {camera: take(other), other: take(camera)}
                yield f"exchanged-with-{other}", "cameras-swapped", camera, exchanged


@pytest.mark.parametrize("sample", list(CAMERAS))
def test_every_camera(sample: str, samples: Samples, tmp_path: Path) -> None:
    """Most mistakes are found; where data cannot tell, no other mistake and no other camera is named."""
    good = Subject.load(samples, sample, tmp_path)
    cameras = [name for name, sensor in good.calibration.calibration.items() if is_camera(sensor)]
    outcomes: Counter[str] = Counter()
    wrong = []
    for name, code, camera, changes in cases(cameras):
        subject = Subject.load(samples, sample, tmp_path)
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
