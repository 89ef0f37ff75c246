"""The module of `Frame` in the official package."""

from kognic.io.model.scene.cameras import Frame

__all__ = ["Frame"]
