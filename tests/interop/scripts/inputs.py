"""Inputs: created in every way, queried, deleted; deprecated calls."""

from __future__ import annotations

import warnings
from typing import Any

from tests.interop.scripts.pre_annotations import UNKNOWN, create_scene, document
from tests.interop.scripts.session import BATCH, PROJECT, Session


def run(s: Session) -> None:
    from kognic.openlabel.models import OpenLabelAnnotation

    client = s.client()
    s.control("create_batch", project=PROJECT, batch="two")
    request = s.control("create_request", project=PROJECT, batch="two")
    a, b, c, d = (create_scene(s, client, name) for name in "abcd")
    content = OpenLabelAnnotation.model_validate(document())
    first = client.pre_annotation.create(b, content, dryrun=False, external_id="first").id
    second = client.pre_annotation.create(b, content, dryrun=False, external_id="second").id

    e = create_scene(s, client, "e", project=PROJECT)
    s.note("by project alone", client.input.query_inputs(scene_uuids=[e]))
    make = client.input.create_from_scene
    s.call("dry run", make, a, project=PROJECT, dryrun=True)
    s.call("in the latest batch", make, a, project=PROJECT)
    s.call("in a batch", make, scene_uuid=a, project=PROJECT, batch=BATCH)
    s.call("in a request", make, c, request_uuid=request)
    with_pre = s.call("with a pre-annotation", make, b, pre_annotation_uuid=first, request_uuid=request)
    s.call("update", client.input.update_pre_annotation, with_pre.uuid, second)
    from_pre = client.input.create_from_pre_annotation
    s.call("dry run from a pre-annotation", from_pre, second, project=PROJECT, batch=BATCH, dryrun=True)
    s.call("from a pre-annotation", from_pre, second, project=PROJECT, batch=BATCH)
    s.call("by type", client.cameras.create_from_scene, d, project=PROJECT, batch=BATCH)
    s.call("by type, dry run", client.lidars.create_from_scene, d, PROJECT, dryrun=True)

    s.fails("unknown scene", make, UNKNOWN, project=PROJECT)
    s.fails("unknown project", make, a, project="nowhere")
    s.fails("unknown batch", make, a, project=PROJECT, batch="nowhere")
    s.fails("unknown request", make, a, request_uuid=UNKNOWN)
    s.fails("unknown pre-annotation", from_pre, UNKNOWN, project=PROJECT)
    s.fails("no target", make, a)
    s.fails("two targets", make, a, project=PROJECT, request_uuid=request)
    client.project.publish_batch(PROJECT, BATCH)
    s.fails("closed batch", make, c, project=PROJECT, batch=BATCH)

    query = client.input.query_inputs
    s.note("all", in_order(query()))
    s.note("by project", in_order(query(project=PROJECT)))
    s.note("by batch", in_order(query(project=PROJECT, batch="two")))
    s.note("by scene", in_order(query(scene_uuids=[a])))
    s.note("by external id", in_order(query(external_ids=["b", "c"])))
    s.note("none", query(external_ids=["nothing"]))
    s.call("delete", client.input.delete_input, with_pre.uuid)
    s.note("deleted", [i.uuid for i in query(scene_uuids=[b]) if i.uuid == with_pre.uuid])
    s.fails("delete unknown", client.input.delete_input, UNKNOWN)
    deprecated(s, client, a, d)


def deprecated(s: Session, client: Any, a: str, d: str) -> None:
    from kognic.io.model.scene import SceneInvalidatedReason

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        old = client.input.get_inputs
        s.note("old: of a batch", in_order(old(PROJECT, BATCH)))
        s.note("old: by external id", in_order(old(PROJECT, BATCH, external_ids=["d"])))
        s.note("old: by uuids", in_order(client.input.get_inputs_by_uuids([a, d])))
        s.call(
            "old: invalidate", client.input.invalidate_inputs, [d], SceneInvalidatedReason.INCORRECTLY_CREATED
        )
        s.note("old: valid ones", in_order(old(PROJECT, BATCH)))
        s.note("old: invalidated ones", in_order(old(PROJECT, BATCH, include_invalidated=True)))
        s.call("old: annotation type", client.input.add_annotation_type, a, "signs")
        s.call("old: annotation types", client.input.remove_annotation_types, a, ["signs"])
    s.note("warnings", sorted({w.category.__name__ for w in warned} - {"ResourceWarning"}))
    s.note("after invalidation", in_order(client.input.query_inputs(scene_uuids=[d])))


def in_order(inputs: Any) -> list[Any]:
    """Inputs in an order that does not depend on ids."""

    def key(item: Any) -> tuple[str, str, str]:
        external_id = getattr(item, "scene_external_id", None) or getattr(item, "external_id", "")
        return external_id, str(getattr(item, "created", "")), getattr(item, "batch", "")

    return sorted(inputs, key=key)
