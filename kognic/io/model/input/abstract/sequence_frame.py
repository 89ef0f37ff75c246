"""Deprecated: use `kognic.io.model.scene.abstract`."""

from kognic.io.model.input.abstract import SequenceFrame

__all__ = ["SequenceFrame"]
