"""The platform's ways of dealing out long lists, page by page; each page is fetched when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kognic.base_clients import envelope
from kognic.base_clients.errors import ModelValidationError

Fetch = Callable[[Mapping[str, Any]], Any]
"""Fetches the page at a place, which is given as query parameters."""


def by_cursor(fetch: Fetch) -> Iterator[list[Any]]:
    """Pages that name the next one; the items of each.

    Raises:
        ModelValidationError: An answer is not a page, or names itself as the next one.
    """
    cursor: envelope.Cursor | None = None
    while True:
        page = fetch({} if cursor is None else {"cursorId": cursor})
        yield envelope.page_items(page)
        before, cursor = cursor, envelope.next_cursor(page)
        if cursor is None:
            return
        if cursor == before:
            raise ModelValidationError(f"page {cursor!r} says that it is its own next page", path="metadata")


def by_offset(fetch: Fetch, limit: int) -> Iterator[Any]:
    """Items of pages of a fixed size that say whether there is another.

    Raises:
        ModelValidationError: An answer is not a page.
    """
    offset = 0
    while True:
        page = fetch({"offset": offset, "limit": limit})
        yield from envelope.page_items(page)
        if not (isinstance(page, dict) and page.get("hasNext")):
            return
        offset += limit


def by_rows(fetch: Fetch) -> Iterator[Any]:
    """Items of pages that begin at the number of items had so far; an empty one is the last.

    Raises:
        ModelValidationError: An answer is not a page.
    """
    offset = 0
    while items := envelope.page_items(fetch({"offset": offset})):
        yield from items
        offset += len(items)
