"""Inputs: placing scenes in requests, finding, changing and deleting inputs; the deprecated entries."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Select, select

from kognic.sandbox.platform import access
from kognic.sandbox.platform.annotations import documents
from kognic.sandbox.platform.calls import Call, read, write
from kognic.sandbox.platform.database import among
from kognic.sandbox.platform.envelope import EMPTY, Bare, Page
from kognic.sandbox.platform.errors import InvalidError, NotFoundError
from kognic.sandbox.platform.inputs import rules as inputs
from kognic.sandbox.platform.inputs import wire
from kognic.sandbox.platform.paging import page
from kognic.sandbox.platform.pre_annotations import states as pre_annotations
from kognic.sandbox.platform.projects import batches
from kognic.sandbox.platform.scenes import states as scenes
from kognic.sandbox.platform.scenes.routes import invalidate
from kognic.sandbox.platform.tables import Batch, Input, PreAnnotation, Project, Request, Scene
from kognic.sandbox.platform.values import to_wire_time, without_none


def create_inputs(call: Call) -> list[dict[str, Any]] | Bare:
    """Create one input per request of a batch, with the scene's latest pre-annotation."""
    body = call.parse(wire.CreateInputs)
    scene = access.scene(call, body.scene_uuid)
    batch = access.open_batch(call, body.project, body.batch)
    requests = batches.requests_of(batch, call.platform.visibility)
    if not requests:
        raise InvalidError(f"Batch {batch.external_id} has no request yet")
    if call.is_dryrun:
        for request in requests:
            inputs.check_placeable(call.session, scene, request)
        return EMPTY
    placed = inputs.place_in_requests(call.session, scene, requests)
    _follow_up(call, scene, inputs.latest_pre_annotation(call.session, scene))
    return [inputs.input_answer(call, one) for one in placed]


def create_input(call: Call) -> dict[str, Any] | Bare:
    """Create one input, with exactly the pre-annotation that is named."""
    body = call.parse(wire.CreateInput)
    pre_annotation = None
    if body.pre_annotation_uuid is not None:
        pre_annotation = pre_annotations.find(call, body.pre_annotation_uuid)
    scene = access.scene(call, body.scene_uuid or (pre_annotation.scene_id if pre_annotation else ""))
    _check_belongs(pre_annotation, scene)
    request = _target(call, body)
    if call.is_dryrun:
        inputs.check_placeable(call.session, scene, request)
        return EMPTY
    placed = inputs.place(call.session, scene, request, pre_annotation)
    _follow_up(call, scene, pre_annotation)
    return inputs.input_answer(call, placed)


def query_inputs(call: Call) -> Page:
    """Inputs that match every filter given; nothing found is an empty page."""
    body = call.parse(wire.QueryInputs)
    query = visible(call).where(Input.is_deleted.is_(False), Input.is_listed.is_(True))
    if body.project is not None:
        query = query.where(Project.external_id == body.project)
    if body.batch is not None:
        query = query.where(Batch.external_id == body.batch)
    if body.scene_uuids is not None:
        query = query.where(among(Input.scene_id, body.scene_uuids))
    if body.external_ids is not None:
        query = query.where(among(Scene.external_id, body.external_ids))
    return page(call, query, Input.number, partial(inputs.input_answer, call))


def delete_input(call: Call) -> None:
    """Delete an input, and its annotations with it."""
    inputs.delete(call.session, find_input(call, call.path["uuid"]))


def update_pre_annotation(call: Call) -> None:
    """Begin with another pre-annotation; possible as long as nobody has begun."""
    placed = find_input(call, call.path["uuid"])
    pre_annotation = pre_annotations.find(call, call.parse(wire.UpdatePreAnnotation).uuid)
    _check_belongs(pre_annotation, placed.scene)
    if placed.status != "not_started":
        raise InvalidError(
            f"Annotation of input {placed.id} has started: its pre-annotation cannot be changed"
        )
    placed.pre_annotation_id = pre_annotation.id
    placed.takes_latest_pre_annotation = False
    pre_annotations.import_if_indexed(call, pre_annotation)


def get_annotation(call: Call) -> dict[str, Any]:
    """Get the delivered annotation of an input."""
    placed = find_input(call, call.path["uuid"])
    delivered = documents.delivered_of_input(call.session, placed.id)
    if delivered is None:
        raise NotFoundError(f"Input {placed.id} has no annotation")
    return documents.partial_answer(call, delivered, call.flag("useDefaultCartesian"))


def invalidate_inputs(call: Call) -> None:
    """Deprecated: invalidates scenes, whatever the name says."""
    body = call.parse(wire.InvalidateInputs)
    invalidate(call, body.input_ids, scenes.INVALIDATED[body.invalidated_reason])


def fetch_entries(call: Call) -> Page:
    """Deprecated: the scenes of a project or batch, as entries: the valid ones or the invalidated ones."""
    body = call.parse(wire.FetchInputs)
    project = access.project(call, body.project)
    query = visible(call).where(Project.number == project.number)
    if body.batch is not None:
        query = query.where(Batch.number == access.batch(call, body.project, body.batch).number)
    if body.external_ids is not None:
        query = query.where(among(Scene.external_id, body.external_ids))
    is_invalidated = Scene.status.startswith("invalidated")
    if body.include_invalidated:
        query = query.where(is_invalidated)
    else:
        query = query.where(~is_invalidated, Input.is_deleted.is_(False))
    return page(call, _first_of_batch(query), Input.number, partial(_entry, call))


def query_entries(call: Call) -> list[dict[str, Any]]:
    """Deprecated: entries of scenes by UUID; scenes that are in no batch have none."""
    query = visible(call).where(among(Input.scene_id, call.parse(wire.QueryEntries).uuids))
    return [
        _entry(call, placed) for placed in call.session.scalars(_first_of_batch(query).order_by(Input.number))
    ]


def find_input(call: Call, input_id: str) -> Input:
    """Find an input that exists and that the caller may see."""
    query = visible(call).where(Input.id == input_id, Input.is_deleted.is_(False))
    found: Input | None = call.session.scalar(query)
    if found is None:
        raise NotFoundError(f"There is no input {input_id}")
    return found


def visible(call: Call) -> Select[Any]:
    """Inputs that the caller may see, joined with scene, request, batch and project."""
    return (
        select(Input)
        .join(Scene, Input.scene_id == Scene.id)
        .join(Request, Input.request_number == Request.number)
        .join(Batch, Request.batch_number == Batch.number)
        .join(Project, Batch.project_number == Project.number)
        .where(
            Project.organization_id.in_(call.organization_ids),
            Scene.workspace_id.in_(access.workspace_ids(call)),
        )
    )


def _first_of_batch(query: Select[Any]) -> Select[Any]:
    """Several requests of one batch hold the same scene: it is one entry."""
    return query.group_by(Input.scene_id, Request.batch_number)


def _target(call: Call, body: wire.CreateInput) -> Request:
    if body.request_uuid is not None:
        return access.open_request(call, body.request_uuid)
    batch = access.open_batch(call, body.project_ext_id or "", body.batch_ext_id)
    requests = batches.requests_of(batch, call.platform.visibility)
    if not requests:
        raise InvalidError(f"Batch {batch.external_id} has no request yet")
    return requests[0]


def _check_belongs(pre_annotation: PreAnnotation | None, scene: Scene) -> None:
    if pre_annotation is not None and pre_annotation.scene_id != scene.id:
        raise InvalidError(f"Pre-annotation {pre_annotation.id} belongs to another scene than {scene.id}")


def _follow_up(call: Call, scene: Scene, pre_annotation: PreAnnotation | None) -> None:
    """New inputs begin at once if their scene is ready; what is only indexed is imported for them."""
    if scene.status == scenes.CREATED:
        fresh = inputs.activate(call.session, scene)
        call.after_commit.append(lambda: inputs.dispatch(call.platform, fresh))
    if pre_annotation is not None:
        pre_annotations.import_if_indexed(call, pre_annotation)
    scenes.import_if_indexed(call, scene)


def _entry(call: Call, placed: Input) -> dict[str, Any]:
    scene = placed.scene
    return without_none(
        {
            "internalId": scene.id,
            "externalId": scene.external_id,
            "batchId": placed.request.batch.external_id,
            "inputType": scene.scene_type,
            # The old interface has no word for scenes whose data is still elsewhere.
            "status": scenes.PENDING if scene.status == scenes.INDEXED else scene.status,
            "created": to_wire_time(scene.created),
            "annotationTypes": list(placed.request.batch.annotation_types),
            "calibrationId": scene.calibration_id,
            "viewLink": call.view_link("input", placed.id) if scene.status == scenes.CREATED else None,
            "errorMessage": scene.error_message,
        }
    )


INPUT = "/v2/inputs/{uuid}"

APIS = (
    write("POST", "/v1/inputs", create_inputs),
    write("POST", "/v1/inputs/actions/invalidate", invalidate_inputs),
    read("POST", "/v1/inputs/fetch", fetch_entries),
    read("POST", "/v1/inputs/query", query_entries),
    write("POST", "/v2/inputs", create_input),
    read("POST", "/v2/inputs/query", query_inputs),
    write("DELETE", INPUT, delete_input),
    write("PATCH", f"{INPUT}/pre-annotation", update_pre_annotation),
    read("GET", f"{INPUT}/annotation", get_annotation),
)
