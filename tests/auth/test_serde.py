"""What may be sent as JSON, and what an envelope holds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kognic.auth.serde import deserialize, serialize_body


@pytest.mark.parametrize(
    "body",
    [None, {}, [], {"a": [1, 2.5, True, None, "x", {"b": ["c"]}]}, 0, 1.5, False, [["x"]]],
)
def test_json_values_pass_unchanged(body: Any) -> None:
    """The same object comes back."""
    assert serialize_body(body) is body


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("text", ValueError, "The body is of type str, must be a dict or a list"),
        (b"x", ValueError, "The body is of type bytes"),
        (
            {"a": [{"b": b"x"}]},
            ValueError,
            r"body\['a'\]\[0\]\['b'\] is of type bytes, which JSON cannot express",
        ),
        ((1, 2), TypeError, "body is of type tuple"),
        ({1, 2}, TypeError, "body is of type set"),
        ({"a": (1,)}, TypeError, r"body\['a'\] is of type tuple"),
        ([object()], TypeError, r"body\[0\] is of type object, which is not sent as JSON"),
    ],
)
def test_others_are_refused_with_their_place(body: Any, error: type[Exception], message: str) -> None:
    """Before anything is sent."""
    with pytest.raises(error, match=f"^{message}"):
        serialize_body(body)


def test_depth_is_no_limit() -> None:
    """Other than Python's stack."""
    body: list[Any] = []
    for _ in range(100_000):
        body = [body]
    assert serialize_body(body) is body
    while body:  # taken apart by hand, as its destructor would recurse on old interpreters
        body = body.pop()


def test_deserialize() -> None:
    """From a response or decoded JSON; None for the whole."""
    response = SimpleNamespace(json=lambda: {"data": [1], "x": 2})
    assert deserialize(response) == [1]
    assert deserialize({"data": None}) is None
    assert deserialize(response, "x") == 2
    assert deserialize([1, 2], None) == [1, 2]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"items": [], "x": 1}, "The answer has no key 'data', only 'items', 'x'"),
        ({}, "The answer has no key 'data', only nothing"),
        ([1], "The answer is of type list, must have a key 'data'"),
        (None, "The answer is of type NoneType"),
    ],
)
def test_envelope_without_the_key(answer: Any, message: str) -> None:
    """What is there instead."""
    with pytest.raises(ValueError, match=message):
        deserialize(answer)
