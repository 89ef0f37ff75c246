"""The client of the Kognic platform: models, resources, checks, tools and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach
from kognic._core.version import __version__

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
else:
    __getattr__, __dir__ = attach(__name__, {"KognicIOClient": "kognic.io.client"})

__all__ = ["KognicIOClient", "__version__"]
