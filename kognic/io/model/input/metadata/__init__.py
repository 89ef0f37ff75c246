"""Deprecated: use `kognic.io.model.scene.metadata`."""

from kognic.io.model.input.metadata.metadata import FrameMetaData, MetaData

__all__ = ["FrameMetaData", "MetaData"]
