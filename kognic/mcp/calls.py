"""One call of a tool: its errors as answers, its hints, and the confirmation of what writes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, ParamSpec, TypeVar

from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from kognic._core.failures import CommandFailedError, failures_in_one_line
from kognic.mcp.results import clean

P = ParamSpec("P")
T = TypeVar("T")
_MARK = "_kognic_tool"


class Registered(NamedTuple):
    """A tool: the method, and what a host shows and decides by."""

    function: Callable[..., Any]
    annotations: ToolAnnotations


def reads(title: str, *, is_local: bool = False) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Register a method that changes nothing; `is_local` if it calls nobody either."""
    hints = ToolAnnotations(
        title=title, read_only_hint=True, destructive_hint=False, idempotent_hint=True,
        open_world_hint=not is_local,
    )  # fmt: skip
    return lambda function: _registered(function, hints)


def writes(
    title: str, *, destroys: bool = False, repeatable: bool = False
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Register a method that changes the platform."""
    hints = ToolAnnotations(
        title=title, read_only_hint=False, destructive_hint=destroys, idempotent_hint=repeatable,
        open_world_hint=True,
    )  # fmt: skip
    return lambda function: _registered(function, hints)


def tools_of(holder: object) -> Iterator[Registered]:
    """Yield the tools among the methods of an object, in the order of their definition."""
    for name in vars(type(holder)):
        hints = getattr(getattr(type(holder), name), _MARK, None)
        if hints is not None:
            yield Registered(getattr(holder, name), hints)


def _registered(function: Callable[P, T], hints: ToolAnnotations) -> Callable[P, T]:
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with failures_in_one_line(also=(ImportError, TypeError)):
                return function(*args, **kwargs)
        except CommandFailedError as exc:
            raise ToolError(clean(exc.message)) from exc
        except ToolError as exc:
            raise ToolError(clean(str(exc))) from exc

    setattr(call, _MARK, hints)
    return call


def confirmed(given: str, wanted: str, effect: str) -> None:
    """Reject a call that writes unless it repeats the name of what it changes.

    Raises:
        ToolError: It does not; says what would happen and what to pass.
    """
    if given != wanted:
        was = f"confirm is {given!r}" if given else "confirm is missing"
        raise ToolError(
            f"Nothing was changed: {was}. This call would {effect}. Ask the user first; if they agree, "
            f"repeat it with confirm={wanted!r}"
        )
