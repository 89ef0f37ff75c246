"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """Return `1 frame`, or `2 frames` for any other number; the plural of `thing` ends in `s`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
