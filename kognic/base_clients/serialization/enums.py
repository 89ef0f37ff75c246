"""Enumerations that the platform may extend before this client knows."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any


class OpenEnum(str, Enum):
    """A string enumeration whose unknown values survive.

    `Status("brand-new")` is a member like any other: it compares, hashes, pickles and becomes JSON by its
    value, `value` and `name` are the text. It is not listed among the members of the class.
    """

    if TYPE_CHECKING:
        # Any text, and not only that of the members that are listed.
        @property
        def value(self) -> str: ...

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = str.__str__(value)
        member._value_ = member._name_
        return member

    @property
    def is_known(self) -> bool:
        """Whether this version of the client knows the value."""
        return self._name_ in type(self).__members__
