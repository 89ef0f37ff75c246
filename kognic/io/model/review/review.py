"""Reviews of annotations: feedback that is given, and what the platform keeps of it."""

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
    """A place in an image or point cloud.

    Attributes:
        x: Pixels in images; the unit of the point cloud in 3D.
        y: The same.
        z: The same; None in images.
        world_coordinates: Whether the place is in world coordinates.
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
    """One thing to say about an annotation.

    Attributes:
        sensor_id: The sensor it is about.
        frame_id: The frame it is about: `external_id` of the frame's properties in the OpenLABEL document.
        object_id: The object it is about.
        pin: The place it is about.
        description: For people.
        suggested_property: A property that should have another value.
        error_type_id: The kind of error; see `client.review.get_error_types()`.
        metadata: Texts of your own.
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
        feedback_items: What there is to say.
        workflow: What happens to the annotation when it is not accepted.
        accepted: Whether it is good.
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
    """One thing that a review says.

    Attributes:
        sensor_id: The sensor it is about.
        frame_id: The frame it is about.
        object_id: The object it is about.
        comments: What people said about it.
        pin: The place it is about.
        description: For people.
        suggested_properties: Properties that should have other values.
        error_type_id: The kind of error.
        error_type_name: The same, for people.
        invalid: Whether it was found to be wrong.
        metadata: Texts of the reviewer's own.
        corrected: Whether the annotation was changed.
        resolved: Whether it is settled.
        created_at: When it was created.
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
        id: The platform's name for it.
        members: What it says.
        input_uuid: The request input.
        phase_id: The phase of the workflow it was made in; None when not known.
    """

    id: str
    members: list[ReviewMember] = attrs.field(factory=list)
    input_uuid: str
    phase_id: str | None = None


@attrs.frozen(kw_only=True)
class ReviewErrorType(BaseSerializer):
    """A kind of error that feedback can name.

    Attributes:
        error_type_id: What `AddFeedbackItem` takes.
        name: For people.
        pin_allowed: Whether feedback of this kind may have a pin.
        object_allowed: Whether it may name an object.
    """

    error_type_id: str
    name: str
    pin_allowed: bool
    object_allowed: bool
