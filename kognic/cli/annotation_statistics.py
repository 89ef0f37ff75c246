"""Tables of what annotations hold, for `kognic annotation stats` and `kognic project report`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.terminal import echo
from kognic.cli import output

if TYPE_CHECKING:
    from kognic.annotations.stats import Statistics


def print_statistics(found: Statistics) -> None:
    """Print counts per class, and below them mean sizes and distances of cuboids."""
    rows, sizes = found.rows(), found.size_rows()
    output.print_table(rows, list(rows[0]) if rows else ["class", "objects"])
    if sizes:
        echo("\nMean size and distance of cuboids")
        output.print_table(sizes, list(sizes[0]))
