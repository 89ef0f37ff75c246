"""Documents that are decoded when they are first read.

Decoding a large JSON document takes longer than fetching it, and many are never looked at: they are stored,
hashed, passed on, or skipped after a glance at what they belong to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from kognic.base_clients import fast_json
from kognic.base_clients.errors import ModelValidationError

ClassT = TypeVar("ClassT", bound=type)


class RawJson:
    """The text of a JSON object."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content

    def decode(self, name: str) -> Any:
        """Decode the object.

        Args:
            name: What it is, for the message.

        Raises:
            ModelValidationError: It is not JSON.
        """
        try:
            return fast_json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise ModelValidationError(f"{name} is not JSON: {error}") from error


def decoded_when_read(field: str) -> Callable[[ClassT], ClassT]:
    """Let a field of a slotted attrs class hold a `RawJson`, which is decoded the first time it is read.

    A decorator above `attrs.define`. Everyone who reads the field sees the decoded document.
    """

    def decorate(cls: ClassT) -> ClassT:
        setattr(cls, field, _Decoded(getattr(cls, field), f"{cls.__name__}.{field}"))
        return cls

    return decorate


class _Decoded:
    """In the place of the slot of one field."""

    def __init__(self, slot: Any, name: str) -> None:
        self._slot = slot
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        value = self._slot.__get__(instance, owner)
        if type(value) is RawJson:
            # Two threads may both decode it; they get equal documents, and one of them stays.
            value = value.decode(self._name)
            self._slot.__set__(instance, value)
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        self._slot.__set__(instance, value)
