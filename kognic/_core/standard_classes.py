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
    kept = error
    standards = _missing(type(error), cause)
    if standards:
        kept = cast("ErrorT", _rebuild(type(error), standards, error.args, dict(vars(error))))
    if isinstance(cause, OSError) and isinstance(kept, _PlainText):
        for name in _OS_MEMBERS:
            if getattr(cause, name) is not None:  # set to None, an OSError shows it instead of our text
                setattr(kept, name, getattr(cause, name))
    elif isinstance(cause, OSError) and isinstance(kept, OSError) and kept.errno is None:
        # With `strerror` as well, an OSError would show that instead of our text.
        kept.errno = cause.errno
    return kept


class _PlainText:
    """Shows the text of an error, where KeyError, OSError and UnicodeError show something else."""

    __slots__ = ()
    __str__ = BaseException.__str__


def _missing(kind: Kind, cause: BaseException | None) -> tuple[Kind, ...]:
    """The standard classes of a cause, the most precise ones, that a class lacks and can be combined with.

    Python cannot combine an OSError with a UnicodeDecodeError, but can with the ValueError that this is;
    `io.UnsupportedOperation` is an OSError and a ValueError.
    """
    chosen: tuple[Kind, ...] = ()
    for standard in type(cause).__mro__ if isinstance(cause, Exception) else ():
        is_standard = standard.__module__ == "builtins" and issubclass(standard, Exception)
        if not is_standard or standard is Exception or issubclass(kind, standard):
            continue
        if any(issubclass(found, standard) for found in chosen):
            continue
        try:
            _combined(kind, (*chosen, standard))  # type: ignore[arg-type]  # classes can be hashed
        except TypeError:
            continue
        chosen = (*chosen, standard)
    return chosen


def _rebuild(
    kind: Kind, standards: tuple[Kind, ...], args: tuple[Any, ...], state: dict[str, Any]
) -> BaseException:
    combined = _combined(kind, standards)  # type: ignore[arg-type]  # classes can be hashed
    error: BaseException = (OSError if issubclass(combined, OSError) else standards[0]).__new__(combined)
    error.args = args
    vars(error).update(state)
    return error


@functools.cache
def _combined(kind: Kind, standards: tuple[Kind, ...]) -> Kind:
    def reduce(self: BaseException) -> tuple[Any, ...]:
        # The combined class has no name that pickle could find it by.
        members = {name: getattr(self, name) for name in _OS_MEMBERS if isinstance(self, OSError)}
        return _unpickle, (kind, standards, self.args, dict(vars(self)), members)

    members = {
        "__doc__": kind.__doc__,
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__str__": kind.__str__,
        "__repr__": kind.__repr__,
        "__reduce__": reduce,
    }
    return type(kind.__name__, (kind, _PlainText, *standards), members)


def _unpickle(
    kind: Kind,
    standards: tuple[Kind, ...],
    args: tuple[Any, ...],
    state: dict[str, Any],
    members: dict[str, Any],
) -> BaseException:
    error = _rebuild(kind, standards, args, state)
    for name, value in members.items():
        if value is not None:
            setattr(error, name, value)
    return error
