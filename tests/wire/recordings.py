"""Where the recorded exchanges are: beside the repository, not in it."""

from __future__ import annotations

from pathlib import Path

from tests.wire.replay import load_cases

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "wire"
FILES = RECORDINGS / "files"
# Empty where the recordings are absent; tests that need them skip saying so.
CASES = load_cases(RECORDINGS / "cases")
