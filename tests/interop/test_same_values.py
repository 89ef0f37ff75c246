"""The same script gives the same values with the official client and with this one.

Each run has a sandbox of its own. What the scripts do is their business; here their outcomes are compared,
and the bytes that the sandbox has stored.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.driver import run_script
from tests.interop.environments import Environment, ours
from tests.interop.expected_differences import EXPECTED
from tests.wire.comparison import Finding, differences

pytestmark = [pytest.mark.interop, pytest.mark.slow]

SCRIPTS = (
    "scene_types",
    "scene_requests",
    "calibrations",
    "projects",
    "pre_annotations",
    "inputs",
    "work",
    "bulk",
    "utility",
)


@pytest.mark.parametrize("script", SCRIPTS)
def test_same_values(script: str, official_io: Environment, scripts: Path, sensor_files: Path) -> None:
    """Every note of the script is equal for both clients, or a difference that is expected."""
    official = run_script(script, official_io, scripts, sensor_files)
    found = run_script(script, ours(), scripts, sensor_files)

    findings = [Finding(script, *f) for f in differences(official.notes, found.notes)]
    unexpected = [f for f in findings if not any(entry.covers(f) for entry in EXPECTED)]
    assert not unexpected, "\n" + "\n".join(map(str, unexpected))
    assert found.stored == official.stored
