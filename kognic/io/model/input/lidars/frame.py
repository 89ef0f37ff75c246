"""Deprecated: use `kognic.io.model.scene.lidars`."""

from kognic.io.model.input.lidars import Frame

__all__ = ["Frame"]
