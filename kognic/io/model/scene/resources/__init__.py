"""The files of a scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.scene.resources.image import Image, ImageMetadata
    from kognic.io.model.scene.resources.point_cloud import PointCloud
    from kognic.io.model.scene.resources.resource import MissingFileError, Resource
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Image": "kognic.io.model.scene.resources.image",
            "ImageMetadata": "kognic.io.model.scene.resources.image",
            "MissingFileError": "kognic.io.model.scene.resources.resource",
            "PointCloud": "kognic.io.model.scene.resources.point_cloud",
            "Resource": "kognic.io.model.scene.resources.resource",
        },
    )

__all__ = [
    "Image",
    "ImageMetadata",
    "MissingFileError",
    "PointCloud",
    "Resource",
]
