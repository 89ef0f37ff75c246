"""Reason of an invalidation."""

from __future__ import annotations

from enum import Enum


class SceneInvalidatedReason(str, Enum):
    """Reason of an invalidation."""

    BAD_CONTENT = "bad-content"
    DUPLICATE = "duplicate"
    INCORRECTLY_CREATED = "incorrectly-created"
