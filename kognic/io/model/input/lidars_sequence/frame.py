"""Deprecated: use `kognic.io.model.scene.lidars_sequence`."""

from kognic.io.model.input.lidars_sequence import Frame

__all__ = ["Frame"]
