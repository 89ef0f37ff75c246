"""Python source for the functions of a model class: one short snippet per field.

What a snippet checks first is whether the value already is of exactly the field's class, so that handling
models costs little more than handling dicts. Two names per field, problems that know their path, and None
left out are why this is not cattrs' own generator; the types within a field are cattrs' business.
"""

from __future__ import annotations

import linecache
from typing import Any

from kognic.base_clients.serialization.codec import MISSING, Codec, Read, Write, codec
from kognic.base_clients.serialization.converter import element_of, reader_of, writer_of
from kognic.base_clients.serialization.fields import FieldSpec, is_model
from kognic.base_clients.serialization.problems import Invalid, fail


def constructor(owner: Codec) -> Any:
    """Make the `__init__`: keywords by either name, coerced, assigned."""
    source = _Source(owner)
    names = [spec.name for spec in owner.specs]
    parameters = ["self", *(["*"] if names else []), *(_parameter(source, spec) for spec in owner.specs)]
    source.add(0, f"def construct({', '.join(parameters)}, **extra):")
    source.add(1, "try:")
    source.add(2, "if extra:")
    source.add(3, f"extra = codec.renamed({{{', '.join(f'{name!r}: {name}' for name in names)}}}, extra)")
    for name in names:
        source.add(3, f"{name} = extra[{name!r}]")
    required = [spec.name for spec in owner.specs if spec.required]
    if required:
        source.add(2, f"if {' or '.join(f'{name} is MISSING' for name in required)}:")
        source.add(3, f"codec.absent_arguments({', '.join(f'{name}={name}' for name in required)})")
    for spec in owner.specs:
        indent = 2
        if spec.is_factory:
            source.add(2, f"if {spec.name} is MISSING:")
            source.add(3, f"{spec.name} = {source.name(spec.default, 'factory')}()")
            source.add(2, "else:")
            indent = 3
        _add_coercion(source, indent, spec, spec.name)
        _add_assignment(source, owner, 2, spec, spec.name)
    if hasattr(owner.cls, "__attrs_post_init__"):
        source.add(2, "self.__attrs_post_init__()")
    source.add(1, "except Invalid as problem:")
    source.add(2, "fail(cls, problem)")
    return source.compile("construct")


def reader(owner: Codec) -> Read:
    """Make the function that reads a mapping, an instance, or what has the same attributes."""
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
        _add_fetch(source, spec)
        _add_coercion(source, 2, spec, "v")
        _add_assignment(source, owner, 1, spec, "v")
    hook = next((h for h in ("_after_read", "__attrs_post_init__") if hasattr(owner.cls, h)), None)
    if hook:
        source.add(1, f"self.{hook}()")
    source.add(1, "return self")
    generated: Read = source.compile("read")
    return generated


def writer(owner: Codec, *, by_alias: bool, keep_none: bool) -> Write:
    """Make the function that writes an instance as a dict."""
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
    generated: Write = source.compile("write")
    return generated


class _Source:
    """Source text of a function that is being generated, and the names it uses."""

    def __init__(self, owner: Codec) -> None:
        self.cls = owner.cls
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "Invalid": Invalid,
            "MISSING": MISSING,
            "at": _at,
            "cls": owner.cls,
            "codec": owner,
            "fail": fail,
        }

    def add(self, indent: int, line: str) -> None:
        self.lines.append("    " * indent + line)

    def name(self, value: Any, hint: str) -> str:
        """A name for a value in the generated code."""
        name = f"{hint}_{len(self.names)}"
        self.names[name] = value
        return name

    def compile(self, function: str) -> Any:
        text = "\n".join(self.lines) + "\n"
        filename = f"<{function} {self.cls.__module__}.{self.cls.__qualname__}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        exec(compile(text, filename, "exec"), self.names)  # noqa: S102 - our own text, from field names  # nosec B102
        return self.names[function]


def _at(read: Read, value: Any, key: str) -> Any:
    """Read a field's value; a problem learns where it was."""
    try:
        return read(value)
    except Invalid as problem:
        raise problem.under(key) from problem.__cause__


def _parameter(source: _Source, spec: FieldSpec) -> str:
    without = spec.required or spec.is_factory
    return f"{spec.name}={'MISSING' if without else source.name(spec.default, 'default')}"


def _add_fetch(source: _Source, spec: FieldSpec) -> None:
    """Get a field's value as `v`, by either name; the line after this is for when there is one.

    Null counts as absent: the platform writes it for what it does not have.
    """
    source.add(1, f"v = get({spec.wire!r})")
    if spec.wire != spec.name:
        source.add(1, "if v is None:")
        source.add(2, f"v = get({spec.name!r})")
    if spec.optional and not spec.required and spec.default is None:
        source.add(1, "if v is not None:")
        return
    source.add(1, "if v is None:")
    if spec.required and spec.optional:
        source.add(2, f"if obj.keys().isdisjoint(({spec.wire!r}, {spec.name!r})):")
        source.add(3, f"codec.absent({spec.name!r})")
    elif spec.required:
        source.add(2, f"codec.absent({spec.name!r})")
    else:
        call = "()" if spec.is_factory else ""
        source.add(2, f"v = {source.name(spec.default, 'default')}{call}")
    source.add(1, "else:")


def _add_coercion(source: _Source, indent: int, spec: FieldSpec, variable: str) -> None:
    """Make a value what the field holds; one that is of exactly the field's class already needs no look."""
    if spec.convert is not None:
        convert = source.name(spec.convert, "convert")
        source.add(indent, f"{variable} = at({convert}, {variable}, {spec.name!r})")
    checks = [] if spec.exact is None else [f"{variable}.__class__ is not {source.name(spec.exact, 'exact')}"]
    if spec.optional:
        checks.append(f"{variable} is not None")
    if checks:
        source.add(indent, f"if {' and '.join(checks)}:")
        indent += 1
    read = source.name(reader_of(spec.type), "read")
    source.add(indent, f"{variable} = at({read}, {variable}, {spec.name!r})")


def _add_assignment(source: _Source, owner: Codec, indent: int, spec: FieldSpec, variable: str) -> None:
    """Assign the attribute, in frozen classes past their own `__setattr__`."""
    if owner.cls.__setattr__ is object.__setattr__:
        source.add(indent, f"self.{spec.name} = {variable}")
        return
    descriptor: Any = getattr(owner.cls, spec.name, None)
    if hasattr(descriptor, "__set__"):
        source.add(indent, f"{source.name(descriptor.__set__, 'set')}(self, {variable})")
    else:
        source.add(indent, f"{source.name(object.__setattr__, 'set')}(self, {spec.name!r}, {variable})")


def _written(source: _Source, spec: FieldSpec, by_alias: bool, keep_none: bool) -> str:
    """The expression that writes `v`."""
    if spec.is_scalar:
        return "v"
    any_value = source.name(writer_of(by_alias=by_alias, keep_none=keep_none), "write")
    element = spec.type if is_model(spec.type) else element_of(spec.type)
    if not is_model(element):
        return f"{any_value}(v)"
    method = f"write{'_all' if keep_none else ''}{'' if by_alias else '_python'}"
    call = f"{source.name(codec(element), 'codec')}.{method}"
    exact = source.name(element, "exact")
    if element is spec.type:
        return f"{call}(v) if v.__class__ is {exact} else {any_value}(v)"
    items = f"[{call}(i) if i.__class__ is {exact} else {any_value}(i) for i in v]"
    return f"{items} if v.__class__ is list else {any_value}(v)"
