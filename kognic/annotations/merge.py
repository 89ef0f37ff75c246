"""Several annotations of one scene in one document, as when cuboids and segmentation are separate annotation
types.

Frames are the same if they have the same external ID; objects if they have the same ID. Whatever two
documents say differently is a conflict, and the caller decides what happens to it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import attrs

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.document import ANY_GEOMETRY, Document, as_mapping

OnConflict = Literal["error", "first", "last"]


@attrs.frozen(kw_only=True)
class Merged:
    """A merged document.

    Attributes:
        document: The document; its frames have the numbers 0, 1, ... in the order of time, then of the
            documents.
        conflicts: Paths at which documents differ, with what was kept from the first or last one.
    """

    document: dict[str, Any]
    conflicts: tuple[str, ...]


def merge(documents: Iterable[Document], *, on_conflict: OnConflict = "error") -> Merged:
    """Merge documents of one scene.

    Args:
        documents: Two or more, with 3D geometry in one coordinate system.
        on_conflict: What to do where two documents say different things in one place: raise, or keep what
            the first or the last document says. Geometries of one object in one frame are added to each
            other; equal ones are kept once, and two different cuboids, or two of one name, are a conflict.

    Raises:
        AnnotationError: There is a conflict and `on_conflict` is `error`, documents are of different scenes,
            or a frame has no external ID while there is more than one frame.
    """
    merging = _Merging(on_conflict)
    for number, document in enumerate(documents):
        merging.add(document, number)
    return merging.result()


class _Merging:
    def __init__(self, on_conflict: OnConflict) -> None:
        self.on_conflict = on_conflict
        self.conflicts: list[str] = []
        self.root: dict[str, Any] = {}
        self.frames: dict[str, dict[str, Any]] = {}
        self.scene: str | None = None

    def add(self, document: Document, number: int) -> None:
        """Merge one more document."""
        if document.scene_uuid is not None:
            if self.scene not in (None, document.scene_uuid):
                raise AnnotationError(
                    f"documents are of different scenes: {self.scene} and {document.scene_uuid}"
                )
            self.scene = document.scene_uuid
        root = copy.deepcopy(dict(document.root))
        root.pop("frame_intervals", None)
        root.pop("frames", None)
        metadata = dict(as_mapping(root.pop("metadata", {})))
        if number:
            # UUID and such belong to a single delivery; a merged document is none.
            metadata = {key: value for key, value in metadata.items() if key == "schema_version"}
        self._values(self.root, {"metadata": metadata}, "")
        for part, entries in root.items():
            self._values(self.root, {part: entries}, "")
        seen: set[str] = set()
        for key in document.frame_keys:
            frame_id = document.external_id(key)
            if frame_id is None and len(document.frames) > 1:
                raise AnnotationError(
                    f"frame {key} of {document.name or 'a document'} has no external_id: "
                    "frames cannot be matched"
                )
            frame_id = frame_id or "0"
            if frame_id in seen:
                raise AnnotationError(f"{document.name or 'a document'} has frame {frame_id!r} twice")
            seen.add(frame_id)
            frame = copy.deepcopy(dict(document.frames[key]))
            self._values(self.frames.setdefault(frame_id, {}), frame, f"frame {frame_id}")

    def result(self) -> Merged:
        """The document so far."""
        root = dict(self.root)
        metadata = dict(as_mapping(root.get("metadata")))
        for name in ("uuid", "annotation_type"):
            metadata.pop(name, None)
        root["metadata"] = {"schema_version": "1.0.0", **metadata}
        frames = list(self.frames.values())
        times = [as_mapping(frame.get("frame_properties")).get("timestamp") for frame in frames]
        if frames and all(isinstance(time, int) and not isinstance(time, bool) for time in times):
            frames.sort(key=lambda frame: frame["frame_properties"]["timestamp"])
        root["frames"] = {str(index): frame for index, frame in enumerate(frames)}
        return Merged(document={"openlabel": root}, conflicts=tuple(self.conflicts))

    def _values(self, into: dict[str, Any], new: Mapping[str, Any], path: str) -> None:
        """Merge a mapping into another one, key by key."""
        for key, value in new.items():
            here = f"{path}.{key}" if path else key
            if key not in into:
                into[key] = value
            elif isinstance(into[key], dict) and isinstance(value, Mapping):
                self._values(into[key], value, here)
            elif isinstance(into[key], list) and isinstance(value, list):
                into[key] = self._lists(into[key], value, key, here)
            elif into[key] != value:
                into[key] = self._decide(into[key], value, here)

    def _lists(self, old: list[Any], new: list[Any], kind: str, path: str) -> list[Any]:
        """Merge entries of a kind: geometries and properties by name, other lists as a whole."""
        if not all(isinstance(entry, Mapping) for entry in (*old, *new)):
            return old if old == new else self._decide(old, new, path)
        merged = list(old)
        for entry in new:
            if entry in merged:
                continue
            name = entry.get("name")
            clash = next(
                (
                    i
                    for i, known in enumerate(merged)
                    if kind == "cuboid" or (name and known.get("name") == name)
                ),
                None,
            )
            if clash is None or (
                kind in ANY_GEOMETRY and kind != "cuboid" and _stream(entry) != _stream(merged[clash])
            ):
                merged.append(entry)
            else:
                merged[clash] = self._decide(merged[clash], entry, f"{path}[{name or clash}]")
        return merged

    def _decide(self, old: Any, new: Any, path: str) -> Any:
        if self.on_conflict == "error":
            raise AnnotationError(
                f"documents differ at {path}: {_short(old)} and {_short(new)}; "
                "choose the first or the last with on_conflict (--on-conflict first, --on-conflict last)"
            )
        self.conflicts.append(path)
        return old if self.on_conflict == "first" else new


def _stream(entry: Mapping[str, Any]) -> Any:
    texts = as_mapping(entry.get("attributes")).get("text")
    for item in texts if isinstance(texts, list) else ():
        if isinstance(item, Mapping) and item.get("name") == "stream":
            return item.get("val")
    return entry.get("stream")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
