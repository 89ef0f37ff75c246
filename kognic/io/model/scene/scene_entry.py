"""Scenes in the form of the platform's responses."""

from __future__ import annotations

from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer, OpenEnum


class SceneStatus(OpenEnum):
    """Status of a scene in its life cycle."""

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
        uuid: UUID assigned by the platform.
        workspace_id: The workspace it belongs to.
        external_id: External ID, chosen by you; not unique.
        scene_type: Such as `lidars_and_cameras`.
        status: Status in its life cycle.
        created: Creation time.
        calibration_id: ID of the calibration; None without one.
        view_link: Link to the web application.
        error_message: Error message; None if it did not fail.
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
