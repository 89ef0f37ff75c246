"""Every error of the project in one place; each family is drawn where it is defined.

A name is resolved in the modules below when it is first used, so that importing this module costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from kognic._core.errors import KognicError

if TYPE_CHECKING:
    from kognic._core.annotation_errors import *  # noqa: F403
    from kognic._core.camera_errors import *  # noqa: F403
    from kognic._core.environment_errors import *  # noqa: F403
    from kognic._core.errors import *  # noqa: F403
    from kognic._core.run_errors import *  # noqa: F403
    from kognic._core.scene_errors import *  # noqa: F403
    from kognic._core.viewer_errors import *  # noqa: F403
    from kognic.auth.errors import *  # noqa: F403
    from kognic.base_clients.errors import *  # noqa: F403
    from kognic.io.resources.errors import *  # noqa: F403

HOMES = (
    "kognic._core.errors",
    "kognic._core.annotation_errors",
    "kognic._core.camera_errors",
    "kognic._core.environment_errors",
    "kognic._core.run_errors",
    "kognic._core.scene_errors",
    "kognic._core.viewer_errors",
    "kognic.auth.errors",
    "kognic.base_clients.errors",
    "kognic.io.resources.errors",
)
"""The modules that define errors."""

# What the tree is built with; users catch `KognicError`.
_BUILT_WITH = frozenset({"PlainError"})


def __getattr__(name: str) -> object:
    if name == "__all__":
        return _names()
    if not name.startswith("_"):
        for home in HOMES:
            value = getattr(importlib.import_module(home), name, None)
            if isinstance(value, type) and issubclass(value, KognicError):
                globals()[name] = value
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _names() -> list[str]:
    """The name of every error, sorted."""
    defined = {
        name
        for home in HOMES
        for name, value in vars(importlib.import_module(home)).items()
        if isinstance(value, type) and issubclass(value, KognicError) and not name.startswith("_")
    }
    return sorted(defined - _BUILT_WITH)


def __dir__() -> list[str]:
    return _names()
