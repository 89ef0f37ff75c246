"""OpenLABEL documents as shapes of the viewer, by the times of frames."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.document import Document, Geometry, as_mapping, mappings
from kognic.annotations.segmentation import TYPE as SEGMENTATION
from kognic.annotations.segmentation import Labels, decode_rle, label_classes, split_merged
from kognic.viewer.document import Layer, Relation, Shape

_FEWEST = {"cuboid": 10, "bbox": 4, "poly2d": 4, "point2d": 2, "poly3d": 6}
_EXACT = ("cuboid", "bbox", "point2d")
_VALUES = ("text", "num", "boolean", "vec")
_LONGEST = 400


class LayerShapes:
    """A document, ready to be asked for frames.

    Args:
        document: The document.
        name: For people, for example `pre-annotation`.
        number: Position among the documents of the scene.

    Attributes:
        layer: The document in `Scene.layers`.
        classes: Names of the values of its segmentations.
        problem: Why its segmentation cannot be shown; empty if it can.
    """

    def __init__(self, document: Document, name: str, number: int) -> None:
        self.layer = Layer(name=name, relations=tuple(_relations(document.root)))
        self.problem = ""
        self.classes: dict[int, str] = {}
        try:
            self.classes = {value: known.name for value, known in label_classes(document).items()}
        except AnnotationError as exc:
            self.problem = f"the segmentation of the {name} is not shown: {exc}"
        self._document = document
        self._number = number
        times = {key: document.timestamp(key) for key in document.frame_keys}
        self._by_time: dict[int, list[Geometry]] = {}
        for geometry in document.geometries():
            time = times[geometry.frame]
            if time is not None:
                self._by_time.setdefault(time, []).append(geometry)
        self._labels: dict[int, list[Geometry]] = {}
        for geometry in document.geometries(("binary",)):
            time = times.get(geometry.frame or "")
            kind = document.objects.get(geometry.object_id, {}).get("type")
            if time is not None and kind == SEGMENTATION and isinstance(geometry.val, str):
                self._labels.setdefault(time, []).append(geometry)

    def at(self, relative_ms: int) -> tuple[list[Shape], int]:
        """Shapes of the frame at a time in milliseconds, and how many there cannot be drawn."""
        geometries = self._by_time.get(relative_ms, [])
        shapes = [shape for geometry in geometries if (shape := self._shape(geometry)) is not None]
        return shapes, len(geometries) - len(shapes)

    def labels_at(self, relative_ms: int, points: Mapping[str, int]) -> dict[str, Labels]:
        """Segmentation of the point clouds of the frame at a time in milliseconds.

        Args:
            relative_ms: The time.
            points: Number of points of each lidar's file, in the order of the scene's lidars.

        Returns:
            One value per point of the file, by lidar; `classes` names them.

        Raises:
            AnnotationError: A segmentation does not fit its cloud.
        """
        found: dict[str, Labels] = {}
        for geometry in self._labels.get(relative_ms, []):
            stream = geometry.stream
            if stream is not None and stream in points:
                found[stream] = decode_rle(geometry.val, points[stream])
            elif points:
                # Without a name, the text has the points of all clouds.
                found.update(split_merged(decode_rle(geometry.val, sum(points.values())), points))
        return found

    def _shape(self, geometry: Geometry) -> Shape | None:
        numbers = geometry.numbers()
        if numbers is None or not _is_drawable(geometry, numbers):
            return None
        entry = self._document.objects.get(geometry.object_id, {})
        frame_data = self._document.objects_in(geometry.frame).get(geometry.object_id, {})
        properties = {
            **_values(as_mapping(entry.get("object_data"))),
            **_values(frame_data),
            **_values(as_mapping(geometry.raw.get("attributes"))),
        }
        properties.pop("stream", None)
        return Shape(
            layer=self._number,
            object_id=geometry.object_id,
            kind=geometry.kind,
            class_name=str(entry.get("type", "")),
            name=str(entry.get("name", "")),
            stream=geometry.stream,
            numbers=numbers,
            is_closed=geometry.kind == "bbox" or geometry.raw.get("closed") is True,
            properties=properties,
        )


def _is_drawable(geometry: Geometry, numbers: list[float]) -> bool:
    if not all(map(math.isfinite, numbers)):
        return False
    least = _FEWEST[geometry.kind]
    if geometry.kind in _EXACT:
        return len(numbers) == least and (geometry.kind != "cuboid" or any(numbers[3:7]))
    per_point = 2 if geometry.kind == "poly2d" else 3
    if len(numbers) < least or len(numbers) % per_point:
        return False
    # Other modes are run lengths and differences, which are no coordinates.
    return geometry.kind != "poly2d" or geometry.raw.get("mode") == "MODE_POLY2D_ABSOLUTE"


def _values(data: Mapping[str, Any]) -> dict[str, Any]:
    """Named values of an object or a geometry; long texts are cut."""
    found: dict[str, Any] = {}
    for kind in _VALUES:
        for item in mappings(data.get(kind)):
            value = item.get("val")
            found[str(item.get("name", kind))] = value[:_LONGEST] if isinstance(value, str) else value
    return found


def _relations(root: Mapping[str, Any]) -> Iterator[Relation]:
    for value in as_mapping(root.get("relations")).values():
        relation = as_mapping(value)
        for subject in mappings(relation.get("rdf_subjects")):
            for target in mappings(relation.get("rdf_objects")):
                yield Relation(
                    kind=str(relation.get("type", "")),
                    source=str(subject.get("uid", "")),
                    target=str(target.get("uid", "")),
                )
