"""Plain values: what a field of text, number, flag, time or enumeration accepts.

People write `"480"`, `640.0` and NumPy scalars where a whole number belongs, and JSON has no datetimes; such
values are turned into what the field holds. Anything that would lose information is rejected.
"""

from __future__ import annotations

import contextlib
import functools
import math
import operator
import re
import typing
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from kognic.base_clients.serialization.problems import Invalid, expected, shown

# Numbers as dates count from here; `datetime.fromtimestamp` cannot, on Windows, before 1970.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Numbers beyond this (the year 2603 in seconds) are milliseconds, micro- or nanoseconds.
_LARGEST_EPOCH_SECONDS = 2e10
# Whole floats from here on are no numbers of the platform, whose integers have 64 bits.
_INT64 = 2**63
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]*)?")
# The spellings that pydantic accepts for booleans in lax mode, and so the official client.
_TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})
_FALSE = frozenset({"0", "off", "f", "false", "n", "no"})


def to_str(value: Any) -> str:
    """Read text; members of string enumerations count as their value, a UUID as its text, bytes as UTF-8."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes):  # HDF5 and old pickles have text as bytes
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise Invalid(f"must be text, is {shown(value)}, which is not UTF-8") from None
    if isinstance(value, UUID):
        return str(value)
    raise expected("text", value)


def to_int(value: Any) -> int:
    """Read a whole number, exactly: also `True`, `3.0`, `"3"`, NumPy integers."""
    value = plain(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if value.is_integer() and abs(value) < _INT64:
            return int(value)
        raise expected("a whole number", value)
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
        parsed = _float_or_none(value)
        if parsed is not None and parsed.is_integer() and abs(parsed) < _INT64:
            return int(parsed)
    if hasattr(type(value), "__index__"):  # what calls itself a whole number, such as a tensor's element
        with contextlib.suppress(TypeError):  # an array of more than one
            return operator.index(typing.cast(typing.SupportsIndex, value))
    raise expected("a whole number", value)


def to_float(value: Any) -> float:
    """Read a number: also whole numbers, flags, text, NumPy scalars, `Decimal` and `Fraction`."""
    number = _float_or_none(value)
    if number is None:
        raise expected("a number", value)
    return number


def to_bool(value: Any) -> bool:
    """Read a flag: also 0 and 1, and the words people write for them."""
    value = plain(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        word = value.lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
    raise expected("True or False", value)


def to_datetime(value: Any) -> datetime:
    """Read a point in time from ISO 8601 text or a Unix epoch number (seconds, or finer if it is large).

    Digits beyond microseconds are dropped. Text with an offset gives an aware datetime.
    """
    if isinstance(value, str):
        # Text that does not start with a year is a number of seconds, if anything.
        try:
            return datetime.fromisoformat(value) if value[4:5] == "-" else _datetime_from_text(value)
        except ValueError:
            return _datetime_from_text(value)
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a date has no time zone
    value = plain(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _datetime_from_epoch(value)
    raise expected("a time", value)


@functools.cache
def to_enum(cls: type[Enum]) -> Callable[..., Enum]:
    """Make the function that takes a member, or its value, of one enumeration."""

    known = {member.value: member for member in cls}

    def convert(value: Any, _: Any = None) -> Enum:
        try:
            found = known.get(value)
            return cls(value) if found is None else found
        except (TypeError, ValueError):
            allowed = ", ".join(repr(member.value) for member in cls)
            raise Invalid(f"must be one of {allowed}, is {shown(value)}") from None

    return convert


def plain(value: Any) -> Any:
    """Return a scalar of NumPy, or a tensor of no dimensions, as the Python value it stands for."""
    if type(value).__module__ == "builtins" or getattr(value, "shape", None) != ():
        return value
    if not hasattr(value, "item"):
        return value
    found = value.item()
    # Python has no number as wide as `longdouble`, and `item` returns it as it is.
    return float(found) if type(found).__name__ == "longdouble" else found


def plain_json(value: Any) -> Any:
    """Return a scalar, array or tensor of NumPy and its like as Python values; anything else unchanged."""
    value = plain(value)
    if type(value).__module__ != "builtins" and hasattr(value, "shape") and hasattr(value, "tolist"):
        return value.tolist()
    return value


NOT_UNICODE = (
    "holds a lone surrogate, so it is not valid Unicode; file names that are not UTF-8 are read like that"
)
"""What is wrong with text for which `is_unicode` is false."""


def is_unicode(text: str) -> bool:
    """Return whether text can be encoded: it has no lone surrogates, which JSON parsers refuse.

    Python reads file names that are not UTF-8 as lone surrogates (PEP 383).
    """
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _float_or_none(value: Any) -> float | None:
    if isinstance(value, bytes | bytearray | memoryview):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _datetime_from_text(text: str) -> datetime:
    if text[4:5] != "-" and _NUMBER.fullmatch(text):
        return _datetime_from_epoch(int(text) if text.lstrip("+-").isdecimal() else float(text))
    try:
        return datetime.fromisoformat(text.upper())  # RFC 3339 allows `t` and `z`.
    except ValueError:
        raise expected("a time in ISO 8601, such as 2026-03-01T12:30:00Z", text) from None


def _datetime_from_epoch(value: float) -> datetime:
    if not math.isfinite(value):
        raise expected("a time", value)
    # Whole numbers stay whole: a float cannot hold nanoseconds since 1970.
    largest = _LARGEST_EPOCH_SECONDS
    for factor in (1_000_000, 1_000, 1):
        if abs(value) <= largest:
            microseconds = value * factor
            break
        largest *= 1_000
    else:
        microseconds = value // 1_000
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise expected("a time", value) from None


SCALARS: dict[type, Callable[[Any], Any]] = {
    str: to_str,
    int: to_int,
    float: to_float,
    bool: to_bool,
    datetime: to_datetime,
}
