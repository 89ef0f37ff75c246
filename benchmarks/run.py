"""Measure this client beside the official one and beside the limit of the machine, interleaved.

    make bench [BENCH_ARGS="--rounds 3 --only upload --quick ..."]

Installs the official packages into environments of their own under `.cache/benchmarks`, starts the neutral
servers (`server.py`, `storage.py`) in processes of their own, and runs `work.py` under both interpreters in
turn (A B A B ...), each run a fresh process. A round does every row once, so that what disturbs the machine
for some minutes disturbs one round of each. Prints medians with minimum and maximum, and the ratios; a full
run also writes them to docs/performance.md. The rows are in `cases.py`.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import report, storage
from benchmarks.bench import HERE, Bench, RunFailedError
from benchmarks.cases import Case, cases

PAGE = HERE.parent / "docs" / "performance.md"
RESULTS = "<!-- results -->\n", "<!-- end of results -->\n"
TRANSFERS = "<!-- transfers -->\n", "<!-- end of transfers -->\n"


def measure(table: list[Case], bench: Bench, rounds: int, until: float) -> tuple[int, list[str]]:
    """Do all rows, as many rounds of them as fit into the time.

    Args:
        until: When to be done, in the time of `time.monotonic`; the first round is always done.

    Returns:
        Rounds done, and what failed.
    """
    failures: list[str] = []
    for number in range(1, rounds + 1):
        started = time.monotonic()
        for case in table:
            try:
                _measure_row(case, bench)
            except (RunFailedError, subprocess.SubprocessError) as error:
                failures.append(f"{case.name}: {error}")
                print(failures[-1], file=sys.stderr)
            except KeyboardInterrupt:
                return number, [*failures, "stopped"]
            else:
                print(f"round {number}, {time.monotonic() - started:.0f} s: {_so_far(case)}", flush=True)
        now = time.monotonic()
        if now + (now - started) > until:
            return number, failures
    return rounds, failures


def _measure_row(case: Case, bench: Bench) -> None:
    for _ in range(case.repeats):
        for contender, run in case.runs.items():
            results = case.results.get(contender, [])
            if contender != "official" or case.official_runs is None or len(results) < case.official_runs:
                case.results[contender] = [*results, run(bench)]


def _so_far(case: Case) -> str:
    unit = report.UNITS[case.figure]
    words = [
        f"{contender} {report.spread(report.values(case, contender), unit)}"
        for contender in case.runs
        if contender in case.results
    ]
    return f"{case.name}: {', '.join(words)}"


def is_complete(table: list[Case]) -> bool:
    """Whether there are figures of every contender of every row."""
    return all(case.results.get(contender) for case in table for contender in case.runs)


def machine() -> str:
    """The machine, in general terms."""
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {system}"


def write(page: Path, text: str, marks: tuple[str, str]) -> None:
    """Put tables where the page has those of the last run, between two marks."""
    start, end = marks
    before, _, rest = page.read_text().partition(start)
    after = rest.partition(end)[2]
    page.write_text(f"{before}{start}\n{text}\n\n{end}{after}")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="at most so many (%(default)s)")
    parser.add_argument("--minutes", type=float, default=33,
                        help="begin no round that would end later than this (%(default)s)")  # fmt: skip
    parser.add_argument("--only", nargs="*", metavar="NAME", help="names of rows, or their beginnings")
    parser.add_argument("--list", action="store_true", help="tell the names of the rows")
    parser.add_argument("--quick", action="store_true", help="one round with a tenth of everything")
    parser.add_argument("--patient", action="store_true",
                        help="the official client uploads the largest scenes, too")  # fmt: skip
    parser.add_argument("--ours-only", action="store_true", help="leave the official packages out")
    parser.add_argument("--transfers", action="store_true",
                        help="only uploads, downloads and scenes, beside their limits")  # fmt: skip
    options = parser.parse_args()
    table = cases(10 if options.quick else 1, patient=options.patient)
    if options.list:
        print("\n".join(f"{case.name:20} {case.title}" for case in table))
        return 0
    if options.only:
        table = [c for c in table if any(c.name.startswith(name) for name in options.only)]
        if not table:
            parser.error(f"no row is called {' or '.join(options.only)}; --list tells their names")
    if options.transfers:
        table = [case for case in table if case.items is not None]
    for case in table:
        if options.quick:
            # The goals hold for the full size, where the time to start does not matter.
            case.goals = ()
        if options.ours_only or options.transfers:
            case.runs.pop("official", None)
    until = time.monotonic() + options.minutes * 60
    bench = Bench(Path(tempfile.mkdtemp(prefix="kognic-benchmarks-")))
    try:
        storage.require()
        if not (options.ours_only or options.transfers):
            bench.install()
        rounds = 1 if options.quick else options.rounds
        rounds, failures = measure(table, bench, rounds, until)
    except storage.NginxMissingError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        bench.close()
        shutil.rmtree(bench.work)
    report.extrapolate(table)
    if options.transfers:
        marks = TRANSFERS
        text = "\n".join((report.heading(rounds, machine()), "", *report.transfer_report(table)))
    else:
        marks = RESULTS
        text = report.report(table, rounds, machine())
    print(f"\n{text}\n")
    if not (options.quick or options.only or options.ours_only) and is_complete(table):
        write(PAGE, text, marks)
    for name in report.missed(table):
        print(f"{name}: less than asked")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
