"""Inputs: scenes placed in requests, from the call that places them to their deletion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kognic.sandbox.platform.calls import Call
from kognic.sandbox.platform.errors import InvalidError, ValidationFailedError
from kognic.sandbox.platform.inputs import workflow
from kognic.sandbox.platform.platform import Platform, Work
from kognic.sandbox.platform.tables import Annotation, Input, PreAnnotation, Request, Scene
from kognic.sandbox.platform.values import utc_now

SEQUENCE_WITH_CAMERAS = "lidars_and_cameras_sequence"


def input_answer(call: Call, placed: Input) -> dict[str, Any]:
    """Describe an input as queries answer it."""
    return {
        "uuid": placed.id,
        "sceneUuid": placed.scene_id,
        "requestUid": placed.request.id,
        "sceneExternalId": placed.scene.external_id,
        "viewLink": call.view_link("input", placed.id),
    }


def check_placeable(session: Session, scene: Scene, request: Request) -> None:
    """Check that a scene may become an input of a request.

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
    """Check the type of scene that a request wants; lidar-and-camera sequences also serve aggregated ones."""
    wanted = request.input_type
    as_aggregated = scene_type == SEQUENCE_WITH_CAMERAS and wanted == f"aggregated_{SEQUENCE_WITH_CAMERAS}"
    if wanted is not None and scene_type != wanted and not as_aggregated:
        raise ValidationFailedError(f"Request {request.id} takes scenes of type {wanted}, not {scene_type}")


def place(
    session: Session,
    scene: Scene,
    request: Request,
    pre_annotation: PreAnnotation | None = None,
    *,
    takes_latest: bool = False,
) -> Input:
    """Place a scene in a request. The input comes to life when the scene is ready; see `activate`.

    Args:
        session: Session to write with.
        scene: The scene.
        request: The request.
        pre_annotation: The pre-annotation to begin with.
        takes_latest: Begin with the latest pre-annotation that the scene has when it is ready.
    """
    check_placeable(session, scene, request)
    placed = Input(
        scene=scene,
        request=request,
        pre_annotation_id=pre_annotation.id if pre_annotation else None,
        takes_latest_pre_annotation=takes_latest,
    )
    session.add(placed)
    session.flush()
    return placed


def place_in_requests(session: Session, scene: Scene, requests: Iterable[Request]) -> list[Input]:
    """Create one input per request, with the scene's latest pre-annotation."""
    return [place(session, scene, request, takes_latest=True) for request in requests]


def activate(session: Session, scene: Scene) -> list[str]:
    """List the new inputs of a scene that is ready and begin their workflow; returns their ids."""
    query = select(Input).where(
        Input.scene_id == scene.id, Input.is_listed.is_(False), Input.is_deleted.is_(False)
    )
    fresh = list(session.scalars(query))
    for placed in fresh:
        placed.is_listed = True
        if placed.takes_latest_pre_annotation:
            latest = latest_pre_annotation(session, scene)
            placed.pre_annotation_id = latest.id if latest else None
        workflow.start(session, placed)
    return [placed.id for placed in fresh]


def dispatch(platform: Platform, input_ids: list[str]) -> None:
    """Tell the order-execution service about inputs, after the propagation delay."""
    delay = platform.tuning.propagation_delay
    for input_id in input_ids:
        if delay > 0:
            platform.later(Work.DISPATCH_INPUT, input_id, delay)
        else:
            mark_dispatched(platform, input_id)


def mark_dispatched(platform: Platform, input_id: str) -> None:
    """Let the order-execution service know the input from now on."""
    with platform.database.write() as session:
        for placed in session.scalars(select(Input).where(Input.id == input_id)):
            placed.is_dispatched = True


def latest_pre_annotation(session: Session, scene: Scene) -> PreAnnotation | None:
    """Return the newest pre-annotation of a scene that has not failed."""
    query = select(PreAnnotation).where(PreAnnotation.scene_id == scene.id, PreAnnotation.status != "failed")
    return session.scalars(query.order_by(PreAnnotation.number.desc())).first()


def forget_unlisted(session: Session, scene: Scene) -> None:
    """Remove the inputs of a scene that is being posted again before its commit."""
    for placed in session.scalars(select(Input).where(Input.scene_id == scene.id)):
        session.delete(placed)
    session.flush()


def delete(session: Session, placed: Input) -> None:
    """Remove an input from all queries, and its annotations with it."""
    placed.is_deleted = True
    placed.updated = utc_now()
    for annotation in session.scalars(select(Annotation).where(Annotation.input_id == placed.id)):
        annotation.is_removed = True


def vanish_with(session: Session, pre_annotation: PreAnnotation) -> None:
    """Remove the inputs of a pre-annotation that failed, without a message, as the platform does."""
    query = select(Input).where(Input.pre_annotation_id == pre_annotation.id, Input.is_deleted.is_(False))
    for placed in session.scalars(query):
        delete(session, placed)


def delete_of_scene(session: Session, scene: Scene) -> None:
    """Delete the inputs of a scene."""
    query = select(Input).where(Input.scene_id == scene.id, Input.is_deleted.is_(False))
    for placed in session.scalars(query):
        delete(session, placed)
