"""Fuzzing by coverage: atheris looks for contents that reach new branches of a parser, for as long as it may.

    python -m tests.fuzz.coverage [--seconds 60] [NAME...]

It goes through the same parsers as `test_parsers`, begins with the same good examples, and lets the same
errors pass; what it finds becomes a test of its own. Each parser runs in a process of its own, which atheris
ends. What was learnt stays in `.cache/fuzz` for the next time. Atheris is there for CPython on Linux and
macOS only, so that it is no part of the usual environment: `make fuzz-coverage` installs it.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

CACHE = Path(".cache/fuzz")
# What the parsers are made of, as far as it is Python.
INSTRUMENTED = ["kognic", "csv", "email._parseaddr", "json.decoder", "laspy", "pypcd4", "yaml"]
LIMITS = ("-rss_limit_mb=3072", "-timeout=30", "-max_len=65536", "-print_final_stats=1", "-verbosity=1")


def main() -> int:
    """Fuzz the named parsers, or all; the exit status is the verdict."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help="parsers; all without any")
    options.add_argument("--seconds", type=int, default=60, help="for each parser")
    options.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.alone:
        fuzz(given.names[0], given.seconds)
    from tests.fuzz.parsers import PARSERS

    known = [parser.name for parser in PARSERS]
    if unknown := sorted(set(given.names) - set(known)):
        options.error(f"no such parser: {', '.join(unknown)}; there are {', '.join(known)}")
    return max([run(name, given.seconds) for name in given.names or known])


def run(name: str, seconds: int) -> int:
    """Fuzz one parser in a process of its own, and say how it went."""
    command = [sys.executable, "-m", "tests.fuzz.coverage", "--alone", "--seconds", str(seconds), name]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    tried = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    cases = f"{int(tried[1]):,}" if tried else "no"
    print(f"{name}: {cases} cases, {'nothing found' if done.returncode == 0 else 'FOUND'}", flush=True)
    if done.returncode:
        print(done.stderr[-6000:], file=sys.stderr)
    return done.returncode


def fuzz(name: str, seconds: int) -> None:
    """Fuzz one parser in this process, and end it."""
    # It is optional, also for the type checker.
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=INSTRUMENTED, enable_loader_override=False):
        from tests.fuzz.parsers import PARSERS

    logging.disable()
    warnings.simplefilter("ignore")
    parser = next(parser for parser in PARSERS if parser.name == name)

    corpus = CACHE / re.sub(r"\W+", "-", name)
    corpus.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(parser.good(Path(folder))):
            (corpus / f"good-{number}").write_bytes(content)
    found = f"-artifact_prefix={corpus.parent}/{corpus.name}-"
    atheris.Setup([sys.argv[0], *LIMITS, f"-max_total_time={seconds}", found, str(corpus)], parser.check)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
