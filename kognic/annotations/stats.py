"""What annotations hold: counts per class, histograms of size and distance, points, in constant memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from kognic.annotations.document import ANY_GEOMETRY, Document, Geometry
from kognic.annotations.segmentation import read_segmentations

# Metres: a person, a car and a bus come into different bins; finer bins show the noise of annotators.
SIZE_BIN_M = 0.5
# Metres: about ten bins to where lidars have points on objects.
DISTANCE_BIN_M = 10.0
# Pixels of a side: some twenty bins in an image of 1 to 2 megapixels.
PIXEL_BIN = 50.0
NO_CLASS = "(no class)"
"""Stands in tables for the class of objects without a type."""


@attrs.define
class Histogram:
    """Values in bins of one width, with their range and mean.

    Attributes:
        width: Of a bin.
        bins: Count by number of the bin: bin n reaches from n * width to (n + 1) * width.
    """

    width: float
    bins: Counter[int] = attrs.field(factory=Counter)
    count: int = 0
    total: float = 0.0
    least: float = math.inf
    most: float = -math.inf

    def add(self, value: float) -> None:
        """Count a value; one that is not finite is left out."""
        if not math.isfinite(value):
            return
        self.bins[math.floor(value / self.width)] += 1
        self.count += 1
        self.total += value
        self.least, self.most = min(self.least, value), max(self.most, value)

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None

    def to_dict(self) -> dict[str, Any]:
        """Count, range, mean and bins (lower edge to count) as JSON values."""
        if not self.count:
            return {"count": 0}
        return {
            "count": self.count,
            "min": self.least,
            "max": self.most,
            "mean": self.mean,
            "bin_width": self.width,
            "bins": {f"{number * self.width:g}": self.bins[number] for number in sorted(self.bins)},
        }


def _metres() -> Histogram:
    return Histogram(SIZE_BIN_M)


@attrs.define
class ClassStatistics:
    """One class.

    Attributes:
        objects: Objects of the class, over all documents.
        geometries: Geometries by kind.
        interpolated: Geometries that are marked as interpolated.
        frames: Frames in which an object of the class has a geometry, counted once per object: the lengths
            of tracks.
        width: Of cuboids, metres.
        length: Of cuboids, metres.
        height: Of cuboids, metres.
        distance: From the origin of the cuboids' coordinate system to their centres, in its x-y plane,
            metres.
        box_width: Of bounding boxes, pixels.
        box_height: Of bounding boxes, pixels.
        points: Points of lidar segmentations.
    """

    objects: int = 0
    geometries: Counter[str] = attrs.field(factory=Counter)
    interpolated: int = 0
    frames: int = 0
    width: Histogram = attrs.field(factory=_metres)
    length: Histogram = attrs.field(factory=_metres)
    height: Histogram = attrs.field(factory=_metres)
    distance: Histogram = attrs.field(factory=lambda: Histogram(DISTANCE_BIN_M))
    box_width: Histogram = attrs.field(factory=lambda: Histogram(PIXEL_BIN))
    box_height: Histogram = attrs.field(factory=lambda: Histogram(PIXEL_BIN))
    points: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; histograms without values are left out."""
        names = ("width", "length", "height", "distance", "box_width", "box_height")
        histograms = {name: getattr(self, name) for name in names}
        return {
            "objects": self.objects,
            "geometries": dict(self.geometries),
            "interpolated": self.interpolated,
            "object_frames": self.frames,
            "points": self.points,
            **{name: histogram.to_dict() for name, histogram in histograms.items() if histogram.count},
        }


@attrs.define
class Statistics:
    """Of any number of documents.

    Attributes:
        documents: How many.
        frames: Frames of all of them.
        classes: By class; an object without a type has class "".
        properties: How often each property of objects has a value, by name.
        invalid: Cuboids and boxes whose numbers are none, which no histogram has.
    """

    documents: int = 0
    frames: int = 0
    classes: dict[str, ClassStatistics] = attrs.field(factory=dict)
    properties: Counter[str] = attrs.field(factory=Counter)
    invalid: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, classes by number of objects."""
        return {
            "documents": self.documents,
            "frames": self.frames,
            "invalid": self.invalid,
            "classes": {name: entry.to_dict() for name, entry in self._by_objects()},
            "properties": dict(self.properties.most_common()),
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row of counts per class, for a table; None where there is none of a kind."""
        has_points = any(entry.points for entry in self.classes.values())
        rows = []
        for name, entry in self._by_objects():
            row: dict[str, Any] = {
                "class": name or NO_CLASS,
                "objects": entry.objects,
                "frames": entry.frames,
            }
            row.update((kind, entry.geometries[kind] or None) for kind in ANY_GEOMETRY if self._has(kind))
            rows.append({**row, "points": entry.points or None} if has_points else row)
        return rows

    def size_rows(self) -> list[dict[str, Any]]:
        """Return one flat row of mean sizes and distances per class that has cuboids, metres, for a table."""
        return [
            {
                "class": name or NO_CLASS,
                "length (m)": _mean(entry.length, 2),
                "width (m)": _mean(entry.width, 2),
                "height (m)": _mean(entry.height, 2),
                "distance (m)": _mean(entry.distance, 1),
            }
            for name, entry in self._by_objects()
            if entry.length.count
        ]

    def _by_objects(self) -> list[tuple[str, ClassStatistics]]:
        return sorted(self.classes.items(), key=lambda item: (-item[1].objects, item[0]))

    def _has(self, kind: str) -> bool:
        return any(entry.geometries[kind] for entry in self.classes.values())


def _mean(histogram: Histogram, digits: int) -> float | None:
    return None if histogram.mean is None else round(histogram.mean, digits)


def statistics(
    documents: Iterable[Document], *, points: Mapping[str, Mapping[str | None, int]] | None = None
) -> Statistics:
    """Count what documents hold, one at a time.

    Args:
        documents: Read as they are counted.
        points: Points of the clouds, as `kognic.annotations.read_segmentations` takes them: unlabelled
            points are then counted as background. None counts what the segmentations have.

    Raises:
        AnnotationError: A segmentation cannot be decoded.
    """
    result = Statistics()
    for document in documents:
        result.documents += 1
        result.frames += len(document.frames)
        for object_id in document.objects:
            _class(result, document.class_of(object_id)).objects += 1
        _count_geometries(result, document)
        for frame in document.frame_keys:
            for data in document.objects_in(frame).values():
                result.properties.update(item.name for item in document.properties_of(data))
        for entry in document.objects.values():
            result.properties.update(item.name for item in document.properties_of(entry.get("object_data")))
        for segmentation in read_segmentations(document, points):
            for name, count in segmentation.counts().items():
                _class(result, name).points += count
    return result


def _class(result: Statistics, name: str) -> ClassStatistics:
    return result.classes.setdefault(name, ClassStatistics())


def _count_geometries(result: Statistics, document: Document) -> None:
    seen: set[tuple[str, str]] = set()
    for geometry in (*document.static_geometries(), *document.geometries(ANY_GEOMETRY)):
        entry = _class(result, document.class_of(geometry.object_id))
        entry.geometries[geometry.kind] += 1
        entry.interpolated += geometry.is_interpolated is True
        if geometry.frame and (geometry.frame, geometry.object_id) not in seen:
            seen.add((geometry.frame, geometry.object_id))
            entry.frames += 1
        if not _measure(entry, geometry):
            result.invalid += 1


def _measure(entry: ClassStatistics, geometry: Geometry) -> bool:
    """Add sizes to the histograms, and return whether the numbers are those of the kind."""
    if geometry.kind not in ("cuboid", "bbox"):
        return True
    values = geometry.shape()
    if values is None or len(values) != (10 if geometry.kind == "cuboid" else 4):
        return False
    if not all(math.isfinite(value) for value in values):
        return False
    if geometry.kind == "bbox":
        entry.box_width.add(values[2])
        entry.box_height.add(values[3])
    else:
        entry.width.add(values[7])
        entry.length.add(values[8])
        entry.height.add(values[9])
        entry.distance.add(math.hypot(values[0], values[1]))
    return True
