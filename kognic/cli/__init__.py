"""The `kognic` command: work with the platform, scenes and annotations from a terminal.

Nothing is imported until it is needed: `kognic --help` costs little more than click. `registry` lists the
commands and their modules.
"""

from __future__ import annotations


def main() -> None:
    """Run the command; the console script `kognic`."""
    import kognic
    from kognic._core.neighbours import warn_about_neighbours

    # Checked again here: an official package that was installed later has replaced the module that warns
    # first.
    warn_about_neighbours(kognic.__path__)
    from kognic.cli import signals
    from kognic.cli.root import cli

    signals.install()
    try:
        cli(prog_name="kognic")
    finally:
        signals.end_if_stopped()
