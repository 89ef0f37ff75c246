"""Inputs in the form of deprecated calls."""

from __future__ import annotations

import warnings
from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer, OpenEnum, wire


class InputStatus(OpenEnum):
    """Status of a scene in its life cycle."""

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
    """A scene in a batch, in the form of deprecated calls.

    Attributes:
        scene_uuid: The scene.
        external_id: External ID, chosen by you.
        batch: External ID of the batch.
        scene_type: Such as `lidars_and_cameras`.
        status: Status in its life cycle.
        created: Creation time.
        annotation_types: Annotation types.
        calibration_id: ID of the calibration; None without one.
        view_link: Link to the web application.
        error_message: Error message; None if it did not fail.
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
