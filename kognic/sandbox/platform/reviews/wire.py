"""The body of a review."""

from __future__ import annotations

from typing import Literal

from kognic.sandbox.platform.wire import Text, Wire


class Pin(Wire):
    x: float
    y: float
    z: float | None = None
    world_coordinates: bool | None = None
    origin_frame: str | None = None


class SuggestedProperty(Wire):
    property_name: str
    suggested_property_value: str


class FeedbackItem(Wire):
    error_type_id: Text
    sensor_id: str | None = None
    frame_id: str | None = None
    object_id: str | None = None
    description: str | None = None
    pin: Pin | None = None
    suggested_property: SuggestedProperty | None = None
    metadata: dict[str, str] | None = None


class CreateReview(Wire):
    accepted: bool
    workflow: Literal["correct", "correct-review-loop"] | None = None
    feedback_items: list[FeedbackItem] | None = None
