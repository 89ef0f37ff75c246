"""The rules that need NumPy: numbers of calibrations, cameras against points, cuboids against points.

Structure and headers of files are checked without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.scenes.checks.geometry.group import (
        check_geometry,
        check_numbers,
        check_placed,
        check_pooled,
        judge,
    )

__all__ = ["check_geometry", "check_numbers", "check_placed", "check_pooled", "judge"]

_HERE = "kognic.scenes.checks.geometry"
__getattr__, __dir__ = attach(__name__, dict.fromkeys(__all__, f"{_HERE}.group"))
