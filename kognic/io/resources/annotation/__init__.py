"""Delivered annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.resources.annotation.annotation import AnnotationResource
else:
    __getattr__, __dir__ = attach(
        __name__, {"AnnotationResource": "kognic.io.resources.annotation.annotation"}
    )

__all__ = ["AnnotationResource"]
