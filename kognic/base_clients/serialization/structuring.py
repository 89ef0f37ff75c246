"""The structure hooks for every type that a field may have, except models (`model_hooks`)."""

from __future__ import annotations

import collections.abc
import dataclasses
import types
import typing
from collections.abc import Callable
from enum import Enum
from pathlib import PurePath
from typing import Any

import cattrs

from kognic.base_clients.serialization.containers import to_dict, to_list
from kognic.base_clients.serialization.fields import FieldSpec, as_mapping, is_union, without_none
from kognic.base_clients.serialization.mismatch import WRONG_VALUE, problem_of
from kognic.base_clients.serialization.problems import Invalid, expected
from kognic.base_clients.serialization.scalars import to_enum

Structure = Callable[[Any, Any], Any]

LISTS: tuple[Any, ...] = (
    list,
    collections.abc.Sequence,
    collections.abc.Iterable,
    collections.abc.MutableSequence,
)
SETS: tuple[Any, ...] = (set, frozenset, collections.abc.Set, collections.abc.MutableSet)
MAPS: tuple[Any, ...] = (dict, collections.abc.Mapping, collections.abc.MutableMapping)


def hook_of(kind: Any, converter: cattrs.Converter) -> Structure:
    """Return the converter's hook for a type; whatever cattrs' own hooks raise becomes `Invalid`."""
    hook: Structure = converter.get_structure_hook(kind)
    if is_enum(kind) and hasattr(hook, "scalar"):  # One of ours; this one is faster.
        return to_enum(kind)
    if typing.get_origin(kind) not in (tuple, typing.Literal):
        return hook

    def structure(value: Any, _: Any) -> Any:
        try:
            return hook(value, kind)
        except Invalid:
            raise
        except Exception as error:  # cattrs raises different things for a value that it cannot take.
            raise expected(_name(kind), value) from error

    return structure


def field_hook(spec: FieldSpec, converter: cattrs.Converter, *, constructed: bool = False) -> Structure:
    """Return the hook of a field: the field's own converter, then its type.

    Args:
        spec: The field.
        converter: The converter that has the hook.
        constructed: Whether the hook is for the constructor, where None is a value of every optional field.
            In JSON, null stands for the default.
    """
    hook, kind, convert = hook_of(spec.type, converter), spec.type, spec.convert
    optional = spec.optional and (constructed or spec.required or spec.attribute.default is None)
    if convert is None and not optional:
        return hook

    def structure(value: Any, _: Any) -> Any:
        if value is None and optional:
            return None
        return hook(value if convert is None else convert(value), kind)

    return structure


def is_enum(kind: Any) -> bool:
    """Return whether a type is an enumeration."""
    return isinstance(kind, type) and issubclass(kind, Enum)


def has_no_json(kind: Any) -> bool:
    """Return whether a type is a class that is neither plain data nor known to cattrs."""
    return (
        isinstance(kind, type)
        and kind.__module__ not in ("builtins", "typing")
        and not issubclass(kind, tuple | dict | PurePath)
        and not dataclasses.is_dataclass(kind)
    )


def scalar_hook(scalar: type, convert: Callable[[Any], Any]) -> Structure:
    """Make the hook of a plain type, which cattrs also uses for enumerations that derive from the type."""

    def structure(value: Any, kind: Any) -> Any:
        if value.__class__ is scalar and kind is scalar:
            return value
        return to_enum(kind)(value, kind) if is_enum(kind) else convert(value)

    structure.scalar = scalar  # type: ignore[attr-defined]
    return structure


def enum_hook() -> Structure:
    """Make the hook of all enumerations."""

    def structure(value: Any, kind: Any) -> Any:
        return to_enum(kind)(value)

    structure.scalar = Enum  # type: ignore[attr-defined]
    return structure


def instance_hook(cls: Any) -> Structure:
    """Make the hook of a class that has no JSON."""
    return _instance_of(cls, f"an instance of {_name(cls)}")


def abstract_hook(cls: Any) -> Structure:
    """Make the hook of a base class: its JSON does not say which class it is of."""
    return _instance_of(cls, f"an instance of a class derived from {_name(cls)}")


def tagged_hook(cls: Any, converter: cattrs.Converter) -> Structure:
    """Make the hook of a union whose members carry a tag; `cls._class_of` reads the tag."""

    def structure(value: Any, _: Any) -> Any:
        value = as_mapping(cls, value)
        if isinstance(value, cls):
            return value
        kind = cls._class_of(value)
        return converter.get_structure_hook(kind)(value, kind)

    return structure


def own_hook(cls: Any) -> Structure:
    """Make the hook of a class that reads itself."""
    return lambda value, _: cls._from_plain(value)


def list_hook(kind: Any, converter: cattrs.Converter) -> Structure:
    """Make the hook of a list, which takes any iterable but text and maps."""
    element = typing.get_args(kind)[0]
    hook = hook_of(element, converter)

    def structure(value: Any, _: Any) -> list[Any]:
        return [hook(item, element) for item in (value if value.__class__ is list else to_list(value))]

    def located(value: Any, _: Any) -> list[Any]:
        out = []
        for index, item in enumerate(to_list(value)):
            try:
                out.append(hook(item, element))
            except Exception as error:  # `problem_of` raises what is not about a value.
                raise problem_of(error).under(index) from error.__cause__
        return out

    return located if converter.detailed_validation else structure


def set_hook(kind: Any, converter: cattrs.Converter) -> Structure:
    """Make the hook of a set."""
    (element,) = typing.get_args(kind)
    hook = list_hook(types.GenericAlias(list, (element,)), converter)
    make = frozenset if typing.get_origin(kind) is frozenset else set
    return lambda value, _: make(hook(value, kind))


def map_hook(kind: Any, converter: cattrs.Converter) -> Structure:
    """Make the hook of a dict, whose keys are the user's and are never renamed."""
    key_type, item_type = typing.get_args(kind)
    key_hook, item_hook = hook_of(key_type, converter), hook_of(item_type, converter)

    def structure(value: Any, _: Any) -> dict[Any, Any]:
        return {key_hook(key, key_type): item_hook(item, item_type) for key, item in to_dict(value).items()}

    def located(value: Any, _: Any) -> dict[Any, Any]:
        out = {}
        for key, item in to_dict(value).items():
            try:
                out[key_hook(key, key_type)] = item_hook(item, item_type)
            except Exception as error:  # `problem_of` raises what is not about a value.
                where = key if isinstance(key, int) else str(key)
                raise problem_of(error).under(where) from error.__cause__
        return out

    return located if converter.detailed_validation else structure


def union_hook(kind: Any, converter: cattrs.Converter) -> Structure:
    """Make the hook of a union: the member whose class the value has, else the first that takes it."""
    rest, optional = without_none(kind)
    members = typing.get_args(rest) if is_union(rest) else (rest,)
    hooks = [(hook_of(member, converter), member) for member in members]
    if len(hooks) == 1:
        ((only, member),) = hooks
        return lambda value, _: None if value is None else only(value, member)

    def structure(value: Any, _: Any) -> Any:
        if value.__class__ in members or (value is None and optional):
            return value
        for hook, member in hooks:
            try:
                return hook(value, member)
            except WRONG_VALUE:
                continue
        raise expected(" or ".join(_name(member) for member in members), value)

    return structure


def _instance_of(cls: Any, what: str) -> Structure:
    def structure(value: Any, _: Any) -> Any:
        if isinstance(value, cls):
            return value
        raise expected(what, value)

    return structure


def _name(kind: Any) -> str:
    return str(kind) if typing.get_origin(kind) else getattr(kind, "__name__", str(kind))
