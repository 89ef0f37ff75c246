"""Deprecated: use `kognic.io.model.scene.cameras_sequence`."""

from kognic.io.model.input.cameras_sequence import Frame

__all__ = ["Frame"]
