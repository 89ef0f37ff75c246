"""Scenes on the platform: the scene creators, and all operations on existing scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach
from kognic.io.scene_kinds import KINDS

if TYPE_CHECKING:
    from kognic.io.model.scene.file_data import FileData
    from kognic.io.resources.scene.creators import *  # noqa: F403 - one class per kind of scene
    from kognic.io.resources.scene.scene import SceneResource
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            **{kind.model_name: "kognic.io.resources.scene.creators" for kind in KINDS},
            "FileData": "kognic.io.model.scene.file_data",
            "SceneResource": "kognic.io.resources.scene.scene",
        },
    )

__all__ = ["FileData", "SceneResource"]
__all__ += [kind.model_name for kind in KINDS]
