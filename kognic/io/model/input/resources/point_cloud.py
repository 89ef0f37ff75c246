"""Deprecated: use `kognic.io.model.scene.resources`."""

from kognic.io.model.input.resources import PointCloud

__all__ = ["PointCloud"]
