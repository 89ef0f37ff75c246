"""Pages as users of the official package know them."""

from __future__ import annotations

import pytest

from kognic.base_clients.models import CursorIdType, PageMetadata, PaginatedResponse


@pytest.mark.parametrize("cursor", [None, 7, "abc"])
def test_page(cursor: CursorIdType | None) -> None:
    page = PaginatedResponse.from_json({"data": [1], "metadata": {"nextCursorId": cursor, "more": 1}})

    assert page == PaginatedResponse(data=[1], metadata=PageMetadata(next_cursor_id=cursor))
    assert page.metadata.next_cursor_id == cursor


def test_last_page() -> None:
    assert PageMetadata().next_cursor_id is None
    assert PaginatedResponse(data={"a": 1}).metadata == PageMetadata()
