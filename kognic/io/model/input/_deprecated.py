"""Base class of old model names: they emit a warning and are otherwise identical to the new class."""

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
