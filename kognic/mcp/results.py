"""How answers look: typed, in pages, with nothing secret in them.

Names, titles and messages on the platform were written by other people. They appear as values of JSON only,
with control characters shown as escapes, secrets masked and a limit on their length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Annotated, Any, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from kognic._core.plain import plain
from kognic._core.redaction import redact
from kognic._core.visible import visible

MAX_TEXT = 1000
"""Longest text in an answer, characters."""
MAX_ITEMS = 200
"""Most items of one page."""

Item = TypeVar("Item", bound="Result")
Offset = Annotated[int, Field(ge=0, description="First item, from 0; next_offset of the page before.")]
# A choice: answers take room in the conversation, and `next_offset` leads on.
USUAL_LIMIT = 50
Limit = Annotated[int, Field(ge=1, le=MAX_ITEMS, description="Most items of the page.")]


class Result(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(extra="ignore")


class Page(Result, Generic[Item]):
    """Some of the items; next_offset is the offset of the next page, null on the last."""

    items: list[Item]
    total: int | None = Field(description="Items on all pages; null if unknown.")
    next_offset: int | None


def clean(value: Any) -> Any:
    """Turn a value, or anything that holds values, into JSON without secrets and control characters."""
    return _shown(plain(value))


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        shown = visible(redact(value))
        cut = len(shown) - MAX_TEXT
        return shown if cut <= 0 else f"{shown[:MAX_TEXT]}... ({cut} more characters)"
    if isinstance(value, Mapping):
        return {str(_shown(key)): _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return value


def result(kind: type[Item], value: Any, **more: Any) -> Item:
    """Turn a model of the client into a result; fields that the result does not have are left out."""
    given = plain(value)
    return kind.model_validate(clean({**{name: given.get(name) for name in kind.model_fields}, **more}))


def page(kind: type[Item], values: Iterable[Any], offset: int, limit: int) -> Page[Item]:
    """Return the page of a list, or of an iterator, which is read no further than needed."""
    total = len(values) if isinstance(values, list | tuple) else None
    chosen = list(islice(iter(values), offset, offset + limit + 1))
    of_kind: type[Page[Item]] = cast("Any", Page)[kind]
    return of_kind(
        items=list(_results(kind, chosen[:limit])),
        total=total,
        next_offset=offset + limit if len(chosen) > limit else None,
    )


def _results(kind: type[Item], values: Iterable[Any]) -> Iterator[Item]:
    for value in values:
        yield value if isinstance(value, kind) else result(kind, value)
