"""Commands whose disk is full: they say so, and what they have recorded is enough to resume."""

from __future__ import annotations

import json
import resource
import sys
from collections import Counter
from pathlib import Path

import pytest

from kognic.sandbox import Sandbox
from tests.cli.test_signals import SCENES, drives, start  # noqa: F401 (a fixture)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the files of another process"),
]


def run_limited(sandbox: Sandbox, tmp_path: Path, limit: int, *arguments: str) -> tuple[int, str]:
    """Run a command that cannot write files of more bytes; its status, and what it says."""
    process = start(sandbox, tmp_path, *arguments)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    out, said = process.communicate(timeout=120)
    return process.returncode, out + said


@pytest.mark.parametrize("limit", [1000, 60_000, 150_000])
def test_bulk_run(kognic_sandbox: Sandbox, drives: Path, tmp_path: Path, limit: int) -> None:  # noqa: F811
    """A journal that cannot grow ends the run; with space it resumes, and every scene exists once."""
    journal = str(tmp_path / "j")
    run = ("bulk", "run", str(drives), "--journal", journal, "--no-plan")
    status, said = run_limited(kognic_sandbox, tmp_path, limit, *run)
    assert (status, "the disk is full" in said, "Traceback" in said) == (1, True, False), said

    told = start(kognic_sandbox, tmp_path, "bulk", "status", journal).communicate(timeout=60)[1]
    again = ("bulk", "resume", journal) if "kognic bulk resume" in told else run
    assert again != run or "kognic bulk run SCENES" in told
    resumed = start(kognic_sandbox, tmp_path, *again, "--json")
    out, said = resumed.communicate(timeout=120)

    assert resumed.returncode == 0, said
    assert json.loads(out)["summary"]["failed"] == 0
    assert Counter(s["externalId"] for s in kognic_sandbox.control.scenes()) == {
        f"drive-{n}": 1 for n in range(SCENES)
    }


def test_an_empty_journal_is_not_resumed(kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """It says what to do with it instead."""
    journal = tmp_path / "j"
    journal.touch(0o600)
    process = start(kognic_sandbox, tmp_path, "bulk", "resume", str(journal))
    _, said = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "records no run" in said
    assert "kognic bulk run" in said
