"""Reviews through the API: verdicts on annotations, and reading them back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from kognic.sandbox.platform.annotations import deliveries
from kognic.sandbox.platform.annotations.routes import find_annotation
from kognic.sandbox.platform.calls import Call, read, write
from kognic.sandbox.platform.errors import InvalidError, NotFoundError, ValidationFailedError
from kognic.sandbox.platform.inputs import workflow
from kognic.sandbox.platform.order_execution.routes import find_request_input
from kognic.sandbox.platform.reviews.wire import CreateReview, FeedbackItem
from kognic.sandbox.platform.tables import Annotation, ErrorType, Input, Review
from kognic.sandbox.platform.values import to_wire_time, utc_now, without_none


def create_review(call: Call) -> dict[str, str]:
    """Create a verdict on an input's last judgement in integration review, or on a delivered annotation."""
    annotation = find_annotation(call, call.path["id"])
    body = call.parse(CreateReview)
    members = [_member(call, item) for item in body.feedback_items or ()]
    if annotation.is_preliminary:
        return _review_judgement(call, annotation, body, members)
    return _review_delivery(call, annotation, body, members)


def get_review(call: Call) -> dict[str, Any]:
    """Get a review by its UUID."""
    review = call.session.scalar(select(Review).where(Review.id == call.path["id"]))
    if review is None:
        raise NotFoundError(f"There is no review {call.path['id']}")
    placed = call.session.scalars(select(Input).where(Input.id == review.input_id)).one()
    if placed.request.batch.project.organization_id not in call.organization_ids:
        raise NotFoundError(f"There is no review {review.id}")
    return _answer(review)


def get_auto_reviews(call: Call) -> list[dict[str, Any]]:
    """Return the rejections of an input in integration review."""
    placed = find_request_input(call, call.path["id"])
    query = select(Review).where(Review.input_id == placed.id, Review.is_auto_review.is_(True))
    return [_answer(review) for review in call.session.scalars(query.order_by(Review.number))]


def get_error_types(call: Call) -> list[dict[str, Any]]:
    """List the error types that a review may name."""
    return [
        {
            "errorTypeId": one.id,
            "name": one.name,
            "pinAllowed": one.pin_allowed,
            "objectAllowed": one.object_allowed,
        }
        for one in call.session.scalars(select(ErrorType).order_by(ErrorType.name))
    ]


def _review_judgement(
    call: Call, annotation: Annotation, body: CreateReview, members: list[dict[str, Any]]
) -> dict[str, str]:
    placed = annotation.input
    if not placed.awaits_review or placed.last_annotation_id != annotation.id:
        raise InvalidError(f"Annotation {annotation.id} is not waiting for an integration review")
    review = _store(call, placed, body, members, is_auto_review=not body.accepted)
    if body.accepted:
        review.members = []
        if workflow.advance(call.session, placed):
            deliveries.deliver_last(call.platform, call.session, placed)
    else:
        workflow.wait_for_decision(placed)
    return {"createdReviewId": review.id}


def _review_delivery(
    call: Call, annotation: Annotation, body: CreateReview, members: list[dict[str, Any]]
) -> dict[str, str]:
    placed = annotation.input
    workflow.require_flexible(placed)
    if body.accepted or body.workflow is None:
        raise InvalidError("A delivered annotation can only be rejected, with the workflow that corrects it")
    if placed.status != "completed":
        raise InvalidError(f"Input {placed.id} is being corrected already")
    review = _store(call, placed, body, members, is_auto_review=False)
    workflow.order_correction(call.session, placed, body.workflow)
    return {"createdReviewId": review.id}


def _store(
    call: Call, placed: Input, body: CreateReview, members: list[dict[str, Any]], *, is_auto_review: bool
) -> Review:
    phase_id = workflow.phase_of(placed)["id"] if placed.request.workflow else None
    review = Review(
        input_id=placed.id,
        accepted=body.accepted,
        is_auto_review=is_auto_review,
        phase_id=phase_id,
        members=members,
    )
    call.session.add(review)
    call.session.flush()
    return review


def _member(call: Call, item: FeedbackItem) -> dict[str, Any]:
    error_type = call.session.get(ErrorType, item.error_type_id)
    if error_type is None:
        raise ValidationFailedError(f"errorTypeId {item.error_type_id} is not an error type")
    sent = item.model_dump(by_alias=True, exclude_none=True)
    suggested = sent.pop("suggestedProperty", None)
    return {
        **sent,
        "errorTypeName": error_type.name,
        "suggestedProperties": [suggested] if suggested else [],
        "invalid": False,
        "corrected": False,
        "resolved": False,
        "createdAt": to_wire_time(utc_now()),
    }


def _answer(review: Review) -> dict[str, Any]:
    return without_none(
        {
            "id": review.id,
            "inputUuid": review.input_id,
            "phaseId": review.phase_id,
            "members": review.members,
        }
    )


APIS = (
    write("POST", "/v1/annotations/{id}/review", create_review),
    read("GET", "/v1/reviews/error-types", get_error_types),
    read("GET", "/v1/reviews/{id}", get_review),
    read("GET", "/v0/request-inputs/{id}/auto-reviews", get_auto_reviews),
)
