"""Turns documents into attrs classes and misses nothing: unknown keys, wrong kinds, absent values.

cattrs does the work; the hooks here take the leniency out of it and the formatting turns its groups of errors
into places and sentences.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import attrs
import cattrs
import cattrs.cols
import cattrs.gen

from kognic._core.scene_errors import DescriptionError, Problem
from kognic._core.suggestions import nearest

T = TypeVar("T")
Metadata = dict[str, Any]
Written = Callable[[str], str | None]


def structure(document: object, cls: type[T], written: Written = lambda _: None) -> T:
    """Turn a decoded JSON or YAML value into an instance of an attrs class.

    Args:
        document: The value.
        cls: The class.
        written: Gives the text of the value at a place as the document has it, if it is known: a hint that
            writes YAML's `1.10` as '1.1' would change a name.

    Raises:
        DescriptionError: With every problem, not only the first.
    """
    try:
        return _converter().structure(document, cls)
    except Exception as exc:  # cattrs raises groups of whatever its hooks raise
        raise DescriptionError(_problems(exc, written)) from None


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return a hint on a misspelt name: the nearest known one, else all of them."""
    names = list(known)
    near = nearest(name, names)
    return f"did you mean '{near}'?" if near is not None else f"known are {', '.join(names)}"


class _WrongKindError(ValueError):
    """A value of the wrong kind; the text says what it should be."""


class _NotTextError(_WrongKindError):
    """A number, a flag or nothing where text is meant."""

    def __init__(self, value: Any) -> None:
        super().__init__(f"{_show(value)} is not text")
        self.value = value

    def as_written(self, written: str | None) -> str:
        """The message, with the text that the document has, which a hint must not change."""
        if written is not None and written not in ("", "~"):
            return f"{written} is not text; write it in quotes: '{written}'"
        if isinstance(self.value, dict | list | None):
            return str(self)
        # Digits of a decimal number may be lost: 1.10 is 1.1.
        quoted = "" if isinstance(self.value, float) else f": '{_show(self.value)}'"
        return f"{self}; write it in quotes{quoted}"


@functools.cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind, check in ((str, _text), (int, _whole), (float, _number), (bool, _flag)):
        converter.register_structure_hook(kind, check)
    converter.register_structure_hook_func(lambda target: target == Metadata, _metadata)
    converter.register_structure_hook_func(lambda target: target == dict[str, str], _texts)
    converter.register_structure_hook(str | dict[str, Any] | None, _file_or_object)
    converter.register_structure_hook(str | list[Any] | None, _file_or_list)

    @converter.register_structure_hook_factory(attrs.has)
    def make_object(cls: type[Any], conv: cattrs.Converter) -> Any:
        inner = cattrs.gen.make_dict_structure_fn(cls, conv, _cattrs_forbid_extra_keys=True)

        def structure(value: Any, target: Any) -> Any:
            if not isinstance(value, Mapping):
                raise _WrongKindError(f"{_show(value)} is not an object with {', '.join(_names(cls))}")
            return inner(value, target)

        return structure

    @converter.register_structure_hook_factory(lambda target: getattr(target, "__origin__", None) is list)
    def make_list(target: Any, conv: cattrs.Converter) -> Any:
        inner = cattrs.cols.list_structure_factory(target, conv)

        def structure(value: Any, to: Any) -> Any:
            if not isinstance(value, list):
                raise _WrongKindError(f"{_show(value)} is not a list")
            return inner(value, to)

        return structure

    return converter


def _text(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        raise _NotTextError(value)
    if not value:
        raise _WrongKindError("empty text")
    return value


def _whole(value: Any, _: Any) -> int:
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 2**53:
            raise _WrongKindError(f"{_show(value)} is a decimal number; write it as {int(value)}")
        raise _WrongKindError(f"{_show(value)} is not a whole number")
    if isinstance(value, bool) or not isinstance(value, int):
        raise _WrongKindError(f"{_show(value)} is not a whole number")
    return value


def _number(value: Any, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _WrongKindError(f"{_show(value)} is not a number")
    if not math.isfinite(value):
        raise _WrongKindError(f"{_show(value)} is not a finite number")
    return float(value)


def _flag(value: Any, _: Any) -> bool:
    if not isinstance(value, bool):
        raise _WrongKindError(f"{_show(value)} is neither true nor false")
    return value


def _metadata(value: Any, _: Any) -> Metadata:
    if not isinstance(value, Mapping):
        raise _WrongKindError(f"{_show(value)} is not an object of names and values")
    for key, item in value.items():
        if not isinstance(key, str):
            raise _WrongKindError(f"the name {_show(key)} is not text; write it in quotes")
        if not isinstance(item, str | int | float | bool):
            raise _WrongKindError(f"'{key}' is {_show(item)}; values are text, numbers, true or false")
        if isinstance(item, float) and not math.isfinite(item):
            raise _WrongKindError(f"'{key}' is {_show(item)}, which JSON cannot express")
    return dict(value)


def _texts(value: Any, _: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise _WrongKindError(f"{_show(value)} is not an object of names and texts")
    for key, item in value.items():
        if not isinstance(key, str) or not isinstance(item, str):
            raise _WrongKindError(f"{_show(key)}: {_show(item)} is not a pair of texts; write both in quotes")
    return dict(value)


def _file_or_object(value: Any, _: Any) -> str | dict[str, Any] | None:
    if value is None or isinstance(value, Mapping):
        return value  # type: ignore[return-value]  # its content is for others to judge
    if not isinstance(value, str) or not value:
        raise _WrongKindError(f"{_show(value)} is neither a file name nor an object")
    return value


def _file_or_list(value: Any, _: Any) -> str | list[Any] | None:
    if value is None or isinstance(value, list):
        return value
    if not isinstance(value, str) or not value:
        raise _WrongKindError(f"{_show(value)} is neither a file name nor a list")
    return value


def _show(value: Any) -> str:
    """A value for a message: short, and with its kind where it could be mistaken for another."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = repr(value) if isinstance(value, str | int | float) else f"{value} (a {type(value).__name__})"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _names(cls: type[Any]) -> list[str]:
    return [field.name for field in attrs.fields(cls)]


def _problems(exc: BaseException, written: Written, place: str = "") -> list[Problem]:
    if isinstance(exc, cattrs.ClassValidationError | cattrs.IterableValidationError):
        return [
            problem
            for child in exc.exceptions
            for problem in _problems(child, written, place + _step(child, place))
        ]
    if isinstance(exc, _NotTextError):
        return [Problem(place, exc.as_written(written(place)))]
    if isinstance(exc, cattrs.ForbiddenExtraKeysError):
        known = _names(exc.cl)
        return [
            Problem(place, f"unknown key '{name}', {suggestion(str(name), known)}")
            for name in sorted(map(str, exc.extra_fields))
        ]
    if isinstance(exc, KeyError):
        return [Problem(place.rpartition(".")[0], f"'{exc.args[0]}' is missing")]
    return [Problem(place, str(exc))]


def _step(exc: BaseException, place: str) -> str:
    """How to get from a value to the part of it in which an error happened; cattrs notes it on the error."""
    for note in getattr(exc, "__notes__", []):
        if isinstance(note, cattrs.AttributeValidationNote):
            return f".{note.name}" if place else note.name
        if isinstance(note, cattrs.IterableValidationNote):
            return f"[{note.index}]" if isinstance(note.index, int) else f".{note.index}"
    return ""
