"""Control characters are shown, never obeyed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic._core.visible import visible, visible_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("G\u00f6teborg \u6e2f \U0001f697", "G\u00f6teborg \u6e2f \U0001f697"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\rb\x7f", "a\\x0db\\x7f"),
        ("evil\u202egnp.exe\u2066", "evil\\u202egnp.exe\\u2066"),
        ("one\ntwo\tthree", "one\ntwo\tthree"),
        ("\ud800", "\\ud800"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    """Letters of every language stay; what a terminal would obey becomes an escape."""
    assert visible(text) == shown


def test_one_line() -> None:
    assert visible("one\ntwo\tthree", lines=False) == "one\\ntwo\\tthree"


@given(
    st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_json_stays_json(value: object) -> None:
    """The same value, and nothing that a terminal would obey."""
    text = visible_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert visible(text) == text
