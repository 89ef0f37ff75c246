"""Deprecated: use `kognic.io.model.scene.lidars_and_cameras_sequence`."""

from kognic.io.model.input.lidars_and_cameras_sequence import LidarsAndCamerasSequence

__all__ = ["LidarsAndCamerasSequence"]
