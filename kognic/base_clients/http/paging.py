"""The platform's ways of dealing out long lists, page by page; each page is fetched when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from kognic.base_clients.errors import ModelValidationError
from kognic.base_clients.http import envelope

Fetch = Callable[[Mapping[str, Any]], Any]
"""Fetches the page at a place, which is given as query parameters."""


class Page(list[Any]):
    """The items of a page, which can be fetched again."""

    def __init__(self, items: list[Any], fetch: Callable[[], Any]) -> None:
        super().__init__(items)
        self._fetch = fetch

    def fetch_again(self) -> list[Any]:
        """Return what the page holds now, as when the signed URLs in it have expired."""
        return envelope.page_items(self._fetch())


def by_cursor(fetch: Fetch) -> Iterator[Page]:
    """Pages that name the next one; the items of each.

    Raises:
        ModelValidationError: An answer is not a page, or names one that has been had as the next one.
    """
    cursor: envelope.Cursor | None = None
    had: set[envelope.Cursor] = set()
    while True:
        here = {} if cursor is None else {"cursorId": cursor}
        page = fetch(here)
        yield Page(envelope.page_items(page), partial(fetch, here))
        before, cursor = cursor, envelope.next_cursor(page)
        if cursor is None:
            return
        if cursor in had:
            trouble = f"page {before!r} says that its next page is {cursor!r}, which was had before"
            raise ModelValidationError(trouble, path="metadata")
        had.add(cursor)


def by_offset(fetch: Fetch, limit: int) -> Iterator[Any]:
    """Items of pages of a fixed size that say whether there is another.

    Raises:
        ModelValidationError: An answer is not a page, or is empty and says that there is another.
    """
    offset = 0
    while True:
        page = fetch({"offset": offset, "limit": limit})
        items = envelope.page_items(page)
        yield from items
        if not (isinstance(page, dict) and page.get("hasNext")):
            return
        if not items:
            raise ModelValidationError(
                f"the page at {offset} is empty, but says that more follow", path="hasNext"
            )
        offset += limit


def by_rows(fetch: Fetch) -> Iterator[Any]:
    """Items of pages that begin at the number of items had so far; an empty one is the last.

    Raises:
        ModelValidationError: An answer is not a page, or the one that was had before.
    """
    offset = 0
    before: list[Any] = []
    while items := envelope.page_items(fetch({"offset": offset})):
        if items == before:
            raise ModelValidationError(f"the rows at {offset} are those before them again", path="data")
        yield from items
        before = items
        offset += len(items)
