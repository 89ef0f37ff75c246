"""The module of `LidarsAndCameras` in the official package."""

from kognic.io.model.scene.lidars_and_cameras import LidarsAndCameras

__all__ = ["LidarsAndCameras"]
