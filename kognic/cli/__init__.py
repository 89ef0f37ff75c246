"""The `kognic` command: everything on the platform that a person does by hand.

Nothing is imported until it is needed: `kognic --help` costs little more than click. Which commands there
are, and where they live, is `registry`.
"""

from __future__ import annotations


def main() -> None:
    """Run the command; the console script `kognic`."""
    import kognic
    from kognic._core.neighbours import warn_about_neighbours

    # Again, because an official package that was installed later has replaced the place that warns first.
    warn_about_neighbours(kognic.__path__)
    from kognic.cli.root import cli

    cli(prog_name="kognic")
