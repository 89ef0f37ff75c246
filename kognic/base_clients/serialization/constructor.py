"""The constructors of models: keywords by either name, each taken through the converter.

attrs generates what assigns the fields; this stands before it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from kognic.base_clients.serialization.fields import complete, field_specs, missing, names_of, unknown
from kognic.base_clients.serialization.lazy import converters
from kognic.base_clients.serialization.problems import Invalid, InvalidKind, fail


def install_constructor(cls: Any) -> None:
    """Give a class, fresh from attrs, the constructor that coerces."""
    if "__attrs_init__" in cls.__dict__:  # It has an `__init__` of its own.
        type.__setattr__(cls, "_declared_init", cls.__attrs_init__)
        return
    declared: Callable[..., None] = cls.__init__
    hooks: Mapping[str, tuple[Callable[[Any, Any], Any], Any]] | None = None

    @functools.wraps(declared)
    def __init__(self: Any, **given: Any) -> None:  # noqa: N807
        nonlocal hooks
        if hooks is None:
            hooks = _hooks(cls)
        if self.__class__ is not cls and _was_completed(self.__class__):
            self.__class__.__init__(self, **given)
            return
        name = ""
        try:
            try:
                for name, value in given.items():
                    hook, kind = hooks[name]
                    given[name] = hook(value, kind)
            except KeyError:
                if name in hooks:
                    raise
                given = _renamed(cls, given)
                for name, value in given.items():
                    hook, kind = hooks[name]
                    given[name] = hook(value, kind)
        except Exception as error:
            _explain(cls, name, error, given)
        try:
            declared(self, **given)
        except Invalid as problem:
            fail(cls, problem)
        except TypeError:
            _check_complete(cls, given)
            raise

    type.__setattr__(cls, "_declared_init", declared)
    type.__setattr__(cls, "__init__", __init__)


def _hooks(cls: Any) -> Mapping[str, tuple[Callable[[Any, Any], Any], Any]]:
    """The hook of each field, and the type that it is called with."""
    machinery = converters()
    return {
        spec.name: (machinery.field_hook(spec, machinery.CONVERTER, constructed=True), spec.type)
        for spec in field_specs(cls)
    }


def _was_completed(cls: type) -> bool:
    """Whether a subclass without a decorator adds fields and, from now on, has a constructor for them."""
    if "__attrs_attrs__" in cls.__dict__:
        return False
    complete(cls)
    return "__attrs_attrs__" in cls.__dict__ and "__attrs_init__" not in cls.__dict__


def _renamed(cls: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Put values under the Python names; drop, or refuse, unknown keywords. The wire name wins."""
    specs = field_specs(cls)
    names = names_of(specs)
    out: dict[str, Any] = {}
    for name, value in sorted(given.items(), key=lambda pair: names.get(pair[0]) != pair[0]):
        known = names.get(name)
        if known is not None:
            out[known] = value
        elif getattr(cls, "_refuses_unknown", False):
            raise unknown(cls, name)
    return out


def _explain(cls: Any, name: str, error: Exception, given: Mapping[str, Any]) -> None:
    """Raise what was wrong with the value of a field."""
    machinery = converters()
    spec = next((spec for spec in field_specs(cls) if spec.name == name), None)
    if spec is None:  # An unknown keyword.
        if isinstance(error, Invalid):
            fail(cls, error)
        raise error
    value = given[name]
    problem = machinery.explained(
        error, value, spec.type, lambda converter: machinery.field_hook(spec, converter, constructed=True)
    )
    fail(cls, problem.under(name))


def _check_complete(cls: Any, given: Mapping[str, Any]) -> None:
    """Raise that required fields are missing, if any are."""
    absent = [spec.name for spec in field_specs(cls) if spec.required and spec.name not in given]
    if absent:
        problem = missing(absent)
        # Python's own class for a missing argument, where the official class has a constructor of its own.
        kind = InvalidKind if getattr(cls, "_refuses_unknown", False) else Invalid
        fail(cls, kind(problem.reason, *problem.path))
