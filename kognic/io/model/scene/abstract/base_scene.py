"""The module of `BaseScene` in the official package."""

from kognic.io.model.scene.abstract import BaseScene

__all__ = ["BaseScene"]
