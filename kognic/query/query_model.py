"""What a query returns: whole or as a stream of items."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import requests

from kognic.base_clients import fast_json
from kognic.base_clients.errors import QueryException as QueryException

_SKIPPED = frozenset({b"", b"[", b"]", b",", b"[]"})
# Characters of a line that is not JSON: enough to see what it is instead.
SHOWN = 200


class AbstractQueryResponse(ABC):
    """What both kinds of answers have in common.

    Attributes:
        raw_response: The HTTP response.
    """

    def __init__(self, raw_response: requests.Response) -> None:
        self.raw_response = raw_response

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self.raw_response.status_code

    @abstractmethod
    def items(self) -> Iterable[dict[str, Any]]:
        """Yield what was found."""


class QueryResponse(AbstractQueryResponse):
    """An answer that was read whole.

    Attributes:
        json: The decoded answer.

    Raises:
        QueryException: The answer is not the JSON object that it must be.
    """

    def __init__(self, raw_response: requests.Response) -> None:
        super().__init__(raw_response)
        try:
            self.json: dict[str, Any] = fast_json.loads(raw_response.content)
        except (ValueError, RecursionError) as exc:
            raise self._unreadable(f"not JSON: {raw_response.content[:SHOWN]!r}") from exc
        if not isinstance(self.json, dict) or not isinstance(self.json.get("items"), list):
            raise self._unreadable(f"without a list of items: {raw_response.content[:SHOWN]!r}")

    def items(self) -> list[dict[str, Any]]:
        """Return what was found, at most `limit` items."""
        found: list[dict[str, Any]] = self.json["items"]
        return found

    @property
    def total_hits(self) -> int:
        """How many items match, whatever the limit."""
        return self._number("totalHits")

    @property
    def returned_hits(self) -> int:
        """How many items were returned."""
        return self._number("returnedHits")

    @property
    def took(self) -> int:
        """How long the search took on the platform, milliseconds."""
        return self._number("took")

    @property
    def aggregates(self) -> dict[str, Any]:
        """What the aggregates came to, by name; empty if none were asked for."""
        return self.json.get("aggregates") or {}

    @property
    def head(self) -> dict[str, Any] | None:
        """The first item; None if nothing was found."""
        return next(iter(self.items()), None)

    def _number(self, key: str) -> int:
        value = self.json.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._unreadable(f"where {key} is {value!r}, must be an integer")
        return value

    def _unreadable(self, what: str) -> QueryException:
        return QueryException(f"The query was answered with {self.status_code}, but {what}", self.status_code)

    def __repr__(self) -> str:
        return f"QueryResponse({len(self.items())} of {self.json.get('totalHits')} items)"


class StreamingQueryResponse(AbstractQueryResponse):
    """An answer that is read while it is consumed, in constant memory.

    Args:
        raw_response: The response, its body unread.
        lines: The lines of the body.
    """

    def __init__(self, raw_response: requests.Response, lines: Iterator[bytes]) -> None:
        super().__init__(raw_response)
        self._lines: Iterator[bytes] | None = lines

    def items(self) -> Iterator[dict[str, Any]]:
        """Iterate over what was found, once.

        Raises:
            QueryException: A line is neither an item nor the frame around them, or the stream ended too soon;
                raised mid-iteration. Or the items have been asked for before, raised by the call itself.
            ConnectionFailedError: The connection broke mid-iteration.
        """
        if self._lines is None:
            raise QueryException(
                "The items of a stream can be read once; keep them in a list, or query again",
                self.status_code,
            )
        lines, self._lines = self._lines, None
        return iter_streaming_items(lines)

    def close(self) -> None:
        """Give up the rest of the stream."""
        self.raw_response.close()

    def __repr__(self) -> str:
        return f"StreamingQueryResponse({'unread' if self._lines is not None else 'read'})"


def iter_streaming_items(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Iterate over the items of a streamed answer: one JSON object a line, between `[` and `]`.

    Args:
        lines: The lines, without their ends.

    Raises:
        QueryException: A line is neither, or there is no `]` for the `[`; raised mid-iteration.
    """
    is_open, number = False, 0
    for number, line in enumerate(lines, 1):
        if line[:1] == b"{":
            try:
                item = fast_json.loads(line.rstrip().removesuffix(b","))
            except (ValueError, RecursionError) as exc:
                raise _unreadable(number, line) from exc
            yield item
            continue
        token = line.strip()
        if token not in _SKIPPED:
            raise _unreadable(number, line)
        is_open = (is_open or token == b"[") and token != b"]"
    if is_open:
        raise QueryException(f"The stream ended after {number} lines without its closing bracket", 200)


def _unreadable(number: int, line: bytes) -> QueryException:
    return QueryException(f"Line {number} of the stream cannot be read: {line[:SHOWN]!r}", 200)
