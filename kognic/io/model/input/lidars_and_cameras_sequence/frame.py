"""Deprecated: use `kognic.io.model.scene.lidars_and_cameras_sequence`."""

from kognic.io.model.input.lidars_and_cameras_sequence import Frame

__all__ = ["Frame"]
