"""Pre-annotations: OpenLABEL documents that annotators start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.resources.pre_annotation.pre_annotation import PreAnnotationResource
else:
    __getattr__, __dir__ = attach(
        __name__, {"PreAnnotationResource": "kognic.io.resources.pre_annotation.pre_annotation"}
    )

__all__ = ["PreAnnotationResource"]
