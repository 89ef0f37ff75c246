"""Decoding JSON of the platform: the values of `json.loads`, in a fraction of its time.

msgspec decodes an OpenLABEL document in a quarter to a half of the time, and its values are those of the
standard library wherever it takes a text at all: integers of any size stay exact, which other fast decoders
round, and the last of equal keys counts. It is stricter about what no standard for JSON allows and
`json.loads` reads nevertheless: NaN, numbers beyond a float, lone surrogates, a byte order mark, UTF-16.

Half of what decoding a large document then takes is the garbage collector, which walks through all objects of
the process again and again while new ones appear. Python 3.12 collects between bytecodes only, hence once
after decoding; before, the collector is paused for as long.
"""

from __future__ import annotations

import functools
import gc
import json
import sys
from collections.abc import Callable
from typing import Any

LARGE = 1 << 14
"""Texts from this size on are decoded without the garbage collector, bytes or characters."""


def loads(content: bytes | bytearray | str) -> Any:
    """Decode a JSON text, as `json.loads` does.

    Raises:
        ValueError: It is not JSON; says where, as `json.loads` does.
        RecursionError: It is nested too deeply.
    """
    decode, errors = _decoder()
    try:
        if sys.version_info >= (3, 12) or len(content) < LARGE or not gc.isenabled():
            return decode(content)
        # No other thread runs meanwhile: the decoder keeps the interpreter's lock.
        gc.disable()
        try:
            return decode(content)
        finally:
            gc.enable()
    except errors:
        return json.loads(content)


@functools.cache
def _decoder() -> tuple[Callable[[bytes | bytearray | str], Any], tuple[type[Exception], ...]]:
    # Imported with the first text: it would be a sixth of the time that the client takes to start.
    import msgspec

    return msgspec.json.Decoder().decode, (msgspec.DecodeError, UnicodeError, RecursionError)
