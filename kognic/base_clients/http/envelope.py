"""The envelope around the platform's answers, and the encoding of requests: functions on decoded JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum
from typing import Any
from uuid import UUID

from kognic.base_clients.errors import ModelValidationError, RequestBodyError
from kognic.base_clients.serialization.scalars import NOT_UNICODE, is_unicode, plain_json

Cursor = int | str


def unwrap(document: Any) -> Any:
    """Return the value of `data` if there is one, else the document itself."""
    if isinstance(document, dict) and document.get("data") is not None:
        return document["data"]
    return document


def is_page(document: Any) -> bool:
    """Whether a document is a page: `data` beside a `metadata` object.

    An object that merely has a field called `metadata`, such as a scene's, is not one.
    """
    return (
        isinstance(document, dict)
        and isinstance(document.get("metadata"), dict)
        and isinstance(document.get("data"), (list, dict))
    )


def page_items(document: Any) -> list[Any]:
    """Return the items of a page, of an enveloped list, or of a bare list.

    Raises:
        ModelValidationError: It is none of these.
    """
    items = unwrap(document)
    if not isinstance(items, list):
        found = sorted(items) if isinstance(items, dict) else items
        raise ModelValidationError(f"a page must hold a list in data, not {str(found)[:100]}", path="data")
    return items


def next_cursor(document: Any) -> Cursor | None:
    """Return the cursor of the next page; None after the last.

    Raises:
        ModelValidationError: It is neither a number nor text.
    """
    metadata = document.get("metadata") if isinstance(document, dict) else None
    cursor = metadata.get("nextCursorId") if isinstance(metadata, dict) else None
    if cursor is not None and (isinstance(cursor, bool) or not isinstance(cursor, (int, str))):
        raise ModelValidationError(
            f"nextCursorId is {cursor!r}, must be int or str", path="metadata.nextCursorId"
        )
    return cursor


def query(params: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return query parameters as text: None left out, lists repeated, booleans in lower case.

    Raises:
        RequestBodyError: Text is not Unicode.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in (params or {}).items():
        values = (
            value if isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping)) else [value]
        )
        pairs += [(name, _text(item)) for item in values if item is not None]
    for name, text in pairs:
        if not is_unicode(text):
            raise RequestBodyError(f"{name} is {text!r}: {NOT_UNICODE}; nothing was sent")
    return pairs


def _text(value: Any) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def encode(body: Any) -> bytes:
    """Encode a body as JSON.

    Raises:
        RequestBodyError: It holds NaN, an infinity, text that is not Unicode or something that is not JSON;
            names the place.
    """
    try:
        text = json.dumps(body, allow_nan=False, default=_plain)
        # Escapes of surrogates are rare: emoji, or text that the platform refuses as "Invalid JSON".
        if "\\ud" in text and _offender(body) is not None:
            raise ValueError(NOT_UNICODE)
        return text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        place, value = _offender(body) or ("", None)
        about = f"{place} is {value!r}: " if place else ""
        raise RequestBodyError(f"{about}{error}; nothing was sent") from error


def _plain(value: Any) -> Any:
    """The text of a UUID object, which is taken wherever the platform wants an ID; values of NumPy."""
    if isinstance(value, UUID):
        return str(value)
    found = plain_json(value)
    if found is not value:
        return found
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _offender(body: Any) -> tuple[str, Any] | None:
    """The first value that JSON cannot express, with its place such as `frames[3].timestamp`."""
    todo: list[tuple[str, Any, int]] = [("", body, 0)]
    while todo:
        place, value, depth = todo.pop()
        value = plain_json(value)
        # A list that holds itself would never end; json.dumps reports it, and nesting that is too deep.
        if isinstance(value, dict) and depth < 200:
            for key in value:
                if isinstance(key, str) and not _expressible(key):
                    return f"a key of {place or 'the body'}", key
            todo += [(f"{place}.{k}".lstrip("."), v, depth + 1) for k, v in reversed(value.items())]
        # As for dicts.
        elif isinstance(value, (list, tuple)) and depth < 200:
            todo += [(f"{place}[{n}]", v, depth + 1) for n, v in reversed(list(enumerate(value)))]
        elif not _expressible(value):
            return place or "the body", value
    return None


def _expressible(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return is_unicode(value)
    return isinstance(value, (int, dict, list, tuple, UUID, type(None)))
