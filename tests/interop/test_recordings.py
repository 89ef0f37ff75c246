"""The client that was recorded replays its own recordings: proof that the replay itself is right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.interop.environments import Environment
from tests.wire.recordings import CASES, RECORDINGS

pytestmark = [pytest.mark.shared, pytest.mark.interop, pytest.mark.slow]


def test_official_client_replays_its_recordings(
    official_io: Environment, scripts: Path, tmp_path: Path
) -> None:
    """Every recorded case, run with kognic-io 2.19.0 against the stand-in, differs in nothing."""
    if not CASES:
        pytest.skip(f"no recorded exchanges in {RECORDINGS}")
    output = tmp_path / "findings.json"

    done = official_io.run(
        [official_io.python, "-m", "tests.wire.replay", RECORDINGS / "cases", output],
        cwd=tmp_path,
        env={"PYTHONPATH": str(scripts)},
    )

    assert done.returncode == 0, done.stderr
    findings = json.loads(output.read_text("utf-8"))
    assert findings.keys() == CASES.keys()
    assert {name: found for name, found in findings.items() if found} == {}
