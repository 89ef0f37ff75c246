"""Deprecated: use `kognic.io.model.scene.cameras`."""

from kognic.io.model.input.cameras import Frame

__all__ = ["Frame"]
