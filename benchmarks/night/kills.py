"""A bulk run that is killed again and again, each time in the middle of its work, and then finished."""

from __future__ import annotations

import itertools
import random
import signal
import time
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import attrs

from benchmarks.night.campaign import Campaign, Platform, Say
from kognic.pipelines.bulk.journal import Entry, Journal, Stage

SIGNALS: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGKILL", "SIGHUP") if hasattr(signal, name)
)
"""In turn: half of the kills give no chance. Windows has SIGTERM alone, which acts like SIGKILL."""

CALLS_PER_SCENE = 5
"""Two files, the scene, its commit, a pre-annotation, an input; some calls are for more than one scene."""


@attrs.frozen(kw_only=True)
class Kill:
    """One kill, and the proof of what it interrupted.

    Attributes:
        number: The signal.
        status: Exit status; `-number` if the process had no chance.
        calls: Calls of this process, until the kill, that created or changed something.
        done: Items that the journal calls done.
        under_way: Items that the journal shows between two steps: begun, and neither done nor failed.
        stored: Files whose upload is recorded, by scene UUID and resource, with how often they were sent.
    """

    number: signal.Signals
    status: int
    calls: int
    done: int
    under_way: int
    stored: dict[tuple[str, str], int]

    @property
    def is_in_the_work(self) -> bool:
        """Whether the process was alive and had items under way."""
        ended_by_signal = self.status in (-self.number, 128 + self.number)
        return ended_by_signal and self.calls > 0 and self.under_way > 0

    def __str__(self) -> str:
        return (
            f"{self.number.name} after {self.calls} calls (exit status {self.status}): "
            f"{self.done} items done, {self.under_way} under way, {len(self.stored)} files stored"
        )


@attrs.define
class Verdict:
    """What all kills came to; `problems` is empty if all is as it must be."""

    kills: list[Kill] = attrs.field(factory=list)
    missed: int = 0
    problems: list[str] = attrs.field(factory=list)


def run_kills(
    platform: Platform, folder: Path, *, scenes: int, kills: int, seed: int = 0, say: Say = print
) -> Verdict:
    """Kill a run until so many kills have met items under way, finish it, and compare.

    Args:
        platform: A fresh one.
        folder: An empty folder.
        scenes: Scenes of the campaign, of two files each.
        kills: How many.
        seed: Of the moments.
        say: Called with a line for every kill.
    """
    campaign = Campaign.make(folder, f"kill{seed}", scenes)
    journal, verdict, luck = folder / "journal", Verdict(), random.Random(seed)
    sent: Counter[tuple[str, str]] = Counter()
    # Calls are made until the signal arrives, so aim at half of what each kill may take.
    most = max(2, scenes * CALLS_PER_SCENE // (2 * kills))
    for number in itertools.cycle(SIGNALS):
        if len(verdict.kills) >= kills or verdict.missed > kills:
            break
        kill = _kill(platform, campaign, journal, number, luck.randint(2, most), sent)
        if kill.is_in_the_work:
            verdict.kills.append(kill)
        else:
            verdict.missed += 1
        say(f"kill {len(verdict.kills)}{'' if kill.is_in_the_work else ' (missed)'}: {kill}")
        if kill.done == scenes:
            break
    if len(verdict.kills) < kills:
        verdict.problems.append(f"only {len(verdict.kills)} of {kills} kills fell into the work")
    _finish(platform, campaign, journal, verdict)
    sent += _sent(platform)
    for kill in verdict.kills:
        again = [file for file, times in kill.stored.items() if sent[file] != times]
        verdict.problems += [
            f"{file} was uploaded twice, although it was stored before a kill" for file in again
        ]
    return verdict


def _kill(
    platform: Platform,
    campaign: Campaign,
    journal: Path,
    number: signal.Signals,
    after: int,
    sent: Counter[tuple[str, str]],
) -> Kill:
    """Start the run, let it make some calls, and kill it."""
    platform.control.clear_calls()
    process = campaign.start(platform, *campaign.run_arguments(journal))
    while platform.work_done() < after and process.poll() is None:
        time.sleep(0.02)
    calls = platform.work_done()
    before = 0 if number.name == "SIGKILL" else _under_way(journal)
    process.send_signal(number)
    process.communicate(timeout=60)
    # The sandbox may still be busy with what the process sent last.
    platform.control.wait_until_idle(60)
    sent += _sent(platform)
    with Journal.snapshot(journal) as known:
        entries = list(known.entries())
        stored = {
            (entry.scene_uuid, resource): sent[entry.scene_uuid, resource]
            for entry in entries
            for resource in known.stored_files(entry.key)
            if entry.scene_uuid
        }
    under_way = before or sum(map(_is_under_way, entries))
    done = sum(entry.stage is Stage.DONE for entry in entries)
    return Kill(
        number=number, status=process.returncode, calls=calls, done=done, under_way=under_way, stored=stored
    )


def _is_under_way(entry: Entry) -> bool:
    stage = entry.stage
    return not stage.is_final and stage is not Stage.WAITING


def _under_way(journal: Path) -> int:
    with Journal.snapshot(journal) as known:
        return sum(map(_is_under_way, known.entries()))


def _sent(platform: Platform) -> Counter[tuple[str, str]]:
    """How often each file has been stored since the calls were last forgotten."""
    addresses = [
        unquote(call.path).removeprefix("/_storage/").split("/")
        for call in platform.control.calls()
        if call.method == "PUT" and call.status == 200
    ]
    return Counter((address[0], address[-1]) for address in addresses)


def _finish(platform: Platform, campaign: Campaign, journal: Path, verdict: Verdict) -> None:
    """Let the run end, and compare what the platform holds with what is on disk."""
    platform.control.clear_calls()
    process = campaign.start(platform, "bulk", "resume", str(journal))
    _, said = process.communicate(timeout=600)
    if process.returncode:
        verdict.problems.append(f"the last run ended with {process.returncode}: {said[-2000:]}")
    with Journal.snapshot(journal) as known:
        counts = known.counts()
    if counts != {Stage.DONE: len(campaign.items)}:
        verdict.problems.append(f"the journal says {counts}")
    verdict.problems += campaign.differences(platform)
