"""OpenLABEL documents as shapes of the viewer, by the times of frames."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.document import Document, Geometry, as_mapping, mappings
from kognic.annotations.labels import decode_png
from kognic.annotations.segmentation import TYPE as SEGMENTATION
from kognic.annotations.segmentation import Labels, decode_rle, label_classes, split_merged
from kognic.viewer.document import Array, Layer, Mask, Relation, Shape

# Numbers of the shortest sound `val`; lines need two points.
_FEWEST = {"cuboid": 10, "bbox": 4, "poly2d": 4, "point2d": 2, "poly3d": 6}
_EXACT = ("cuboid", "bbox", "point2d")
_VALUES = ("text", "num", "boolean", "vec")
# Characters of an attribute's value. A choice: the panel shows some lines, and base64 in an attribute must
# not fill the page.
_LONGEST = 400
_BITMAP = "segmentation_bitmap"
_FLAT = ("bbox", "poly2d", "point2d")
# Classes of an image are packed as one byte, and 0 is none.
_MOST_CLASSES = 255


class Layers:
    """The documents of a scene together, ready to be asked for frames.

    Args:
        documents: Documents with their names for people, for example `pre-annotation`.

    Attributes:
        layers: The documents in `Scene.layers`.
        problems: What cannot be shown of them.
    """

    def __init__(self, documents: Sequence[tuple[str, Document]]) -> None:
        self._parts = [
            LayerShapes(document, name, number) for number, (name, document) in enumerate(documents)
        ]
        self.layers = [part.layer for part in self._parts]
        self.problems = [part.problem for part in self._parts if part.problem]
        names = [name for part in self._parts for _, name in sorted(part.classes.items())]
        self._numbers = {name: number for number, name in enumerate(dict.fromkeys(names), start=1)}

    @property
    def classes(self) -> dict[int, str]:
        """Names of segmentation classes, numbered from 1 in the order of their values."""
        return {number: name for name, number in self._numbers.items()}

    def shapes(self, relative_ms: int, notes: list[str], *, is_elsewhere: bool = False) -> list[Shape]:
        """Return the shapes of the frame at a time in milliseconds; adds what cannot be drawn to the notes.

        Args:
            relative_ms: The time.
            notes: Of the frame.
            is_elsewhere: The shapes are for another frame, so that those in pixels are left out.
        """
        found: list[Shape] = []
        for part in self._parts:
            shapes, lost = part.at(relative_ms)
            found += [shape for shape in shapes if not (is_elsewhere and shape.kind in _FLAT)]
            if lost:
                notes.append(
                    f"{lost} geometries of the {part.layer.name} cannot be drawn; 'kognic check' says why"
                )
        return found

    def masks(self, relative_ms: int, sizes: Mapping[str, tuple[int, int]], notes: list[str]) -> list[Mask]:
        """Read the masks of the images of the frame at a time in milliseconds.

        Args:
            relative_ms: The time.
            sizes: Width and height of the image of each camera, pixels; zeros if unknown.
            notes: Of the frame; what cannot be shown is added.
        """
        return [mask for part in self._parts for mask in part.masks_at(relative_ms, sizes, notes)]

    def point_classes(
        self, relative_ms: int, points: Mapping[str, int], notes: list[str]
    ) -> dict[str, Array]:
        """Return the class of each point of each lidar's file, uint16, as in `classes`; 0 is none.

        Args:
            relative_ms: Time of the frame, milliseconds.
            points: Number of points of each lidar's file, in the order of the scene's lidars.
            notes: Of the frame; what cannot be shown is added.

        Returns:
            By lidar. If more than one document has a segmentation, the last one counts.
        """
        found: dict[str, Array] = {}
        for part in self._parts:
            try:
                labels = part.labels_at(relative_ms, points)
            except AnnotationError as exc:
                notes.append(f"the segmentation of the {part.layer.name} is not shown: {exc}")
                continue
            for lidar, values in labels.items():
                found[lidar] = self._numbered(part, values)
        return found

    def _numbered(self, part: LayerShapes, labels: Labels) -> Array:
        values, places = np.unique(labels, return_inverse=True)
        numbers = [self._numbers.get(part.classes.get(value, ""), 0) for value in values.tolist()]
        return np.array(numbers, dtype=np.uint16)[places]


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
        for geometry in document.geometries(("binary", "image")):
            time = times.get(geometry.frame or "")
            if time is not None and isinstance(geometry.val, str):
                self._labels.setdefault(time, []).append(geometry)

    def at(self, relative_ms: int) -> tuple[list[Shape], int]:
        """Return the shapes of the frame at a time in milliseconds, and how many there cannot be drawn."""
        geometries = self._by_time.get(relative_ms, [])
        shapes = [shape for geometry in geometries if (shape := self._shape(geometry)) is not None]
        return shapes, len(geometries) - len(shapes)

    def labels_at(self, relative_ms: int, points: Mapping[str, int]) -> dict[str, Labels]:
        """Read the segmentation of the point clouds of the frame at a time in milliseconds.

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
            if geometry.kind != "binary" or self._document.class_of(geometry.object_id) != SEGMENTATION:
                continue
            if self._document.streams.get(stream or "", {}).get("type") == "camera":
                continue
            if stream is not None and stream in points:
                found[stream] = decode_rle(geometry.val, points[stream])
            elif points:
                # Without a name, the text has the points of all clouds.
                found.update(split_merged(decode_rle(geometry.val, sum(points.values())), points))
        return found

    def masks_at(
        self, relative_ms: int, sizes: Mapping[str, tuple[int, int]], notes: list[str]
    ) -> Iterator[Mask]:
        """Read the masks of the images of the frame at a time in milliseconds.

        A mask is a PNG (`image`), or run-length text (`binary`) of the pixels row by row.

        Args:
            relative_ms: The time.
            sizes: Width and height of the image of each camera, pixels; zeros if unknown.
            notes: Of the frame; what cannot be shown is added.
        """
        for geometry in self._labels.get(relative_ms, []):
            camera = geometry.sensor
            if camera is None or camera not in sizes:
                if geometry.kind == "image":
                    notes.append(
                        f"a mask of the {self.layer.name} is not shown: {geometry.place} names the stream "
                        f"{camera!r}, and the frame has no such image"
                    )
                continue
            try:
                yield self._mask(geometry, camera, sizes[camera])
            except AnnotationError as exc:
                notes.append(f"a mask of the {self.layer.name} is not shown: {exc}")

    def _mask(self, geometry: Geometry, camera: str, size: tuple[int, int]) -> Mask:
        width, height = size
        if geometry.kind == "image":
            pixels: Array = decode_png(geometry.val, geometry.place)
            if all(size) and pixels.shape != (height, width):
                raise AnnotationError(
                    f"{geometry.place} has {pixels.shape[1]} x {pixels.shape[0]} pixels, "
                    f"the image of {camera} {width} x {height}"
                )
        elif not all(size):
            raise AnnotationError(f"{geometry.place} does not say how wide the image of {camera} is")
        else:
            pixels = decode_rle(geometry.val, width * height).reshape(height, width)
        values, places = np.unique(pixels, return_inverse=True)
        names = self._names(geometry.object_id, values.tolist())
        if len(set(names)) > _MOST_CLASSES:
            raise AnnotationError(f"{geometry.place} has {len(set(names))} classes, at most {_MOST_CLASSES}")
        numbers = {name: number for number, name in enumerate(dict.fromkeys(filter(None, names)), start=1)}
        table = np.array([numbers.get(name, 0) for name in names], dtype=np.uint8)
        return Mask(
            layer=self._number,
            object_id=geometry.object_id,
            camera=camera,
            values=table[places].reshape(pixels.shape),
            names={number: name for name, number in numbers.items()},
        )

    def _names(self, object_id: str, values: Sequence[int]) -> list[str]:
        """Class of each value of a mask: of the ontology, or of the one object that the mask is of."""
        kind = self._document.class_of(object_id)
        if kind in (_BITMAP, SEGMENTATION):
            return [self.classes.get(value, f"value {value}" if value else "") for value in values]
        return [(kind or "object") if value else "" for value in values]

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
        polygon_id = properties.pop("polygon_id", None) if geometry.kind == "poly2d" else None
        is_hole = properties.pop("is_hole", False) if geometry.kind == "poly2d" else False
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
            is_hole=is_hole is True,
            polygon_id=None if polygon_id is None else str(polygon_id),
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
    return geometry.has_coordinates


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
