"""The module of `LidarsAndCamerasSequence` in the official package."""

from kognic.io.model.scene.lidars_and_cameras_sequence import LidarsAndCamerasSequence

__all__ = ["LidarsAndCamerasSequence"]
