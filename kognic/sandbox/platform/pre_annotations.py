"""The life of a pre-annotation: waiting for its scene, indexed, processing, available or failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from kognic.sandbox.platform.tables import PreAnnotation, Scene

if TYPE_CHECKING:
    from kognic.sandbox.platform.platform import Platform

PENDING = "pending-for-scene"
INDEXED = "indexed"
PROCESSING = "processing"
AVAILABLE = "available"
FAILED = "failed"


def release(session: Session, scene: Scene) -> list[str]:
    """The scene has become ready: what has waited for it goes on. Returns the ids to be processed."""
    query = select(PreAnnotation).where(PreAnnotation.scene_id == scene.id, PreAnnotation.status == PENDING)
    waiting = list(session.scalars(query))
    for pre_annotation in waiting:
        pre_annotation.status = PROCESSING
    return [pre_annotation.id for pre_annotation in waiting]


def process(platform: Platform, pre_annotation_id: str) -> None:
    """The end of processing; does nothing if the pre-annotation is not `processing`."""
    with platform.database.write() as session:
        query = select(PreAnnotation).where(
            PreAnnotation.id == pre_annotation_id, PreAnnotation.status == PROCESSING
        )
        found = session.scalar(query)
        if found is not None:
            found.status = AVAILABLE
