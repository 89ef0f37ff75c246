"""The base classes of all errors of the project."""

from __future__ import annotations

from typing import Any, ClassVar

from kognic._core.docs_links import error_url


class KognicError(Exception):
    """Base class of all errors of this project.

    Attributes:
        scene_uuid: The scene that remains on the platform if its creation failed part-way.
    """

    scene_uuid: str | None = None
    is_documented: ClassVar[bool] = True
    """False for classes of the project's own, which the catalogue of errors leaves out."""

    @property
    def docs_url(self) -> str:
        """What the documentation says about this error: cause, fix, and whether a call is safe to repeat."""
        name = next(
            kind.__name__
            for kind in type(self).__mro__
            if not kind.__name__.startswith("_") and vars(kind).get("is_documented", True)
        )
        return error_url(name)


def rebuild(kind: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]) -> BaseException:
    """Create an error as it was pickled, without calling its constructor."""
    error = kind.__new__(kind)
    error.args = args
    for name, value in state.items():
        setattr(error, name, value)
    return error


class PlainError(KognicError):
    """An error whose text is its single argument, also where a base class would show it differently."""

    is_documented = False

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
