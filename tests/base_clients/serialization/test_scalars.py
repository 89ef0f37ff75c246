"""What fields of plain values accept, and what they refuse."""

# ruff: noqa: DTZ001 - some times have no zone

from __future__ import annotations

import contextlib
import datetime as dt
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.base_clients.serialization.problems import Invalid
from kognic.base_clients.serialization.scalars import to_bool, to_datetime, to_enum, to_float, to_int, to_str

UTC = dt.UTC


class Colour(str, Enum):
    """A string enumeration."""

    RED = "red"


class Index:
    """A whole number of another library."""

    def __index__(self) -> int:
        return 7


class Text(str):
    """Text of a class of its own."""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "a"),
        ("", ""),
        (Colour.RED, "red"),
        (Text("t"), "t"),
        ("ö".encode(), "ö"),
        (np.bytes_(b"a"), "a"),
    ],
)
def test_text(value: Any, expected: str) -> None:
    """Text, members of string enumerations and bytes of UTF-8 become plain text."""
    made = to_str(value)

    assert made == expected
    assert type(made) is str


@pytest.mark.parametrize("value", [1, 1.5, True, None, b"\xff", ["a"], object()])
def test_no_text(value: Any) -> None:
    """Nothing else does."""
    with pytest.raises(Invalid, match="must be text"):
        to_str(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (-3, -3),
        (True, 1),
        (3.0, 3),
        ("3", 3),
        (" 12 ", 12),
        ("10.0", 10),
        (np.int64(7), 7),
        (np.uint8(7), 7),
        (np.float32(2.0), 2),
        (np.float64(2.0), 2),
        (2**70, 2**70),
        (str(2**70), 2**70),
        (1648200140000500001, 1648200140000500001),
        ("1648200140000500001", 1648200140000500001),
        (Index(), 7),
    ],
)
def test_whole_numbers(value: Any, expected: int) -> None:
    """What is a whole number is taken exactly."""
    made = to_int(value)

    assert made == expected
    assert type(made) is int


@pytest.mark.parametrize(
    "value",
    [1.5, "1.5", "soon", "", None, float("nan"), float("inf"), 1e300, [1], b"1", np.array([1]), "9" * 5000],
)
def test_no_whole_numbers(value: Any) -> None:
    """What would lose something is refused."""
    with pytest.raises(Invalid, match="must be a whole number"):
        to_int(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (True, 1.0),
        ("2.5", 2.5),
        (" 1e3 ", 1000.0),
        (np.float32(0.5), 0.5),
        (np.int64(2), 2.0),
        (Decimal("0.25"), 0.25),
        (Fraction(1, 4), 0.25),
    ],
)
def test_numbers(value: Any, expected: float) -> None:
    """Everything that is a number becomes a float."""
    made = to_float(value)

    assert made == expected
    assert type(made) is float


@pytest.mark.parametrize("value", ["far", "", None, b"1", 1j, [1.0], {}])
def test_no_numbers(value: Any) -> None:
    """Other things do not."""
    with pytest.raises(Invalid, match="must be a number"):
        to_float(value)


@pytest.mark.parametrize("value", [True, 1, 1.0, "true", "True", "YES", "on", "1", "y", "t", np.True_])
def test_true(value: Any) -> None:
    """The ways to say yes."""
    assert to_bool(value) is True


@pytest.mark.parametrize("value", [False, 0, 0.0, "false", "No", "off", "0", "n", "f", np.False_])
def test_false(value: Any) -> None:
    """The ways to say no."""
    assert to_bool(value) is False


@pytest.mark.parametrize("value", [2, -1, 0.5, "maybe", "", None, []])
def test_neither_true_nor_false(value: Any) -> None:
    """Anything else is no flag."""
    with pytest.raises(Invalid, match="must be True or False"):
        to_bool(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2021-03-04T05:06:07Z", dt.datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2021-03-04T05:06:07.8Z", dt.datetime(2021, 3, 4, 5, 6, 7, 800000, UTC)),
        ("2021-03-04T05:06:07.089Z", dt.datetime(2021, 3, 4, 5, 6, 7, 89000, UTC)),
        ("2021-03-04T05:06:07.123456789Z", dt.datetime(2021, 3, 4, 5, 6, 7, 123456, UTC)),
        ("2021-03-04T05:06:07+00:00", dt.datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2021-03-04T07:06:07+02:00", dt.datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2021-03-04 05:06:07", dt.datetime(2021, 3, 4, 5, 6, 7)),
        ("2021-03-04", dt.datetime(2021, 3, 4)),
        (dt.date(2021, 3, 4), dt.datetime(2021, 3, 4)),
        (0, dt.datetime(1970, 1, 1, tzinfo=UTC)),
        (1700000000, dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (1700000000.5, dt.datetime(2023, 11, 14, 22, 13, 20, 500000, UTC)),
        (1700000000123, dt.datetime(2023, 11, 14, 22, 13, 20, 123000, UTC)),
        (1700000000123456, dt.datetime(2023, 11, 14, 22, 13, 20, 123456, UTC)),
        (1700000000123456789, dt.datetime(2023, 11, 14, 22, 13, 20, 123456, UTC)),
        (-1, dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("1700000000", dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("20240101", dt.datetime(1970, 8, 23, 6, 15, 1, tzinfo=UTC)),
        ("1700000000.5", dt.datetime(2023, 11, 14, 22, 13, 20, 500000, UTC)),
        (np.int64(1700000000), dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
    ],
)
def test_times(value: Any, expected: dt.datetime) -> None:
    """ISO 8601 in the forms that platforms write, and epoch numbers in any unit."""
    made = to_datetime(value)

    assert made == expected
    assert made.utcoffset() is None if expected.tzinfo is None else made.utcoffset() is not None


def test_times_in_utc_have_the_standard_time_zone() -> None:
    """So that they can be pickled and compared by their time zone."""
    for text in ("2021-03-04T05:06:07Z", "2021-03-04T05:06:07.12345678Z", "2021-03-04T05:06:07.1+00:00"):
        assert to_datetime(text).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    ["soon", "", "2021-13-01T00:00:00Z", True, None, [], float("nan"), float("inf"), 10**30, "9" * 39],
)
def test_no_times(value: Any) -> None:
    """What is no time is refused."""
    with pytest.raises(Invalid, match="must be a time"):
        to_datetime(value)


@given(st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_times_survive_iso_text(moment: dt.datetime) -> None:
    """What is written in ISO 8601, in either spelling of UTC, is read back."""
    text = moment.isoformat()

    assert to_datetime(text) == to_datetime(text.replace("+00:00", "Z")) == moment


@given(st.text(max_size=30) | st.integers() | st.floats() | st.binary(max_size=5) | st.none())
def test_anything_is_a_value_or_refused(value: Any) -> None:
    """No value leads to anything but a result or the one kind of refusal."""
    for convert in (to_str, to_int, to_float, to_bool, to_datetime, to_enum(Colour)):
        with contextlib.suppress(Invalid):
            convert(value)


def test_enumerations() -> None:
    """A member or its value; a refusal lists the values."""
    assert to_enum(Colour)("red") is Colour.RED
    assert to_enum(Colour)(Colour.RED) is Colour.RED
    with pytest.raises(Invalid, match="must be one of 'red', is 'blue'"):
        to_enum(Colour)("blue")
