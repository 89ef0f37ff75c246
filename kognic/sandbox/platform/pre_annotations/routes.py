"""Pre-annotations: uploading, listing, importing, deleting, reading back."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from sqlalchemy import select

from kognic.sandbox.platform import access
from kognic.sandbox.platform.calls import Call, read, write
from kognic.sandbox.platform.database import among
from kognic.sandbox.platform.envelope import Bare
from kognic.sandbox.platform.errors import InvalidError, NotFoundError
from kognic.sandbox.platform.pre_annotations import (
    rules as openlabel_rules,
)
from kognic.sandbox.platform.pre_annotations import (
    states as pre_annotations,
)
from kognic.sandbox.platform.tables import PreAnnotation, Scene
from kognic.sandbox.platform.values import new_uuid, to_wire_time
from kognic.sandbox.platform.wire import Text, Wire

# The official client always asks for 1000.
MAX_LIMIT = 1000
FILTERS = {
    "uuids": PreAnnotation.id,
    "externalIds": PreAnnotation.external_id,
    "sceneUuids": PreAnnotation.scene_id,
    "sceneExternalIds": Scene.external_id,
    "statuses": PreAnnotation.status,
}


class Upload(Wire):
    """A pre-annotation to create from a document."""

    scene_uuid: Text
    external_id: Text | None = None
    pre_annotation: dict[str, Any]


class FromCloud(Wire):
    """A pre-annotation to create from a file in the customer's cloud."""

    scene_uuid: Text
    external_id: Text
    external_resource_id: Text
    postpone: bool | None = Field(default=None, alias="postponeExternalResourceImport")


class Patch(Wire):
    """A change of state: imports a postponed pre-annotation."""

    status: Literal["processing"]


def create(call: Call) -> dict[str, str]:
    """Upload a document. A dry run checks it the same and answers with an id that names nothing."""
    body = call.parse(Upload)
    scene = _scene_to_write(call, body.scene_uuid)
    document = openlabel_rules.check(body.pre_annotation, scene)
    pre_annotations.check_external_id(call.session, scene, body.external_id)
    if call.is_dryrun:
        return {"id": new_uuid()}
    made = PreAnnotation(
        external_id=body.external_id, status=pre_annotations.NEW, content=document, resource_uri=None
    )
    return {"id": pre_annotations.add(call, scene, made).id}


def create_from_cloud(call: Call) -> dict[str, str]:
    """Name a document in the customer's cloud; imported now, or when it is needed."""
    body = call.parse(FromCloud)
    scene = _scene_to_write(call, body.scene_uuid)
    pre_annotations.check_external_id(call.session, scene, body.external_id)
    status = pre_annotations.INDEXED if body.postpone else pre_annotations.NEW
    made = PreAnnotation(
        external_id=body.external_id, status=status, content=None, resource_uri=body.external_resource_id
    )
    return {"id": pre_annotations.add(call, scene, made).id}


def list_all(call: Call) -> Bare:
    """Pre-annotations that match every filter, by offset and limit."""
    offset = call.whole_number("offset", 0, low=0, high=2**53)
    limit = call.whole_number("limit", MAX_LIMIT, low=1, high=MAX_LIMIT)
    query = select(PreAnnotation).join(Scene).where(Scene.workspace_id.in_(access.workspace_ids(call)))
    for name, column in FILTERS.items():
        values = call.query.getlist(name)
        if name == "statuses":
            values = [value.lower().replace("_", "-") for value in values]
        if values:
            query = query.where(among(column, values))
    rows = list(call.session.scalars(query.order_by(PreAnnotation.number).offset(offset).limit(limit + 1)))
    return Bare(
        {
            "data": [pre_annotations.answer(row, call.platform.settings) for row in rows[:limit]],
            "hasNext": len(rows) > limit,
            "offset": offset,
            "limit": limit,
        }
    )


def patch(call: Call) -> None:
    """Import an indexed one; what is imported already stays so."""
    found = pre_annotations.find(call, call.path["id"])
    call.parse(Patch)
    if found.status == pre_annotations.FAILED:
        raise InvalidError(f"Pre-annotation {found.id} is {found.status}")
    pre_annotations.import_if_indexed(call, found)


def delete(call: Call) -> None:
    """Delete an indexed one: what is or was processed stays, with its external ID."""
    found = pre_annotations.find(call, call.path["id"])
    if found.status != pre_annotations.INDEXED:
        raise InvalidError(f"Pre-annotations can only be deleted from status=Indexed, this is {found.status}")
    call.session.delete(found)


def resolve(call: Call) -> dict[str, Any]:
    """Return one with its content, which must have been imported."""
    found = pre_annotations.find(call, call.path["id"])
    call.session.refresh(found, ["content"])
    if found.status != pre_annotations.AVAILABLE or found.content is None:
        raise NotFoundError(f"The content of pre-annotation {found.id} ({found.status}) is not available")
    return {
        "uuid": found.id,
        "sceneUuid": found.scene_id,
        "externalId": found.external_id,
        "created": to_wire_time(found.created),
        "content": found.content,
    }


def _scene_to_write(call: Call, scene_id: str) -> Scene:
    scene = access.scene(call, scene_id)
    access.workspace_to_write(call, scene.workspace_id)
    if scene.status == "failed" or scene.status.startswith("invalidated"):
        raise InvalidError(f"Scene {scene.id} is {scene.status} and takes no pre-annotations")
    return scene


ONE = "/v2/pre-annotations/{id}"

APIS = (
    write("POST", "/v1/pre-annotations", create),
    read("GET", "/v2/pre-annotations", list_all),
    write("POST", "/v2/pre-annotations", create_from_cloud),
    write("PATCH", ONE, patch),
    write("DELETE", ONE, delete),
    read("GET", f"{ONE}/resolved", resolve),
)
