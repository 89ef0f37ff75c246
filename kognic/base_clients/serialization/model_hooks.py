"""The hooks of models, whose functions `cattrs.gen` generates when the first value arrives.

Importing models generates no code, and a model may contain its own kind. Each generated function is wrapped
in what the platform's JSON needs and cattrs does not have: both names of a field, null as "absent", None left
out.

Parsing one scene, one request input and one review of `benchmarks/work.py` takes, in microseconds of CPU
(Python 3.11, the machine of docs/performance.md): 19 in the generated functions alone, 24 with the wrappers;
38 with kognic-io 2.19.0. Functions generated without cattrs took 21.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cattrs
from cattrs.gen import make_dict_structure_fn_from_attrs, make_dict_unstructure_fn_from_attrs, override

from kognic.base_clients.serialization.fields import FieldSpec, as_mapping, field_specs
from kognic.base_clients.serialization.mismatch import WRONG_VALUE
from kognic.base_clients.serialization.modes import Mode
from kognic.base_clients.serialization.structuring import Structure, field_hook
from kognic.base_clients.serialization.unstructuring import Unstructure, as_it_is

Prepare = Callable[[dict[str, Any]], dict[str, Any]]


def model_hook(cls: Any, converter: cattrs.Converter, prepare: Prepare | None = None) -> Structure:
    """Make the structure hook of a model: from a dict by either name, an instance, or a similar object.

    Args:
        cls: The model.
        converter: The converter of the fields' hooks.
        prepare: Is called with each dict before it is structured.
    """
    from_wire: Any = None
    has_no_python_names: Any = None
    wire_names: dict[str, str] = {}
    kept_when_null: frozenset[str] = frozenset()

    def structure(value: Any, _: Any) -> Any:
        if value.__class__ is not dict:
            if isinstance(value, cls):
                return value
            value = as_mapping(cls, value)
        if prepare is not None:
            value = prepare(value)
        if from_wire is None:
            build()
        if not has_no_python_names(value):
            value = _with_wire_names(value, wire_names)
        try:
            return from_wire(value, cls)  # pyright: ignore[reportOptionalCall] - built above
        except WRONG_VALUE:
            # Null counts as absent: the platform writes it for what it does not have.
            kept = {k: v for k, v in value.items() if v is not None or k in kept_when_null}
            if len(kept) == len(value):
                raise
        return from_wire(kept, cls)  # pyright: ignore[reportOptionalCall] - built above

    def build() -> None:
        nonlocal wire_names, has_no_python_names, kept_when_null, from_wire
        specs = field_specs(cls)
        wire_names = {spec.name: spec.wire for spec in specs if spec.wire != spec.name}
        has_no_python_names = frozenset(wire_names).isdisjoint
        kept_when_null = frozenset(spec.wire for spec in specs if spec.required and spec.optional)
        from_wire = _from_wire(cls, specs, converter)

    return structure


def model_writer(
    cls: type, converter: cattrs.Converter, mode: Mode, python_names: Callable[[], cattrs.Converter]
) -> Unstructure:
    """Make the unstructure hook of a model.

    Args:
        cls: The model.
        converter: The converter of the fields' hooks.
        mode: How models are written.
        python_names: Gets the converter that writes fields whose content keeps its Python names.
    """
    to_wire: Any = None
    left_out: frozenset[str] = frozenset()

    def unstructure(value: Any) -> Any:
        if value.__class__ is not cls:
            return as_it_is(value, converter)
        if to_wire is None:
            build()
        out = to_wire(value)  # pyright: ignore[reportOptionalCall] - built above
        return {k: v for k, v in out.items() if v is not None or k not in left_out} if left_out else out

    def sent(value: Any) -> Any:
        if value.__class__ is not cls:
            return as_it_is(value, converter)
        if to_wire is None:
            build()
        return {k: v for k, v in to_wire(value).items() if v is not None}  # pyright: ignore[reportOptionalCall]

    def build() -> None:
        nonlocal to_wire, left_out
        named = {spec.wire if mode.by_alias else spec.name: spec for spec in field_specs(cls)}
        left_out = frozenset(key for key, spec in named.items() if not spec.dumped_when_none)
        to_wire = _to_wire(cls, named, converter, mode, python_names)

    return sent if mode.omit_none else unstructure


def _from_wire(cls: Any, specs: tuple[FieldSpec, ...], converter: cattrs.Converter) -> Structure:
    """cattrs' function for a model: from a dict with wire names."""
    overrides: dict[str, Any] = {
        spec.name: override(rename=spec.wire, struct_hook=field_hook(spec, converter)) for spec in specs
    }
    built: Structure = make_dict_structure_fn_from_attrs(
        [spec.attribute for spec in specs],
        _maker(cls),
        converter,
        _cattrs_forbid_extra_keys=getattr(cls, "_refuses_unknown", False),
        _cattrs_prefer_attrib_converters=False,
        **overrides,
    )
    return built


def _maker(cls: Any) -> Any:
    """What cattrs calls in the place of the class, with fields that are structured already.

    The constructor of the class would take every field through the converter again.
    """
    init: Callable[..., None] = cls._declared_init
    new = cls.__new__

    def make(**fields: Any) -> Any:
        made = new(cls)
        init(made, **fields)
        return made

    def make_by_itself(**fields: Any) -> Any:
        return cls._from_fields(fields)

    maker: Any = make_by_itself if hasattr(cls, "_from_fields") else make
    maker.__name__, maker.__qualname__, maker.__module__ = cls.__name__, cls.__qualname__, cls.__module__
    maker.made = cls
    return maker


def _with_wire_names(value: Mapping[Any, Any], wire_names: Mapping[str, str]) -> dict[Any, Any]:
    """The same with Python names replaced; where both are given, the wire name wins unless it is null."""
    out = {key: item for key, item in value.items() if key not in wire_names}
    for name, wire in wire_names.items():
        if name in value and out.get(wire) is None:
            out[wire] = value[name]
    return out


def _to_wire(
    cls: type,
    named: Mapping[str, FieldSpec],
    converter: cattrs.Converter,
    mode: Mode,
    python_names: Callable[[], cattrs.Converter],
) -> Unstructure:
    """cattrs' function for a model: to a dict with the given names, None included."""
    overrides: dict[str, Any] = {}
    for key, spec in named.items():
        if spec.sent or mode.is_dump:
            inside = python_names() if spec.python_inside and mode.by_alias else converter
            hook = inside.get_unstructure_hook(spec.type)
            overrides[spec.name] = override(omit=False, rename=key, unstruct_hook=hook)
        else:
            overrides[spec.name] = override(omit=True)
    built: Unstructure = make_dict_unstructure_fn_from_attrs(
        [spec.attribute for spec in named.values()], cls, converter, **overrides
    )
    return built
