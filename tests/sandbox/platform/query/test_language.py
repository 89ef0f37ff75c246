"""The filter language of the query service."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.sandbox.platform.query.language import FilterError, compile_filter

ITEM: dict[str, Any] = {
    "requestId": 5,
    "share": 0.25,
    "name": 'car\'s "best"',
    "done": True,
    "nothing": None,
    "user": {"id": 7, "email": "a@b"},
    "tags": ["x", "y"],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("  ", True),
        ("requestId = 5", True),
        ("requestId=5", True),
        ("requestId = 5.0", True),
        ("requestId = '5'", False),
        ("requestId != 6", True),
        ("requestId < 6 and requestId >= 5", True),
        ("requestId > 5 OR requestId <= 4", False),
        ("share = 2.5e-1", True),
        ("requestId = -5", False),
        ("requestId = 05", True),
        ("done = true", True),
        ("done = 1", False),
        ("done < 2", False),
        ("nothing = null", True),
        ("missing = null", True),
        ("missing < 1", False),
        ("missing != 1", True),
        ("name ~ 'best'", True),
        (r"name = 'car\'s \"best\"'", True),
        ("name < 'd'", True),
        ("tags ~ 'x'", True),
        ("tags ~ 'z'", False),
        ("user.id = 7", True),
        ("user.id.deeper = null", True),
        ("requestId IN (1, 5)", True),
        ("requestId not in (1, 5)", False),
        ("name in ('a', \"b\")", False),
        ("NOT requestId = 5", False),
        ("not (requestId = 5 and done = false)", True),
        ("requestId = 1 or requestId = 5 and done = false", False),
        ("(requestId = 1 or requestId = 5) and done = true", True),
    ],
)
def test_meaning(text: str, expected: bool) -> None:
    """What a filter takes."""
    assert compile_filter(text)(ITEM) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("requestId", "expected a comparison such as = at position 9, found the end"),
        ("requestId =", "expected a value at position 11, found the end"),
        ("= 5", "expected a field at position 0, found ="),
        ("a = 5 b = 6", "expected AND, OR or the end at position 6, found b"),
        ("(a = 5", "expected ) at position 6, found the end"),
        ("a in 5", "expected ( at position 5, found 5"),
        ("a in (5 6)", "expected ) at position 8, found 6"),
        ("a not 5", "expected IN at position 6, found 5"),
        ("a = b", "expected a value at position 4, found b"),
        ("a = 'x", "cannot read the filter at position 3"),
        ("a = 5x", "cannot read the filter at position 3"),
        ("a = #", "cannot read the filter at position 3"),
        ("(" * 200 + "a = 1" + ")" * 200, "nested too deeply"),
    ],
)
def test_refused(text: str, message: str) -> None:
    """An invalid filter is reported with its position."""
    with pytest.raises(FilterError) as caught:
        compile_filter(text)

    assert message in str(caught.value)


@given(st.text(alphabet="aA.()'\"=<>!~,0159e-+ \\notinadr", max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    """Any text is a filter or a FilterError, and a filter takes any item or not."""
    try:
        predicate = compile_filter(text)
    except FilterError:
        return

    assert predicate(ITEM) in (True, False)
