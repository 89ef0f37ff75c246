"""Deprecated: use `kognic.io.model.scene.abstract`."""

from kognic.io.model.input.abstract import BaseInput

__all__ = ["BaseInput"]
