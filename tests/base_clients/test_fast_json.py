"""Decoding JSON: the standard library is the judge of what a text means, and of what is none."""

from __future__ import annotations

import gc
import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kognic.base_clients.fast_json import LARGE, loads

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def outcome(read: Any, content: bytes | str) -> str:
    """What comes of a text: types, order of keys and signs of zeros included."""
    try:
        return repr(read(content))
    except (ValueError, RecursionError) as error:
        return f"{type(error).__name__}: {error}"


@given(VALUES, st.booleans())
def test_values_are_those_of_the_standard_library(value: Any, escape: bool) -> None:
    text = json.dumps(value, ensure_ascii=escape)
    assert outcome(loads, text) == outcome(json.loads, text)
    content = text.encode("utf-8", "surrogatepass")
    assert outcome(loads, content) == outcome(json.loads, content)


@given(VALUES, st.data())
def test_spoilt_texts_are_read_or_refused_as_by_the_standard_library(value: Any, data: st.DataObject) -> None:
    content = bytearray(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    place = data.draw(st.integers(0, len(content)))
    content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    assert outcome(loads, bytes(content)) == outcome(json.loads, bytes(content))


@given(st.text('0123456789+-.eE"\\[]{},: nulltruefalse', max_size=12))
@example("-0")
@example("-0.0")
@example("01")
@example("1e400")
@example("1" + "0" * 400 + ".5")
@example("2.2250738585072011e-308")
def test_numbers_and_words_are_those_of_the_standard_library(text: str) -> None:
    assert outcome(loads, text.encode()) == outcome(json.loads, text.encode())


@pytest.mark.parametrize(
    ("content", "value"),
    [
        pytest.param(
            b"123456789012345678901234567890", 123456789012345678901234567890, id="integer of 97 bits"
        ),
        pytest.param(b"18446744073709551616", 2**64, id="integer of 65 bits"),
        pytest.param(b'{"a": 1, "a": 2}', {"a": 2}, id="equal keys"),
        pytest.param(b"[-Infinity]", [-math.inf], id="infinity"),
        pytest.param(b'"\\ud800"', "\ud800", id="lone surrogate"),
        pytest.param(b"\xef\xbb\xbf{}", {}, id="byte order mark"),
        pytest.param('{"a": "ö"}'.encode("utf-16"), {"a": "ö"}, id="UTF-16"),
        pytest.param(bytearray(b"[1]"), [1], id="bytearray"),
    ],
)
def test_texts_on_which_decoders_differ(content: bytes, value: object) -> None:
    """Each is rounded, refused or read otherwise by some decoder."""
    assert loads(content) == value


def test_what_is_not_a_number_is_read_as_such() -> None:
    assert math.isnan(loads(b"NaN"))


def test_texts_that_are_nested_too_deeply_are_refused() -> None:
    with pytest.raises(RecursionError):
        loads(b"[" * 100_000 + b"]" * 100_000)


def test_errors_say_where() -> None:
    with pytest.raises(json.JSONDecodeError, match=r"line 1 column 7 \(char 6\)"):
        loads(b'{"a": }')


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize(
    "content", [b"[" + b"[]," * LARGE + b"[]]", b"[" + b"[]," * LARGE], ids=["good", "bad"]
)
def test_the_garbage_collector_is_left_as_it_was(enabled: bool, content: bytes) -> None:
    """It pauses for large texts, on some versions of Python."""
    was_enabled = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        outcome(loads, content)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()
