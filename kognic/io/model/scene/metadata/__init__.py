"""Metadata of scenes and frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.scene.metadata.metadata import FrameMetaData, MetaData, MetaDataBase
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "FrameMetaData": "kognic.io.model.scene.metadata.metadata",
            "MetaData": "kognic.io.model.scene.metadata.metadata",
            "MetaDataBase": "kognic.io.model.scene.metadata.metadata",
        },
    )

__all__ = [
    "FrameMetaData",
    "MetaData",
    "MetaDataBase",
]
