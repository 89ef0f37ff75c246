"""Deprecated: use `kognic.io.model.scene.cameras_sequence`."""

from kognic.io.model.input.cameras_sequence import CamerasSequence

__all__ = ["CamerasSequence"]
