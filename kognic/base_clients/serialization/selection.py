"""Which parts of a dump a caller asks for: `include` and `exclude` as in pydantic.

A set (or list) of names selects whole fields. A mapping goes deeper: its values are True or `...` for the
whole, or a selection of what is inside, where items of lists are selected by index, or all by `"__all__"`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

Selection: TypeAlias = Collection[Any] | Mapping[Any, Any]
_WHOLE = (True, ...)


def selected(
    value: Any, include: Selection | None, exclude: Selection | None, names: Mapping[str, str]
) -> Any:
    """Return a dumped value without what is not asked for.

    Args:
        value: A dict of fields, or a list.
        include: Only these parts; None for all.
        exclude: Not these parts.
        names: Keys of the outermost dict to the Python names by which its fields are selected.
    """
    if include is None and exclude is None:
        return value
    if isinstance(value, Mapping):
        parts = {key: (names.get(key, key), item) for key, item in value.items()}
        kept = {key: _part(item, name, include, exclude) for key, (name, item) in parts.items()}
        return {key: item for key, item in kept.items() if item is not _DROPPED}
    if isinstance(value, list | tuple):
        include, exclude = _indices(include, len(value)), _indices(exclude, len(value))
        found = (_part(item, index, include, exclude) for index, item in enumerate(value))
        return [item for item in found if item is not _DROPPED]
    return value


_DROPPED = object()


def _part(value: Any, name: Any, include: Selection | None, exclude: Selection | None) -> Any:
    if include is not None and name not in include:
        return _DROPPED
    inside = _inside(include, name)
    outside = _inside(exclude, name)
    if exclude is not None and name in exclude and outside is None:
        return _DROPPED
    return selected(value, inside, outside, {})


def _inside(selection: Selection | None, name: Any) -> Selection | None:
    """What is selected within a part; None for the whole of it, and for what is not mentioned."""
    if not isinstance(selection, Mapping) or name not in selection:
        return None
    inner = selection[name]
    return None if inner in _WHOLE else inner


def _indices(selection: Selection | None, count: int) -> Selection | None:
    """A selection of list items by index from the start, with `"__all__"` and negative indices resolved."""
    if selection is None:
        return None
    as_map: dict[Any, Any] = (
        dict(selection) if isinstance(selection, Mapping) else dict.fromkeys(selection, True)
    )
    found = dict.fromkeys(range(count), as_map.pop("__all__")) if "__all__" in as_map else {}
    return {**found, **{(index + count if index < 0 else index): inner for index, inner in as_map.items()}}
