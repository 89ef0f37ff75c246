"""`make house` finds the numbers that have no reason beside them."""

from __future__ import annotations

import ast
from types import ModuleType

import pytest

from tests.loose_modules import load

MODULE = '''\
"""A module; 99 in its docstring is no number of the code."""

from enum import Enum

BARE = 7
# Seconds: a restart takes so long.
ABOVE = 30
TRAILING = 4  # wheels of a car
AFTER_TRAILING = 5
BELOW = 17
"""Documented as an attribute."""
PLAIN = 60 * 10
KIND = NAMES[12]
TABLE = {"a": 3}


class Code(Enum):
    GONE = 410


class Options:
    limit: int = 50


def wait(seconds: float, status: int, *, attempts: int = 11) -> bool:
    if seconds > 0.25 or status >= 500:
        return False
    # Half a day is a hanging process.
    return seconds < 43200 and seconds != 13
'''


@pytest.fixture(scope="module")
def house() -> ModuleType:
    """The script, which is in no package."""
    return load(".ci/house.py")


def test_numbers_without_a_reason(house: ModuleType) -> None:
    """Constants, defaults and thresholds need a comment in their statement or above, or a string below."""
    module = house.Module("kognic.sample", MODULE, ast.parse(MODULE))
    bare, share, _ = house.reasons({module.name: module})

    found = [detail.partition(" ")[2] for detail in bare.details]
    assert found == [
        "BARE = 7",
        "AFTER_TRAILING = 5",
        'TABLE = {"a": 3}',
        "limit: int = 50",
        "def wait(seconds: float, status: int, *, attempts: int = 11) -> bool:",
        "if seconds > 0.25 or status >= 500:",
    ]
    assert not bare.is_kept
    assert share.is_kept, "three comments in some twenty lines are enough"


def test_modules_with_numbers_need_comments(house: ModuleType) -> None:
    """The share is a lower limit, and modules without numbers do not count."""
    text = "LIMIT = 7  # days\n" + "x = 0\n" * 99
    crowded = house.Module("kognic.crowded", text, ast.parse(text))
    empty = house.Module("kognic.empty", "x = 0\n" * 50, ast.parse("x = 0\n" * 50))
    bare, share, whole = house.reasons({"a": crowded, "b": empty})

    assert bare.value == 0
    assert (share.value, share.is_kept) == (1.0, False)
    assert share.details == ("1.0 kognic.crowded",)
    assert whole.value == pytest.approx(0.67)
