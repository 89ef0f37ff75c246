"""Reviews of annotations: feedback to create, and reviews on the platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum

import attrs
from attrs import setters

from kognic.base_clients.serialization import BaseSerializer, to_dict, to_list


class ReviewWorkflowEnum(str, Enum):
    """What happens to a rejected annotation."""

    CORRECT = "correct"
    CORRECT_REVIEW_LOOP = "correct-review-loop"


@attrs.define(kw_only=True)
class AddFeedbackItemPin(BaseSerializer):
    """A position in an image or point cloud.

    Attributes:
        x: Pixels in images; the unit of the point cloud in 3D.
        y: The same.
        z: The same; None in images.
        world_coordinates: Whether the position is in world coordinates.
        origin_frame: The frame whose coordinates are meant.
    """

    x: float
    y: float
    z: float | None = None
    world_coordinates: bool | None = None
    origin_frame: str | None = None


@attrs.define(kw_only=True)
class AddFeedbackItemSuggestedProperty(BaseSerializer):
    """A property of an object, and the value it should have."""

    property_name: str
    suggested_property_value: str


def _metadata(value: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if value is None else to_dict(value)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class AddFeedbackItem(BaseSerializer):
    """A feedback item about an annotation.

    Attributes:
        sensor_id: Name of the sensor.
        frame_id: ID of the frame: `external_id` of the frame's properties in the OpenLABEL document.
        object_id: ID of the object.
        pin: Position in the image or point cloud.
        description: Description.
        suggested_property: A property that should have another value.
        error_type_id: The error type; see `client.review.get_error_types()`.
        metadata: Your own strings.
    """

    sensor_id: str | None = None
    frame_id: str | None = None
    object_id: str | None = None
    pin: AddFeedbackItemPin | None = None
    description: str | None = None
    suggested_property: AddFeedbackItemSuggestedProperty | None = None
    error_type_id: str
    metadata: dict[str, str] | None = attrs.field(default=None, converter=_metadata)


def _items(value: Iterable[AddFeedbackItem] | None) -> list[AddFeedbackItem] | None:
    return None if value is None else to_list(value)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class ReviewRequest(BaseSerializer):
    """A review to create.

    Attributes:
        feedback_items: The feedback.
        workflow: What happens to the annotation if it is rejected.
        accepted: Whether the annotation is accepted.
    """

    feedback_items: list[AddFeedbackItem] | None = attrs.field(default=None, converter=_items)
    workflow: ReviewWorkflowEnum | None = None
    accepted: bool


@attrs.frozen(kw_only=True)
class ReviewResponse(BaseSerializer):
    """A created review."""

    created_review_id: str


@attrs.frozen(kw_only=True)
class ReviewMember(BaseSerializer):
    """A feedback item of a review.

    Attributes:
        sensor_id: Name of the sensor.
        frame_id: ID of the frame.
        object_id: ID of the object.
        comments: Comments.
        pin: Position in the image or point cloud.
        description: Description.
        suggested_properties: Properties that should have other values.
        error_type_id: The error type.
        error_type_name: Display name of the error type.
        invalid: Whether the feedback was found to be invalid.
        metadata: Strings of the reviewer.
        corrected: Whether the annotation was changed.
        resolved: Whether the feedback is resolved.
        created_at: Creation time.
    """

    sensor_id: str | None = None
    frame_id: str | None = None
    object_id: str | None = None
    comments: list[str] | None = None
    pin: AddFeedbackItemPin | None = None
    description: str | None = None
    suggested_properties: list[AddFeedbackItemSuggestedProperty] | None = None
    error_type_id: str
    error_type_name: str
    invalid: bool
    metadata: dict[str, str] | None = None
    corrected: bool
    resolved: bool
    created_at: datetime


@attrs.frozen(kw_only=True)
class Review(BaseSerializer):
    """A review on the platform.

    Attributes:
        id: UUID assigned by the platform.
        members: Its feedback items.
        input_uuid: The request input.
        phase_id: The phase of the workflow it was made in; None if unknown.
    """

    id: str
    members: list[ReviewMember] = attrs.field(factory=list)
    input_uuid: str
    phase_id: str | None = None


@attrs.frozen(kw_only=True)
class ReviewErrorType(BaseSerializer):
    """An error type for feedback items.

    Attributes:
        error_type_id: ID, for `AddFeedbackItem`.
        name: Display name.
        pin_allowed: Whether feedback of this type can have a pin.
        object_allowed: Whether feedback of this type can refer to an object.
    """

    error_type_id: str
    name: str
    pin_allowed: bool
    object_allowed: bool
