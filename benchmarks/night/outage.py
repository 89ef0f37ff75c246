"""A bulk run whose platform is away for a while."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Thread

import attrs

from benchmarks.night.campaign import Campaign, Platform, Say
from benchmarks.soak import PROJECT
from kognic.base_clients.http.retry import RetryPolicy
from kognic.pipelines.bulk import BulkRun, Target


@attrs.define
class Away:
    """What happened; `problems` is empty if all is as it must be.

    Attributes:
        seconds: How long the platform was away.
        scenes: Scenes of the run.
        done: Items that were completed before it went away.
        failed: Items that failed.
        calls: Calls that it refused while it was away, those in flight when it went included.
        took: Seconds of the whole run.
        back: Seconds from the return of the platform to the end of the run.
        reported: Seconds from the beginning of the outage to its first report; None if there was none.
        said: What the run reported.
    """

    seconds: float
    scenes: int
    done: int = 0
    failed: int = 0
    calls: int = 0
    took: float = 0.0
    back: float = 0.0
    reported: float | None = None
    said: list[str] = attrs.field(factory=list)
    problems: list[str] = attrs.field(factory=list)

    def __str__(self) -> str:
        return (
            f"away for {self.seconds:g} s after {self.done} of {self.scenes} scenes: {self.failed} failed, "
            f"{self.calls} calls while away, first report after "
            f"{'-' if self.reported is None else f'{self.reported:.0f}'} s, the rest done {self.back:.0f} s "
            "after its return"
        )


def run_outage(
    platform: Platform,
    folder: Path,
    *,
    scenes: int,
    seconds: float,
    retry: RetryPolicy | None = None,
    say: Say = print,
) -> Away:
    """Create scenes while every call is answered with 503 for some time, just when a new token is needed.

    Args:
        platform: A fresh one.
        folder: An empty folder.
        scenes: How many scenes, of two files each.
        seconds: How long it is away; from the moment at which a tenth of the scenes is done.
        retry: Of the client; None for what a client does by itself.
        say: Takes what the run reports.
    """
    campaign, away = Campaign.make(folder, f"away{seconds:g}", scenes), Away(seconds, scenes)
    platform.control.clear_calls()
    began: list[float] = []
    ended: list[float] = []

    def noticed(text: str) -> None:
        if not away.said:
            away.reported = time.monotonic() - began[0]
        away.said.append(text)
        say(text)

    def outage() -> None:
        number = platform.control.add_fault("status", "*", status=503)
        began.append(time.monotonic())
        # Nobody can report anything while one thread asks for a token and all others wait for it.
        client._auth_session.invalidate_token()  # type: ignore[attr-defined]
        time.sleep(seconds)
        platform.control.remove_fault(number)
        ended.append(time.monotonic())

    thread = Thread(target=outage)
    started, done = time.monotonic(), 0
    with platform.client(retry=retry) as client, BulkRun(
        client, campaign.items, target=Target(project=PROJECT), on_notice=noticed
    ) as run:  # fmt: skip
        for result in run:
            done += 1
            if not result.ok:
                away.failed += 1
                away.problems.append(f"{result.key}: {result.error}")
            if done >= scenes // 10 and thread.ident is None:
                away.done = done
                thread.start()
    thread.join()
    away.took, away.back = time.monotonic() - started, time.monotonic() - ended[0]
    away.calls = sum(call.fault == "status" for call in platform.control.calls())
    if len(away.said) != 2:
        away.problems.append(f"the outage was reported {len(away.said)} times: {away.said}")
    away.problems += campaign.differences(platform)
    return away
