"""The module of `Frame` in the official package."""

from kognic.io.model.scene.cameras_sequence import Frame

__all__ = ["Frame"]
