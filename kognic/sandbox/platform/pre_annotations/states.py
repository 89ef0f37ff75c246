"""The life of a pre-annotation: waiting for its scene, indexed, processing, available or failed."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from kognic.sandbox.platform import access
from kognic.sandbox.platform.calls import Call, parse_json
from kognic.sandbox.platform.config import Settings
from kognic.sandbox.platform.errors import NotFoundError, PlatformError
from kognic.sandbox.platform.inputs import rules as inputs
from kognic.sandbox.platform.platform import Platform, Work
from kognic.sandbox.platform.pre_annotations import rules as openlabel_rules
from kognic.sandbox.platform.scenes import states as scenes
from kognic.sandbox.platform.storage.store import CLOUD_BUCKET
from kognic.sandbox.platform.tables import PreAnnotation, Scene
from kognic.sandbox.platform.values import to_wire_time, without_none

logger = logging.getLogger(__name__)

NEW = "created"
PENDING = "pending-for-scene"
INDEXED = "indexed"
PROCESSING = "processing"
AVAILABLE = "available"
FAILED = "failed"


def shown(status: str, settings: Settings) -> str:
    """Return a status as the platform writes it, which has two spellings."""
    return status.replace("-", "_") if settings.underscored_statuses else status


def answer(pre_annotation: PreAnnotation, settings: Settings) -> dict[str, Any]:
    """Describe a pre-annotation as lists have it."""
    return without_none(
        {
            "id": pre_annotation.id,
            "externalId": pre_annotation.external_id,
            "sceneUuid": pre_annotation.scene_id,
            "status": shown(pre_annotation.status, settings),
            "created": to_wire_time(pre_annotation.created),
        }
    )


def find(call: Call, pre_annotation_id: str) -> PreAnnotation:
    """Find a pre-annotation of a scene that the caller may see."""
    query = select(PreAnnotation).join(Scene).where(PreAnnotation.id == pre_annotation_id)
    found = call.session.scalar(query)
    if found is None or found.scene.workspace_id not in access.workspace_ids(call):
        raise NotFoundError(f"There is no pre-annotation {pre_annotation_id}")
    return found


def check_external_id(session: Session, scene: Scene, external_id: str | None) -> None:
    """Check that the external ID names no other pre-annotation of the scene."""
    if external_id is None:
        return
    query = select(PreAnnotation.id).where(
        PreAnnotation.scene_id == scene.id, PreAnnotation.external_id == external_id
    )
    if session.scalar(query) is not None:
        raise PlatformError(409, f"Scene {scene.id} already has a pre-annotation {external_id}")


def add(call: Call, scene: Scene, pre_annotation: PreAnnotation) -> PreAnnotation:
    """Store a new pre-annotation and begin to process it, unless it is only indexed."""
    pre_annotation.scene_id = scene.id
    call.session.add(pre_annotation)
    call.session.flush()
    if pre_annotation.status == NEW:
        _begin(call, scene, pre_annotation)
    return pre_annotation


def import_if_indexed(call: Call, pre_annotation: PreAnnotation) -> None:
    """Fetch the content of a pre-annotation that is known by its address only."""
    if pre_annotation.status == INDEXED:
        _begin(call, pre_annotation.scene, pre_annotation)


def release(session: Session, scene: Scene) -> list[str]:
    """Resume pre-annotations that waited for their scene, which is ready now; returns the IDs to process."""
    query = select(PreAnnotation).where(PreAnnotation.scene_id == scene.id, PreAnnotation.status == PENDING)
    waiting = list(session.scalars(query))
    for pre_annotation in waiting:
        pre_annotation.status = NEW
    return [pre_annotation.id for pre_annotation in waiting]


def schedule(platform: Platform, pre_annotation_id: str) -> None:
    """Have a pre-annotation processed in the background."""
    delay = platform.tuning.processing_delay + platform.tuning.pre_annotation_delay / 2
    platform.later(Work.PROCESS_PRE_ANNOTATION, pre_annotation_id, delay)


def process(platform: Platform, pre_annotation_id: str) -> None:
    """Begin to process a pre-annotation, and finish it, at once or later."""
    with platform.database.write() as session:
        query = select(PreAnnotation).where(
            PreAnnotation.id == pre_annotation_id, PreAnnotation.status.in_((NEW, PROCESSING))
        )
        found = session.scalar(query.options(undefer(PreAnnotation.content)))
        if found is None:  # Deleted or reset meanwhile.
            return
        delay = platform.tuning.pre_annotation_delay / 2
        if found.status == NEW and delay > 0:
            found.status = PROCESSING
            platform.later(Work.PROCESS_PRE_ANNOTATION, pre_annotation_id, delay)
            return
        _finish(platform, session, found)


def _finish(platform: Platform, session: Session, pre_annotation: PreAnnotation) -> None:
    """Fetch the content if it is elsewhere, check it, and end as `available` or `failed`."""
    pre_annotation.status = AVAILABLE
    if pre_annotation.content is None and pre_annotation.resource_uri is not None:
        _fetch(platform, pre_annotation)
    reason = platform.forced_failure(pre_annotation.id, pre_annotation.external_id)
    if reason is not None:
        pre_annotation.status = FAILED
        logger.info("pre-annotation %s failed: %s", pre_annotation.id, reason)
    if pre_annotation.status == FAILED:
        inputs.vanish_with(session, pre_annotation)


def _begin(call: Call, scene: Scene, pre_annotation: PreAnnotation) -> None:
    if scene.status != scenes.CREATED:
        pre_annotation.status = PENDING
        return
    pre_annotation.status = NEW
    pre_annotation_id = pre_annotation.id
    call.after_commit.append(lambda: schedule(call.platform, pre_annotation_id))


def _fetch(platform: Platform, pre_annotation: PreAnnotation) -> None:
    """Take the content from the customer's cloud, as far as the sandbox knows it."""
    stored = platform.storage.find(CLOUD_BUCKET, pre_annotation.resource_uri or "")
    if stored is None:
        pre_annotation.status = FAILED if platform.settings.strict_cloud else AVAILABLE
        return
    try:
        document = parse_json(stored.path.read_bytes())
        pre_annotation.content = openlabel_rules.check(document, pre_annotation.scene)
    except PlatformError as exc:
        # The reason is not exposed by the protocol; the operator may know it.
        logger.info("pre-annotation %s failed: %s", pre_annotation.id, exc)
        pre_annotation.status = FAILED
