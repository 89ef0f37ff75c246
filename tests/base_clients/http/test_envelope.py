"""What counts as a page, as data, as a cursor; what can be sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.base_clients.errors import ModelValidationError, RequestBodyError
from kognic.base_clients.http import envelope

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ({"data": {"a": 1}}, {"a": 1}),
        ({"data": []}, []),
        ({"data": 0}, 0),
        ({"data": False}, False),
        ({"data": None}, {"data": None}),
        ({"uuid": 1, "metadata": {"a": 1}}, {"uuid": 1, "metadata": {"a": 1}}),
        ([1], [1]),
        (5, 5),
        ("text", "text"),
        (None, None),
    ],
)
def test_unwrap(document: Any, value: Any) -> None:
    """The official client crashes on bare scalars and takes any `metadata` for that of a page."""
    assert envelope.unwrap(document) == value


@pytest.mark.parametrize(
    ("document", "page"),
    [
        ({"data": [], "metadata": {}}, True),
        ({"data": {"a": 1}, "metadata": {"nextCursorId": None}}, True),
        ({"data": [], "metadata": None}, False),
        ({"data": []}, False),
        ({"metadata": {"a": 1}, "uuid": "x"}, False),
        ({"data": 1, "metadata": {}}, False),
        ([1], False),
    ],
)
def test_is_page(document: Any, page: bool) -> None:
    assert envelope.is_page(document) is page


def test_page_items_and_cursor() -> None:
    page = {"data": [1, 2], "metadata": {"nextCursorId": "c"}}

    assert (envelope.page_items(page), envelope.next_cursor(page)) == ([1, 2], "c")
    assert (envelope.page_items([1]), envelope.next_cursor([1])) == ([1], None)
    assert envelope.next_cursor({"data": [], "metadata": {"nextCursorId": 0}}) == 0


@pytest.mark.parametrize("document", [{"data": {"a": 1}}, {"items": []}, 5, None, {"data": "x"}])
def test_what_is_not_a_page_is_refused(document: Any) -> None:
    with pytest.raises(ModelValidationError, match="a page must hold a list in data"):
        envelope.page_items(document)


@pytest.mark.parametrize("cursor", [True, 1.5, [], {}])
def test_odd_cursors_are_refused(cursor: Any) -> None:
    with pytest.raises(ModelValidationError, match="nextCursorId is"):
        envelope.next_cursor({"data": [], "metadata": {"nextCursorId": cursor}})


class Colour(str, Enum):
    RED = "red"


def test_query_parameters() -> None:
    """None is left out, lists repeat the key, booleans are lower case, enums are their values."""
    found = envelope.query(
        {
            "none": None,
            "yes": True,
            "no": False,
            "number": 7,
            "list": ["a", None, Colour.RED],
            "when": datetime(2026, 1, 2, tzinfo=UTC),
            "text": "a b",
            "empty": [],
        }
    )
    assert found == [
        ("yes", "true"),
        ("no", "false"),
        ("number", "7"),
        ("list", "a"),
        ("list", "red"),
        ("when", "2026-01-02T00:00:00+00:00"),
        ("text", "a b"),
    ]
    assert envelope.query(None) == []


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"frames": [{"t": 1.0}, {"t": float("nan")}]}, r"frames\[1\].t is nan"),
        ([float("inf")], r"\[0\] is inf"),
        (float("-inf"), "the body is -inf"),
        ({"a": {"b": object()}}, "a.b is <object"),
        ({"a": b"bytes"}, "a is b'bytes'"),
    ],
)
def test_encode_names_what_json_cannot_express(body: Any, place: str) -> None:
    with pytest.raises(RequestBodyError, match=place):
        envelope.encode(body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"externalId": "latin\udcfcr"},
            r"externalId is 'latin\\udcfcr': .*lone surrogate.*nothing was sent",
        ),
        ({"frames": [{"metadata": {"a": "\ud800"}}]}, r"frames\[0\]\.metadata\.a is"),
        ({"metadata": {"\udc80": 1}}, "a key of metadata is"),
    ],
)
def test_lone_surrogates_are_refused(body: Any, message: str) -> None:
    """The platform would answer "Invalid JSON" and a column; emoji, which JSON writes as pairs, pass."""
    with pytest.raises(RequestBodyError, match=message):
        envelope.encode(body)

    assert json.loads(envelope.encode({"a": "\U0001f600 \\ud800"})) == {"a": "\U0001f600 \\ud800"}


def test_encode_survives_cycles() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(RequestBodyError):
        envelope.encode(cycle)


def test_encode_keeps_integers_exact() -> None:
    assert envelope.encode({"t": 1648200140000500001}) == b'{"t": 1648200140000500001}'


@given(JSON)
def test_any_json_is_a_value_or_a_typed_error(document: Any) -> None:
    """No answer leads to anything else."""
    envelope.unwrap(document)
    envelope.is_page(document)
    try:
        envelope.page_items(document)
        envelope.next_cursor(document)
    except ModelValidationError:
        pass


def test_values_of_numpy() -> None:
    """Scalars, arrays and ids from tables are sent as what they stand for; NaN in them is refused."""
    body = {"n": np.int64(3), "f": np.float32(0.5), "b": np.bool_(True), "a": np.array([[1, 2], [3, 4]])}

    assert json.loads(envelope.encode(body)) == {"n": 3, "f": 0.5, "b": True, "a": [[1, 2], [3, 4]]}
    with pytest.raises(RequestBodyError, match=r"^a\[1\] is nan: .*nothing was sent"):
        envelope.encode({"n": np.int64(3), "a": np.array([1.0, np.nan])})
