"""Lists of resources as fields of frames, and what a scene's files are."""

from __future__ import annotations

from collections.abc import Iterable

from kognic.base_clients.serialization import to_list
from kognic.io.model.scene.resources.image import Image
from kognic.io.model.scene.resources.point_cloud import PointCloud
from kognic.io.model.scene.resources.resource import Resource


def image_list(value: Iterable[Image]) -> list[Image]:
    """Return the converter of fields that hold images."""
    return to_list(value)


def point_cloud_list(value: Iterable[PointCloud]) -> list[PointCloud]:
    """Return the converter of fields that hold point clouds."""
    return to_list(value)


def by_resource_id(groups: Iterable[Iterable[Resource]]) -> dict[str, Resource]:
    """Return the files in groups of resources by key; of files with the same key, the first."""
    found: dict[str, Resource] = {}
    for group in groups:
        for resource in group:
            found.setdefault(resource.resource_id or resource.filename, resource)
    return found
