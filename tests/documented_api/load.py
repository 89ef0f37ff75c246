"""Read the transcribed public API of the official packages: import paths, signatures, models, enums."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
# A default that is documented to exist, but not what it is.
ANY = ...


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a model: its names, its type in words, and its default as Python text (None: required)."""

    name: str
    wire: str
    type: str
    default: str | None
    sent: bool


@dataclasses.dataclass(frozen=True)
class Model:
    """A documented class: its name, the modules that offer it (its own first), its fields."""

    name: str
    modules: tuple[str, ...]
    fields: tuple[Field, ...]

    @property
    def id(self) -> str:
        return f"{self.modules[0].removeprefix('kognic.io.')}.{self.name}"


@dataclasses.dataclass(frozen=True)
class Signature:
    """Something to call and its documented parameters."""

    target: str
    parameters: tuple[inspect.Parameter, ...]


def imports() -> dict[str, tuple[str, ...]]:
    """Module -> names that are imported from it."""
    lines = (line.split(": ") for line in _lines("imports.txt"))
    return {module: tuple(names.split()) for module, names in lines}


def signatures() -> list[Signature]:
    """Every documented callable with its parameters, `self` and `cls` left out."""
    return [_signature(line) for line in _lines("signatures.txt")]


def models() -> list[Model]:
    """Every documented model."""
    return [Model(name, modules, tuple(map(_field, rows))) for name, modules, rows in _blocks("models.txt")]


def enums() -> list[tuple[str, tuple[str, ...], dict[str, str]]]:
    """Every documented enum: name, modules, member -> value."""
    return [
        (name, modules, dict(row.split(" = ") for row in rows))
        for name, modules, rows in _blocks("enums.txt")
    ]


def _lines(name: str) -> Iterator[str]:
    for line in (FOLDER / name).read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


def _blocks(name: str) -> Iterator[tuple[str, tuple[str, ...], list[str]]]:
    lines, rows = list(_lines(name)), list[str]()
    for line in reversed(lines):
        if line.startswith(" "):
            rows.insert(0, line.strip())
            continue
        title, _, modules = line.partition(" @ ")
        yield title, tuple(f"kognic.io.{m}" for m in modules.split()), rows
        rows = []


def _field(row: str) -> Field:
    names, _, rest = row.partition(": ")
    kind, _, default = rest.partition(" = ")
    name, _, wire = names.removesuffix(" unsent").partition(" as ")
    return Field(name, wire or name, kind, default or None, not names.endswith(" unsent"))


def _signature(line: str) -> Signature:
    target, _, rest = line.partition("(")
    (function,) = ast.parse(f"def f({rest}: ...").body
    assert isinstance(function, ast.FunctionDef)
    return Signature(target, tuple(_parameters(function.args)))


def _parameters(arguments: ast.arguments) -> Iterator[inspect.Parameter]:
    given: list[ast.expr | None] = [None] * (len(arguments.args) - len(arguments.defaults))
    for argument, default in zip(arguments.args, [*given, *arguments.defaults], strict=True):
        yield _parameter(argument, inspect.Parameter.POSITIONAL_OR_KEYWORD, default)
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(argument, inspect.Parameter.KEYWORD_ONLY, default)
    if arguments.kwarg:
        yield inspect.Parameter(arguments.kwarg.arg, inspect.Parameter.VAR_KEYWORD)


def _parameter(argument: ast.arg, kind: Any, default: ast.expr | None) -> inspect.Parameter:
    value = inspect.Parameter.empty if default is None else ast.literal_eval(default)
    return inspect.Parameter(argument.arg, kind, default=value)
