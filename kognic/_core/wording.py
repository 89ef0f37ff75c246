"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """Return `1 frame`, or `2 frames` for any other number; the plural of `thing` ends in `s`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def of_plural(number: int, things: str) -> str:
    """Return `2 labels of cars` for 2 and `labels of cars`, `1 label of cars` for 1; also of `geometries`."""
    if number != 1:
        return f"{number} {things}"
    first, space, rest = things.partition(" ")
    singular = f"{first[:-3]}y" if first.endswith("ies") else first.removesuffix("s")
    return f"{number} {singular}{space}{rest}"
