"""What reads and writes each class of models: its constructor, its reader and its writers.

They are generated (see `generate`) when they are first needed, so that importing models costs nothing.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from kognic.base_clients.serialization.fields import FieldSpec, field_specs
from kognic.base_clients.serialization.problems import Invalid, expected, with_article

Read = Callable[[Any], Any]
Write = Callable[[Any], dict[str, Any]]


class _Missing:
    """Default of a constructor argument that was not given."""

    def __repr__(self) -> str:
        return "<not given>"


MISSING = _Missing()


class ModelCodec:
    """What reads and writes one class of models.

    Attributes:
        by_name: Wire and Python names to Python names.
        read: From a mapping by either name, an instance, or what has the same attributes; raises `Invalid`.
        write: To a dict with wire names, without None.
        write_python: To a dict with Python names, without None.
        write_all: To a dict with wire names, None included.
        write_all_python: To a dict with Python names, None included.
    """

    by_name: Mapping[str, str]
    read: Read
    write: Write
    write_python: Write
    write_all: Write
    write_all_python: Write


class Codec(ModelCodec):
    """The generated functions of one model class, each made when it is first asked for.

    Attributes:
        cls: The class.
        refuses_unknown: Whether unknown keywords are an error.
        specs: The fields.
        construct: The `__init__`: keywords by either name, coerced.
    """

    specs: tuple[FieldSpec, ...]
    construct: Callable[..., None]

    def __init__(self, cls: Any) -> None:
        self.cls = cls
        self.refuses_unknown: bool = getattr(cls, "_refuses_unknown", False)

    def __getattr__(self, name: str) -> Any:
        from kognic.base_clients.serialization import generate

        makers: dict[str, Callable[[Codec], Any]] = {
            "specs": lambda owner: field_specs(owner.cls),
            "by_name": _names,
            "construct": generate.constructor,
            "read": _reader,
            "write": functools.partial(generate.writer, by_alias=True, keep_none=False),
            "write_python": functools.partial(generate.writer, by_alias=False, keep_none=False),
            "write_all": functools.partial(generate.writer, by_alias=True, keep_none=True),
            "write_all_python": functools.partial(generate.writer, by_alias=False, keep_none=True),
        }
        if name not in makers:
            raise AttributeError(name)
        value = makers[name](self)
        setattr(self, name, value)  # From now on this is not called again.
        return value

    def renamed(self, given: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
        """Sort keywords that are no Python names under those; drop, or refuse, what is unknown."""
        for name, value in extra.items():
            known = self.by_name.get(name)
            if known is not None:
                given[known] = value
            elif self.refuses_unknown:
                self.refuse(name)
        return given

    def refuse(self, name: str) -> None:
        """Raise that a key is unknown."""
        known = ", ".join(spec.name for spec in self.specs)
        raise Invalid(f"is unknown; {with_article(self.cls.__name__)} has {known}", str(name))

    def absent(self, name: str, *others: str) -> None:
        """Raise that required fields are missing."""
        also = f"; also missing: {', '.join(others)}" if others else ""
        raise Invalid(f"is missing{also}", name)

    def absent_arguments(self, **given: Any) -> None:
        """Raise which required arguments are missing."""
        self.absent(*(name for name, value in given.items() if value is MISSING))

    def mapping(self, value: Any) -> Any:
        """What stands for an instance of the class as a mapping; an instance comes back itself."""
        if isinstance(value, self.cls):
            return value
        if isinstance(value, Mapping):
            return dict(value)
        found = {spec.name: getattr(value, spec.name) for spec in self.specs if hasattr(value, spec.name)}
        if found and all(spec.name in found for spec in self.specs if spec.required):
            return found
        raise expected(f"{with_article(self.cls.__name__)} or a dict of its fields", value)


def codec(cls: type) -> ModelCodec:
    """The codec of a model class, made at first use."""
    own: ModelCodec | None = cls.__dict__.get("_codec")
    if own is not None:
        return own
    make: Callable[[type], ModelCodec] = getattr(cls, "_make_codec", Codec)
    made = make(cls)
    type.__setattr__(cls, "_codec", made)
    return made


def install_constructor(cls: type) -> None:
    """Give a class, fresh from attrs, the constructor that coerces."""
    if "__attrs_init__" in cls.__dict__:  # It has an `__init__` of its own.
        return
    declared = cls.__init__  # type: ignore[misc]

    @functools.wraps(declared)
    def first(self: Any, **keywords: Any) -> None:
        generated: Callable[..., None] = codec(cls).construct  # type: ignore[attr-defined]
        functools.update_wrapper(generated, declared)
        type.__setattr__(cls, "__init__", generated)
        generated(self, **keywords)

    type.__setattr__(cls, "__init__", first)


def _names(owner: Codec) -> dict[str, str]:
    return {
        **{spec.name: spec.name for spec in owner.specs},
        **{spec.wire: spec.name for spec in owner.specs},
    }


def _reader(owner: Codec) -> Read:
    from kognic.base_clients.serialization import generate

    if inspect.isabstract(owner.cls):
        return functools.partial(_read_instance, owner.cls)
    if "_class_of" in owner.cls.__dict__:
        return functools.partial(_read_tagged, owner)
    return generate.reader(owner)


def _read_instance(cls: type, value: Any) -> Any:
    if isinstance(value, cls):
        return value
    raise expected(f"an instance of a class derived from {cls.__name__}", value)


def _read_tagged(owner: Codec, value: Any) -> Any:
    """Let the object itself say which class it is of."""
    value = owner.mapping(value)
    return value if isinstance(value, owner.cls) else codec(owner.cls._class_of(value)).read(value)
