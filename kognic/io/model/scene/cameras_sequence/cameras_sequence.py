"""The module of `CamerasSequence` in the official package."""

from kognic.io.model.scene.cameras_sequence import CamerasSequence

__all__ = ["CamerasSequence"]
