"""Pages of a list that is ordered by a number which only grows.

A cursor is the number of the last item handed out. Callers must not look into it, so some services hand it
out as an integer and some as text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select

from kognic.sandbox.platform.calls import Call
from kognic.sandbox.platform.envelope import Page
from kognic.sandbox.platform.errors import InvalidError

TEXT_PREFIX = "c-"


def page(
    call: Call,
    query: Select[Any],
    number: Any,
    answer: Callable[[Any], Any],
    *,
    limit: int | None = None,
    text_cursor: bool = False,
) -> Page:
    """Return one page of a query.

    Args:
        call: The call; its `cursorId` says where to go on.
        query: What is listed, without order.
        number: The column that orders it.
        answer: What a row becomes.
        limit: Rows per page; the platform's page size when None.
        text_cursor: Hand out cursors as text instead of integers.
    """
    size = limit or call.platform.settings.page_size
    rows = list(call.session.scalars(query.where(number > cursor_of(call)).order_by(number).limit(size + 1)))
    more = len(rows) > size
    last = getattr(rows[size - 1], number.key) if more else None
    cursor = f"{TEXT_PREFIX}{last}" if more and text_cursor else last
    return Page([answer(row) for row in rows[:size]], cursor)


def cursor_of(call: Call) -> int:
    """Return the number after which the page begins."""
    text = call.query.get("cursorId")
    if text is None:
        return -1
    digits = text.removeprefix(TEXT_PREFIX)
    if not digits.isdecimal():
        raise InvalidError(f"cursorId {text} has not been handed out by this call")
    return int(digits)
