"""The base classes of all errors of the project."""

from __future__ import annotations

from typing import Any


class KognicError(Exception):
    """Base class of all errors of this project.

    Attributes:
        scene_uuid: The scene that remains on the platform if its creation failed part-way.
    """

    scene_uuid: str | None = None


def rebuild(kind: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]) -> BaseException:
    """Create an error as it was pickled, without calling its constructor."""
    error = kind.__new__(kind)
    error.args = args
    for name, value in state.items():
        setattr(error, name, value)
    return error


class PlainError(KognicError):
    """An error whose text is its single argument, also where a base class would show it differently."""

    def __init__(self, message: str) -> None:
        super().__init__(message)

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, (type(self), self.args, self._state())

    def _state(self) -> dict[str, Any]:
        return dict(self.__dict__)


class InsecureUrlError(PlainError, ValueError):
    """A secret would have been sent unencrypted to another machine; nothing was sent."""
