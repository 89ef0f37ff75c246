"""Deprecated: use `kognic.io.model.scene.lidars`."""

from kognic.io.model.input.lidars import Lidars

__all__ = ["Lidars"]
