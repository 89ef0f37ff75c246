"""Bodies of the base API clients: what may be sent as JSON, and what an answer's envelope holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

_SCALARS = (str, bool, int, float)
# A container's place and the key in it; None for the whole.
_Place: TypeAlias = "tuple[_Place, object] | None"


def serialize_body(body: Any) -> Any:
    """Check that a value can be sent as JSON, and give it back unchanged.

    Raises:
        ValueError: It is text or bytes, which would be sent as a JSON string, or holds bytes.
        TypeError: It is or holds an object that is neither a dict, a list, text, a number, a truth value nor
            None.
    """
    if isinstance(body, (str, bytes)):
        kind = type(body).__name__
        raise ValueError(f"The body is of type {kind}, must be a dict or a list; send text with data=")
    # What is left to look at, and where it stands; documents may be deeper than Python's stack.
    left: list[tuple[Any, _Place]] = [(body, None)]
    while left:
        item, place = left.pop()
        if isinstance(item, dict):
            left += [(value, (place, key)) for key, value in item.items()]
        elif isinstance(item, list):
            left += [(value, (place, index)) for index, value in enumerate(item)]
        elif isinstance(item, bytes):
            raise ValueError(f"{_name(place)} is of type bytes, which JSON cannot express; decode it first")
        elif item is not None and not isinstance(item, _SCALARS):
            kind = type(item).__name__
            raise TypeError(
                f"{_name(place)} is of type {kind}, which is not sent as JSON; make it a dict or list"
            )
    return body


def _name(place: _Place) -> str:
    keys = []
    while place is not None:
        place, key = place
        keys.append(f"[{key!r}]")
    return "body" + "".join(reversed(keys))


def deserialize(response: Any, enveloped_key: str | None = "data") -> Any:
    """Take the value out of an answer's envelope.

    Args:
        response: A response with a `json()` method, or decoded JSON.
        enveloped_key: Where the value is; None for all of the answer.

    Raises:
        ValueError: The answer has no such key, or is not JSON.
    """
    document = response.json() if callable(getattr(response, "json", None)) else response
    if enveloped_key is None:
        return document
    if not isinstance(document, Mapping):
        raise ValueError(
            f"The answer is of type {type(document).__name__}, must have a key '{enveloped_key}'"
        )
    if enveloped_key not in document:
        keys = ", ".join(map(repr, document)) or "nothing"
        raise ValueError(f"The answer has no key '{enveloped_key}', only {keys}")
    return document[enveloped_key]
