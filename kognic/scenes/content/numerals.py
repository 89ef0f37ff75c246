"""Numbers as text files of point clouds have them."""

from __future__ import annotations

import re

# What Python takes for numbers besides: underscores between digits, digits of other scripts.
_WHOLE = re.compile(r"\s*[-+]?[0-9]+\s*", re.ASCII)
_NUMBER = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*", re.ASCII)
_NOT_FINITE = re.compile(r"\s*[-+]?(nan|inf|infinity)\s*", re.IGNORECASE)
# Integers have 20 digits at most; int() refuses thousands of them with an error of its own.
_LONGEST = 40


def is_finite_number(text: str) -> bool:
    """Whether a text is a number, with spaces around it or without; not NaN or infinity by name."""
    return _NUMBER.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Whether a text is a number, NaN or infinity."""
    return is_finite_number(text) or _NOT_FINITE.fullmatch(text) is not None


def fits_integer(text: str, bits: int, *, signed: bool = False) -> bool:
    """Whether a text is an integer of so many bits."""
    if len(text) > _LONGEST or _WHOLE.fullmatch(text) is None:
        return False
    low, end = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    return low <= int(text) < end
