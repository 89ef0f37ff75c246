"""The module of `LidarsSequence` in the official package."""

from kognic.io.model.scene.lidars_sequence import LidarsSequence

__all__ = ["LidarsSequence"]
