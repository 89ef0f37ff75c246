"""What a recording has read, as the file of a scene. Needs NumPy; naming files does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.scenes.importers.encoding.files import encoded

__all__ = ["encoded"]

__getattr__, __dir__ = attach(__name__, {"encoded": "kognic.scenes.importers.encoding.files"})
