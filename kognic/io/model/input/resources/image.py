"""Deprecated: use `kognic.io.model.scene.resources`."""

from kognic.io.model.input.resources import Image, ImageMetadata

__all__ = ["Image", "ImageMetadata"]
