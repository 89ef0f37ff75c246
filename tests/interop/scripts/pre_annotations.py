"""Pre-annotations: uploaded, from a cloud resource, listed, resolved, deleted; refused OpenLABEL."""

from __future__ import annotations

from typing import Any

from tests.interop.scripts.session import Session

CAR = "11111111-1111-4111-8111-111111111111"
UNKNOWN = "00000000-0000-4000-8000-0000000000ff"


def run(s: Session) -> None:
    from kognic.openlabel.models import OpenLabelAnnotation

    client = s.client()
    get = client.pre_annotation.get_with_content
    scene = create_scene(s, client, "scene")
    content = OpenLabelAnnotation.model_validate(document())

    tried = client.pre_annotation.create(scene, content, dryrun=True)
    s.note("dry run gives an id", bool(tried.id))
    made = s.call("created", client.pre_annotation.create, scene, content, dryrun=False, external_id="boxes")
    s.note("available", wait(s, client, made.id, "available"))
    s.note("by uuid", plain(get(uuid=made.id)))
    s.note("by external id", plain(get(scene_uuid=scene, external_id="boxes")))
    s.call("second", client.pre_annotation.create, scene_uuid=scene, pre_annotation=content, dryrun=False)
    s.fails(
        "same external id", client.pre_annotation.create, scene, content, dryrun=False, external_id="boxes"
    )
    s.fails("none of that external id", get, scene_uuid=scene, external_id="nothing")
    s.fails("unknown", get, uuid=UNKNOWN)
    s.fails("unknown scene", client.pre_annotation.create, UNKNOWN, content, dryrun=False)

    uri = "s3://bucket/boxes.json"
    cloud = client.pre_annotation.create_from_cloud_resource
    later = s.call("from cloud, later", cloud, scene, "cloud-later", uri)
    s.note("indexed", wait(s, client, later, "indexed"))
    s.fails("content of indexed", get, uuid=later)
    s.call("make available", client.pre_annotation.make_indexed_pre_annotation_available, later)
    s.note("made available", wait(s, client, later, "available"))
    now = s.call("from cloud, now", cloud, scene, "cloud-now", uri, postpone_import=False)
    s.note("imported", wait(s, client, now, "available"))

    other = create_scene(s, client, "other")
    s.call(
        "of another scene", client.pre_annotation.create, other, content, dryrun=False, external_id="boxes"
    )
    s.control("wait_until_idle")
    listing = client.pre_annotation.list
    s.note("all", sorted_by(listing(), "externalId"))
    s.note("by ids", listing(ids=[made.id]))
    s.note("by external ids", sorted_by(listing(external_ids=["boxes"]), "sceneUuid", [scene, other]))
    s.note("by scene", sorted_by(listing(scene_uuids=[other]), "externalId"))
    s.note("by scene external id", listing(scene_external_ids=["other"]))
    s.note("by statuses", sorted_by(listing(statuses=["available", "indexed"]), "externalId"))
    s.note("none", listing(external_ids=["nothing"]))
    # Only an indexed one can be deleted.
    spare = s.call("from cloud, spare", cloud, scene, "cloud-spare", uri)
    s.note("spare", wait(s, client, spare, "indexed"))
    s.call("deleted", client.pre_annotation.delete, spare)
    s.note("gone", listing(ids=[spare]))
    s.fails("delete unknown", client.pre_annotation.delete, UNKNOWN)
    s.fails("list with a bad id", listing, ids=["no uuid"])

    for name, wrong in refused().items():
        broken = OpenLabelAnnotation.model_validate(wrong)
        s.fails(f"refused: {name}", client.pre_annotation.create, scene, broken, dryrun=False)


def create_scene(s: Session, client: Any, external_id: str, project: str | None = None) -> str:
    from kognic.io.model.scene.cameras import Cameras, Frame
    from kognic.io.model.scene.resources import Image

    images = [Image(filename="front.jpg", sensor_name="FRONT")]
    made = client.cameras.create(
        Cameras(external_id=external_id, frame=Frame(images=images)), project=project
    )
    s.until_status(client, made.scene_uuid, "created")
    return str(made.scene_uuid)


def document(**box: Any) -> dict[str, Any]:
    """A document with one bounding box."""
    attributes = box.pop("attributes", {"text": [{"name": "stream", "val": "FRONT"}]})
    shape = {"name": "box-1", "val": [10.0, 20.5, 30.0, 40.0], "attributes": attributes, **box}
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "frames": {
                "0": {
                    "frame_properties": {"timestamp": 0, "external_id": "0", "streams": {"FRONT": {}}},
                    "objects": {CAR: {"object_data": {"bbox": [shape]}}},
                }
            },
            "objects": {CAR: {"name": "car-1", "type": "Car"}},
            "streams": {"FRONT": {"type": "camera"}},
        }
    }


def refused() -> dict[str, Any]:
    """Documents that the platform turns down, by what is wrong with them."""
    unknown_stream = document()
    unknown_stream["openlabel"]["streams"] = {"REAR": {"type": "camera"}}
    wrong_kind = document()
    wrong_kind["openlabel"]["streams"]["FRONT"]["type"] = "lidar"
    wrong_time = document()
    wrong_time["openlabel"]["frames"]["0"]["frame_properties"]["timestamp"] = 77
    unlisted = document()
    unlisted["openlabel"]["objects"] = {}
    return {
        "no stream on the geometry": document(attributes={}),
        "unknown stream": unknown_stream,
        "stream of another kind": wrong_kind,
        "time of no frame": wrong_time,
        "object that is not listed": unlisted,
    }


def wait(s: Session, client: Any, uuid: str, status: str) -> Any:
    """The pre-annotation's list item once it has the status."""
    return s.until(lambda: [p for p in client.pre_annotation.list(ids=[uuid]) if p["status"] == status])


def plain(found: Any) -> dict[str, Any]:
    """What is in a resolved pre-annotation, its document as JSON."""
    return {
        "uuid": found.uuid,
        "scene": found.scene_uuid,
        "external id": found.external_id,
        "created": found.created,
        "content": found.content.model_dump(mode="json", exclude_none=True),
    }


def sorted_by(items: list[dict[str, Any]], key: str, order: list[str] | None = None) -> list[dict[str, Any]]:
    """The list in an order that does not depend on ids."""
    return sorted(items, key=lambda item: order.index(item[key]) if order else str(item.get(key)))
