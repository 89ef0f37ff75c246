"""The types of scenes."""

from __future__ import annotations

from kognic.base_clients.serialization import OpenEnum


class SceneType(OpenEnum):
    """The type of a scene."""

    CAMERAS = "cameras"
    CAMERAS_SEQUENCE = "cameras_sequence"
    LIDARS = "lidars"
    LIDARS_SEQUENCE = "lidars_sequence"
    LIDARS_AND_CAMERAS = "lidars_and_cameras"
    LIDARS_AND_CAMERAS_SEQUENCE = "lidars_and_cameras_sequence"
    AGGREGATED_LIDARS_AND_CAMERAS_SEQUENCE = "aggregated_lidars_and_cameras_sequence"
