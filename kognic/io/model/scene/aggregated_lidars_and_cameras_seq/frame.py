"""The module of `Frame` in the official package."""

from kognic.io.model.scene.aggregated_lidars_and_cameras_seq import Frame

__all__ = ["Frame"]
