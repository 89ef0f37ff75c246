"""The module of `BaseFrame` in the official package."""

from kognic.io.model.scene.abstract import BaseFrame

__all__ = ["BaseFrame"]
