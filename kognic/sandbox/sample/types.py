"""What a sample drive can be asked for; without an import, so that a command can name it at no cost."""

from __future__ import annotations

from typing import Literal

SceneKind = Literal[
    "cameras",
    "cameras_sequence",
    "lidars",
    "lidars_sequence",
    "lidars_and_cameras",
    "lidars_and_cameras_sequence",
    "aggregated_lidars_and_cameras_sequence",
]
CloudFormat = Literal["csv", "las", "pcd"]
