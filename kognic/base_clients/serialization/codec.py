"""The functions of one model class: its constructor, its reader and its writers.

They are generated from the class's fields when they are first needed, so that importing models costs nothing
and handling them costs little more than handling dicts. The source of each function is one short snippet per
field; what a snippet checks first is whether the value already has the field's exact class.
"""

from __future__ import annotations

import functools
import inspect
import linecache
from collections.abc import Callable, Mapping
from typing import Any

from kognic.base_clients.serialization.fields import FieldSpec, field_specs, is_model
from kognic.base_clients.serialization.problems import Invalid, expected, fail, with_article

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
        make = _MAKERS.get(name)
        if make is None:
            raise AttributeError(name)
        value = make(self)
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
        raise Invalid(f"is unknown to {self.cls.__name__}, which has {known}", name)

    def absent(self, name: str) -> Any:
        """Raise that a required field is missing."""
        raise Invalid(f"is missing: {self.cls.__name__} needs it", name)

    def absent_arguments(self, **given: Any) -> None:
        """Raise which required arguments are missing."""
        names = [name for name, value in given.items() if value is MISSING]
        others = f" (and so is {', '.join(names[1:])})" if len(names) > 1 else ""
        raise Invalid(f"is missing: {self.cls.__name__} needs it{others}", names[0])

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


def at(read: Read, value: Any, key: str) -> Any:
    """Read a field's value; a problem learns where it was."""
    try:
        return read(value)
    except Invalid as problem:
        raise problem.under(key) from problem.__cause__


def _names(owner: Codec) -> dict[str, str]:
    return {
        **{spec.name: spec.name for spec in owner.specs},
        **{spec.wire: spec.name for spec in owner.specs},
    }


def _reader(owner: Codec) -> Read:
    if inspect.isabstract(owner.cls):
        return functools.partial(_read_instance, owner.cls)
    if "_class_of" in owner.cls.__dict__:
        return functools.partial(_read_tagged, owner)
    return _generate_read(owner)


def _read_instance(cls: type, value: Any) -> Any:
    if isinstance(value, cls):
        return value
    raise expected(f"one of the classes derived from {cls.__name__}", value)


def _read_tagged(owner: Codec, value: Any) -> Any:
    """Let the object itself say which class it is of."""
    value = owner.mapping(value)
    return value if isinstance(value, owner.cls) else codec(owner.cls._class_of(value)).read(value)


class _Source:
    """Source text of a function that is being generated, and the names it uses."""

    def __init__(self, owner: Codec) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "Invalid": Invalid,
            "MISSING": MISSING,
            "at": at,
            "codec": owner,
            "fail": fail,
            "cls": owner.cls,
        }

    def add(self, indent: int, line: str) -> None:
        self.lines.append("    " * indent + line)

    def name(self, value: Any, hint: str) -> str:
        """A name for a value in the generated code."""
        name = f"{hint}_{len(self.names)}"
        self.names[name] = value
        return name

    def compile(self, function: str, owner: type, role: str) -> Any:
        text = "\n".join(self.lines) + "\n"
        filename = f"<{role} of {owner.__module__}.{owner.__qualname__}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        exec(compile(text, filename, "exec"), self.names)  # noqa: S102 - our own text, from our own field names
        return self.names[function]


def _generate_construct(owner: Codec) -> Callable[..., None]:
    source = _Source(owner)
    arguments = ["self", "*"] if owner.specs else ["self"]
    for spec in owner.specs:
        default = "MISSING" if spec.required or spec.is_factory else source.name(spec.default, "default")
        arguments.append(f"{spec.name}={default}")
    source.add(0, f"def construct({', '.join(arguments)}, **extra):")
    source.add(1, "try:")
    given = ", ".join(f"{spec.name!r}: {spec.name}" for spec in owner.specs)
    source.add(2, "if extra:")
    source.add(3, f"renamed = codec.renamed({{{given}}}, extra)")
    required = [spec.name for spec in owner.specs if spec.required]
    for spec in owner.specs:
        source.add(3, f"{spec.name} = renamed[{spec.name!r}]")
    if required:
        source.add(2, f"if {' or '.join(f'{name} is MISSING' for name in required)}:")
        source.add(3, f"codec.absent_arguments({', '.join(f'{name}={name}' for name in required)})")
    for spec in owner.specs:
        if spec.is_factory:
            factory = source.name(spec.default, "factory")
            source.add(2, f"if {spec.name} is MISSING:")
            source.add(3, f"{spec.name} = {factory}()")
            source.add(2, "else:")
            _add_coercion(source, 3, spec, spec.name)
        else:
            _add_coercion(source, 2, spec, spec.name)
        _add_assignment(source, owner, 2, spec, spec.name)
    if not owner.specs:
        source.add(2, "pass")
    if hasattr(owner.cls, "__attrs_post_init__"):
        source.add(2, "self.__attrs_post_init__()")
    source.add(1, "except Invalid as problem:")
    source.add(2, "fail(cls, problem)")
    generated: Callable[..., None] = source.compile("construct", owner.cls, "constructor")
    return generated


def _generate_read(owner: Codec) -> Read:
    source = _Source(owner)
    source.names["new"] = owner.cls.__new__
    source.add(0, "def read(obj):")
    source.add(1, "if obj.__class__ is not dict:")
    source.add(2, "obj = codec.mapping(obj)")
    source.add(2, "if isinstance(obj, cls):")
    source.add(3, "return obj")
    if owner.refuses_unknown:
        source.add(1, "if not codec.by_name.keys() >= obj.keys():")
        source.add(2, "codec.refuse(next(name for name in obj if name not in codec.by_name))")
    source.add(1, "get = obj.get")
    source.add(1, "self = new(cls)")
    for spec in owner.specs:
        source.add(1, f"v = get({spec.wire!r})")
        if spec.wire != spec.name:
            source.add(1, "if v is None:")
            source.add(2, f"v = get({spec.name!r})")
        if (spec.optional and spec.required) or (spec.optional and spec.default is None):
            source.add(1, "if v is not None:")
        else:
            # The platform writes null for what it does not have; here that means absent.
            source.add(1, "if v is None:")
            source.add(2, _absent(source, spec))
            source.add(1, "else:")
        _add_coercion(source, 2, spec, "v")
        _add_assignment(source, owner, 1, spec, "v")
    hook = next((h for h in ("_after_read", "__attrs_post_init__") if hasattr(owner.cls, h)), None)
    if hook:
        source.add(1, f"self.{hook}()")
    source.add(1, "return self")
    generated: Read = source.compile("read", owner.cls, "reader")
    return generated


def _absent(source: _Source, spec: FieldSpec) -> str:
    if spec.required:
        return f"v = codec.absent({spec.name!r})"
    call = "()" if spec.is_factory else ""
    return f"v = {source.name(spec.default, 'default')}{call}"


def _add_coercion(source: _Source, indent: int, spec: FieldSpec, variable: str) -> None:
    """Make a value what the field holds; one that is of exactly the field's class already needs no look."""
    from kognic.base_clients.serialization.converter import reader_of  # noqa: PLC0415 - imports cattrs

    if spec.convert is not None:
        source.add(indent, f"{variable} = at({source.name(spec.convert, 'convert')}, {variable}, {spec.name!r})")
    checks = [] if spec.exact is None else [f"{variable}.__class__ is not {source.name(spec.exact, 'exact')}"]
    if spec.optional:
        checks.append(f"{variable} is not None")
    if checks:
        source.add(indent, f"if {' and '.join(checks)}:")
        indent += 1
    source.add(indent, f"{variable} = at({source.name(reader_of(spec.type), 'read')}, {variable}, {spec.name!r})")


def _add_assignment(source: _Source, owner: Codec, indent: int, spec: FieldSpec, variable: str) -> None:
    if owner.cls.__setattr__ is object.__setattr__:
        source.add(indent, f"self.{spec.name} = {variable}")
    else:  # Frozen: past its own `__setattr__`.
        descriptor: Any = getattr(owner.cls, spec.name, None)
        if hasattr(descriptor, "__set__"):
            source.add(indent, f"{source.name(descriptor.__set__, 'set')}(self, {variable})")
        else:
            setter = source.name(object.__setattr__, "set")
            source.add(indent, f"{setter}(self, {spec.name!r}, {variable})")


def _generate_write(owner: Codec, *, by_alias: bool, keep_none: bool) -> Write:
    source = _Source(owner)
    source.add(0, "def write(self):")
    source.add(1, "out = {}")
    for spec in owner.specs:
        if not spec.sent:
            continue
        key = spec.wire if by_alias else spec.name
        source.add(1, f"v = self.{spec.name}")
        value = _written(source, spec, by_alias and not spec.python_inside, keep_none)
        if keep_none:
            source.add(1, f"out[{key!r}] = None if v is None else {value}")
        else:
            source.add(1, "if v is not None:")
            source.add(2, f"out[{key!r}] = {value}")
    source.add(1, "return out")
    generated: Write = source.compile("write", owner.cls, "writer")
    return generated


def _written(source: _Source, spec: FieldSpec, by_alias: bool, keep_none: bool) -> str:
    """The expression that writes `v`."""
    from kognic.base_clients.serialization.converter import element_of, writer

    if spec.is_scalar:
        return "v"
    any_value = source.name(writer(by_alias=by_alias, keep_none=keep_none), "write")
    element = spec.type if is_model(spec.type) else element_of(spec.type)
    if not is_model(element):
        return f"{any_value}(v)"
    method = f"write{'_all' if keep_none else ''}{'' if by_alias else '_python'}"
    call = f"{source.name(codec(element), 'codec')}.{method}"
    exact = source.name(element, "exact")
    if element is spec.type:
        return f"{call}(v) if v.__class__ is {exact} else {any_value}(v)"
    return (
        f"[{call}(i) if i.__class__ is {exact} else {any_value}(i) for i in v]"
        f" if v.__class__ is list else {any_value}(v)"
    )


_MAKERS: dict[str, Callable[[Codec], Any]] = {
    "specs": lambda owner: field_specs(owner.cls),
    "by_name": _names,
    "construct": _generate_construct,
    "read": _reader,
    "write": functools.partial(_generate_write, by_alias=True, keep_none=False),
    "write_python": functools.partial(_generate_write, by_alias=False, keep_none=False),
    "write_all": functools.partial(_generate_write, by_alias=True, keep_none=True),
    "write_all_python": functools.partial(_generate_write, by_alias=False, keep_none=True),
}
