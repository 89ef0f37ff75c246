"""Deprecated: use `kognic.io.model.scene.metadata.metadata`."""

from __future__ import annotations

from kognic.io.model.input._deprecated import Deprecated
from kognic.io.model.scene.metadata.metadata import FrameMetaData as _FrameMetaData
from kognic.io.model.scene.metadata.metadata import MetaData as _MetaData

__all__ = ["FrameMetaData", "MetaData"]


class MetaData(Deprecated, _MetaData):
    """Deprecated: use `kognic.io.model.scene.metadata.metadata.MetaData`."""

    __slots__ = ()


class FrameMetaData(Deprecated, _FrameMetaData):
    """Deprecated: use `kognic.io.model.scene.metadata.metadata.FrameMetaData`."""

    __slots__ = ()
