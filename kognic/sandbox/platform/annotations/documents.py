"""Annotation documents: stored as files, served behind signed URLs, converted to ISO 8855 on demand."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kognic.sandbox.platform.calls import Call
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.storage.store import StoredObject
from kognic.sandbox.platform.tables import Annotation, Input
from kognic.sandbox.platform.values import new_uuid, to_wire_time, utc_now

BUCKET = "annotations"
ISO_BUCKET = "annotations-iso"
FORMAT_VERSION = "2.2"
# Sine and cosine of 45 degrees: half of the quarter turn between OpenLABEL's and ISO 8855's cuboids.
HALF = math.sqrt(0.5)
CUBOID_LENGTH = 10


def store(
    platform: Platform,
    session: Session,
    placed: Input,
    document: dict[str, Any],
    *,
    is_preliminary: bool,
    annotation_id: str | None = None,
    created: datetime | None = None,
) -> Annotation:
    """Keep a document as an annotation of an input.

    A delivered one replaces the one delivered before. The annotation's id goes into the document's metadata.
    """
    if not is_preliminary and (previous := delivered_of_input(session, placed.id)) is not None:
        previous.is_removed = True
    annotation = Annotation(
        id=annotation_id or new_uuid(),
        input_id=placed.id,
        is_preliminary=is_preliminary,
        created=created or utc_now(),
    )
    session.add(annotation)
    # Refuses an id that is taken before its document in storage is replaced.
    session.flush()
    openlabel = document.get("openlabel", {})
    metadata = {
        # A document may name its own format version, but not the id.
        "kognic_format_version": FORMAT_VERSION,
        **openlabel.get("metadata", {}),
        "uuid": annotation.id,
    }
    content = {**document, "openlabel": {**openlabel, "metadata": metadata}}
    platform.storage.put(BUCKET, annotation.id, json.dumps(content, ensure_ascii=False).encode())
    return annotation


def load(platform: Platform, annotation_id: str, *, iso: bool = False) -> dict[str, Any]:
    """Load the document of an annotation."""
    stored = find_file(platform, annotation_id, iso=iso)
    document: dict[str, Any] = json.loads(stored.path.read_bytes())
    return document


def find_file(platform: Platform, annotation_id: str, *, iso: bool) -> StoredObject:
    """Find the stored document; the ISO form is made at the first request for it."""
    stored = platform.storage.find(ISO_BUCKET if iso else BUCKET, annotation_id)
    if stored is None and iso:
        turned = to_iso8855(load(platform, annotation_id))
        stored = platform.storage.put(
            ISO_BUCKET, annotation_id, json.dumps(turned, ensure_ascii=False).encode()
        )
    if stored is None:
        raise FileNotFoundError(f"the document of annotation {annotation_id} is missing in storage")
    return stored


def signed_url(call: Call, annotation: Annotation, *, iso: bool) -> str:
    """Sign a URL to download the document from, without a token."""
    bucket = ISO_BUCKET if iso else BUCKET
    path = call.platform.storage.url_path(bucket, annotation.id, f"{annotation.id}.json")
    return call.platform.urls.sign(call.base_url, path, "GET")


def partial_answer(call: Call, annotation: Annotation, wants_iso: bool) -> dict[str, Any]:
    """Describe an annotation as lists have it: without content, with a signed URL to it."""
    placed = annotation.input
    return {
        "inputUuid": placed.id,
        "sceneUuid": placed.scene_id,
        "requestUid": placed.request.id,
        "created": to_wire_time(annotation.created),
        "uri": signed_url(call, annotation, iso=wants_iso),
    }


def delivered_of_input(session: Session, input_id: str) -> Annotation | None:
    """Return the annotation of an input that was delivered last and not removed."""
    query = select(Annotation).where(
        Annotation.input_id == input_id,
        Annotation.is_preliminary.is_(False),
        Annotation.is_removed.is_(False),
    )
    return session.scalars(query.order_by(Annotation.number.desc())).first()


def delivered_of_scene(session: Session, scene_id: str) -> list[Annotation]:
    """Return the delivered annotations of a scene's inputs."""
    query = (
        select(Annotation)
        .join(Input)
        .where(
            Input.scene_id == scene_id,
            Annotation.is_preliminary.is_(False),
            Annotation.is_removed.is_(False),
        )
        .order_by(Annotation.number)
    )
    return list(session.scalars(query))


def to_iso8855(document: dict[str, Any]) -> dict[str, Any]:
    """Turn cuboids so that heading 0 is along +x instead of +y. Everything else stays as it is."""
    openlabel = document.get("openlabel", {})
    frames = {key: _turn_frame(frame) for key, frame in openlabel.get("frames", {}).items()}
    return {**document, "openlabel": {**openlabel, "frames": frames}}


def turn_cuboid(val: list[float]) -> list[float]:
    """Multiply the rotation from the right by a quarter turn about z, and exchange the first two sizes."""
    x, y, z, qx, qy, qz, qw, sx, sy, sz = val
    return [
        x,
        y,
        z,
        HALF * (qx + qy),
        HALF * (qy - qx),
        HALF * (qz + qw),
        HALF * (qw - qz),
        sy,
        sx,
        sz,
    ]


def _turn_frame(frame: dict[str, Any]) -> dict[str, Any]:
    objects = {key: _turn_object(value) for key, value in frame.get("objects", {}).items()}
    return {**frame, "objects": objects} if "objects" in frame else frame


def _turn_object(content: dict[str, Any]) -> dict[str, Any]:
    data = content.get("object_data") or {}
    if "cuboid" not in data:
        return content
    cuboids = [
        {**cuboid, "val": turn_cuboid(cuboid["val"])} if len(cuboid["val"] or ()) == CUBOID_LENGTH else cuboid
        for cuboid in data["cuboid"]
    ]
    return {**content, "object_data": {**data, "cuboid": cuboids}}
