"""Why a scene is withdrawn."""

from __future__ import annotations

from enum import Enum


class SceneInvalidatedReason(str, Enum):
    """Why a scene is withdrawn."""

    BAD_CONTENT = "bad-content"
    DUPLICATE = "duplicate"
    INCORRECTLY_CREATED = "incorrectly-created"
