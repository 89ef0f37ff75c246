"""The body of a review."""

from __future__ import annotations

from typing import Literal

from kognic.sandbox.platform.wire import Text, Wire


class Pin(Wire):
    """The place that a feedback item is about: pixels of an image, or metres of a point cloud."""

    x: float
    y: float
    z: float | None = None
    world_coordinates: bool | None = None
    origin_frame: str | None = None


class SuggestedProperty(Wire):
    """The value that a property should have."""

    property_name: str
    suggested_property_value: str


class FeedbackItem(Wire):
    """An error that the reviewer found, with sensor, frame and object where it has them."""

    error_type_id: Text
    sensor_id: str | None = None
    frame_id: str | None = None
    object_id: str | None = None
    description: str | None = None
    pin: Pin | None = None
    suggested_property: SuggestedProperty | None = None
    metadata: dict[str, str] | None = None


class CreateReview(Wire):
    """A review to create; `workflow` is what follows a rejection."""

    accepted: bool
    workflow: Literal["correct", "correct-review-loop"] | None = None
    feedback_items: list[FeedbackItem] | None = None
