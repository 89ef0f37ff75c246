"""Errors that keep the standard class of their cause.

Programs catch `FileNotFoundError`, `PermissionError` or `TypeError` around a call. An error of this project
that explains such a cause is of that class as well, so that `except` still catches it.
"""

from __future__ import annotations

import functools
from typing import Any, TypeAlias, TypeVar, cast

ErrorT = TypeVar("ErrorT", bound=Exception)

Kind: TypeAlias = type[BaseException]

_OS_MEMBERS = ("errno", "strerror", "filename")


def keep_class(error: ErrorT, cause: BaseException | None) -> ErrorT:
    """Return an error that also is of the standard class of its cause.

    Args:
        error: The error to raise; not raised yet.
        cause: What it explains; None leaves the error as it is.

    Returns:
        An equal error of a subclass of both; the error itself if it is of that class already, or if Python
        cannot combine the two.
    """
    standard = _standard(cause)
    if standard is None:
        return error
    kept = error
    if not isinstance(error, standard):
        try:
            kept = cast("ErrorT", _rebuild(type(error), standard, error.args, dict(vars(error))))
        except TypeError:
            return error
    if isinstance(cause, OSError) and isinstance(kept, _PlainText):
        for name in _OS_MEMBERS:
            setattr(kept, name, getattr(cause, name))
    elif isinstance(cause, OSError) and isinstance(kept, OSError) and kept.errno is None:
        # With `strerror` as well, an OSError would show that instead of our text.
        kept.errno = cause.errno
    return kept


class _PlainText:
    """Shows the text of an error, where KeyError, OSError and UnicodeError show something else."""

    __slots__ = ()
    __str__ = BaseException.__str__


def _standard(cause: BaseException | None) -> Kind | None:
    """The most precise standard class of an error."""
    if not isinstance(cause, Exception):
        return None
    for kind in type(cause).__mro__:
        if kind.__module__ == "builtins" and issubclass(kind, Exception) and kind is not Exception:
            return kind
    return None


def _rebuild(kind: Kind, standard: Kind, args: tuple[Any, ...], state: dict[str, Any]) -> BaseException:
    combined = _combined(kind, standard)  # type: ignore[arg-type]  # classes can be hashed
    error: BaseException = (OSError if issubclass(combined, OSError) else standard).__new__(combined)
    error.args = args
    vars(error).update(state)
    return error


@functools.cache
def _combined(kind: Kind, standard: Kind) -> Kind:
    def reduce(self: BaseException) -> tuple[Any, ...]:
        # The combined class has no name that pickle could find it by.
        members = {name: getattr(self, name) for name in _OS_MEMBERS if isinstance(self, OSError)}
        return _unpickle, (kind, standard, self.args, dict(vars(self)), members)

    members = {
        "__doc__": kind.__doc__,
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__str__": kind.__str__,
        "__repr__": kind.__repr__,
        "__reduce__": reduce,
    }
    return type(kind.__name__, (kind, _PlainText, standard), members)


def _unpickle(
    kind: Kind,
    standard: Kind,
    args: tuple[Any, ...],
    state: dict[str, Any],
    members: dict[str, Any],
) -> BaseException:
    error = _rebuild(kind, standard, args, state)
    for name, value in members.items():
        if value is not None:
            setattr(error, name, value)
    return error
