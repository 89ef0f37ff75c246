"""Reviews, over real sockets."""

from __future__ import annotations

from uuid import uuid4

import pytest

from kognic.base_clients.errors import AmbiguousWriteError, ApiError, BadRequestError, NotFoundError
from kognic.io.client import KognicIOClient
from kognic.io.model.review.review import (
    AddFeedbackItem,
    AddFeedbackItemPin,
    ReviewRequest,
)
from kognic.sandbox.control import Control
from tests.io.resources.scenes import OPENLABEL, created_scene

UNKNOWN = str(uuid4())


@pytest.fixture
def input_uuid(client: KognicIOClient) -> str:
    return client.input.create_from_scene(created_scene(client), project="sandbox-project").uuid


@pytest.fixture
def annotation_id(input_uuid: str, control: Control) -> str:
    """An annotation that waits for an integration review."""
    return control.complete_task(input_uuid, OPENLABEL)


def rejection(client: KognicIOClient, **options: object) -> ReviewRequest:
    error_type = client.review.get_error_types()[0].error_type_id
    item = AddFeedbackItem(error_type_id=error_type, sensor_id="CAM", metadata={"by": "checker"})
    return ReviewRequest(**{"accepted": False, "feedback_items": [item], **options})


def test_get_error_types(client: KognicIOClient, control: Control) -> None:
    """At least one, each saying what feedback may hold."""
    types = client.review.get_error_types()

    assert types
    assert all(each.error_type_id and isinstance(each.pin_allowed, bool) for each in types)
    with (
        control.fault("status", "GET /v1/reviews/error-types", status=403),
        pytest.raises(ApiError, match="403"),
    ):
        client.review.get_error_types()


def test_accept(client: KognicIOClient, input_uuid: str, annotation_id: str) -> None:
    """An accepted input moves on; such a review is not among the automatic ones."""
    created = client.review.create_review(annotation_id, ReviewRequest(accepted=True))

    review = client.review.get_review(created.created_review_id)
    assert (review.id, review.input_uuid, review.members) == (created.created_review_id, input_uuid, [])
    assert client.review.get_auto_reviews(input_uuid) == []


def test_reject(client: KognicIOClient, input_uuid: str, annotation_id: str) -> None:
    """A rejection is listed with its feedback."""
    body = rejection(client)
    created = client.review.create_review(annotation_id, body)

    (review,) = client.review.get_auto_reviews(input_uuid)
    assert review.id == created.created_review_id
    (member,) = review.members
    assert member.error_type_id == (body.feedback_items or [])[0].error_type_id
    assert (member.sensor_id, member.metadata, member.resolved) == ("CAM", {"by": "checker"}, False)


def test_unknown_things(client: KognicIOClient) -> None:
    """Annotations, reviews and inputs that do not exist."""
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.review.create_review(UNKNOWN, ReviewRequest(accepted=True))
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.review.get_review(UNKNOWN)
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.review.get_auto_reviews(UNKNOWN)


def test_refused_review(client: KognicIOClient, annotation_id: str) -> None:
    """The platform says what is wrong with it."""
    item = AddFeedbackItem(error_type_id=UNKNOWN, pin=AddFeedbackItemPin(x=1, y=2))
    with pytest.raises(BadRequestError, match="errorTypeId"):
        client.review.create_review(annotation_id, ReviewRequest(accepted=False, feedback_items=[item]))


def test_a_review_that_was_turned_away_is_repeated(
    client: KognicIOClient, input_uuid: str, annotation_id: str, control: Control
) -> None:
    """429 and 503 prove that nothing was made."""
    body = rejection(client)
    with control.fault("status", "POST /v1/annotations/*/review", status=503, times=2):
        client.review.create_review(annotation_id, body)

    assert len(client.review.get_auto_reviews(input_uuid)) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_lost_review_is_not_repeated(
    after: bool, client: KognicIOClient, input_uuid: str, annotation_id: str, control: Control
) -> None:
    """Equal reviews cannot be distinguished: the error says that the review may exist."""
    body = rejection(client)
    with (
        control.fault("reset", "POST /v1/annotations/*/review", after=after),
        pytest.raises(AmbiguousWriteError, match="may or may not have been carried out") as info,
    ):
        client.review.create_review(annotation_id, body)
    assert "review" in info.value.operation
    assert len(client.review.get_auto_reviews(input_uuid)) == after


def test_a_verdict_of_another_kind(client: KognicIOClient, control: Control) -> None:
    """Nothing is sent."""
    with pytest.raises(ValueError, match="body is of type dict, must be a ReviewRequest"):
        client.review.create_review(UNKNOWN, {"accepted": True})  # type: ignore[arg-type]
    assert control.calls() == []
