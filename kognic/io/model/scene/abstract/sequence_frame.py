"""The module of `SequenceFrame` in the official package."""

from kognic.io.model.scene.abstract import SequenceFrame

__all__ = ["SequenceFrame"]
