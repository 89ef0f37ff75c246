"""Deprecated: use `kognic.io.model.scene.abstract`."""

from kognic.io.model.input.abstract import BaseFrame

__all__ = ["BaseFrame"]
