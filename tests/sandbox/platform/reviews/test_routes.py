"""Reviews."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.protocol import Api, cuboid_document

UNKNOWN = "00000000-0000-0000-0000-000000000000"


def error_type(api: Api) -> dict[str, Any]:
    return dict(api.get("/v1/reviews/error-types")[0])


@pytest.fixture
def waiting(api: Api) -> tuple[str, str]:
    """An input in integration review, and the judgement it waits for."""
    uuid = api.place()["uuid"]
    return uuid, api.sandbox.control.complete_task(uuid, cuboid_document())


@pytest.fixture
def delivered(api: Api) -> tuple[str, str]:
    """A delivered input and its annotation."""
    uuid = api.place()["uuid"]
    return uuid, api.sandbox.control.deliver_annotation(uuid, cuboid_document())


def review(api: Api, annotation: str, **body: Any) -> str:
    return str(api.post(f"/v1/annotations/{annotation}/review", body)["createdReviewId"])


def test_error_types(api: Api) -> None:
    """There are some, each with its two permissions."""
    types = api.get("/v1/reviews/error-types")

    assert types
    assert all(
        one.keys() == {"errorTypeId", "name", "pinAllowed", "objectAllowed"}
        and isinstance(one["pinAllowed"], bool)
        for one in types
    )


def test_accept(api: Api, waiting: tuple[str, str]) -> None:
    """The input is delivered; the stored review has no members and is no auto-review."""
    uuid, judgement = waiting

    made = review(
        api, judgement, accepted=True, feedbackItems=[{"errorTypeId": error_type(api)["errorTypeId"]}]
    )

    stored = api.get(f"/v1/reviews/{made}")
    assert (stored["id"], stored["inputUuid"], stored["members"]) == (made, uuid, [])
    assert stored["phaseId"]
    assert api.get(f"/v0/request-inputs/{uuid}/auto-reviews") == []
    assert api.request_input(uuid)["status"] == "completed"
    annotation = api.get(f"/v2/inputs/{uuid}/annotation")
    assert judgement not in annotation["uri"], "the delivered annotation has an id of its own"


def test_reject(api: Api, waiting: tuple[str, str]) -> None:
    """The input stays where it is, without task, and the review is listed with its feedback."""
    uuid, judgement = waiting
    assert api.get(f"/v0/request-inputs/{uuid}/auto-reviews") == []
    kind = error_type(api)
    item = {
        "errorTypeId": kind["errorTypeId"],
        "sensorId": "FRONT",
        "frameId": "0",
        "objectId": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
        "description": "box too large",
        "pin": {"x": 12.5, "y": 80.0, "worldCoordinates": False, "originFrame": "0"},
        "suggestedProperty": {"propertyName": "occlusion", "suggestedPropertyValue": "Light"},
        "metadata": {"bot": "v1"},
    }

    made = review(api, judgement, accepted=False, feedbackItems=[item])

    answer = api.request_input(uuid)
    stage = answer["progressDetails"]["currentWorkflowStage"]
    assert answer["status"] == "in_progress"
    assert stage["phase"]["phaseDefinition"]["name"] == "integration-review"
    assert "action" not in stage
    assert "currentTask" not in answer["progressDetails"]
    assert answer["progressDetails"]["availableForIntegrationReview"] is False
    [listed] = api.get(f"/v0/request-inputs/{uuid}/auto-reviews")
    assert listed == api.get(f"/v1/reviews/{made}")
    [member] = listed["members"]
    suggested = item.pop("suggestedProperty")
    assert member == {
        **item,
        "errorTypeName": kind["name"],
        "suggestedProperties": [suggested],
        "invalid": False,
        "corrected": False,
        "resolved": False,
        "createdAt": member["createdAt"],
    }


def test_reject_then_correct(api: Api, waiting: tuple[str, str]) -> None:
    """After a rejection somebody decides that the input is corrected; the result is delivered."""
    uuid, judgement = waiting
    review(api, judgement, accepted=False)
    control = api.sandbox.control

    control.order_correction(uuid)

    answer = api.request_input(uuid)
    assert answer["progressDetails"]["currentTask"]["taskType"] == "correct"
    control.complete_task(uuid, cuboid_document())
    assert api.request_input(uuid)["status"] == "completed"


def test_correct_a_delivered_annotation(api: Api, delivered: tuple[str, str]) -> None:
    """One correction task without a review; its result replaces the delivered annotation."""
    uuid, annotation = delivered
    assert "completedAt" in api.request_input(uuid)

    made = review(api, annotation, accepted=False, workflow="correct")

    answer = api.request_input(uuid)
    assert answer["status"] == "in_progress"
    assert "completedAt" not in answer
    assert answer["progressDetails"]["currentTask"]["taskType"] == "correct"
    assert api.get(f"/v0/request-inputs/{uuid}/auto-reviews") == []
    assert api.get(f"/v1/reviews/{made}")["members"] == []
    api.get(f"/v1/annotations/{annotation}")

    api.sandbox.control.complete_task(uuid, cuboid_document())

    assert api.request_input(uuid)["status"] == "completed"
    api.refuse("GET", f"/v1/annotations/{annotation}", 404)
    assert len(api.get(f"/v2/scenes/{answer['sceneId']}/annotations")) == 1


def test_correct_review_loop(api: Api, delivered: tuple[str, str]) -> None:
    """Correction and review alternate until a review accepts."""
    uuid, annotation = delivered
    review(api, annotation, accepted=False, workflow="correct-review-loop")

    kinds = []
    for accepted in (True, False, True, True):
        kinds.append(api.request_input(uuid)["progressDetails"]["currentTask"]["taskType"])
        api.sandbox.control.complete_task(uuid, accepted=accepted)

    assert kinds == ["correct", "review", "correct", "review"]
    assert api.request_input(uuid)["status"] == "completed"


def test_verdict_is_final(api: Api, waiting: tuple[str, str]) -> None:
    """A judgement is reviewed once."""
    _, judgement = waiting
    review(api, judgement, accepted=False)

    for accepted in (True, False):
        message = api.refuse("POST", f"/v1/annotations/{judgement}/review", 400, json={"accepted": accepted})
        assert message == f"Annotation {judgement} is not waiting for an integration review"


def test_delivered_annotations_can_only_be_rejected(api: Api, delivered: tuple[str, str]) -> None:
    """Accepting, or rejecting without a workflow, is refused; so is a second correction."""
    _, annotation = delivered
    path = f"/v1/annotations/{annotation}/review"

    for body in ({"accepted": True}, {"accepted": False}, {"accepted": True, "workflow": "correct"}):
        assert "can only be rejected" in api.refuse("POST", path, 400, json=body)
    review(api, annotation, accepted=False, workflow="correct")
    again = api.refuse("POST", path, 400, json={"accepted": False, "workflow": "correct"})
    assert "is being corrected already" in again


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "accepted: Field required"),
        ({"accepted": "yes"}, "accepted"),
        ({"accepted": False, "workflow": "shout"}, "workflow"),
        ({"accepted": False, "feedbackItems": [{}]}, "feedbackItems.0.errorTypeId: Field required"),
        ({"accepted": False, "feedbackItems": [{"errorTypeId": "none"}]}, "none is not an error type"),
        (
            {"accepted": False, "feedbackItems": [{"errorTypeId": "x", "pin": {"x": 1.0}}]},
            "feedbackItems.0.pin.y: Field required",
        ),
    ],
)
def test_malformed(api: Api, waiting: tuple[str, str], body: dict[str, Any], message: str) -> None:
    """What is no review is refused with the place, and leaves the input waiting."""
    uuid, judgement = waiting

    assert message in api.refuse("POST", f"/v1/annotations/{judgement}/review", 400, json=body)
    assert api.request_input(uuid)["progressDetails"]["availableForIntegrationReview"] is True


def test_unknown(api: Api) -> None:
    """Unknown annotations, reviews and inputs are 404."""
    api.refuse("POST", f"/v1/annotations/{UNKNOWN}/review", 404, json={"accepted": True})
    api.refuse("GET", f"/v1/reviews/{UNKNOWN}", 404)
    api.refuse("GET", f"/v0/request-inputs/{UNKNOWN}/auto-reviews", 404)
