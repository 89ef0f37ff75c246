"""Outlines that other producers write as chain codes: `MODE_POLY2D_SRF6DCC` and `MODE_POLY2D_RS6FCC`.

Source of both: Vicomtech's VCD (https://vcd.vicomtech.org), whose `poly2d` defines them. An outline of whole
pixels is a start and a chain of steps to one of the eight neighbours. Each step is coded by how much it turns
from the one before, the first from straight down: 0 goes straight on, 1 and 2 turn by 45 degrees to the right
and left as the image shows it, 3 and 4 by 90 degrees, 5 turns around without a step. 6 and 7 stand for many
steps straight on: 3 and 15 in SRF6DCC, as many as `val` says in RS6FCC. Two codes of three bits are one
character of the Base64 alphabet; the last `rest` codes are filling.

`val` is `[x, y, rest, text]` or `[x, y, low, high, rest, text]`, numbers as texts too.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from kognic._core.annotation_errors import AnnotationError

SRF6DCC, RS6FCC = "MODE_POLY2D_SRF6DCC", "MODE_POLY2D_RS6FCC"
CHAIN_CODES = (SRF6DCC, RS6FCC)
_ALPHABET = {
    letter: number
    for number, letter in enumerate(string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/")
}
# Neighbours clockwise from the right, y down.
_STEPS = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))
_DOWN = 2
# What each code means, in steps of 45 degrees clockwise: as VCD defines them, see above.
_TURNS = {0: 0, 1: 1, 2: -1, 3: 2, 4: -2}
_AROUND, _LOW, _HIGH = 5, 6, 7  # the codes without a turn of their own
_LENGTHS = {SRF6DCC: 4, RS6FCC: 6}  # of `val`
# What 6 and 7 stand for.
_SRF6DCC_RUNS = (3, 15)
# No image has outlines of so many pixels; a run of RS6FCC could ask for any number.
_MOST_STEPS = 10_000_000


def points_of_chain_code(mode: str, val: Any) -> list[float]:
    """Return x, y, x, y, ... of the corners of a chain code, pixels.

    Raises:
        AnnotationError: `val` is not a chain code of this mode.
    """
    if not isinstance(val, Sequence) or isinstance(val, str) or len(val) != _LENGTHS[mode]:
        raise AnnotationError(f"{mode}: val is {str(val)[:80]}, must have {_LENGTHS[mode]} entries")
    try:
        x, y, *runs, rest = (int(value) for value in val[:-1])
    except (TypeError, ValueError) as exc:
        raise AnnotationError(f"{mode}: val is {str(val)[:80]}, must be whole numbers and a text") from exc
    low, high = runs or _SRF6DCC_RUNS
    points, direction = [float(x), float(y)], _DOWN
    last: int | None = None
    for code in _codes(mode, val[-1], rest):
        if code == _AROUND:
            direction = (direction + 4) % 8
            continue
        count = {_LOW: low, _HIGH: high}.get(code, 1)
        if not 0 < count <= _MOST_STEPS:
            raise AnnotationError(f"{mode}: a run of {count} steps in {str(val)[:80]}")
        direction = (direction + _TURNS.get(code, 0)) % 8
        x, y = x + _STEPS[direction][0] * count, y + _STEPS[direction][1] * count
        if direction == last:
            del points[-2:]
        points += (float(x), float(y))
        last = direction
    return points


def _codes(mode: str, text: Any, rest: int) -> list[int]:
    unknown = set(text) - _ALPHABET.keys() if isinstance(text, str) else None
    if unknown is None or unknown:
        raise AnnotationError(f"{mode}: {str(text)[:80]!r} has characters that are not Base64")
    numbers = [_ALPHABET[letter] for letter in text]
    codes = [code for number in numbers for code in (number >> 3, number & 7)]
    if not 0 <= rest <= len(codes):
        raise AnnotationError(f"{mode}: {rest} codes of filling, the chain has {len(codes)}")
    return codes[: len(codes) - rest]
