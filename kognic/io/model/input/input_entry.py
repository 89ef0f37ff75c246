"""Inputs as deprecated calls list them."""

from __future__ import annotations

import warnings
from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer, OpenEnum, wire


class InputStatus(OpenEnum):
    """Where a scene is in its life."""

    Pending = "pending"
    Processing = "processing"
    Created = "created"
    Failed = "failed"
    InvalidatedBadContent = "invalidated:broken-input"
    InvalidatedSlamRerun = "invalidated:slam-rerun"
    InvalidatedDuplicate = "invalidated:duplicate"
    InvalidatedIncorrectlyCreated = "invalidated:incorrectly-created"


@attrs.frozen(kw_only=True)
class Input(BaseSerializer):
    """A scene in a batch, as deprecated calls list it.

    Attributes:
        scene_uuid: The scene.
        external_id: Your name for it.
        batch: External ID of the batch.
        scene_type: Such as `lidars_and_cameras`.
        status: Where it is in its life.
        created: When it was created.
        annotation_types: What it is annotated for.
        calibration_id: The calibration of its sensors; None without any.
        view_link: Where to look at it in the web application.
        error_message: Why it failed; None when it did not.
    """

    scene_uuid: str = attrs.field(metadata=wire("internalId"))
    external_id: str
    batch: str = attrs.field(metadata=wire("batchId"))
    scene_type: str = attrs.field(metadata=wire("inputType"))
    status: InputStatus
    created: datetime
    annotation_types: list[str]
    calibration_id: str | None = None
    view_link: str | None = None
    error_message: str | None = None

    @property
    def uuid(self) -> str:
        """Deprecated: `scene_uuid`."""
        warnings.warn("Input.uuid is deprecated, use scene_uuid", DeprecationWarning, stacklevel=2)
        return self.scene_uuid

    @property
    def input_type(self) -> str:
        """Deprecated: `scene_type`."""
        warnings.warn("Input.input_type is deprecated, use scene_type", DeprecationWarning, stacklevel=2)
        return self.scene_type
