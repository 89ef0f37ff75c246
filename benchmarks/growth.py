"""Count the instructions that building a scene takes, by its number of frames.

    python -m benchmarks.growth

Times of milliseconds say little about growth on a machine that others use as well; instructions hardly differ
between runs. The same number of frames is built in each, as many small scenes or as few large ones, so that
what differs is the growth alone. The interpreter's start is counted once and taken off. Needs valgrind.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.report import slope

WORK = Path(__file__).resolve().parent / "work.py"
FRAMES = (50, 200, 700, 1400)
TOTAL = 2800
MORE = 10


def instructions(case: str, **options: int) -> int:
    """How many the process executes."""
    command = [
        "valgrind",
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        sys.executable,
        WORK,
        case,
        "",
    ]
    done = subprocess.run(
        [*map(str, command), *(f"{name}={value}" for name, value in options.items())],
        capture_output=True, text=True, check=True, env=dict(os.environ, PYTHONHASHSEED="0"),
    )  # fmt: skip
    counted = re.search(r"refs:\s+([\d,]+)", done.stderr)
    if counted is None:
        raise RuntimeError(f"valgrind counted nothing: {done.stderr[-500:]}")
    return int(counted[1].replace(",", ""))


def building(case: str, frames: int) -> float:
    """Instructions to build one scene: those of the process without those of its start."""
    scenes = TOTAL // frames
    return (instructions(case, frames=frames, scenes=scenes) - instructions(case, frames=0)) / scenes


def collecting(case: str, frames: int) -> float:
    """Instructions to collect the resources of one scene: what doing it more often adds."""
    scenes = TOTAL // frames
    once, often = (instructions(case, frames=frames, scenes=scenes, times=times) for times in (1, 1 + MORE))
    return (often - once) / scenes / MORE


def main() -> None:
    print("| work | " + " | ".join(f"{frames:,} frames" for frames in FRAMES) + " | exponent |")
    print("| --- |" + " --- |" * (len(FRAMES) + 1))
    for count, case, title in (
        (building, "build", "build + serialise"),
        (building, "plain", "plain dicts + json"),
        (collecting, "resources", "`.resources`"),
    ):
        found = [(frames, count(case, frames)) for frames in FRAMES]
        cells = [f"{instructions / 1e6:,.2f} M" for _, instructions in found]
        print(f"| {title} | {' | '.join(cells)} | {slope(found):.3f} |", flush=True)


if __name__ == "__main__":
    main()
