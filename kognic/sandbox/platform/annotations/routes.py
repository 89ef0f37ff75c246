"""Finding annotations: by id (annotation-integration), by project or scene and annotation type (input)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from kognic.sandbox.platform import access
from kognic.sandbox.platform.annotations import documents
from kognic.sandbox.platform.calls import Call, read
from kognic.sandbox.platform.envelope import Page
from kognic.sandbox.platform.errors import NotFoundError, ValidationFailedError
from kognic.sandbox.platform.paging import page
from kognic.sandbox.platform.tables import Annotation, Batch, Input, Request
from kognic.sandbox.platform.values import from_timestamp, to_wire_time

ISO_FLAG = "useDefaultCartesian"


def get_annotation(call: Call) -> dict[str, Any]:
    """Return a delivered or preliminary annotation by its own id."""
    annotation = find_annotation(call, call.path["id"])
    placed = annotation.input
    expires = from_timestamp(call.platform.urls.expiry())
    return {
        "id": annotation.id,
        "sceneId": placed.scene_id,
        "requestId": placed.request.id,
        "requestInputId": placed.id,
        "requestUid": placed.request.id,
        "isPreliminary": annotation.is_preliminary,
        "signedUrl": documents.signed_url(call, annotation, iso=call.flag("isoBoxes")),
        "expiresAt": to_wire_time(expires),
        "created": to_wire_time(annotation.created),
    }


def search(call: Call) -> Page:
    """Delivered annotations of a project or batch whose request asked for an annotation type."""
    project = access.project(call, call.path["project"])
    wanted = call.path["type"]
    if wanted not in project.annotation_types:
        allowed = ", ".join(project.annotation_types)
        raise ValidationFailedError(
            f"Invalid annotation type sent: {wanted}. Allowed values in project: [{allowed}]"
        )
    requests = select(Request).join(Batch).where(Batch.project_number == project.number)
    if "batch" in call.path:
        batch = access.batch(call, project.external_id, call.path["batch"])
        requests = requests.where(Batch.number == batch.number)
    numbers = [row.number for row in call.session.scalars(requests) if wanted in row.annotation_types]
    query = (
        select(Annotation)
        .join(Input)
        .where(
            Input.request_number.in_(numbers),
            Annotation.is_preliminary.is_(False),
            Annotation.is_removed.is_(False),
        )
    )
    iso = call.flag(ISO_FLAG)
    return page(call, query, Annotation.number, lambda one: _item(call, one, wanted, iso), text_cursor=True)


def get_by_type(call: Call) -> dict[str, Any]:
    """Return the annotation of a scene for an annotation type, with its content."""
    scene = access.scene(call, call.path["sceneUuid"])
    wanted = call.path["type"]
    for annotation in reversed(documents.delivered_of_scene(call.session, scene.id)):
        if wanted in annotation.input.request.annotation_types:
            return {
                "inputUuid": scene.id,
                "annotationType": wanted,
                "created": to_wire_time(annotation.created),
                "content": documents.load(call.platform, annotation.id, iso=call.flag(ISO_FLAG)),
                "isPreliminary": False,
            }
    raise NotFoundError(f"Scene {scene.id} has no annotation of type {wanted}")


def find_annotation(call: Call, annotation_id: str) -> Annotation:
    """Find an annotation that has not been removed."""
    query = select(Annotation).where(Annotation.id == annotation_id, Annotation.is_removed.is_(False))
    found = call.session.scalar(query)
    if found is None or found.input.request.batch.project.organization_id not in call.organization_ids:
        raise NotFoundError(f"There is no annotation {annotation_id}")
    return found


def _item(call: Call, annotation: Annotation, annotation_type: str, iso: bool) -> dict[str, Any]:
    return {
        "inputUuid": annotation.input.scene_id,
        "annotationType": annotation_type,
        "created": to_wire_time(annotation.created),
        "uri": documents.signed_url(call, annotation, iso=iso),
    }


PROJECT = "/v1/annotations/projects/{project}"

APIS = (
    read("GET", f"{PROJECT}/annotation-type/{{type}}/search", search),
    read("GET", f"{PROJECT}/batch/{{batch}}/annotation-type/{{type}}/search", search),
    read("GET", "/v1/annotations/inputs/{sceneUuid}/annotation-type/{type}", get_by_type),
    read("GET", "/v1/annotations/{id}", get_annotation),
)
