"""Readers of images and point clouds: facts about the files, and their content.

This package is independent of scenes, calibrations and the client; the sandbox uses it for uploaded files.
Headers of point clouds need the standard library alone. Images need Pillow; full reading of point clouds
needs the extra `checks` (numpy, laspy, pypcd4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic._core.scene_errors import ContentError, ContentIssue
    from kognic.scenes.content.arrays import read_points
    from kognic.scenes.content.facts import PointCloudFacts
    from kognic.scenes.content.images import ImageFacts, inspect_image, survey_image
    from kognic.scenes.content.point_clouds import inspect_point_cloud, survey_point_cloud
    from kognic.scenes.content.points import PointArrays

__all__ = [
    "ContentError",
    "ContentIssue",
    "ImageFacts",
    "PointArrays",
    "PointCloudFacts",
    "inspect_image",
    "inspect_point_cloud",
    "read_points",
    "survey_image",
    "survey_point_cloud",
]

_HERE = "kognic.scenes.content"
__getattr__, __dir__ = attach(
    __name__,
    {
        "ContentError": "kognic._core.scene_errors",
        "ContentIssue": "kognic._core.scene_errors",
        "ImageFacts": f"{_HERE}.images",
        "PointArrays": f"{_HERE}.points",
        "PointCloudFacts": f"{_HERE}.facts",
        "inspect_image": f"{_HERE}.images",
        "inspect_point_cloud": f"{_HERE}.point_clouds",
        "read_points": f"{_HERE}.arrays",
        "survey_image": f"{_HERE}.images",
        "survey_point_cloud": f"{_HERE}.point_clouds",
    },
)
