"""The changes between two deliveries of an annotation: added, removed, moved, resized, rotated, relabelled.

Frames are matched by external ID, objects by ID. Optionally, objects without a counterpart are matched by
overlap, greedily and within a class, for example for deliveries of different producers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

import attrs
import numpy as np

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.cuboids import as_cuboids, overlap
from kognic.annotations.document import ANY_GEOMETRY, GEOMETRY_3D, Document, Geometry
from kognic.annotations.rotations import angle_between

Change = Literal["added", "removed", "moved", "resized", "turned", "reshaped", "relabelled", "property"]


@attrs.frozen(kw_only=True)
class Difference:
    """One change.

    Attributes:
        change: Kind of change. `reshaped` is any other change of a geometry's values.
        frame_id: External ID of the frame, or its key without one; None for changes of the object as a whole.
        object_id: ID of the object, in the later delivery if it is there.
        class_name: Its class there.
        kind: Kind of the geometry; None for objects and properties.
        stream: Its sensor.
        amount: How much: metres or pixels moved, largest change of a size in metres or pixels, radians
            turned.
        before: Class or property value before.
        after: The same after.
        name: Name of the property.
    """

    change: Change
    frame_id: str | None
    object_id: str
    class_name: str
    kind: str | None = None
    stream: str | None = None
    amount: float | None = None
    before: Any = None
    after: Any = None
    name: str | None = None

    @property
    def amount_text(self) -> str:
        """The amount with its unit: metres, degrees or pixels; empty without an amount."""
        if self.amount is None:
            return ""
        if self.change == "turned":
            return f"{math.degrees(self.amount):.2f} deg"
        return f"{self.amount:.3f} m" if self.kind in GEOMETRY_3D else f"{self.amount:.1f} px"


@attrs.frozen(kw_only=True)
class Tolerances:
    """Changes below these values are ignored.

    Attributes:
        position_m: Of a cuboid's centre.
        size_m: Of each of its sizes.
        angle_rad: Of its rotation.
        pixels: Of any value of 2D geometry.
    """

    # A micrometre, a microradian, a millionth of a pixel: above the rounding of conversions in double
    # precision, below what anybody annotates.
    position_m: float = 1e-6
    # As for positions.
    size_m: float = 1e-6
    # As for positions.
    angle_rad: float = 1e-6
    # As for positions.
    pixels: float = 1e-6


@attrs.frozen(kw_only=True)
class DocumentDiff:
    """The changes from one document to another.

    Attributes:
        differences: In the order of objects, then of frames.
        frames_added: External IDs of frames that only the later document has.
        frames_removed: External IDs of frames that only the earlier document has.
        matched: Objects matched by overlap: ID before to ID after.
        unrelated: Why nothing of the two documents can be compared; None if something can, or if a document
            has neither frames nor objects.
    """

    differences: tuple[Difference, ...]
    frames_added: tuple[str, ...]
    frames_removed: tuple[str, ...]
    matched: Mapping[str, str]
    unrelated: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.differences or self.frames_added or self.frames_removed)

    def counts(self) -> dict[str, int]:
        """How many changes there are of each kind."""
        return dict(Counter(difference.change for difference in self.differences))

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "counts": self.counts(),
            "frames_added": list(self.frames_added),
            "frames_removed": list(self.frames_removed),
            "matched": dict(self.matched),
            "unrelated": self.unrelated,
            "differences": [
                {key: value for key, value in attrs.asdict(item).items() if value is not None}
                for item in self.differences
            ],
        }


def diff(
    before: Document,
    after: Document,
    *,
    tolerances: Tolerances | None = None,
    match_by_overlap: float | None = None,
) -> DocumentDiff:
    """Compare two deliveries of the annotation of one scene.

    Args:
        before: The earlier one.
        after: The later one, with cuboids in the same coordinate system.
        tolerances: Changes to ignore.
        match_by_overlap: Match objects without a counterpart by ID if the overlap of their geometry is at
            least this (intersection over union, mean of their common frames). None matches by ID only.

    Raises:
        AnnotationError: Two frames of a document have the same external ID.
    """
    frames_before, frames_after = _frames(before), _frames(after)
    common = [frame_id for frame_id in frames_before if frame_id in frames_after]
    old, new = _geometries(before), _geometries(after)
    pairs = {object_id: object_id for object_id in before.objects if object_id in after.objects}
    matched = {}
    if match_by_overlap is not None:
        matched = _matched(before, after, old, new, set(pairs), match_by_overlap)
        pairs.update(matched)
    comparison = _Comparison(before, after, tolerances or Tolerances(), frames_before, frames_after, common)
    differences = list(comparison.run(old, new, pairs))
    return DocumentDiff(
        differences=tuple(differences),
        frames_added=tuple(frame_id for frame_id in frames_after if frame_id not in frames_before),
        frames_removed=tuple(frame_id for frame_id in frames_before if frame_id not in frames_after),
        matched=matched,
        unrelated=_unrelated(before, after, frames_before, frames_after, pairs),
    )


def _unrelated(
    before: Document,
    after: Document,
    frames_before: Mapping[str, str],
    frames_after: Mapping[str, str],
    pairs: Mapping[str, str],
) -> str | None:
    """Why two documents have nothing in common."""
    if None not in (before.scene_uuid, after.scene_uuid) and before.scene_uuid != after.scene_uuid:
        return f"the documents are of different scenes: {before.scene_uuid} and {after.scene_uuid}"
    if frames_before and frames_after and not frames_before.keys() & frames_after.keys():
        return (
            "no frame is in both documents, so they are probably of different scenes: frames are "
            f"{_some(frames_before)} before and {_some(frames_after)} after"
        )
    if before.objects and after.objects and not pairs:
        return (
            "no object ID is in both documents: match objects by overlap if IDs were assigned anew; objects "
            f"are {_some(before.objects)} before and {_some(after.objects)} after"
        )
    return None


def _some(names: Collection[str]) -> str:
    shown = ", ".join(list(names)[:2])
    return shown if len(names) <= 2 else f"{shown}, ... ({len(names)})"


def _frames(document: Document) -> dict[str, str]:
    """Keys of frames by external ID, or by themselves without one."""
    found: dict[str, str] = {}
    for key in document.frame_keys:
        frame_id = document.external_id(key) or key
        if frame_id in found:
            raise AnnotationError(
                f"frames {found[frame_id]} and {key} of {document.name or 'a document'} are both {frame_id!r}"
            )
        found[frame_id] = key
    return found


_Place = tuple[str, str, str | None, str]
"""Frame ID, kind, sensor and name of a geometry."""


def _geometries(document: Document) -> dict[str, dict[_Place, Geometry]]:
    found: dict[str, dict[_Place, Geometry]] = {object_id: {} for object_id in document.objects}
    for geometry in (*document.static_geometries(), *document.geometries(ANY_GEOMETRY)):
        frame_id = (document.external_id(geometry.frame) or geometry.frame) if geometry.frame else ""
        # An object has one cuboid per frame, and its name may change from delivery to delivery.
        name = "" if geometry.kind in ("cuboid", "bbox") else geometry.name
        places = found.setdefault(geometry.object_id, {})
        number = 0
        while (place := (frame_id, geometry.kind, geometry.sensor, f"{name}#{number}")) in places:
            number += 1
        places[place] = geometry
    return found


def _matched(
    before: Document,
    after: Document,
    old: Mapping[str, Mapping[_Place, Geometry]],
    new: Mapping[str, Mapping[_Place, Geometry]],
    taken: set[str],
    least: float,
) -> dict[str, str]:
    scores = []
    for first in old:
        for second in new:
            if first in taken or second in taken or before.class_of(first) != after.class_of(second):
                continue
            common = old[first].keys() & new[second].keys()
            overlaps = [
                iou for place in common if (iou := _iou(old[first][place], new[second][place])) is not None
            ]
            if overlaps and (mean := sum(overlaps) / len(overlaps)) >= least:
                scores.append((mean, first, second))
    found: dict[str, str] = {}
    for _, first, second in sorted(scores, key=lambda score: (-score[0], score[1], score[2])):
        if first not in found and second not in found.values():
            found[first] = second
    return found


def _iou(first: Geometry, second: Geometry) -> float | None:
    a, b = first.shape(), second.shape()
    if a is None or b is None or len(a) != len(b):
        return None
    if first.kind == "bbox" and len(a) == 4:
        return box_overlap(a, b)
    if first.kind != "cuboid" or len(a) != 10:
        return None
    if math.dist(a[:3], b[:3]) > (math.hypot(*a[7:]) + math.hypot(*b[7:])) / 2:
        return 0.0
    try:
        return overlap(a, b)
    except ValueError:
        return None


def box_overlap(a: list[float], b: list[float]) -> float:
    """Intersection over union of two bounding boxes: centre x, centre y, width, height."""
    width = min(a[0] + a[2] / 2, b[0] + b[2] / 2) - max(a[0] - a[2] / 2, b[0] - b[2] / 2)
    height = min(a[1] + a[3] / 2, b[1] + b[3] / 2) - max(a[1] - a[3] / 2, b[1] - b[3] / 2)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (a[2] * a[3] + b[2] * b[3] - width * height)


class _Comparison:
    """Two documents, object by object."""

    def __init__(
        self,
        before: Document,
        after: Document,
        tolerances: Tolerances,
        frames_before: Mapping[str, str],
        frames_after: Mapping[str, str],
        common: list[str],
    ) -> None:
        self.before, self.after, self.tolerances = before, after, tolerances
        self.frames_before, self.frames_after, self.common = frames_before, frames_after, common

    def run(
        self,
        old: Mapping[str, Mapping[_Place, Geometry]],
        new: Mapping[str, Mapping[_Place, Geometry]],
        pairs: Mapping[str, str],
    ) -> Iterator[Difference]:
        partners = set(pairs.values())
        for object_id in old:
            if object_id not in pairs:
                name = self.before.class_of(object_id)
                yield Difference(change="removed", frame_id=None, object_id=object_id, class_name=name)
                continue
            yield from self._object(object_id, pairs[object_id], old[object_id], new[pairs[object_id]])
        for object_id in new:
            if object_id not in partners:
                name = self.after.class_of(object_id)
                yield Difference(change="added", frame_id=None, object_id=object_id, class_name=name)

    def _object(
        self, first: str, second: str, old: Mapping[_Place, Geometry], new: Mapping[_Place, Geometry]
    ) -> Iterator[Difference]:
        was, name = self.before.class_of(first), self.after.class_of(second)
        if was != name:
            yield Difference(
                change="relabelled", frame_id=None, object_id=second, class_name=name, before=was, after=name
            )
        yield from self._properties(first, second, "", "", None)
        for frame_id in self.common:
            yield from self._properties(
                first, second, self.frames_before[frame_id], self.frames_after[frame_id], frame_id
            )
        comparable = {"", *self.common}
        for place in dict.fromkeys((*old, *new)):
            if place[0] not in comparable:
                continue
            head: dict[str, Any] = {
                "frame_id": place[0] or None,
                "object_id": second,
                "class_name": name,
                "kind": place[1],
                "stream": place[2],
            }
            if place not in new:
                yield Difference(change="removed", **head)
            elif place not in old:
                yield Difference(change="added", **head)
            else:
                yield from self._values(old[place], new[place], head)

    def _properties(
        self, first: str, second: str, frame_before: str, frame_after: str, frame_id: str | None
    ) -> Iterator[Difference]:
        old = _own_properties(self.before, first, frame_before)
        new = _own_properties(self.after, second, frame_after)
        for name in dict.fromkeys((*old, *new)):
            if old.get(name) != new.get(name):
                yield Difference(
                    change="property",
                    frame_id=frame_id,
                    object_id=second,
                    class_name=self.after.class_of(second),
                    name=name,
                    before=old.get(name),
                    after=new.get(name),
                )

    def _values(self, old: Geometry, new: Geometry, head: dict[str, Any]) -> Iterator[Difference]:
        a, b = old.shape(), new.shape()
        if a is None or b is None or len(a) != len(b):
            if old.val != new.val:
                yield Difference(change="reshaped", **head)
        elif old.kind == "cuboid" and len(a) == 10:
            yield from self._cuboid(a, b, head)
        elif old.kind == "bbox" and len(a) == 4:
            yield from self._compared("moved", math.dist(a[:2], b[:2]), self.tolerances.pixels, head)
            yield from self._compared("resized", _largest(a[2:], b[2:]), self.tolerances.pixels, head)
        else:
            least = self.tolerances.position_m if old.is_3d else self.tolerances.pixels
            yield from self._compared("reshaped", _largest(a, b), least, head)

    def _cuboid(self, a: list[float], b: list[float], head: dict[str, Any]) -> Iterator[Difference]:
        yield from self._compared("moved", math.dist(a[:3], b[:3]), self.tolerances.position_m, head)
        yield from self._compared("resized", _largest(a[7:], b[7:]), self.tolerances.size_m, head)
        try:
            angle = float(angle_between(as_cuboids(a)[:, 3:7], as_cuboids(b)[:, 3:7])[0])
        except ValueError:
            angle = 0.0 if np.allclose(a[3:7], b[3:7]) else math.inf
        yield from self._compared("turned", angle, self.tolerances.angle_rad, head)

    def _compared(
        self, change: Change, amount: float, least: float, head: dict[str, Any]
    ) -> Iterator[Difference]:
        if amount > least:
            yield Difference(change=change, amount=amount, **head)


def _own_properties(document: Document, object_id: str, frame: str) -> dict[str, Any]:
    """Properties that stand in one place: the static part, or a frame."""
    if not frame:
        return document.properties(object_id)
    data = document.objects_in(frame).get(object_id)
    return {item.name: item.val for item in document.properties_of(data)}


def _largest(a: list[float], b: list[float]) -> float:
    return max((abs(x - y) for x, y in zip(a, b, strict=True)), default=0.0)
