"""The module of `BaseSceneWithIMUData` in the official package."""

from kognic.io.model.scene.abstract import BaseSceneWithIMUData

__all__ = ["BaseSceneWithIMUData"]
