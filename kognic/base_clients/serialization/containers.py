"""Containers as fields take them: any iterable for a list, any mapping for a dict, None for an empty one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from kognic.base_clients.serialization.fields import Model
from kognic.base_clients.serialization.problems import expected

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


def to_list(value: Iterable[T]) -> list[T]:
    """Return the elements of anything that can be gone through, except text and maps, as a new list."""
    if value.__class__ is list:
        return list(value)
    # A model can be gone through, for `dict(model)`, but is one element and not many.
    if isinstance(value, str | bytes | Mapping | Model) or not isinstance(value, Iterable):
        raise expected("a list", value)
    return list(value)


def to_dict(value: Mapping[K, V]) -> dict[K, V]:
    """Return the entries of any mapping as a new dict."""
    if value.__class__ is not dict and not isinstance(value, Mapping):
        raise expected("a dict", value)
    return dict(value)
