"""Labels as every conversion has them: one object in one frame, between an OpenLABEL document and another
format.

A conversion to another format reads `labels_of(document)`, one from another format ends with
`document_of(labels)`. Both keep Kognic's convention for cuboids (`kognic.annotations.cuboids`) and the
coordinate system they were given: where a format needs another one, the conversion asks for the poses.

Objects are named by tracks. A track that is a UUID, or the 32 hexadecimal digits of one, is the object's ID;
from any other name the same UUID is derived each time, and the name is kept as the object's name.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any, Literal

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.chain_codes import CHAIN_CODES, points_of_chain_code
from kognic.annotations.cuboids import as_cuboids, as_pose
from kognic.annotations.document import (
    GEOMETRY_2D,
    POLY_MODE,
    Document,
    Geometry,
    as_mapping,
    mappings,
)
from kognic.annotations.rotations import FloatArray

Interpolated = Literal["keep", "drop"]
Poses = npt.ArrayLike | Mapping[str, npt.ArrayLike]
"""One rigid transform, shape (4, 4), for all frames, or one per frame ID."""

_NAMESPACE = uuid.UUID("4f6a9d1a-52b4-5f0e-9f5c-2d6c3a9f7e10")
KINDS = ("cuboid", "bbox", "poly2d", "image")
"""Kinds of geometry that labels have."""


@attrs.frozen(kw_only=True)
class Box2D:
    """A bounding box in an image.

    Attributes:
        camera: The camera.
        centre_size: Centre x, centre y, width, height, pixels; x to the right, y down.
    """

    camera: str
    centre_size: tuple[float, float, float, float]

    @classmethod
    def of_corners(cls, camera: str, left: float, top: float, right: float, bottom: float) -> Box2D:
        """Make a box of its edges, pixels."""
        return cls(
            camera=camera,
            centre_size=((left + right) / 2, (top + bottom) / 2, right - left, bottom - top),
        )

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom, pixels."""
        x, y, width, height = self.centre_size
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2


@attrs.frozen(kw_only=True, eq=False)
class Outline:
    """A polygon in an image, or a hole in one.

    Attributes:
        camera: The camera.
        points: Pixels, shape (N, 2); the first point is not repeated.
        is_hole: It is cut out of the polygons of its `polygon_id`.
        polygon_id: Which polygon of a multi-polygon it belongs to; None for a single one.
    """

    camera: str
    points: FloatArray
    is_hole: bool = False
    polygon_id: str | None = None


@attrs.frozen(kw_only=True, eq=False)
class Mask:
    """A mask of one object, of the size of its image.

    Attributes:
        camera: The camera.
        pixels: Which pixels belong to the object, shape (height, width).
    """

    camera: str
    pixels: npt.NDArray[np.bool_]


@attrs.frozen(kw_only=True, eq=False)
class Label:
    """One object in one frame.

    Attributes:
        frame_id: The scene's frame ID.
        track: The object; equal in all frames that show it.
        class_name: Its class.
        cuboid: Ten numbers in Kognic's convention; None without one.
        boxes: Bounding boxes in images.
        outlines: Polygons in images.
        masks: Masks in images.
        properties: Flat: texts, numbers, booleans, lists of texts.
        confidence: Between 0 and 1, for labels of a model; None for those of people.
    """

    frame_id: str
    track: str
    class_name: str
    cuboid: Sequence[float] | None = None
    boxes: Sequence[Box2D] = ()
    outlines: Sequence[Outline] = ()
    masks: Sequence[Mask] = ()
    properties: Mapping[str, Any] = attrs.field(factory=dict)
    confidence: float | None = None

    @property
    def cameras(self) -> list[str]:
        """Cameras that it has shapes in, in the order of its boxes, outlines and masks."""
        names = [box.camera for box in self.boxes] + [outline.camera for outline in self.outlines]
        return list(dict.fromkeys([*names, *(mask.camera for mask in self.masks)]))

    def within(self, cameras: Container[str]) -> Label | None:
        """Return the label with its shapes in some cameras only; None if it has none there."""
        if not any(camera in cameras for camera in self.cameras):
            return None
        return attrs.evolve(
            self,
            boxes=[box for box in self.boxes if box.camera in cameras],
            outlines=[outline for outline in self.outlines if outline.camera in cameras],
            masks=[mask for mask in self.masks if mask.camera in cameras],
        )


def object_uuid(track: str) -> str:
    """Return the UUID of a track: itself if it is one, else derived from its name, always the same."""
    try:
        return str(uuid.UUID(track))
    except ValueError:
        return str(uuid.uuid5(_NAMESPACE, track))


def track_of(document: Document, object_id: str) -> str:
    """Return the track that an object was made from: its name if its UUID is derived from it, else its ID."""
    name = document.objects.get(object_id, {}).get("name")
    return name if isinstance(name, str) and name and object_uuid(name) == object_id else object_id


def pose_in(poses: Poses, frame_id: str, what: str) -> FloatArray:
    """Return the transform of a frame, shape (4, 4).

    Args:
        poses: One transform, or one per frame ID.
        frame_id: The frame.
        what: From where to where, for the error, such as `document to world`.

    Raises:
        AnnotationError: There is none for the frame, or it is not a rigid transform.
    """
    if isinstance(poses, Mapping):
        if frame_id not in poses:
            raise AnnotationError(
                f"frame {frame_id!r} has no pose ({what}): give one for every labelled frame"
            )
        poses = poses[frame_id]
    try:
        return as_pose(poses)
    except ValueError as error:
        raise AnnotationError(f"frame {frame_id!r}: {what}: {error}") from error


def labels_of(
    document: Document,
    *,
    interpolated: Interpolated = "keep",
    camera: str | None = None,
    kinds: Sequence[str] = KINDS,
) -> Iterator[Label]:
    """Read the labels of a document, frame by frame.

    Args:
        document: The annotation. Frames without an external ID are named by their key. A document without
            frames, as other producers write for a single image, is one frame with the ID 0.
        interpolated: `drop` leaves out geometries that are marked as interpolated, and objects that have no
            other.
        camera: Camera of 2D geometry that names none, as in documents about a single camera.
        kinds: Kinds of geometry to read, of `cuboid`, `bbox`, `poly2d` and `image`; others are ignored.

    Raises:
        AnnotationError: A geometry does not have the numbers of its kind, an object has more than one cuboid
            in a frame, or a bounding box does not name its camera and `camera` is None.
    """
    if not document.frames:
        document = _with_one_frame(document)
    for frame in document.frame_keys:
        frame_id = document.external_id(frame) or frame
        for object_id in document.objects_in(frame):
            geometries = list(document.geometries_of(frame, object_id, kinds))
            kept = [g for g in geometries if interpolated == "keep" or g.is_interpolated is not True]
            if geometries and not kept:
                continue
            yield _label(document, frame, frame_id, object_id, [_in_camera(g, camera) for g in kept])


def _in_camera(geometry: Geometry, camera: str | None) -> Geometry:
    """The geometry with a camera, if it is 2D and names none."""
    if camera is None or geometry.sensor is not None or geometry.kind not in (*GEOMETRY_2D, "image"):
        return geometry
    return attrs.evolve(geometry, raw={**geometry.raw, "stream": camera})


def _with_one_frame(document: Document) -> Document:
    """A document whose objects hold their geometry, with this geometry in a frame."""
    objects = {
        object_id: {"object_data": entry.get("object_data")}
        for object_id, entry in document.objects.items()
        if as_mapping(entry.get("object_data"))
    }
    root = {**document.root, "frames": {"0": {"objects": objects}} if objects else {}}
    return attrs.evolve(document, root=root)


def _label(
    document: Document, frame: str, frame_id: str, object_id: str, geometries: Sequence[Geometry]
) -> Label:
    confidences = [g.confidence for g in geometries if g.confidence is not None]
    properties = document.properties(object_id, frame)
    confidence = properties.pop("confidence", None) if not confidences else max(confidences)
    return Label(
        frame_id=frame_id,
        track=track_of(document, object_id),
        class_name=document.class_of(object_id),
        cuboid=_cuboid([g for g in geometries if g.kind == "cuboid"]),
        boxes=[_box(g) for g in geometries if g.kind == "bbox"],
        outlines=[_outline(g) for g in geometries if g.kind == "poly2d" and g.raw.get("closed", True)],
        masks=[_mask(g) for g in geometries if g.kind == "image"],
        properties=properties,
        confidence=confidence,
    )


def _cuboid(geometries: Sequence[Geometry]) -> list[float] | None:
    """The numbers of the only cuboid; None without one."""
    if not geometries:
        return None
    if len(geometries) > 1:
        place = geometries[1].place
        raise AnnotationError(f"{place}: the object has {len(geometries)} cuboids in this frame")
    try:
        numbers: list[float] = as_cuboids(geometries[0].cuboid())[0].tolist()
    except AnnotationError:
        raise
    except ValueError as error:
        raise AnnotationError(f"{geometries[0].place}: {error}") from error
    return numbers


def _camera(geometry: Geometry) -> str:
    if geometry.sensor is None:
        raise AnnotationError(
            f"{geometry.place}: the {geometry.kind} names no camera (text attribute stream)"
        )
    return geometry.sensor


def _box(geometry: Geometry) -> Box2D:
    x, y, width, height = geometry.bbox()
    return Box2D(camera=_camera(geometry), centre_size=(x, y, width, height))


def _outline(geometry: Geometry) -> Outline:
    if not geometry.has_coordinates:
        raise AnnotationError(
            f"{geometry.place}: mode is {geometry.mode!r}; {', '.join((POLY_MODE, *CHAIN_CODES))} can be "
            "converted: write the polygon in one of these"
        )
    if geometry.mode in CHAIN_CODES:
        try:
            numbers: list[float] | None = points_of_chain_code(geometry.mode, geometry.val)
        except AnnotationError as error:
            raise AnnotationError(f"{geometry.place}: {error}") from error
    else:
        numbers = geometry.numbers()
    # Three points are the smallest area.
    if numbers is None or len(numbers) % 2 or len(numbers) < 6:
        raise AnnotationError(f"{geometry.place}: a polygon has at least three points of two numbers")
    polygon_id = geometry.attribute("text", "polygon_id")
    return Outline(
        camera=_camera(geometry),
        points=np.array(numbers).reshape(-1, 2),
        is_hole=geometry.attribute("boolean", "is_hole") is True,
        polygon_id=polygon_id if isinstance(polygon_id, str) else None,
    )


def _mask(geometry: Geometry) -> Mask:
    mime, encoding = geometry.raw.get("mime_type"), geometry.raw.get("encoding")
    if mime != "image/png" or encoding != "base64" or not isinstance(geometry.val, str):
        raise AnnotationError(
            f"{geometry.place}: the image is {mime!r} in {encoding!r}, must be image/png in base64"
        )
    return Mask(camera=_camera(geometry), pixels=decode_png(geometry.val, geometry.place) != 0)


def decode_png(text: str, place: str) -> npt.NDArray[np.uint8]:
    """Return the grey levels of a PNG in Base64, shape (height, width).

    Raises:
        AnnotationError: It is not a PNG image in Base64.
    """
    from PIL import Image

    try:
        content = base64.b64decode(text, validate=True)
        with Image.open(BytesIO(content), formats=["PNG"]) as image:
            return np.asarray(image.convert("L"), dtype=np.uint8)
    except (ValueError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise AnnotationError(f"{place}: the PNG cannot be decoded: {error}") from error


def encode_png(pixels: npt.ArrayLike) -> str:
    """Grey levels, shape (height, width), as a PNG in Base64."""
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def document_of(
    labels: Iterable[Label],
    *,
    lidar: str | None = None,
    timestamps_ms: Mapping[str, int] | None = None,
    confidence_property: str | None = None,
    uris: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """Write labels as an OpenLABEL document.

    Args:
        labels: In the order of their frames.
        lidar: Stream of the cuboids; required if there are cuboids.
        timestamps_ms: Relative time of every frame of the document, milliseconds, in the order of the frames;
            frames without labels are written empty. None takes the frames of the labels, without times.
        confidence_property: Name of the object property that confidences are written to. None leaves them
            out, because the platform refuses attributes on cuboids and properties that the instruction lacks.
        uris: File names by frame ID and sensor. Frames with file names are written even without labels.

    Raises:
        AnnotationError: A track changes its class, an object is twice in a frame, a frame has no time, or
            there are cuboids and no `lidar`.
    """
    frames = _empty_frames(timestamps_ms, uris or {})
    objects: dict[str, dict[str, Any]] = {}
    streams: dict[str, dict[str, str]] = {}
    for label in labels:
        if label.frame_id not in frames:
            if timestamps_ms is not None:
                raise AnnotationError(
                    f"track {label.track!r} has a label in frame {label.frame_id!r}, which has no time"
                )
            frames[label.frame_id] = _empty_frame(label.frame_id)
        if label.cuboid is not None and lidar is None:
            raise AnnotationError(f"track {label.track!r} has a cuboid: name the lidar that it belongs to")
        object_id = object_uuid(label.track)
        known = objects.setdefault(object_id, {"name": label.track, "type": label.class_name})
        if known["type"] != label.class_name:
            raise AnnotationError(
                f"track {label.track!r} is {known['type']!r}, and {label.class_name!r} in frame "
                f"{label.frame_id!r}: an object has one class; split the track"
            )
        frame = frames[label.frame_id]
        if object_id in frame["objects"]:
            raise AnnotationError(f"track {label.track!r} is twice in frame {label.frame_id!r}")
        data = _object_data(label, object_id, lidar, confidence_property)
        frame["objects"][object_id] = {"object_data": data}
        for name, kind in _streams(label, lidar):
            streams[name] = {"type": kind}
            frame["frame_properties"]["streams"].setdefault(name, {})
    for names in (uris or {}).values():
        for name in names:
            streams.setdefault(name, {"type": "lidar" if name == lidar else "camera"})
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "objects": objects,
            "frames": {str(index): frame for index, frame in enumerate(frames.values())},
            "streams": streams,
        }
    }


def _empty_frames(
    timestamps_ms: Mapping[str, int] | None, uris: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, Any]]:
    """Frames that exist without labels, by frame ID."""
    frames = {frame_id: _empty_frame(frame_id) for frame_id in uris if timestamps_ms is None}
    for frame_id, time in (timestamps_ms or {}).items():
        frames[frame_id] = _empty_frame(frame_id)
        frames[frame_id]["frame_properties"]["timestamp"] = time
    for frame_id, frame in frames.items():
        streams = {name: {"uri": uri} for name, uri in uris.get(frame_id, {}).items()}
        frame["frame_properties"]["streams"] = streams
    return frames


def _empty_frame(frame_id: str) -> dict[str, Any]:
    return {"frame_properties": {"external_id": frame_id, "streams": {}}, "objects": {}}


def _streams(label: Label, lidar: str | None) -> Iterator[tuple[str, str]]:
    if label.cuboid is not None and lidar is not None:
        yield lidar, "lidar"
    for camera in label.cameras:
        yield camera, "camera"


def _object_data(
    label: Label, object_id: str, lidar: str | None, confidence_property: str | None
) -> dict[str, Any]:
    short = object_id[:8]
    data: dict[str, list[dict[str, Any]]] = {}

    def add(kind: str, stream: str | None, **entry: Any) -> None:
        entries = data.setdefault(kind, [])
        attributes = entry.pop("attributes", {})
        text = [{"name": "stream", "val": stream}, *attributes.pop("text", [])]
        number = f"-{len(entries) + 1}" if entries else ""
        entries.append(
            {"name": f"{kind}-{short}{number}", **entry, "attributes": {"text": text, **attributes}}
        )

    if label.cuboid is not None:
        add("cuboid", lidar, val=as_cuboids(label.cuboid)[0].tolist())
    for box in label.boxes:
        add("bbox", box.camera, val=[float(value) for value in box.centre_size])
    for outline in label.outlines:
        attributes: dict[str, Any] = {"boolean": [{"name": "is_hole", "val": outline.is_hole}]}
        if outline.polygon_id is not None:
            attributes["text"] = [{"name": "polygon_id", "val": outline.polygon_id}]
        values = np.asarray(outline.points, dtype=float).reshape(-1).tolist()
        add("poly2d", outline.camera, val=values, closed=True, mode=POLY_MODE, attributes=attributes)
    for mask in label.masks:
        png = encode_png(np.where(mask.pixels, 255, 0))
        add("image", mask.camera, val=png, mime_type="image/png", encoding="base64")
    properties = dict(label.properties)
    if label.confidence is not None and confidence_property is not None:
        properties[confidence_property] = float(label.confidence)
    for name, value in properties.items():
        data.setdefault(_kind_of(name, value), []).append({"name": name, "val": value})
    return data


def _kind_of(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return "num"
    if isinstance(value, list | tuple) and mappings(value) == []:
        return "vec"
    raise AnnotationError(f"property {name!r} is {value!r}, must be text, a number, a boolean or a list")
