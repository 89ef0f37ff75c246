"""Delivered annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.annotation.annotation import Annotation, PartialAnnotation, SignedAnnotation
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Annotation": "kognic.io.model.annotation.annotation",
            "PartialAnnotation": "kognic.io.model.annotation.annotation",
            "SignedAnnotation": "kognic.io.model.annotation.annotation",
        },
    )

__all__ = [
    "Annotation",
    "PartialAnnotation",
    "SignedAnnotation",
]
