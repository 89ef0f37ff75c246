"""A page of a list, as the verbs of `HttpClient` return it; operations iterate over items instead."""

from __future__ import annotations

from typing import Any

import attrs

from kognic.base_clients.serialization import BaseSerializer

CursorIdType = int | str


@attrs.define(kw_only=True)
class PageMetadata(BaseSerializer):
    """Where a list continues.

    Attributes:
        next_cursor_id: Opaque; asks for the next page. None on the last one.
    """

    next_cursor_id: CursorIdType | None = None


@attrs.define(kw_only=True)
class PaginatedResponse(BaseSerializer):
    """One page.

    Attributes:
        data: The items.
        metadata: Where the list continues.
    """

    data: dict[str, Any] | list[Any]
    metadata: PageMetadata = attrs.field(factory=PageMetadata)
