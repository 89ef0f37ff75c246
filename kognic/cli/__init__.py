"""The `kognic` command: work with the platform, scenes and annotations from a terminal.

Nothing is imported until it is needed: `kognic --help` costs little more than click. `registry` lists the
commands and their modules.
"""

from __future__ import annotations

import os


def main() -> None:
    """Run the command; the console script `kognic`."""
    import kognic
    from kognic._core.neighbours import warn_about_neighbours

    # Checked again here: an official package that was installed later has replaced the module that warns
    # first.
    warn_about_neighbours(kognic.__path__)
    # Threads of OpenBLAS, NumPy's linear algebra, spin while they wait for each other. With arrays of a few
    # columns they doubled the processor time of `kognic check` (36 s instead of 18 s for six cameras)
    # and made it no faster. The library reads the variable when it is loaded, which a command does later.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from kognic.cli import signals
    from kognic.cli.root import cli

    signals.install()
    status: object = None
    try:
        cli(prog_name="kognic")
    except SystemExit as end:
        status = end.code
        raise
    finally:
        signals.end_without_threads(status)
