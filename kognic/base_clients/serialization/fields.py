"""The description of each field of a model, from its attrs attribute and its resolved type."""

from __future__ import annotations

import copy
import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from attrs import setters

from kognic.base_clients.serialization.names import (
    is_dumped_when_none,
    is_sent,
    keeps_python_names,
    wire_name_of,
)
from kognic.base_clients.serialization.problems import Invalid, expected, with_article

_UNIONS = (typing.Union, types.UnionType)


class Model:
    """Marks the classes whose instances travel as JSON."""

    __slots__ = ()


@attrs.frozen(kw_only=True)
class FieldSpec:
    """One field of a model.

    Attributes:
        attribute: The attrs attribute, with its resolved type, None left out.
        wire: The wire name.
        optional: Whether None is a value of the field.
        required: Whether the field has no default.
        convert: The field's own converter, which sees a value before its type does.
        sent: Whether `to_dict` writes the field.
        dumped_when_none: Whether `model_dump` writes the field if it is None.
        python_inside: Whether the content keeps its Python names.
    """

    attribute: attrs.Attribute[Any]
    wire: str
    optional: bool
    required: bool
    convert: Callable[[Any], Any] | None
    sent: bool
    dumped_when_none: bool
    python_inside: bool

    @property
    def name(self) -> str:
        """The Python name."""
        return self.attribute.name

    @property
    def type(self) -> Any:
        """The type, None left out."""
        return self.attribute.type


@attrs.frozen(kw_only=True)
class ModelField:
    """What `model_fields` says about a field.

    Attributes:
        annotation: The type.
        alias: The wire name.
        default: The default; `attrs.NOTHING` when there is none or it is made anew for each model.
        default_factory: What makes the default.
    """

    annotation: Any
    alias: str
    default: Any = attrs.NOTHING
    default_factory: Callable[[], Any] | None = None

    def get_default(self, *, call_default_factory: bool = False) -> Any:
        """Return the default, which a factory makes only if that is asked for; None without a default."""
        if self.default_factory is not None:
            return self.default_factory() if call_default_factory else None
        return None if self.default is attrs.NOTHING else self.default

    def is_required(self) -> bool:
        """Return whether a constructor needs the field."""
        return self.default is attrs.NOTHING and self.default_factory is None


def is_model(kind: Any) -> bool:
    """Return whether a type is a class of models."""
    return isinstance(kind, type) and issubclass(kind, Model)


def field_specs(cls: type) -> tuple[FieldSpec, ...]:
    """Return the fields of a model, in the order of its constructor."""
    complete(cls)
    hints = typing.get_type_hints(cls)
    python_names: bool = getattr(cls, "_wire_is_python", False)
    return tuple(
        _spec(attribute, hints[attribute.name], python_names)
        for attribute in attrs.fields(cls)
        if not _is_private(attribute.name)
    )


@functools.cache
def model_fields(cls: type) -> Mapping[str, ModelField]:
    """Return the fields of a model by Python name, as users ask for them."""
    if not attrs.has(cls):
        return types.MappingProxyType({})
    return types.MappingProxyType({spec.name: _public(spec) for spec in field_specs(cls)})


def names_of(specs: tuple[FieldSpec, ...]) -> Mapping[str, str]:
    """Python and wire names to Python names; a wire name wins over an equal Python name."""
    return {**{spec.name: spec.name for spec in specs}, **{spec.wire: spec.name for spec in specs}}


def complete(cls: type) -> None:
    """Turn what a subclass without a decorator adds (fields, a post-init hook) into what attrs knows.

    Without this, the values of such fields would be dropped as unknown keywords. As in pydantic, each model
    has a copy of its own of a mutable default, a field may be declared again with another default or a
    narrower type, and what begins with an underscore is no field.
    """
    if "__attrs_attrs__" in cls.__dict__:
        return
    if "model_post_init" in cls.__dict__ and "__attrs_post_init__" not in cls.__dict__:
        setattr(cls, "__attrs_post_init__", _post_init(cls))  # noqa: B010 - for mypy
    declared = _declared(cls)
    if not ("__attrs_post_init__" in cls.__dict__ or declared):
        return
    frozen: bool = getattr(cls, "__setattr__") != object.__setattr__  # noqa: B009 - for mypy
    define: Any = attrs.frozen if frozen else attrs.define
    # The class stays the same object, hence no slots; what it inherits would pickle only the inherited slots.
    options = {} if frozen else {"on_setattr": setters.NO_OP}
    define(cls, these=declared, slots=False, kw_only=True, getstate_setstate=True, **options)


def _post_init(cls: type) -> Callable[[Any], None]:
    """What calls the hook of a subclass by its name in pydantic, after those of its bases."""

    def post_init(self: Any) -> None:
        inherited = getattr(super(cls, self), "__attrs_post_init__", None)
        if inherited is not None:
            inherited()
        cls.model_post_init(self, None)  # type: ignore[attr-defined]

    return post_init


def as_mapping(cls: type, value: Any) -> Any:
    """Return what stands for an instance of a model as a dict; an instance is returned unchanged."""
    if isinstance(value, cls):
        return value
    if isinstance(value, Mapping):
        return dict(value)
    specs = field_specs(cls)
    found = {spec.name: getattr(value, spec.name) for spec in specs if hasattr(value, spec.name)}
    if found and all(spec.name in found for spec in specs if spec.required):
        return found
    raise expected(f"{with_article(cls.__name__)} or a dict of its fields", value)


def unknown(cls: Any, name: Any) -> Invalid:
    """Make the problem that a key names no field of a model, or of what `made` calls for cattrs."""
    cls = getattr(cls, "made", cls)
    known = ", ".join(spec.name for spec in field_specs(cls))
    return Invalid(f"is unknown; {with_article(cls.__name__)} has {known}", str(name))


def missing(names: list[str]) -> Invalid:
    """Make the problem that required fields are missing."""
    also = f"; also missing: {', '.join(names[1:])}" if names[1:] else ""
    return Invalid(f"is missing{also}", names[0])


def is_union(hint: Any) -> bool:
    """Return whether a type is `X | Y`."""
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


def _public(spec: FieldSpec) -> ModelField:
    default: Any = spec.attribute.default
    is_factory = isinstance(default, attrs.Factory)  # type: ignore[arg-type]
    return ModelField(
        annotation=spec.type | None if spec.optional and spec.type is not Any else spec.type,
        alias=spec.wire,
        default=attrs.NOTHING if is_factory else default,
        default_factory=default.factory if is_factory else None,
    )


def _declared(cls: Any) -> dict[str, Any]:
    """What a class itself annotates, as attrs wants it; the defaults are taken off the class."""
    inherited: dict[str, attrs.Attribute[Any]] = {
        attribute.name: attribute
        for base in reversed(cls.__mro__[1:])
        for attribute in base.__dict__.get("__attrs_attrs__", ())
    }
    return {
        name: _attribute(cls, name, inherited.get(name))
        for name, annotation in inspect.get_annotations(cls).items()
        if "ClassVar" not in str(annotation)
        and (name in inherited or not any(hasattr(base, name) for base in cls.__bases__))
    }


def _attribute(cls: Any, name: str, inherited: attrs.Attribute[Any] | None) -> Any:
    """One field that a class declares with the syntax of pydantic."""
    default: Any = cls.__dict__.get(name, attrs.NOTHING)
    if default is not attrs.NOTHING:
        delattr(cls, name)
        if type(default).__module__.startswith("attr"):  # an attrs.field()
            return default
    if type(default).__hash__ is None:
        default = attrs.Factory(functools.partial(copy.deepcopy, default))
    if _is_private(name):
        return attrs.field(default=default, init=False, eq=False, repr=False)
    if inherited is None:
        return attrs.field(default=default)
    is_same = typing.get_type_hints(cls)[name] == typing.get_type_hints(_owner(cls, name))[name]
    return attrs.field(
        default=default,
        metadata=dict(inherited.metadata),
        converter=inherited.converter if is_same else None,
    )


def _owner(cls: type, name: str) -> type:
    """The base class that declares a field."""
    return next(base for base in cls.__mro__[1:] if name in inspect.get_annotations(base))


def _is_private(name: str) -> bool:
    return name.startswith("_")


def _spec(attribute: attrs.Attribute[Any], hint: Any, python_names: bool) -> FieldSpec:
    kind, optional = without_none(hint)
    converter: Any = attribute.converter
    return FieldSpec(
        attribute=attribute.evolve(type=kind),
        wire=attribute.name if python_names else wire_name_of(attribute.name, attribute.metadata),
        optional=optional,
        required=attribute.default is attrs.NOTHING,
        convert=getattr(converter, "converter", converter),
        sent=is_sent(attribute.metadata),
        dumped_when_none=is_dumped_when_none(attribute.metadata),
        python_inside=keeps_python_names(attribute.metadata),
    )
