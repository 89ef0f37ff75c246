"""Lidar segmentation: run-length text to one number per point and back, instances and classes.

The text is a sequence of `#<count>V<value>` in the order of the points of the cloud as stored, without
separators. Value 0 is background; a trailing run of background is left out. Several lidars have an entry
each, which names its lidar in the text attribute `stream` and counts the points of that lidar's file.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.document import Document, Geometry

TYPE = "3DPointCloudSegmentation"
BACKGROUND = 0
MERGED = "lidar"
"""Stream of a segmentation of the platform's merged cloud: all lidars in the order of their registration."""
MAX_POINTS = 1 << 31
"""More points than this in one text are rejected: the count is corrupt, because no cloud is that large."""

Labels = npt.NDArray[np.uint32]

_RUNS = re.compile(r"(?:#[0-9]+V[0-9]+)*")


def decode_rle(text: str, points: int | None = None) -> Labels:
    """Decode a run-length text to one value per point.

    Args:
        text: Tokens `#<count>V<value>`.
        points: Points of the cloud. What the text leaves out is background. None returns what the text has.

    Returns:
        Shape (points,).

    Raises:
        AnnotationError: The text is not made of such tokens, a value needs more than 32 bits, or the text has
            more points than the cloud.
    """
    if not _RUNS.fullmatch(text):
        # Other producers separate tokens, or end the text with a line break.
        text = "".join(text.split())
    match = _RUNS.match(text)
    end = match.end() if match else 0
    if end != len(text):
        raise AnnotationError(
            f"run-length text is invalid at character {end} ({text[end : end + 20]!r}): "
            "expected tokens #<count>V<value>"
        )
    numbers = text.replace("#", " ").replace("V", " ").split()
    if any(len(number) > 10 for number in numbers):
        raise AnnotationError("run-length text has a count or value of more than 10 digits")
    runs = np.array(numbers, dtype=np.int64).reshape(-1, 2)
    # The format holds unsigned 32-bit labels.
    if len(runs) and int(runs[:, 1].max()) > 0xFFFFFFFF:
        raise AnnotationError(
            f"run-length text has the value {int(runs[:, 1].max())}, at most 4294967295 fits"
        )
    total = int(runs[:, 0].sum())
    limit = MAX_POINTS if points is None else points
    if total > limit:
        raise AnnotationError(
            f"run-length text has {total} points, the point cloud has {limit}: "
            "the annotation belongs to another cloud, or to more than one"
        )
    labels = np.zeros(total if points is None else points, dtype=np.uint32)
    labels[:total] = np.repeat(runs[:, 1].astype(np.uint32), runs[:, 0])
    return labels


def encode_rle(labels: npt.ArrayLike) -> str:
    """Encode one value per point as run-length text; trailing background is left out.

    Args:
        labels: Integers from 0 to 2**32 - 1, shape (N,).

    Raises:
        ValueError: The shape is wrong, or a value is not an integer in range.
    """
    values = np.asarray(labels)
    if values.ndim != 1 or (values.size and values.dtype.kind not in "iu"):
        raise ValueError(f"labels have shape {values.shape} and type {values.dtype}, must be integers (N,)")
    # Unsigned 32-bit, as in the format.
    if values.size and (int(values.min()) < 0 or int(values.max()) > 0xFFFFFFFF):
        raise ValueError(f"labels reach from {values.min()} to {values.max()}, must be 0 to 4294967295")
    labelled = np.flatnonzero(values)
    if not labelled.size:
        return ""
    values = values[: labelled[-1] + 1]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1])
    counts = np.diff(np.concatenate([starts, [len(values)]]))
    return "".join(f"#{c}V{v}" for c, v in zip(counts.tolist(), values[starts].tolist(), strict=True))


@attrs.frozen(kw_only=True)
class LabelClass:
    """What a value of a segmentation stands for.

    Attributes:
        value: The number in the text.
        name: The class.
        object_id: For things: the object; None for stuff, which has no instances.
    """

    value: int
    name: str
    object_id: str | None = None


@attrs.frozen(kw_only=True, eq=False)
class Segmentation:
    """The segmentation of one lidar in one frame.

    Attributes:
        frame: Key of the frame in the document.
        frame_id: External ID of the frame; None if the document has none.
        lidar: The lidar; None where the document does not name one, as with a single lidar.
        labels: One value per point of the lidar's file, shape (N,); 0 is background.
        classes: What the values stand for, from the whole document.
        object_id: The object that holds the segmentation.
    """

    frame: str
    frame_id: str | None
    lidar: str | None
    labels: Labels
    classes: Mapping[int, LabelClass]
    object_id: str

    def class_ids(self) -> tuple[Labels, list[str]]:
        """Index of each point's class, shape (N,), and the class names in that order; index 0 is background.

        Raises:
            AnnotationError: A value stands for no class of the document.
        """
        names = ["background"]
        table: dict[int, int] = {BACKGROUND: 0}
        for value in np.unique(self.labels).tolist():
            if value == BACKGROUND:
                continue
            if value not in self.classes:
                raise AnnotationError(
                    f"frame {self.frame}: value {value} of the segmentation is neither a class of the "
                    "ontology nor the classification_id of an object"
                )
            name = self.classes[value].name
            if name not in names:
                names.append(name)
            table[value] = names.index(name)
        return _mapped(self.labels, table), names

    def instance_ids(self) -> tuple[Labels, list[str | None]]:
        """Number of each point's object, shape (N,), and the object IDs in that order; 0 is not an object."""
        ids: list[str | None] = [None]
        table: dict[int, int] = {}
        for value in np.unique(self.labels).tolist():
            known = self.classes.get(value)
            if known is None or known.object_id is None:
                table[value] = 0
                continue
            ids.append(known.object_id)
            table[value] = len(ids) - 1
        return _mapped(self.labels, table), ids

    def counts(self) -> dict[str, int]:
        """Return the points of each class by name, background included."""
        indices, names = self.class_ids()
        counted = np.bincount(indices, minlength=len(names)).tolist()
        return {name: count for name, count in zip(names, counted, strict=True) if count}


def _mapped(labels: Labels, table: Mapping[int, int]) -> Labels:
    values, inverse = np.unique(labels, return_inverse=True)
    return np.array([table[value] for value in values.tolist()], dtype=np.uint32)[inverse]


def label_classes(document: Document) -> dict[int, LabelClass]:
    """Return what the values of a document's segmentations stand for.

    Raises:
        AnnotationError: A value stands for two classes or objects.
    """
    found: dict[int, LabelClass] = {}
    for ontology in document.mapping("ontologies").values():
        classes = ontology.get("classifications") if isinstance(ontology, Mapping) else None
        for key, entry in (classes if isinstance(classes, Mapping) else {}).items():
            name = entry.get("name") if isinstance(entry, Mapping) else entry
            if not str(key).isdecimal() or not isinstance(name, str):
                raise AnnotationError(
                    f"ontology class {key!r} is {entry!r}: the key must be a number, the value a name"
                )
            _add(found, LabelClass(value=int(key), name=name))
    for object_id, entry in document.objects.items():
        for item in document.properties_of(entry.get("object_data")):
            if item.name == "classification_id" and item.kind == "num":
                value = _label_value(item.val, object_id)
                _add(found, LabelClass(value=value, name=document.class_of(object_id), object_id=object_id))
    return found


def _label_value(value: object, object_id: str) -> int:
    is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
    # Unsigned 32-bit, as in the format.
    if not is_whole or not 0 <= value <= 0xFFFFFFFF:  # type: ignore[operator]
        raise AnnotationError(
            f"objects.{object_id}: classification_id is {value!r}, must be an integer from 0 to 4294967295"
        )
    return int(value)  # type: ignore[call-overload, no-any-return]


def _add(found: dict[int, LabelClass], new: LabelClass) -> None:
    old = found.setdefault(new.value, new)
    if old != new and (old.name != new.name or new.object_id or old.object_id):
        raise AnnotationError(
            f"value {new.value} stands for {old.name!r} (object {old.object_id}) "
            f"and for {new.name!r} (object {new.object_id})"
        )


@attrs.frozen(kw_only=True)
class Numbering:
    """Numbers of classes and objects that are the same in all frames and lidars of a document.

    Attributes:
        names: Class names by number: the ontology's number, and for classes of things that the ontology
            lacks the lowest `classification_id` of their objects. 0 is background.
        objects: Object IDs by number, from 1 in the order of their values; 0 is no object.
    """

    names: Mapping[int, str]
    objects: Mapping[int, str]
    _classes: Mapping[int, int] = attrs.field(alias="classes")
    _instances: Mapping[int, int] = attrs.field(alias="instances")

    @classmethod
    def of(cls, document: Document) -> Numbering:
        """Return the numbering of a document.

        Raises:
            AnnotationError: A value stands for two classes or objects.
        """
        known = [entry for _, entry in sorted(label_classes(document).items())]
        names = {BACKGROUND: "background"}
        names.update((entry.value, entry.name) for entry in known if entry.object_id is None)
        things = [entry for entry in known if entry.object_id is not None]
        numbers: dict[str, int] = {}
        for value, name in names.items():
            numbers.setdefault(name, value)
        for entry in things:
            names.setdefault(numbers.setdefault(entry.name, entry.value), entry.name)
        return cls(
            names=names,
            objects={number: str(entry.object_id) for number, entry in enumerate(things, start=1)},
            classes={**{value: value for value in names}, **{e.value: numbers[e.name] for e in things}},
            instances={entry.value: number for number, entry in enumerate(things, start=1)},
        )

    def classes(self, labels: Labels) -> Labels:
        """Return the number of each point's class, shape (N,).

        Raises:
            AnnotationError: A value stands for no class of the document.
        """
        unknown = [value for value in np.unique(labels).tolist() if value not in self._classes]
        if unknown:
            raise AnnotationError(
                f"value {unknown[0]} of the segmentation is neither a class of the ontology nor the "
                "classification_id of an object"
            )
        return _mapped(labels, self._classes)

    def instances(self, labels: Labels) -> Labels:
        """Return the number of each point's object, shape (N,); 0 for points of no object."""
        return _mapped(labels, defaultdict(int, self._instances))


def read_segmentations(
    document: Document, points: Mapping[str, Mapping[str | None, int]] | None = None
) -> Iterator[Segmentation]:
    """Decode every lidar segmentation of a document, frame by frame.

    Args:
        document: The annotation.
        points: Points of each lidar's file, by the frame's external ID (or its key without one) and by lidar;
            a document without lidar names uses the entry None, or that of the only lidar. Labels of the
            merged cloud (no name, or `lidar`) have the points of all lidars, see `split_merged`. Without
            `points`, lengths are what the texts have and are not checked.

    Raises:
        AnnotationError: A text is invalid, is longer than its cloud, its encoding is not `rle`, or
            `points` lacks its frame or lidar; the message names frame and lidar.
    """
    classes = label_classes(document)
    for geometry in document.geometries(("binary",)):
        if document.objects.get(geometry.object_id, {}).get("type") != TYPE or geometry.frame is None:
            continue
        where = f"frame {geometry.frame}, lidar {geometry.stream or '(not named)'}"
        encoding = geometry.raw.get("encoding")
        if str(encoding).lower() != "rle" or not isinstance(geometry.val, str):
            raise AnnotationError(f"{where}: the segmentation has encoding {encoding!r}, only 'rle' is known")
        frame_id = document.external_id(geometry.frame)
        try:
            expected = None if points is None else _expected(points, geometry, frame_id)
            labels = decode_rle(geometry.val, expected)
        except AnnotationError as error:
            raise AnnotationError(f"{where}: {error}") from None
        yield Segmentation(
            frame=geometry.frame,
            frame_id=frame_id,
            lidar=geometry.stream,
            labels=labels,
            classes=classes,
            object_id=geometry.object_id,
        )


def _expected(
    points: Mapping[str, Mapping[str | None, int]], geometry: Geometry, frame_id: str | None
) -> int:
    of_frame = points.get(frame_id or str(geometry.frame))
    if of_frame is None:
        raise AnnotationError(f"the scene has no frame with external ID {frame_id!r}")
    if geometry.stream in of_frame:
        return of_frame[geometry.stream]
    if geometry.stream is None and len(of_frame) == 1:
        return next(iter(of_frame.values()))
    if geometry.stream in (None, MERGED):
        return sum(of_frame.values())
    known = ", ".join(sorted(str(name) for name in of_frame))
    raise AnnotationError(f"the frame has point clouds of {known} only")


def split_merged(labels: npt.ArrayLike, points: Mapping[str, int]) -> dict[str, Labels]:
    """Split the labels of a merged cloud by lidar.

    Args:
        labels: One value per point of all clouds together, shape (N,).
        points: Points of each lidar's file, in the order in which the scene registers the lidars.

    Raises:
        AnnotationError: The clouds together do not have N points.
    """
    values = np.asarray(labels, dtype=np.uint32)
    if sum(points.values()) != len(values):
        raise AnnotationError(
            f"the segmentation has {len(values)} points, the point clouds have {sum(points.values())}"
        )
    ends = np.cumsum(list(points.values()))[:-1]
    return dict(zip(points, np.split(values, ends), strict=True))


def segmentation_document(
    frames: Mapping[str, Mapping[str | None, npt.ArrayLike]],
    classes: Mapping[int, LabelClass] | Mapping[int, str],
    *,
    object_id: str,
    timestamps_ms: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Write segmentations as an OpenLABEL document.

    Args:
        frames: Labels by the frame's external ID and by lidar; None names no lidar.
        classes: What the values stand for; a text is a class without instances. Every value but 0 needs one.
        object_id: UUID of the object that will hold the segmentation.
        timestamps_ms: Relative time of each frame, milliseconds.

    Raises:
        ValueError: A value has no class, or labels are not integers.
    """
    known = {v: c if isinstance(c, LabelClass) else LabelClass(value=v, name=c) for v, c in classes.items()}
    written: dict[str, Any] = {}
    for index, (frame_id, lidars) in enumerate(frames.items()):
        properties: dict[str, Any] = {"external_id": frame_id}
        if timestamps_ms is not None:
            properties["timestamp"] = timestamps_ms[frame_id]
        properties["streams"] = {lidar: {} for lidar in lidars if lidar is not None}
        entries = [_binary(frame_id, lidar, labels, known) for lidar, labels in lidars.items()]
        written[str(index)] = {
            "frame_properties": properties,
            "objects": {object_id: {"object_data": {"binary": entries}}},
        }
    stuff = {str(item.value): item.name for item in known.values() if item.object_id is None}
    streams = sorted({lidar for lidars in frames.values() for lidar in lidars if lidar is not None})
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "ontologies": {"0": {"uri": "", "classifications": stuff}},
            "objects": {object_id: {"name": "segmentation", "type": TYPE}, **_things(known.values())},
            "frames": written,
            "streams": {name: {"type": "lidar"} for name in streams},
        }
    }


def _binary(
    frame_id: str, lidar: str | None, labels: npt.ArrayLike, known: Mapping[int, LabelClass]
) -> dict[str, Any]:
    unknown = set(np.unique(np.asarray(labels)).tolist()) - set(known) - {BACKGROUND}
    if unknown:
        raise ValueError(f"frame {frame_id}, lidar {lidar}: values {sorted(unknown)} have no class")
    entry: dict[str, Any] = {"name": "labels", "encoding": "rle", "data_type": "", "val": encode_rle(labels)}
    if lidar is not None:
        entry["attributes"] = {"text": [{"name": "stream", "val": lidar}]}
    return entry


def _things(classes: Iterable[LabelClass]) -> dict[str, Any]:
    return {
        item.object_id: {
            "name": item.object_id,
            "type": item.name,
            "object_data": {"num": [{"name": "classification_id", "val": item.value}]},
        }
        for item in classes
        if item.object_id is not None
    }
