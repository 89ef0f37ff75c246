"""What the viewer loads: the packets of a scene and its frames, for visitors who may see them."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer
from starlette.responses import JSONResponse, Response

from kognic.sandbox.platform import access
from kognic.sandbox.platform.annotations import documents
from kognic.sandbox.platform.calls import Call
from kognic.sandbox.platform.errors import NotFoundError
from kognic.sandbox.platform.inputs.routes import visible
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.tables import Annotation, Calibration, Input, PreAnnotation, Scene
from kognic.sandbox.platform.view import assets
from kognic.sandbox.platform.view.filling import SceneFacts, StoredScene
from kognic.viewer.frames import FAST, scene_bytes
from kognic.viewer.server import FramePackets

# A choice: the scenes of some browser tabs stay open. More take `BYTES_PER_SCENE` each.
SCENES_KEPT = 4
# Packed frames: some 12 of 5 MB; playing on in either direction does not pack them again.
BYTES_PER_SCENE = 64 * 2**20
NO_DOCUMENTS = "none"
PRE_ANNOTATION, ANNOTATION = "p-", "a-"


def address(scene: Scene, chosen: list[str]) -> str:
    """Return where the packets of a scene with some documents are, with a slash at the end."""
    named = ",".join(chosen) or NO_DOCUMENTS
    return f"/view/data/{scene.id}/{named}/{_version(scene, named)}/"


class Packets:
    """Packets of the scenes that were looked at last."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._open: OrderedDict[tuple[str, str, str], tuple[bytes, FramePackets, int]] = OrderedDict()
        self._lock = threading.Lock()

    def scene(self, call: Call) -> Response:
        """Serve the packet of what is the same for all frames."""
        head, _, _ = self._find(call)
        return _packet(head)

    def frame(self, call: Call) -> Response:
        """Serve the packet of a frame."""
        _, packets, count = self._find(call)
        index = call.path["index"]
        if not (index.isascii() and index.isdecimal() and len(index) < 8 and int(index) < count):
            return JSONResponse({"message": "There is no such frame."}, 404)
        return _packet(packets.get(int(index)))

    def _find(self, call: Call) -> tuple[bytes, FramePackets, int]:
        scene = access.scene(call, call.path["scene"])
        named, version = call.path["documents"], call.path["version"]
        if version != _version(scene, named):
            raise NotFoundError("The scene has changed; load the page again.")
        key = (scene.id, named, version)
        chosen = _documents(call, scene, named)
        with self._lock:
            found = self._open.get(key)
            if found is not None:
                self._open.move_to_end(key)
                return found
        # Outside the lock, because reading a scene takes seconds. Two visitors at once read it twice, and the
        # last result is kept.
        source = StoredScene(self._platform, _facts(call, scene, chosen))
        found = (
            scene_bytes(source.scene, level=FAST),
            FramePackets(source, BYTES_PER_SCENE),  # pyright: ignore[reportArgumentType] - a cached property
            len(source.scene.frames),
        )
        with self._lock:
            self._open[key] = found
            while len(self._open) > SCENES_KEPT:
                self._open.popitem(last=False)
        return found


def _packet(content: bytes) -> Response:
    headers = {"Cache-Control": assets.FOREVER}
    return Response(content, media_type="application/octet-stream", headers=headers)


def _version(scene: Scene, named: str) -> str:
    """Names the content, so that the browser may keep what it got."""
    parts = (scene.id, scene.created.isoformat(), scene.status, named, assets.address())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _documents(call: Call, scene: Scene, named: str) -> list[PreAnnotation | Annotation]:
    """The documents of an address; each must belong to the scene and be one that the visitor may see."""
    if named == NO_DOCUMENTS:
        return []
    # Two at most: the page compares two.
    return [_document(call, scene, name) for name in named.split(",")[:2]]


def _document(call: Call, scene: Scene, name: str) -> PreAnnotation | Annotation:
    kind, identifier = name[:2], name[2:]
    found: PreAnnotation | Annotation | None = None
    if kind == PRE_ANNOTATION:
        query = select(PreAnnotation).where(
            PreAnnotation.id == identifier, PreAnnotation.scene_id == scene.id
        )
        found = call.session.scalar(query.options(undefer(PreAnnotation.content)))
    elif kind == ANNOTATION:
        own = visible(call).where(Input.scene_id == scene.id).with_only_columns(Input.id)
        found = call.session.scalar(
            select(Annotation).where(Annotation.id == identifier, Annotation.input_id.in_(own))
        )
    if found is None:
        raise NotFoundError(f"There is no document {name} of this scene.")
    return found


def _facts(call: Call, scene: Scene, chosen: list[PreAnnotation | Annotation]) -> SceneFacts:
    return SceneFacts(
        uuid=scene.id,
        external_id=scene.external_id,
        kind=scene.scene_type,
        specification=scene.specification,  # type: ignore[arg-type]
        sensors=sensors_of(call.session, scene),
        imu_resource=scene.imu_resource,
        is_compensated=scene.has_imu and scene.motion_compensation,
        documents=[
            ("pre-annotation", one.content or {})
            if isinstance(one, PreAnnotation)
            else ("annotation", documents.load(call.platform, one.id))
            for one in chosen
        ],
        command=f"kognic sandbox open {scene.id} --root {call.platform.settings.root}",
    )


def sensors_of(session: Session, scene: Scene) -> Mapping[str, Any] | None:
    """Return the calibration of a scene."""
    found = None if scene.calibration_id is None else session.get(Calibration, scene.calibration_id)
    return None if found is None else found.sensors
