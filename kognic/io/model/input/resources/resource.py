"""Deprecated: use `kognic.io.model.scene.resources`."""

from kognic.io.model.input.resources import MissingFileError, Resource

__all__ = ["MissingFileError", "Resource"]
