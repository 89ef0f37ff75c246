"""The one cattrs converter: it structures and unstructures every field of every model.

`CONVERTER` structures plain values into models and unstructures models as they are sent. What differs from
that is a copy of it, with all of its hooks: `detailed()` finds where a value was wrong, `validator()`
requires files, `writer()` writes with Python names, or everything that reading back needs.

Imported when the first model is created, read or written (see `lazy`), because importing cattrs takes time.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from enum import Enum
from typing import Any

import cattrs
from cattrs.fns import identity

from kognic.base_clients.serialization import structuring, unstructuring
from kognic.base_clients.serialization.fields import is_model, is_union
from kognic.base_clients.serialization.mismatch import WRONG_VALUE, problem_of
from kognic.base_clients.serialization.model_hooks import model_hook, model_writer
from kognic.base_clients.serialization.modes import SENT, Mode
from kognic.base_clients.serialization.problems import Invalid
from kognic.base_clients.serialization.scalars import SCALARS
from kognic.base_clients.serialization.structuring import Structure, field_hook
from kognic.base_clients.serialization.unstructuring import Unstructure

__all__ = ["CONVERTER", "detailed", "explained", "field_hook", "validator", "writer"]


def _make_converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)
    _register_structuring(converter)
    _register_unstructuring(converter)
    _register_writing(converter, SENT)
    return converter


def _register_structuring(converter: cattrs.Converter) -> None:
    # cattrs asks the factory first that was registered last.
    register: Any = converter.register_structure_hook_factory
    register(structuring.has_no_json, structuring.instance_hook)
    register(_origin_in(structuring.LISTS), structuring.list_hook)
    register(_origin_in(structuring.SETS), structuring.set_hook)
    register(_origin_in(structuring.MAPS), structuring.map_hook)
    register(is_union, structuring.union_hook)
    register(is_model, _model_hook)
    register(inspect.isabstract, structuring.abstract_hook)
    register(lambda kind: "_class_of" in getattr(kind, "__dict__", ()), structuring.tagged_hook)
    register(lambda kind: hasattr(kind, "_from_plain"), structuring.own_hook)
    converter.register_structure_hook_func(lambda kind: kind is Any, lambda value, _: value)
    # By class, which cattrs looks at before it asks the factories.
    converter.register_structure_hook(Enum, structuring.enum_hook())
    for kind, convert in SCALARS.items():
        converter.register_structure_hook(kind, structuring.scalar_hook(kind, convert))


def _register_unstructuring(converter: cattrs.Converter) -> None:
    register: Any = converter.register_unstructure_hook_factory
    register(lambda kind: kind is Any, unstructuring.by_class)
    register(is_union, unstructuring.union_writer)
    converter.register_unstructure_hook(Enum, identity)
    register(unstructuring.is_set, _unchanged)
    register(unstructuring.is_list, unstructuring.list_writer)
    register(unstructuring.is_map, unstructuring.map_writer)


def _register_writing(converter: cattrs.Converter, mode: Mode) -> None:
    """Register the hooks that depend on how models are written."""

    def model(cls: type, own: cattrs.Converter) -> Unstructure:
        return model_writer(cls, own, mode, lambda: writer(mode.with_python_names()))

    register: Any = converter.register_unstructure_hook_factory
    register(
        lambda kind: hasattr(kind, "model_dump"),
        unstructuring.openlabel_writer(keep_none=not mode.omit_none),
    )
    register(is_model, model)
    register(lambda kind: hasattr(kind, "_to_plain"), unstructuring.own_writer(mode))


def _origin_in(origins: tuple[Any, ...]) -> Callable[[Any], bool]:
    return lambda kind: typing.get_origin(kind) in origins


def _model_hook(cls: type, own: cattrs.Converter) -> Structure:
    return model_hook(cls, own)


def _unchanged(_: Any) -> Unstructure:
    return identity


CONVERTER = _make_converter()


@functools.cache
def detailed() -> cattrs.Converter:
    """Return the converter that finds out where a value was wrong, at a slower pace."""
    return CONVERTER.copy(detailed_validation=True)


@functools.cache
def validator() -> cattrs.Converter:
    """Return the converter for `model_validate`: files must exist, as for new resources."""
    converter = CONVERTER.copy()

    def model(cls: Any, own: cattrs.Converter) -> Structure:
        return model_hook(cls, own, cls._before_validation)

    register: Any = converter.register_structure_hook_factory
    register(lambda kind: is_model(kind) and hasattr(kind, "_before_validation"), model)
    return converter


@functools.cache
def writer(mode: Mode) -> cattrs.Converter:
    """Return the converter that writes in another way than `CONVERTER`."""
    if mode == SENT:
        return CONVERTER
    converter = CONVERTER.copy()
    _register_writing(converter, mode)
    return converter


def explained(
    error: Exception, value: Any, kind: Any, hook: Callable[[cattrs.Converter], Structure]
) -> Invalid:
    """Locate the problem in a value by structuring it again with detailed validation.

    Args:
        error: The exception of the first attempt.
        value: The value to structure.
        kind: Its type.
        hook: Gets the hook from a converter.

    Raises:
        Exception: `error` itself, when it is not about a value.
    """
    if not isinstance(error, WRONG_VALUE):
        raise error
    try:
        hook(detailed())(value, kind)
    except Exception as again:
        return problem_of(again)
    if isinstance(error, Invalid):  # An iterator, which has nothing left the second time.
        return error
    raise error
