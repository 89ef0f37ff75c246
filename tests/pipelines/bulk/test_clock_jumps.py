"""The clock of the machine is set by hours, again and again, while a run works: nothing but dates changes."""

from __future__ import annotations

from email.utils import formatdate
from pathlib import Path

import pytest

from benchmarks.night.campaign import Campaign, Platform
from kognic.sandbox import Sandbox

pytestmark = pytest.mark.slow

SCENES = 10
JUMPS = """
import time
real, hours = time.time, (0, 6, -6, 24 * 400)
time.time = lambda: real() + 3600 * hours[int(time.monotonic() * 4) % 4]
"""
"""Sets the time of day every quarter of a second; the monotonic clock is left alone, as by NTP."""


def test_run_while_the_clock_jumps(kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """Every scene exists once; tokens are not renewed at every call, and no date is waited for for hours."""
    platform, control = Platform.of(kognic_sandbox), kognic_sandbox.control
    campaign = Campaign.make(tmp_path, "jump", SCENES)
    # Both are dates: one that a wrong clock turns into hours, and one that expires.
    control.add_fault(
        "status", "POST /v1/inputs/cameras", status=503, times=3, retry_after=formatdate(usegmt=True)
    )
    control.add_fault("expired_url", "PUT /_storage/*", skip=4, times=2)
    control.add_fault("latency", "*", seconds=0.1)
    process = campaign.start(platform, *campaign.run_arguments(tmp_path / "journal"), before=JUMPS)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    control.clear_faults()
    assert campaign.differences(platform) == []
    calls = control.calls()
    # A jump forward renews the token once.
    assert sum(call.path.endswith("/oauth/token") for call in calls) < len(calls) / 4
    assert "Traceback" not in said
