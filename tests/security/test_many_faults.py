"""A bulk run and an export while every fifth call fails: nothing lost, doubled or changed.

The long version of this is `benchmarks/soak.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak import MIX, RETRY, Outcome, run_round
from kognic.sandbox import Sandbox
from kognic.sandbox.platform.faults.injectors import INJECTORS


def test_mix_has_every_kind_of_fault() -> None:
    """A fault that the sandbox learns must be in it."""
    assert {kind for kind, _, _ in MIX} == set(INJECTORS)


@pytest.mark.slow
def test_sixty_scenes(kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """60 wanted, 60 made, with every byte, one input and one pre-annotation each, and all exported."""
    kognic_sandbox.control.tune(token_lifetime=3)
    try:
        with kognic_sandbox.client(retry=RETRY) as client:
            outcome: Outcome = run_round(client, kognic_sandbox.control, tmp_path, "s", 60, share=0.2, seed=7)
    finally:
        kognic_sandbox.control.tune(token_lifetime=3600)

    assert outcome.problems == []
    assert outcome.exported == 60
    assert outcome.share > 0.15
    assert len(kognic_sandbox.control.scenes()) == len(kognic_sandbox.control.request_inputs()) == 60
