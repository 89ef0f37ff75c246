"""Match the frames of a document with the frames of a scene.

An annotation request can cover a subset of the frames, so frames are not matched by position. They are
matched by the scene's frame ID (`external_id`), otherwise by the names of the frame's resources
(`streams.<sensor>.uri`), and in documents without either, such as some pre-annotations, by relative time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import attrs

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.document import Document

# Resource names of lidars may have the number of the frame in front: `550_<ns>.csv`.
_FRAME_PREFIX = re.compile(r"^\d+_(?=.)")


@attrs.frozen(kw_only=True)
class SceneFrame:
    """What identifies a frame of a scene.

    Attributes:
        frame_id: The scene's frame ID.
        relative_ms: Milliseconds from the scene's start; None when not known.
        resources: File name of each sensor, by sensor name.
    """

    frame_id: str
    relative_ms: int | None = None
    resources: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class FrameMatch:
    """The matches between the frames of a document and of a scene.

    Attributes:
        frames: Frame ID of the scene by key of the document.
        unmatched: Keys of frames that the scene does not have.
        missing: Frame IDs of the scene without a frame in the document, for example if the request covers
            a subset.
    """

    frames: Mapping[str, str]
    unmatched: Sequence[str]
    missing: Sequence[str]


def match_frames(document: Document, scene: Sequence[SceneFrame]) -> FrameMatch:
    """Match the frames of a document with those of a scene.

    Raises:
        AnnotationError: Two frames of the document match the same frame of the scene.
    """
    ids = {frame.frame_id for frame in scene}
    by_time = {frame.relative_ms: frame.frame_id for frame in scene if frame.relative_ms is not None}
    by_resource: dict[tuple[str, str], set[str]] = {}
    for frame in scene:
        for sensor, name in frame.resources.items():
            by_resource.setdefault((sensor, _base_name(name)), set()).add(frame.frame_id)
    matched: dict[str, str] = {}
    unmatched = []
    for key in document.frame_keys:
        found = _find(document, key, ids, by_resource, by_time)
        if found is None:
            unmatched.append(key)
            continue
        if found in matched.values():
            other = next(k for k, frame_id in matched.items() if frame_id == found)
            raise AnnotationError(
                f"frames {other} and {key} of the document both match frame {found!r} of the scene"
            )
        matched[key] = found
    taken = set(matched.values())
    return FrameMatch(
        frames=matched,
        unmatched=unmatched,
        missing=[frame.frame_id for frame in scene if frame.frame_id not in taken],
    )


def _find(
    document: Document,
    key: str,
    ids: set[str],
    by_resource: Mapping[tuple[str, str], set[str]],
    by_time: Mapping[int, str],
) -> str | None:
    external_id = document.external_id(key)
    if external_id is not None and external_id in ids:
        return external_id
    uris = document.uris(key)
    for strip in (False, True):
        candidates: set[str] = set()
        for sensor, uri in uris.items():
            name = _base_name(uri)
            if strip:
                name = _FRAME_PREFIX.sub("", name)
            candidates |= by_resource.get((sensor, name), set())
        if len(candidates) == 1:
            return candidates.pop()
    # A time is used only where the document says nothing else: it would hide a wrong external ID.
    if external_id is None and not uris:
        time = document.timestamp(key)
        return None if time is None else by_time.get(time)
    return None


def _base_name(uri: str) -> str:
    return uri.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1]
