"""The unstructure hooks for every type that a field may have, except models (`model_hooks`).

Assignments to attributes are not checked, so a hook writes a value that is not of the type of its field as
what it is. None passes through every hook.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from typing import Any

import cattrs

from kognic.base_clients.serialization.fields import is_union, without_none
from kognic.base_clients.serialization.modes import Mode
from kognic.base_clients.serialization.structuring import LISTS, SETS

Unstructure = Callable[[Any], Any]


def is_list(kind: Any) -> bool:
    """Return whether a type is a list or tuple, with or without parameters."""
    return (typing.get_origin(kind) or kind) in (*LISTS, tuple)


def is_set(kind: Any) -> bool:
    """Return whether a type is a set, with or without parameters."""
    return (typing.get_origin(kind) or kind) in SETS


def is_map(kind: Any) -> bool:
    """Return whether a type is a map, with or without parameters."""
    origin = typing.get_origin(kind) or kind
    return isinstance(origin, type) and issubclass(origin, Mapping)


def by_class(_: Any, converter: cattrs.Converter) -> Unstructure:
    """Make the hook of `Any`: that of the value's class."""
    return converter.unstructure


def union_writer(kind: Any, converter: cattrs.Converter) -> Unstructure:
    """Make the hook of a union: that of the one member beside None, else that of the value's class."""
    rest, _ = without_none(kind)
    hook: Unstructure = converter.unstructure if is_union(rest) else converter.get_unstructure_hook(rest)
    return hook


def list_writer(kind: Any, converter: cattrs.Converter) -> Unstructure:
    """Make the hook of a list or tuple; JSON has only lists."""
    arguments = typing.get_args(kind)
    single = typing.get_origin(kind) is not tuple and len(arguments) == 1
    hook = converter.get_unstructure_hook(arguments[0]) if single else converter.unstructure

    def unstructure(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [hook(item) for item in value]
        return as_it_is(value, converter)

    return unstructure


def map_writer(kind: Any, converter: cattrs.Converter) -> Unstructure:
    """Make the hook of a map; its keys are the user's and are never renamed."""
    arguments = typing.get_args(kind)
    hook = converter.get_unstructure_hook(arguments[1]) if len(arguments) == 2 else converter.unstructure

    def unstructure(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: hook(item) for key, item in value.items()}
        return as_it_is(value, converter)

    return unstructure


def own_writer(mode: Mode) -> Callable[[Any, cattrs.Converter], Unstructure]:
    """Make the hooks of classes that write themselves."""

    def factory(cls: Any, converter: cattrs.Converter) -> Unstructure:
        return lambda value: value._to_plain(mode) if isinstance(value, cls) else as_it_is(value, converter)

    return factory


def openlabel_writer(*, keep_none: bool) -> Callable[[Any], Unstructure]:
    """Make the hooks of OpenLABEL's models, which are pydantic's."""
    return lambda _: lambda value: value if value is None else value.model_dump(exclude_none=not keep_none)


def as_it_is(value: Any, converter: cattrs.Converter) -> Any:
    """Write a value by its class."""
    return value if value is None else converter.unstructure(value)
