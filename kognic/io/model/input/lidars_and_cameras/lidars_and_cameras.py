"""Deprecated: use `kognic.io.model.scene.lidars_and_cameras`."""

from kognic.io.model.input.lidars_and_cameras import LidarsAndCameras

__all__ = ["LidarsAndCameras"]
