"""The recorded exchanges replay: same requests, same results, except for what is listed as intended."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.wire.comparison import Finding
from tests.wire.intended_differences import INTENDED, Intended
from tests.wire.recordings import CASES, FILES, RECORDINGS
from tests.wire.replay import replay

ROOT = Path(__file__).resolve().parents[2]

# The findings of a case are needed by two tests; in one process each case is run once.
pytestmark = [pytest.mark.shared, pytest.mark.xdist_group("wire")]


CERTAIN = [entry for entry in INTENDED if not entry.sometimes]
# In a process that has imported httpx, as other tests do, a failed upload is an error of httpx too.
WITHOUT_HTTPX = ("upload_exhausted", "upload_refused")


@functools.cache
def findings(name: str) -> tuple[Finding, ...]:
    if name in WITHOUT_HTTPX:
        return findings_of_new_process()[name]
    return tuple(replay(CASES[name], FILES))


@functools.cache
def findings_of_new_process() -> dict[str, tuple[Finding, ...]]:
    """The findings of `WITHOUT_HTTPX`, from a process that imports nothing but the client."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "findings.json")
        command = [sys.executable, "-m", "tests.wire.replay", RECORDINGS / "cases", output, *WITHOUT_HTTPX]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        found = json.loads(output.read_text("utf-8"))
    return {name: tuple(Finding(**one) for one in found[name]) for name in WITHOUT_HTTPX}


@pytest.fixture(autouse=True)
def _recordings_are_there() -> None:
    if not CASES:
        pytest.skip(f"no recorded exchanges in {RECORDINGS}")


SLOW = ("upload_exhausted", "fault_get_429_retry_after")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in CASES]
)
def test_replay(name: str) -> None:
    """A recorded case differs in nothing that is not listed in intended_differences."""
    unexplained = [f for f in findings(name) if not any(entry.covers(f) for entry in INTENDED)]

    assert not unexplained, "\n" + "\n".join(map(str, unexplained))


@pytest.mark.parametrize("entry", CERTAIN, ids=lambda entry: entry.reason[:60])
def test_intended_difference_occurs(entry: Intended) -> None:
    """The list of intended differences holds nothing that is not so (any more)."""
    covered = [f for name in CASES for f in findings(name) if entry.covers(f)]

    assert covered, f"nothing differs in this way any more: {entry}"
