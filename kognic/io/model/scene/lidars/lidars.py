"""The module of `Lidars` in the official package."""

from kognic.io.model.scene.lidars import Lidars

__all__ = ["Lidars"]
