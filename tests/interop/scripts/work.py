"""The way of an input through annotation: progress, tasks, reviews, annotations, corrections."""

from __future__ import annotations

from typing import Any

from tests.interop.scripts.pre_annotations import UNKNOWN, create_scene
from tests.interop.scripts.session import BATCH, PROJECT, Session


def run(s: Session) -> None:
    client = s.client()
    request = s.control("create_request", project=PROJECT, batch=BATCH, member_ids=[1, 2])
    scene = create_scene(s, client, "worked on")
    placed = client.input.create_from_scene(scene, request_uuid=request).uuid
    s.until(lambda: client.input.query_inputs(scene_uuids=[scene]))

    tasks(s, client, request, placed, scene)
    judgement = reviews(s, client, placed)
    deliveries(s, client, scene, placed, judgement)
    corrections(s, client, placed)
    refusals(s, client)


def tasks(s: Session, client: Any, request: str, placed: str, scene: str) -> None:
    def state(name: str) -> Any:
        return s.call(name, client.input.get_request_input, placed)

    fresh = state("fresh")
    s.note("listed", list(client.input.get_request_inputs(request_id=request)))
    s.note("of the scene", list(client.input.get_request_inputs(request_id=request, scene_id=scene)))
    s.note(
        "page by page",
        [i.id == placed for i in client.input.get_request_inputs(request_id=request, page_size=1)],
    )
    task = fresh.progress_details.current_task.task_id
    s.call("assign", client.task.assign_task, task, 2)
    state("assigned")
    s.call("assign again", client.task.assign_task, task_id=task, user_id=2)
    s.call("reassign", client.task.assign_task, task, 1)
    s.call("unassign", client.task.unassign_task, task)
    state("unassigned")
    s.call("unassign again", client.task.unassign_task, task)
    s.fails("assign a stranger", client.task.assign_task, task, 99)
    s.control("start_task", input_uuid=placed)
    state("started")
    s.fails("assign an ongoing task", client.task.assign_task, task, 2)


def reviews(s: Session, client: Any, placed: str) -> str:
    from kognic.io.model.review.review import (
        AddFeedbackItem,
        AddFeedbackItemPin,
        AddFeedbackItemSuggestedProperty,
        ReviewRequest,
    )

    types = s.call("error types", client.review.get_error_types)
    s.call("no auto reviews", client.review.get_auto_reviews, placed)
    judgement = s.control("complete_task", input_uuid=placed, content=document("judgement"))
    done = s.call("waiting for a review", client.input.get_request_input, placed)
    s.note("last annotation", done.last_completed_annotation_id == judgement)
    s.note("preliminary", client.annotation.get_annotation_by_id(judgement))

    item = AddFeedbackItem(
        sensor_id="FRONT",
        frame_id="0",
        object_id=UNKNOWN,
        pin=AddFeedbackItemPin(x=10.5, y=20.0),
        description="Too small",
        suggested_property=AddFeedbackItemSuggestedProperty(
            property_name="class", suggested_property_value="van"
        ),
        error_type_id=types[0].error_type_id,
        metadata={"tool": "checker"},
    )
    rejected = s.call(
        "reject", client.review.create_review, judgement, ReviewRequest(feedback_items=[item], accepted=False)
    )
    s.until(lambda: client.review.get_auto_reviews(placed))
    s.call("review", client.review.get_review, rejected.created_review_id)
    s.call("auto reviews", client.review.get_auto_reviews, placed)
    s.call("rejected", client.input.get_request_input, placed)
    s.control("order_correction", input_uuid=placed)
    s.call("correction ordered", client.input.get_request_input, placed)
    return str(judgement)


def deliveries(s: Session, client: Any, scene: str, placed: str, judgement: str) -> None:
    types = client.project.get_annotation_types(PROJECT, BATCH)
    search = client.annotation.get_project_annotations
    s.fails("not delivered", client.annotation.get_annotation_for_input, placed)
    s.note("none of the project", list(search(PROJECT, types[0])))

    delivered = s.control("deliver_annotation", input_uuid=placed, content=document("delivered"))
    s.call("delivered input", client.input.get_request_input, placed)
    s.call("by id", client.annotation.get_annotation_by_id, delivered)
    s.call("by id, iso", client.annotation.get_annotation_by_id, delivered, iso_rotated_cuboids=True)
    s.call("preliminary still there", client.annotation.get_annotation_by_id, judgement)
    s.call("for input", client.annotation.get_annotation_for_input, placed)
    s.call("for input, iso", client.annotation.get_annotation_for_input, placed, iso_rotated_cuboids=True)
    s.call("for scene", client.annotation.get_annotations_for_scene, scene)
    s.call("for scene, iso", client.annotation.get_annotations_for_scene, scene, iso_rotated_cuboids=True)
    s.note("of the project", list(search(PROJECT, types[0])))
    s.note("of the batch", list(search(PROJECT, types[0], batch=BATCH, iso_rotated_cuboids=True)))
    s.note("without content", list(search(PROJECT, types[0], include_content=False)))
    s.call("by scene and type", client.annotation.get_annotation, scene, types[0])


def corrections(s: Session, client: Any, placed: str) -> None:
    from kognic.io.model.review.review import AddFeedbackItem, ReviewRequest, ReviewWorkflowEnum

    delivered = s.control("deliver_annotation", input_uuid=placed, content=document("again"))
    types = client.review.get_error_types()
    item = AddFeedbackItem(error_type_id=types[-1].error_type_id)
    body = ReviewRequest(feedback_items=[item], workflow=ReviewWorkflowEnum.CORRECT, accepted=False)
    ordered = s.call("order a correction", client.review.create_review, delivered, body)
    s.until(lambda: client.input.get_request_input(placed).status.value == "in_progress")
    s.call("in correction", client.input.get_request_input, placed)
    s.call("review of the delivered one", client.review.get_review, ordered.created_review_id)


def refusals(s: Session, client: Any) -> None:
    from kognic.io.model.review.review import ReviewRequest

    s.fails("unknown annotation", client.annotation.get_annotation_by_id, UNKNOWN)
    s.fails("annotations of an unknown scene", client.annotation.get_annotations_for_scene, UNKNOWN)
    s.fails("unknown type", lambda: list(client.annotation.get_project_annotations(PROJECT, "planes")))
    s.fails("unknown type of a scene", client.annotation.get_annotation, UNKNOWN, "planes")
    s.fails("unknown request input", client.input.get_request_input, UNKNOWN)
    s.fails("unknown request", lambda: list(client.input.get_request_inputs(request_id=UNKNOWN)))
    s.fails("unknown task", client.task.assign_task, "999999", 1)
    s.fails("unknown review", client.review.get_review, UNKNOWN)
    s.fails("review of nothing", client.review.create_review, UNKNOWN, ReviewRequest(accepted=True))
    rigid = s.control("create_request", project=PROJECT, batch=BATCH, phases=None)
    s.fails("no flexible workflow", lambda: list(client.input.get_request_inputs(request_id=rigid)))


def document(name: str) -> dict[str, Any]:
    """A delivered document with a cuboid, which ISO 8855 turns."""
    car = "11111111-1111-4111-8111-111111111111"
    cuboid = {
        "name": name,
        "val": [2.0, -18.9, 0.3, 0.0, 0.0, 0.0, 1.0, 1.8, 4.1, 1.4],
        "attributes": {"text": [{"name": "stream", "val": "FRONT"}]},
    }
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "frames": {
                "0": {
                    "frame_properties": {"timestamp": 0, "external_id": "0", "streams": {"FRONT": {}}},
                    "objects": {car: {"object_data": {"cuboid": [cuboid]}}},
                }
            },
            "objects": {car: {"name": "car-1", "type": "Car"}},
            "streams": {"FRONT": {"type": "camera"}},
        }
    }
