"""Which file goes next: URLs that expire soon before others, small files in the gaps that large ones leave.

Large files are limited by bandwidth, small ones by latency. While both are waiting, half of the workers move
large files and half small ones, so that neither the line nor the workers are idle; the large ones start in
order of size, because a large file that starts last is waited for by everybody.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import attrs

LARGE = 8 << 20
"""Bytes from which on a file counts as large."""
SAME_TIME = 300.0
"""Seconds within which expiry times count as equal: the URLs of a scene are signed one after the other."""

T = TypeVar("T")


@attrs.frozen(eq=False)
class Item(Generic[T]):
    """One file to be scheduled.

    Attributes:
        work: What is to be done.
        size: Bytes, None when not known.
        expires: When its URL stops working, seconds since the Unix epoch; None when not known.
    """

    work: T
    size: int | None = None
    expires: float | None = None

    @property
    def large(self) -> bool:
        """Whether bandwidth limits it."""
        return self.size is not None and self.size >= LARGE


class Queue(Generic[T]):
    """Hands out files to workers. Thread-safe.

    Args:
        items: All files.
        workers: How many take from it.
    """

    def __init__(self, items: Iterable[Item[T]], workers: int) -> None:
        ordered = in_order(list(items))
        self._large = deque(item for item in ordered if item.large)
        self._small = deque(item for item in ordered if not item.large)
        self._room_for_large = max(1, workers // 2)
        self._lock = threading.Lock()

    def take(self) -> Item[T] | None:
        """Take the next file; None when there is none left."""
        with self._lock:
            if self._large and (self._room_for_large > 0 or not self._small):
                self._room_for_large -= 1
                return self._large.popleft()
            return self._small.popleft() if self._small else None

    def done(self, item: Item[T]) -> None:
        """Count a file that was taken as finished, whether it was stored or not."""
        if item.large:
            with self._lock:
                self._room_for_large += 1


def in_order(items: Sequence[Item[T]]) -> list[Item[T]]:
    """Sort files: soonest to expire first; among those about equal, the largest first, else as given."""

    def urgency(item: Item[T]) -> tuple[float, int]:
        expires = float("inf") if item.expires is None else item.expires // SAME_TIME
        return expires, -(item.size or 0) if item.large else 0

    return sorted(items, key=urgency)
