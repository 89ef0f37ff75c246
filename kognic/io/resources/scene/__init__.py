"""Scenes on the platform: the seven creators, and everything done with a scene afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.resources.scene.creators import (
        AggregatedLidarsAndCamerasSequence,
        Cameras,
        CamerasSequence,
        Lidars,
        LidarsAndCameras,
        LidarsAndCamerasSequence,
        LidarsSequence,
    )
    from kognic.io.resources.scene.file_data import FileData
    from kognic.io.resources.scene.scene import SceneResource
else:
    _CREATORS = "kognic.io.resources.scene.creators"
    __getattr__, __dir__ = attach(
        __name__,
        {
            "AggregatedLidarsAndCamerasSequence": _CREATORS,
            "Cameras": _CREATORS,
            "CamerasSequence": _CREATORS,
            "FileData": "kognic.io.resources.scene.file_data",
            "Lidars": _CREATORS,
            "LidarsAndCameras": _CREATORS,
            "LidarsAndCamerasSequence": _CREATORS,
            "LidarsSequence": _CREATORS,
            "SceneResource": "kognic.io.resources.scene.scene",
        },
    )

__all__ = [
    "AggregatedLidarsAndCamerasSequence",
    "Cameras",
    "CamerasSequence",
    "FileData",
    "Lidars",
    "LidarsAndCameras",
    "LidarsAndCamerasSequence",
    "LidarsSequence",
    "SceneResource",
]
