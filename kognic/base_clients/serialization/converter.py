"""The one cattrs converter: how a value of any type that a field may have is read and written.

cattrs knows the types; here it learns our scalars, that a model goes through its codec, and that a problem
inside a list or a map carries its index or key. Imported at the first use of a model, not before.
"""

from __future__ import annotations

import collections.abc
import contextlib
import functools
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import attrs
import cattrs

from kognic.base_clients.serialization.codec import codec
from kognic.base_clients.serialization.containers import to_dict, to_list
from kognic.base_clients.serialization.fields import is_model, is_union, without_none
from kognic.base_clients.serialization.problems import Invalid, expected
from kognic.base_clients.serialization.scalars import SCALARS, to_enum

_LISTS: tuple[Any, ...] = (
    list,
    collections.abc.Sequence,
    collections.abc.Iterable,
    collections.abc.MutableSequence,
)
_SETS: tuple[Any, ...] = (set, frozenset, collections.abc.Set, collections.abc.MutableSet)
_MAPS: tuple[Any, ...] = (dict, collections.abc.Mapping, collections.abc.MutableMapping)


def reader_of(kind: Any) -> Callable[[Any], Any]:
    """The function that makes a value of a type from what it was given, or raises `Invalid`."""
    own = _own_reader(kind)
    if own is not None:
        return own
    return functools.partial(_read_by_cattrs, _converter().get_structure_hook(kind), kind)


def element_of(kind: Any) -> Any:
    """The type of a list's elements; None for what is no list."""
    return typing.get_args(kind)[0] if typing.get_origin(kind) in _LISTS else None


def writer_of(*, by_alias: bool, keep_none: bool) -> Callable[[Any], Any]:
    """The function that writes a value by what it is."""
    return _WRITERS[by_alias, keep_none]


def _own_reader(kind: Any) -> Callable[[Any], Any] | None:
    """Our reader of a type; None for types that are cattrs' business, such as tuples and literals."""
    if kind in SCALARS:
        return SCALARS[kind]
    if kind is Any:
        return lambda value: value
    if is_union(kind):
        return _union_reader(kind)
    origin = typing.get_origin(kind)
    for origins, make in ((_LISTS, _list_reader), (_MAPS, _map_reader), (_SETS, _set_reader)):
        if origin in origins:
            return make(kind)
    if origin is not None or not isinstance(kind, type):
        return None
    if is_model(kind):
        return _model_reader(kind)
    return to_enum(kind) if issubclass(kind, Enum) else _instance_reader(kind) if attrs.has(kind) else None


@functools.cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False, structure_fallback_factory=_instance_hook)
    converter.register_structure_hook_factory(lambda kind: _own_reader(kind) is not None, _own_hook)
    converter.register_structure_hook(Enum, lambda value, kind: to_enum(kind)(value))
    return converter


def _own_hook(kind: Any) -> Callable[[Any, Any], Any]:
    """A cattrs hook around our reader of a type."""
    read = _own_reader(kind) or _instance_reader(kind)
    return lambda value, _: read(value)


def _instance_hook(kind: Any) -> Callable[[Any, Any], Any]:
    """For types that cattrs does not know."""
    read = _instance_reader(kind)
    return lambda value, _: read(value)


def _read_by_cattrs(hook: Callable[[Any, Any], Any], kind: Any, value: Any) -> Any:
    try:
        return hook(value, kind)
    except Invalid:
        raise
    except Exception as exc:  # cattrs raises different things for a value that it cannot take.
        raise expected(_name(kind), value) from exc


def _name(kind: Any) -> str:
    return str(kind) if typing.get_origin(kind) else getattr(kind, "__name__", str(kind))


def _model_reader(cls: type) -> Callable[[Any], Any]:
    own = codec(cls)
    return lambda value: own.read(value)  # Generated when called, so that a model may hold its own kind.


def _instance_reader(cls: type) -> Callable[[Any], Any]:
    """For classes that have no JSON."""

    def read_instance(value: Any) -> Any:
        if isinstance(value, cls):
            return value
        raise expected(f"an instance of {_name(cls)}", value)

    return read_instance


def _exact(kind: Any) -> Any:
    """The class whose direct instances need no look; None for other types."""
    return kind if kind in SCALARS or is_model(kind) else None


def _list_reader(kind: Any) -> Callable[[Any], list[Any]]:
    element = element_of(kind)
    read, exact = reader_of(element), _exact(element)

    def read_list(value: Any) -> list[Any]:
        items = to_list(value)
        index = 0
        try:
            for index, item in enumerate(items):
                if item.__class__ is not exact:
                    items[index] = read(item)
        except Invalid as problem:
            raise problem.under(index) from problem.__cause__
        return items

    return read_list


def _set_reader(kind: Any) -> Callable[[Any], Any]:
    read = _list_reader(list[typing.get_args(kind)[0]])  # type: ignore[misc]
    make = frozenset if typing.get_origin(kind) is frozenset else set
    return lambda value: make(read(value))


def _map_reader(kind: Any) -> Callable[[Any], dict[Any, Any]]:
    key_type, value_type = typing.get_args(kind)
    read_key, exact_key = reader_of(key_type), _exact(key_type)
    read_value, exact_value = reader_of(value_type), _exact(value_type)

    def read_map(value: Any) -> dict[Any, Any]:
        given = to_dict(value)
        out: dict[Any, Any] = {}
        key: Any = None
        try:
            for key, item in given.items():
                name = key if key.__class__ is exact_key else read_key(key)
                out[name] = item if item.__class__ is exact_value else read_value(item)
        except Invalid as problem:
            raise problem.under(key if isinstance(key, int) else str(key)) from problem.__cause__
        return out

    return read_map


def _union_reader(kind: Any) -> Callable[[Any], Any]:
    """The member whose class the value has, else the first that takes it."""
    rest, optional = without_none(kind)
    members = typing.get_args(rest) if is_union(rest) else (rest,)
    readers = [reader_of(member) for member in members]

    def read_union(value: Any) -> Any:
        if value.__class__ in members or (value is None and optional):
            return value
        if len(readers) == 1:
            return readers[0](value)
        for read in readers:
            with contextlib.suppress(Invalid):
                return read(value)
        raise expected(" or ".join(_name(member) for member in members), value)

    return read_union


def _make_writer(*, by_alias: bool, keep_none: bool) -> Callable[[Any], Any]:
    method = f"write{'_all' if keep_none else ''}{'' if by_alias else '_python'}"

    def write(value: Any) -> Any:
        cls = value.__class__
        if cls in SCALARS or value is None:
            return value
        if is_model(cls):
            return getattr(codec(cls), method)(value)
        if isinstance(value, list | tuple):
            return [write(item) for item in value]
        if isinstance(value, Mapping):
            return {key: write(item) for key, item in value.items()}
        if hasattr(cls, "model_dump"):  # OpenLABEL
            return value.model_dump(exclude_none=not keep_none)
        if attrs.has(cls):
            return _converter().unstructure(value)
        return value

    return write


_WRITERS = {
    (by_alias, keep_none): _make_writer(by_alias=by_alias, keep_none=keep_none)
    for by_alias in (True, False)
    for keep_none in (True, False)
}
