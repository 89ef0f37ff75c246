"""How a wrong value travels from where it is noticed to the caller, gathering its path on the way."""

from __future__ import annotations

import reprlib
from typing import Any, NoReturn

from kognic._core.redaction import redact
from kognic.base_clients import errors

# Characters of a value: enough to recognise it, and a list of points does not hide the sentence.
_MAX_TEXT = 80
# Redaction scans only the start of a long value, of which a message shows `_MAX_TEXT` characters.
_MAX_SCANNED = 4000


class _Short(reprlib.Repr):
    """Values as messages quote them: secrets masked before anything is cut off, and no bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = _MAX_TEXT
        self.maxlevel = 2

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, bytes | bytearray | memoryview):
            return f"<{len(x)} bytes>"
        return super().repr1(x, level)

    def repr_str(self, x: str, level: int) -> str:
        return super().repr_str(redact(x[:_MAX_SCANNED]), level)


_SHORT = _Short()


class Invalid(Exception):  # noqa: N818 - never leaves this package
    """A value that a field cannot take; becomes a `ModelValidationError` at the model's surface."""

    def __init__(self, reason: str, *path: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str | int] = list(path)

    def under(self, key: str | int) -> Invalid:
        """Return the same problem, seen from one level further out."""
        outer = type(self)(self.reason, key, *self.path)
        outer.__cause__ = self.__cause__
        return outer


class InvalidKind(Invalid):
    """The tag that tells what an object is, is missing or unknown; becomes a `TypeError` too."""


def expected(what: str, value: Any) -> Invalid:
    """`must be a number, is 'soon' (str)`."""
    return Invalid(f"must be {what}, is {shown(value)}")


def shown(value: Any) -> str:
    """Return a value as a message may quote it: short, and without the query of a signed URL."""

    if value is None:
        return "None"
    return f"{_SHORT.repr(value)} ({type(value).__name__})"


def with_article(noun: str) -> str:
    """`a Frame`, `an Image`."""
    return f"an {noun}" if noun[0] in "AEIOUaeiou" else f"a {noun}"


def path_text(path: list[str | int]) -> str:
    """`frames[3].images[0].filename`; keys that are no names are quoted: `calibration['my cam'].xi`."""
    text = ""
    for key in path:
        if isinstance(key, str) and key.isidentifier():
            text += f".{key}" if text else key
        else:
            text += f"[{key!r}]"
    return text


def fail(model: type, problem: Invalid) -> NoReturn:
    """Raise the problem as the `ModelValidationError` of a model."""
    kind = errors.ModelTypeError if isinstance(problem, InvalidKind) else errors.ModelValidationError
    path = path_text(problem.path)
    separator = "" if not path or path.startswith("[") else "."
    raise kind(f"{model.__name__}{separator}{path} {problem.reason}", path=path) from problem.__cause__
