"""The module of `Cameras` in the official package."""

from kognic.io.model.scene.cameras import Cameras

__all__ = ["Cameras"]
