"""Small functions with well-known names."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import ParamSpec, TypeVar

from kognic.base_clients.serialization.problems import Invalid
from kognic.base_clients.serialization.scalars import to_datetime
from kognic.base_clients.util import filter_none

__all__ = ["deprecated_parameter", "filter_none", "get_view_links", "ts_to_dt"]

P = ParamSpec("P")
R = TypeVar("R")

_VIEW_INPUT = "https://app.kognic.com/view/input/"


def get_view_links(input_uuids: Iterable[str]) -> dict[str, str]:
    """Return where to look at inputs in the web application, by uuid."""
    return {uuid: f"{_VIEW_INPUT}{uuid}" for uuid in input_uuids}


def deprecated_parameter(
    from_name: str, to_name: str, end_version: str | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a decorator that lets a function answer to the old name of a parameter, with a warning.

    Args:
        from_name: The old name.
        to_name: The new name.
        end_version: The version that will no longer know the old name.

    Raises:
        TypeError: A call gives the parameter by both names; raised by the decorated function.
    """
    until = f"; {from_name} will be gone in {end_version}" if end_version else ""
    message = f"parameter {from_name} is deprecated, use {to_name}{until}"

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if from_name in kwargs:
                warnings.warn(f"{function.__name__}: {message}", DeprecationWarning, stacklevel=2)
                if to_name in kwargs:
                    raise TypeError(
                        f"{function.__name__}() got both {from_name} and {to_name}; give {to_name}"
                    )
                kwargs[to_name] = kwargs.pop(from_name)
            return function(*args, **kwargs)

        return call

    return decorate


def ts_to_dt(date_string: str) -> datetime:
    """Read a time of the platform, ISO 8601.

    Raises:
        ValueError: It is not a time.
    """
    try:
        return to_datetime(date_string)
    except Invalid as problem:
        raise ValueError(problem.reason) from None
