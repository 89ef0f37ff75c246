"""Deprecated: use `kognic.io.model.scene.cameras`."""

from kognic.io.model.input.cameras import Cameras

__all__ = ["Cameras"]
