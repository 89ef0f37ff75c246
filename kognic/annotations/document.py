"""An OpenLABEL document as plain JSON with typed access: lossless, and tolerant of missing parts.

A `Document` does not copy or normalise its content: `document.plain` is the file. Unambiguous variants of
other producers are supported: a `data` wrapper around `openlabel`, `stream` as a plain key of a geometry,
geometry in the static part of an object, times as strings or fractions, objects without a name.

Rules on documents are in `kognic.annotations.openlabel`, tables in `kognic.annotations.tables`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.chain_codes import CHAIN_CODES, points_of_chain_code

GEOMETRY_2D = ("bbox", "poly2d", "point2d")
GEOMETRY_3D = ("cuboid", "poly3d")
GEOMETRY = (*GEOMETRY_2D, *GEOMETRY_3D)
"""What the platform reads."""
OTHER_GEOMETRY = (
    "rbbox",
    "point3d",
    "image",
    "mat",
    "binary",
    "mesh",
    "line_reference",
    "area_reference",
)
ANY_GEOMETRY = (*GEOMETRY, *OTHER_GEOMETRY)
PROPERTIES = ("text", "num", "boolean", "vec")
POLY_MODE = "MODE_POLY2D_ABSOLUTE"
"""The mode of a `poly2d` whose values are pixels; one without a mode has it."""
CONFIDENCES = ("confidence", "kognic geometry confidence", "score")
"""Names of the `num` attribute that holds a confidence, the preferred one first."""


@attrs.frozen(kw_only=True)
class Property:
    """A named value of an object or of a geometry.

    Attributes:
        kind: `text`, `num`, `boolean` or `vec`.
        name: Empty if it has none.
        val: As it is in the document.
    """

    kind: str
    name: str
    val: Any


@attrs.frozen(kw_only=True)
class Geometry:
    """One geometry of one object.

    Attributes:
        frame: Key of its frame; empty for geometry in the static part of the object.
        object_id: Key of the object.
        kind: For example `cuboid`.
        index: Position in the list of its kind.
        name: Its name.
        val: Its numbers (or text), as they are in the document.
        raw: The whole entry.
        place: Path in the document.
    """

    frame: str
    object_id: str
    kind: str
    index: int = 0
    name: str
    val: Any
    raw: Mapping[str, Any]
    place: str

    @property
    def is_3d(self) -> bool:
        return self.kind in GEOMETRY_3D

    @property
    def stream(self) -> str | None:
        """The sensor it belongs to, from the text attribute `stream`."""
        value = self.attribute("text", "stream")
        return value if isinstance(value, str) else None

    @property
    def sensor(self) -> str | None:
        """The sensor it belongs to, also from a plain key or the coordinate system of other producers."""
        for value in (self.stream, self.raw.get("stream"), self.raw.get("coordinate_system")):
            if isinstance(value, str):
                return value
        return None

    @property
    def confidence(self) -> float | None:
        """Confidence of its producer; None if the document has none."""
        for name in CONFIDENCES:
            value = self.attribute("num", name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
        return None

    @property
    def is_interpolated(self) -> bool | None:
        """Whether it is interpolated by the platform, not a key frame; None if unknown."""
        value = self.attribute("boolean", "interpolated")
        return value if isinstance(value, bool) else None

    def attribute(self, kind: str, name: str) -> Any:
        """Return the value of an attribute; None without it."""
        for item in self.attributes(kind):
            if item.get("name") == name:
                return item.get("val")
        return None

    def attributes(self, kind: str) -> list[Mapping[str, Any]]:
        """Return all attributes of a kind, `text`, `num`, `boolean` or `vec`."""
        return mappings(as_mapping(self.raw.get("attributes")).get(kind))

    @property
    def mode(self) -> str:
        """The mode of a `poly2d`."""
        return str(self.raw.get("mode") or POLY_MODE)

    @property
    def has_coordinates(self) -> bool:
        """Whether `numbers` are coordinates: False for a `poly2d` in a mode that is not read, such as
        differences, whose start the producers see differently."""
        return self.kind != "poly2d" or self.mode in (POLY_MODE, *CHAIN_CODES)

    def numbers(self) -> list[float] | None:
        """Return its values as floats; None if one is not a number.

        Those of a `poly2d` in a chain code are the coordinates of its corners.
        """
        if self.kind == "poly2d" and self.mode in CHAIN_CODES:
            try:
                return points_of_chain_code(self.mode, self.val)
            except AnnotationError:
                return None
        if not isinstance(self.val, Sequence) or isinstance(self.val, str):
            return None
        try:
            return [float(value) for value in self.val]
        except (TypeError, ValueError, OverflowError):
            return None

    def shape(self) -> list[float] | None:
        """Return its values as floats, with the Euler angles of a cuboid of nine numbers as a quaternion."""
        numbers = self.numbers()
        if self.kind != "cuboid" or numbers is None or len(numbers) != 9:
            return numbers
        return [*numbers[:3], *_quaternion(*numbers[3:6]), *numbers[6:]]

    def cuboid(self) -> list[float]:
        """Ten finite numbers of a cuboid: x, y, z, qx, qy, qz, qw, sx, sy, sz.

        Euler angles of other producers (nine numbers) are converted.

        Raises:
            AnnotationError: It is not a valid cuboid; has its location.
        """
        return self._finite("cuboid", 10)

    def bbox(self) -> list[float]:
        """Four finite numbers of a bounding box: centre x, centre y, width, height, pixels.

        Raises:
            AnnotationError: It is not a valid bounding box; has its location.
        """
        return self._finite("bbox", 4)

    def _finite(self, kind: str, count: int) -> list[float]:
        numbers = self.shape()
        if (
            self.kind != kind
            or numbers is None
            or len(numbers) != count
            or not all(map(math.isfinite, numbers))
        ):
            raise AnnotationError(f"{self.place}: val is {self.val!r}, a {kind} has {count} finite numbers")
        return numbers


@attrs.frozen(slots=False, kw_only=True)
class Document:
    """An OpenLABEL document.

    Attributes:
        root: The part below `openlabel`.
        plain: The whole file, wrappers included.
        name: Its UUID, or its file name.
        scene_uuid: UUID of its scene, if known.
        annotation_type: Its annotation type, if known.
        created: Time of the delivery, ISO 8601, if known.
        scene_external_id: External ID of its scene, if known.
    """

    root: Mapping[str, Any]
    plain: Mapping[str, Any] = attrs.field(factory=dict)
    name: str = ""
    scene_uuid: str | None = None
    annotation_type: str | None = None
    created: str | None = None
    scene_external_id: str | None = None

    @classmethod
    def of(
        cls,
        plain: Any,
        *,
        name: str = "",
        scene_uuid: str | None = None,
        annotation_type: str | None = None,
        created: str | None = None,
        scene_external_id: str | None = None,
    ) -> Document:
        """Wrap a decoded document; parts of the wrong type count as empty."""
        whole = as_mapping(plain)
        root = root_of(whole)
        metadata = as_mapping(root.get("metadata"))
        if not name and isinstance(metadata.get("uuid"), str):
            name = metadata["uuid"]
        if scene_uuid is None and isinstance(metadata.get("scene_uuid"), str):
            scene_uuid = metadata["scene_uuid"]
        if annotation_type is None and isinstance(metadata.get("annotation_type"), str):
            annotation_type = metadata["annotation_type"]
        return cls(
            root=root,
            plain=whole,
            name=name,
            scene_uuid=scene_uuid,
            annotation_type=annotation_type,
            created=created,
            scene_external_id=scene_external_id,
        )

    def mapping(self, key: str) -> Mapping[str, Any]:
        """Return a part of the root by key, empty if it is missing."""
        return as_mapping(self.root.get(key))

    @property
    def uuid(self) -> str | None:
        """The annotation's UUID, from the metadata."""
        value = self.mapping("metadata").get("uuid")
        return value if isinstance(value, str) else None

    @cached_property
    def frames(self) -> Mapping[str, Mapping[str, Any]]:
        """Frames by key."""
        return {str(key): as_mapping(value) for key, value in self.mapping("frames").items()}

    @cached_property
    def frame_keys(self) -> list[str]:
        """Keys of frames in the order of their numbers."""
        return sorted(self.frames, key=lambda key: (not key.isdecimal(), int(key) if key.isdecimal() else 0))

    @cached_property
    def objects(self) -> Mapping[str, Mapping[str, Any]]:
        """Objects by ID."""
        return {str(key): as_mapping(value) for key, value in self.mapping("objects").items()}

    @cached_property
    def streams(self) -> Mapping[str, Mapping[str, Any]]:
        """Streams by name."""
        return {str(key): as_mapping(value) for key, value in self.mapping("streams").items()}

    def class_of(self, object_id: str) -> str:
        """Return the type of an object; empty if it has none."""
        value = self.objects.get(object_id, {}).get("type")
        return value if isinstance(value, str) else ""

    def frame_properties(self, frame: str) -> Mapping[str, Any]:
        """Properties of a frame."""
        return as_mapping(self.frames.get(frame, {}).get("frame_properties"))

    def timestamp(self, frame: str) -> int | None:
        """Timestamp of a frame, milliseconds; None if it is missing or not an integer."""
        value = self.frame_properties(frame).get("timestamp")
        try:
            return None if value is None or isinstance(value, bool) or float(value) % 1 else int(value)
        except (TypeError, ValueError):
            return None

    def external_id(self, frame: str) -> str | None:
        """Return the scene's frame ID; None if the document has none."""
        value = self.frame_properties(frame).get("external_id")
        return value if isinstance(value, str) and value else None

    def uris(self, frame: str) -> dict[str, str]:
        """Return the names of the frame's resources, by sensor."""
        streams = as_mapping(self.frame_properties(frame).get("streams"))
        found = {str(name): as_mapping(entry).get("uri") for name, entry in streams.items()}
        return {name: uri for name, uri in found.items() if isinstance(uri, str)}

    def objects_in(self, frame: str) -> Mapping[str, Mapping[str, Any]]:
        """Object data of a frame by object."""
        return {
            str(key): as_mapping(as_mapping(value).get("object_data"))
            for key, value in as_mapping(self.frames[frame].get("objects")).items()
        }

    def geometries(self, kinds: Sequence[str] = GEOMETRY) -> Iterator[Geometry]:
        """Yield every geometry of some kinds inside frames, frame by frame."""
        for frame in self.frame_keys:
            for object_id, data in self.objects_in(frame).items():
                place = f"frames.{frame}.objects.{object_id}.object_data"
                yield from _geometries(data, kinds, frame, object_id, place)

    def only(self, frame: str) -> Document:
        """Return the same document with one of its frames."""
        return attrs.evolve(self, root={**self.root, "frames": {frame: self.frames[frame]}})

    def geometries_of(
        self, frame: str, object_id: str, kinds: Sequence[str] = ANY_GEOMETRY
    ) -> Iterator[Geometry]:
        """Geometries of one object in one frame, or in its static part if `frame` is empty."""
        if frame:
            holder = as_mapping(self.frames[frame].get("objects")).get(object_id)
            place = f"frames.{frame}.objects.{object_id}.object_data"
        else:
            holder, place = self.objects.get(object_id), f"objects.{object_id}.object_data"
        yield from _geometries(
            as_mapping(as_mapping(holder).get("object_data")), kinds, frame, object_id, place
        )

    def static_geometries(self, kinds: Sequence[str] = ANY_GEOMETRY) -> Iterator[Geometry]:
        """Yield every geometry of some kinds outside frames, as other producers write single images."""
        for object_id, entry in self.objects.items():
            data = as_mapping(entry.get("object_data"))
            yield from _geometries(data, kinds, "", object_id, f"objects.{object_id}.object_data")

    def properties_of(self, data: Any) -> Iterator[Property]:
        """Properties in object data or attributes: `text`, `num`, `boolean` and `vec` entries."""
        for kind in PROPERTIES:
            for item in mappings(as_mapping(data).get(kind)):
                name = item.get("name")
                yield Property(kind=kind, name=name if isinstance(name, str) else "", val=item.get("val"))

    def properties(self, object_id: str, frame: str = "") -> dict[str, Any]:
        """Values of an object's properties by name: static ones, and over them those of one frame."""
        found = {
            p.name: p.val for p in self.properties_of(self.objects.get(object_id, {}).get("object_data"))
        }
        if frame:
            in_frame = as_mapping(as_mapping(self.frames[frame].get("objects")).get(object_id))
            found.update((p.name, p.val) for p in self.properties_of(in_frame.get("object_data")))
        return found


def _quaternion(roll: float, pitch: float, yaw: float) -> tuple[float, float, float, float]:
    """The quaternion x, y, z, w of Euler angles about x, y and z, radians.

    OpenLABEL 1.0 applies them in the order ZYX: the matrix is Rz Ry Rx.
    """
    cr, cp, cy = (math.cos(angle / 2) for angle in (roll, pitch, yaw))
    sr, sp, sy = (math.sin(angle / 2) for angle in (roll, pitch, yaw))
    return (
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    )


def _geometries(
    data: Mapping[str, Any], kinds: Sequence[str], frame: str, object_id: str, place: str
) -> Iterator[Geometry]:
    for kind in kinds:
        entries = data.get(kind)
        if not isinstance(entries, Sequence) or isinstance(entries, str):
            continue
        for index, entry in enumerate(entries):
            if isinstance(entry, Mapping):
                yield Geometry(
                    frame=frame,
                    object_id=object_id,
                    kind=kind,
                    index=index,
                    name=str(entry.get("name", "")),
                    val=entry.get("val"),
                    raw=entry,
                    place=f"{place}.{kind}[{index}]",
                )


def root_of(plain: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the part of a file that holds frames and objects."""
    if "openlabel" in plain:
        return as_mapping(plain["openlabel"])
    inner = as_mapping(plain.get("data"))
    if "openlabel" in inner:
        return as_mapping(inner["openlabel"])
    # A fragment of a document, as in format descriptions.
    return plain if "objects" in plain or "frames" in plain else {}


def as_mapping(value: Any) -> Mapping[str, Any]:
    """Return the value if it is a mapping, else an empty one."""
    # Asked millions of times of a project: `dict` answers ten times as fast as the abstract class.
    if type(value) is dict:
        return value
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the mappings of a list; an empty list for anything else."""
    if value is None or not isinstance(value, list | tuple | Sequence) or isinstance(value, str):
        return []
    return [item for item in value if type(item) is dict or isinstance(item, Mapping)]
