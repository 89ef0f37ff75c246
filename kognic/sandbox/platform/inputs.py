"""Inputs: scenes placed in requests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kognic.sandbox.platform import workflow
from kognic.sandbox.platform.errors import InvalidError, ValidationFailedError
from kognic.sandbox.platform.tables import Annotation, Batch, Input, PreAnnotation, Request, Scene
from kognic.sandbox.platform.values import utc_now

APP = "https://app.kognic.com"
READY_STATUS = "created"


def view_link(input_id: str) -> str:
    return f"{APP}/view/input/{input_id}"


def input_answer(placed: Input) -> dict[str, Any]:
    return {
        "uuid": placed.id,
        "sceneUuid": placed.scene_id,
        "requestUid": placed.request.id,
        "sceneExternalId": placed.scene.external_id,
        "viewLink": view_link(placed.id),
    }


def check_placeable(session: Session, scene: Scene, request: Request) -> None:
    """Whether a scene may become an input of a request.

    Raises:
        InvalidError: The scene is unusable or has an input there already.
        ValidationFailedError: The request wants scenes of another type.
    """
    if scene.status == "failed" or scene.status.startswith("invalidated"):
        raise InvalidError(f"Scene {scene.id} is {scene.status} and cannot become an input")
    check_scene_type(scene.scene_type, request)
    query = select(Input.id).where(
        Input.request_number == request.number, Input.scene_id == scene.id, Input.is_deleted.is_(False)
    )
    if (existing := session.scalar(query)) is not None:
        raise InvalidError(f"Scene {scene.id} already has input {existing} in request {request.id}")


def check_scene_type(scene_type: str, request: Request) -> None:
    """A request may want one type of scene; lidar-and-camera sequences also serve aggregated ones."""
    wanted = request.input_type
    as_aggregated = (
        scene_type == "lidars_and_cameras_sequence" and wanted is not None and "aggregated" in wanted
    )
    if wanted is not None and scene_type != wanted and not as_aggregated:
        raise ValidationFailedError(f"Request {request.id} takes scenes of type {wanted}, not {scene_type}")


def place(
    session: Session,
    scene: Scene,
    request: Request,
    pre_annotation: PreAnnotation | None,
    input_id: str | None = None,
) -> Input:
    """Make the input. It is listed at once when its scene is ready, else when it becomes ready."""
    check_placeable(session, scene, request)
    placed = Input(
        scene=scene,
        request=request,
        pre_annotation_id=pre_annotation.id if pre_annotation else None,
        is_listed=scene.status == READY_STATUS,
    )
    if input_id is not None:
        placed.id = input_id
    session.add(placed)
    session.flush()
    workflow.start(session, placed)
    return placed


def latest_pre_annotation(session: Session, scene: Scene) -> PreAnnotation | None:
    query = select(PreAnnotation).where(PreAnnotation.scene_id == scene.id, PreAnnotation.status != "failed")
    return session.scalars(query.order_by(PreAnnotation.number.desc())).first()


def place_in_batch(session: Session, scene: Scene, batch: Batch, first_id: str | None = None) -> list[Input]:
    """One input per request of the batch, with the scene's latest pre-annotation."""
    pre_annotation = latest_pre_annotation(session, scene)
    return [
        place(session, scene, request, pre_annotation, first_id if index == 0 else None)
        for index, request in enumerate(batch.requests)
    ]


def list_inputs_of(session: Session, scene: Scene) -> None:
    """The scene has become ready: its inputs appear in queries."""
    for placed in session.scalars(select(Input).where(Input.scene_id == scene.id)):
        placed.is_listed = True


def delete(session: Session, placed: Input) -> None:
    """The input leaves all queries, and its annotations go with it."""
    placed.is_deleted = True
    placed.updated = utc_now()
    for annotation in session.scalars(select(Annotation).where(Annotation.input_id == placed.id)):
        annotation.is_removed = True


def delete_of_scene(session: Session, scene: Scene) -> None:
    query = select(Input).where(Input.scene_id == scene.id, Input.is_deleted.is_(False))
    for placed in session.scalars(query):
        delete(session, placed)
