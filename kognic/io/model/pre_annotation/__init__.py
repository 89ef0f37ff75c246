"""Annotations given with a scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.pre_annotation.pre_annotation import CreatedPreAnnotation
    from kognic.io.model.pre_annotation.resolved_pre_annotation import ResolvedPreAnnotation
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "CreatedPreAnnotation": "kognic.io.model.pre_annotation.pre_annotation",
            "ResolvedPreAnnotation": "kognic.io.model.pre_annotation.resolved_pre_annotation",
        },
    )

__all__ = [
    "CreatedPreAnnotation",
    "ResolvedPreAnnotation",
]
