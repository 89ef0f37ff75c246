"""Scenes as the platform lists them."""

from __future__ import annotations

from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer, OpenEnum


class SceneStatus(OpenEnum):
    """Where a scene is in its life."""

    Pending = "pending"
    Processing = "processing"
    Created = "created"
    Failed = "failed"
    Indexed = "indexed"
    InvalidatedBadContent = "invalidated:broken-input"
    InvalidatedDuplicate = "invalidated:duplicate"
    InvalidatedIncorrectlyCreated = "invalidated:incorrectly-created"


@attrs.frozen(kw_only=True)
class Scene(BaseSerializer):
    """A scene on the platform.

    Attributes:
        uuid: The platform's name for it.
        workspace_id: The workspace it belongs to.
        external_id: Your name for it; not unique.
        scene_type: Such as `lidars_and_cameras`.
        status: Where it is in its life.
        created: When it was created.
        calibration_id: The calibration of its sensors; None without any.
        view_link: Where to look at it in the web application.
        error_message: Why it failed; None when it did not.
    """

    uuid: str
    workspace_id: str
    external_id: str
    scene_type: str
    status: SceneStatus
    created: datetime
    calibration_id: str | None = None
    view_link: str | None = None
    error_message: str | None = None
