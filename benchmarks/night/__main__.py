"""The command of this package; see there."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from benchmarks.night.campaign import Platform
from benchmarks.night.kills import run_kills
from benchmarks.night.outage import run_outage
from benchmarks.night.seeded import run_seeded
from benchmarks.night.spread import cluster, run_spread


def say(text: str) -> None:
    print(text, flush=True)


def outage(options: argparse.Namespace, folder: Path) -> list[str]:
    problems = []
    for number, seconds in enumerate(options.seconds):
        with Platform.started() as there:
            away = run_outage(there, folder / str(number), scenes=options.scenes, seconds=seconds, say=say)
        say(str(away))
        problems += away.problems
    return problems


def kills(options: argparse.Namespace, folder: Path) -> list[str]:
    with Platform.started() as there:
        verdict = run_kills(
            there, folder, scenes=options.scenes, kills=options.kills, seed=options.seed, say=say
        )
    say(f"{len(verdict.kills)} kills in the middle of the work, {verdict.missed} elsewhere")
    return verdict.problems


def dask(options: argparse.Namespace, folder: Path) -> list[str]:
    problems = []
    with cluster(options.workers) as local:
        for command in (False, True):
            form = "kognic bulk run --dask" if command else "BulkRun(executor=...)"
            say(f"{options.scenes} scenes over {options.workers} worker processes, {form}")
            with Platform.started() as there:
                done = run_spread(
                    there, folder / f"{command}", local, scenes=options.scenes, command=command, say=say
                )
            cpu = (
                "" if command else f", {1000 * done.cpu / options.scenes:.1f} ms of processor per scene here"
            )
            say(f"done in {done.seconds:.0f} s{cpu}; {done.reconnected} new connection(s) to the scheduler")
            problems += done.problems
    return problems


def seeded(options: argparse.Namespace, folder: Path) -> list[str]:
    nights = []
    for number in range(2):
        with Platform.started() as there:
            night = run_seeded(there, folder / str(number), scenes=options.scenes, seed=options.seed)
        say(f"{len(night.faults)} faults, {len(night.objects)} scenes, {len(night.failed)} failed")
        nights.append(night)
    return nights[0].differences(nights[1])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.night", description=__doc__)
    runs = parser.add_subparsers(required=True)
    one = runs.add_parser("outage", help="the platform is away")
    one.add_argument("--seconds", type=float, nargs="+", default=[60, 170, 600])
    one.add_argument("--scenes", type=int, default=300)
    one.set_defaults(run=outage)
    one = runs.add_parser("kills", help="the process is killed")
    one.add_argument("--kills", type=int, default=30)
    one.add_argument("--scenes", type=int, default=200)
    one.add_argument("--seed", type=int, default=0)
    one.set_defaults(run=kills)
    one = runs.add_parser("dask", help="a cluster loses a worker and a connection")
    one.add_argument("--scenes", type=int, default=2000)
    one.add_argument("--workers", type=int, default=3)
    one.set_defaults(run=dask)
    one = runs.add_parser("seeded", help="the same faults twice")
    one.add_argument("--scenes", type=int, default=100)
    one.add_argument("--seed", type=int, default=0)
    one.set_defaults(run=seeded)
    options = parser.parse_args()
    # Every retry is a warning, and there are thousands.
    logging.getLogger("kognic").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="kognic-night-") as folder:
        problems = options.run(options, Path(folder))
    for problem in problems[:50]:
        say(f"PROBLEM  {problem}")
    say("verdict: " + (f"{len(problems)} problems" if problems else "nothing lost, doubled or wrong"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
