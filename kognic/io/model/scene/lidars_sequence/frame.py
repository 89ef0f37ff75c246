"""The module of `Frame` in the official package."""

from kognic.io.model.scene.lidars_sequence import Frame

__all__ = ["Frame"]
