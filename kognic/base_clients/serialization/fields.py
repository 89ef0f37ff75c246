"""What is known about one field of a model, gathered from its attrs attribute and its resolved type."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any

import attrs

from kognic.base_clients.serialization.names import is_sent, keeps_python_names, wire_name_of

_UNIONS = (typing.Union, types.UnionType)
_SCALARS = (str, int, float, bool, datetime)


@attrs.frozen(kw_only=True)
class FieldSpec:
    """One field of a model.

    Attributes:
        name: The Python name.
        wire: The wire name.
        type: The type without None.
        optional: Whether None is a value of the field.
        required: Whether the field has no default.
        default: The default, or the factory that makes it.
        is_factory: Whether `default` is a factory.
        convert: The field's own converter, which sees a value before its type does.
        sent: Whether the field is written at all.
        python_inside: Whether the content keeps its Python names.
    """

    name: str
    wire: str
    type: Any
    optional: bool
    required: bool
    default: Any
    is_factory: bool
    convert: Callable[[Any], Any] | None
    sent: bool
    python_inside: bool

    @property
    def exact(self) -> Any:
        """The class whose direct instances need no look; None for types that are no class."""
        is_class = isinstance(self.type, type) and typing.get_origin(self.type) is None
        return self.type if is_class and (self.is_scalar or attrs.has(self.type)) else None

    @property
    def is_scalar(self) -> bool:
        """Whether the field holds a plain value, the same in Python and on the wire."""
        return self.type in _SCALARS or (isinstance(self.type, type) and issubclass(self.type, Enum))


def is_model(kind: Any) -> bool:
    """Whether a type is a class of models."""
    from kognic.base_clients.serialization.base import BaseSerializer

    return isinstance(kind, type) and issubclass(kind, BaseSerializer)


def field_specs(cls: type) -> tuple[FieldSpec, ...]:
    """The fields of a model, in the order of its constructor."""
    hints = typing.get_type_hints(cls)
    python_names: bool = getattr(cls, "_wire_is_python", False)
    return tuple(_spec(attribute, hints[attribute.name], python_names) for attribute in attrs.fields(cls))


def _plain_converter(converter: Any) -> Callable[[Any], Any] | None:
    plain: Callable[[Any], Any] | None = getattr(converter, "converter", converter)
    return plain


def is_union(hint: Any) -> bool:
    """Whether a type is `X | Y`."""
    return typing.get_origin(hint) in _UNIONS


def without_none(hint: Any) -> tuple[Any, bool]:
    """Split `X | None` into `X` and whether None was there."""
    if not is_union(hint):
        return hint, hint is Any
    arguments = typing.get_args(hint)
    if Any in arguments:
        return Any, True
    rest = tuple(argument for argument in arguments if argument is not type(None))
    if len(rest) == len(arguments):
        return hint, False
    return typing.Union[rest], True  # noqa: UP007 - from a tuple


def _spec(attribute: attrs.Attribute[Any], hint: Any, python_names: bool) -> FieldSpec:
    kind, optional = without_none(hint)
    default = attribute.default
    is_factory = isinstance(default, attrs.Factory)  # type: ignore[arg-type]
    return FieldSpec(
        name=attribute.name,
        wire=attribute.name if python_names else wire_name_of(attribute.name, attribute.metadata),
        type=kind,
        optional=optional,
        required=default is attrs.NOTHING,
        default=default.factory if is_factory else default,  # type: ignore[union-attr]
        is_factory=is_factory,
        convert=_plain_converter(attribute.converter),
        sent=is_sent(attribute.metadata),
        python_inside=keeps_python_names(attribute.metadata),
    )
