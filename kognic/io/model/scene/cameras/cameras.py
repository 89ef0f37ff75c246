"""The module of `Cameras` in the official package."""

from kognic.io.model.scene.cameras import Cameras, Frame

__all__ = ["Cameras", "Frame"]
