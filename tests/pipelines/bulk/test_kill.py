"""Bulk runs that are killed again and again, or fail as a seed says, end as if nothing had happened.

The long versions of this are in `benchmarks.night`; `make soak` runs them.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from benchmarks.night.campaign import Platform
from benchmarks.night.kills import SIGNALS, run_kills
from benchmarks.night.seeded import Night, run_seeded
from kognic.sandbox import Sandbox

pytestmark = pytest.mark.slow


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither SIGKILL nor SIGHUP")
def test_killed_in_the_middle_of_the_work(kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """Each scene, input and pre-annotation exists once with every byte, and no stored file is uploaded twice.

    Each kill is proven to have met a living process with items between two steps.
    """
    verdict = run_kills(Platform.of(kognic_sandbox), tmp_path, scenes=24, kills=len(SIGNALS), seed=20260131)

    assert verdict.problems == []
    assert {kill.number for kill in verdict.kills} == {signal.SIGKILL, signal.SIGTERM, signal.SIGHUP}
    assert all(kill.is_in_the_work for kill in verdict.kills)
    stored = [len(kill.stored) for kill in verdict.kills]
    assert stored == sorted(stored)
    assert 0 < stored[-1] <= 48
    assert all(times >= 1 for kill in verdict.kills for times in kill.stored.values())


def test_same_seed_same_night(tmp_path: Path) -> None:
    """Two runs meet the same faults, on every route at the same calls, and leave the same objects."""
    nights: list[Night] = []
    for number in range(2):
        with Sandbox() as sandbox:
            nights.append(run_seeded(Platform.of(sandbox), tmp_path / str(number), scenes=12, seed=3))

    first, second = nights
    assert first.differences(second) == []
    assert first.failed == second.failed == {}
    assert len(first.faults) > 12
    assert first.objects.keys() == {f"seeded-{n}" for n in range(12)}
    assert {(status, len(files), inputs) for status, files, inputs in first.objects.values()} == {
        ("created", 2, 1)
    }
