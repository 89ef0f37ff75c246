"""What old names of models have in common: they warn, and otherwise are what they derive from."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self


class Deprecated:
    """A class that warns when it is constructed, naming the class to use instead."""

    __slots__ = ()

    def __new__(cls, *_: Any, **__: Any) -> Self:
        current = next(base for base in cls.__mro__ if base.__module__.startswith("kognic.io.model.scene"))
        warnings.warn(
            f"{cls.__module__}.{cls.__qualname__} is deprecated, "
            f"use {current.__qualname__} from {current.__module__}",
            DeprecationWarning,
            stacklevel=2,
        )
        return super().__new__(cls)
