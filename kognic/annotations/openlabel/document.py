"""An OpenLABEL document as the rules see it: plain values, tolerant of what is missing or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs

GEOMETRY_2D = ("bbox", "poly2d", "point2d")
GEOMETRY_3D = ("cuboid", "poly3d")
GEOMETRY = (*GEOMETRY_2D, *GEOMETRY_3D)
ATTRIBUTES = ("text", "num", "boolean")
UNSUPPORTED = (
    "rbbox",
    "point3d",
    "image",
    "mat",
    "binary",
    "mesh",
    "line_reference",
    "area_reference",
    "vec",
)


@attrs.frozen(kw_only=True)
class SceneContext:
    """What the rules need of a scene.

    Attributes:
        times: Relative time of each frame, milliseconds, to its frame ID; 0 for scenes of one frame.
        cameras: Camera name to width and height, pixels; None for the size when it is not known.
        lidars: Lidar names.
        is_aggregated: The pre-annotation must have one frame.
    """

    times: Mapping[int, str | None]
    cameras: Mapping[str, tuple[int, int] | None]
    lidars: frozenset[str]
    is_aggregated: bool

    def kind_of(self, stream: str) -> str | None:
        """`camera` or `lidar`; None for what is no sensor of the scene."""
        if stream in self.cameras:
            return "camera"
        return "lidar" if stream in self.lidars else None


@attrs.frozen(kw_only=True)
class Geometry:
    """One geometry of one object in one frame.

    Attributes:
        frame: Key of the frame.
        object_id: Key of the object.
        kind: For example `cuboid`.
        name: Its name.
        val: Its numbers, as they are in the document.
        raw: The whole entry.
        place: Path in the document.
    """

    frame: str
    object_id: str
    kind: str
    name: str
    val: Any
    raw: Mapping[str, Any]
    place: str

    @property
    def is_3d(self) -> bool:
        return self.kind in GEOMETRY_3D

    @property
    def stream(self) -> str | None:
        """The sensor it belongs to."""
        value = self.attribute("text", "stream")
        return value if isinstance(value, str) else None

    def attribute(self, kind: str, name: str) -> Any:
        """The value of an attribute; None without it."""
        for item in self.attributes(kind):
            if item.get("name") == name:
                return item.get("val")
        return None

    def attributes(self, kind: str) -> list[Mapping[str, Any]]:
        """All attributes of a kind, `text`, `num`, `boolean` or `vec`."""
        return mappings(as_mapping(self.raw.get("attributes")).get(kind))

    def numbers(self) -> list[float] | None:
        """Its numbers as floats; None when one of them is none."""
        if not isinstance(self.val, Sequence) or isinstance(self.val, str):
            return None
        try:
            return [float(value) for value in self.val]
        except (TypeError, ValueError):
            return None


@attrs.frozen(slots=False)
class Document:
    """The part below `openlabel`."""

    root: Mapping[str, Any]

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Document:
        """Take a whole document; whatever has not the form of its part counts as empty."""
        return cls(as_mapping(plain.get("openlabel")))

    @cached_property
    def frames(self) -> Mapping[str, Mapping[str, Any]]:
        """Frames by key."""
        return {str(key): as_mapping(value) for key, value in as_mapping(self.root.get("frames")).items()}

    @cached_property
    def frame_keys(self) -> list[str]:
        """Keys of frames in the order of their numbers."""
        return sorted(self.frames, key=lambda key: (not key.isdecimal(), int(key) if key.isdecimal() else 0))

    @cached_property
    def objects(self) -> Mapping[str, Mapping[str, Any]]:
        """Objects by id."""
        return {str(key): as_mapping(value) for key, value in as_mapping(self.root.get("objects")).items()}

    @cached_property
    def streams(self) -> Mapping[str, Mapping[str, Any]]:
        """Streams by name."""
        return {str(key): as_mapping(value) for key, value in as_mapping(self.root.get("streams")).items()}

    def timestamp(self, frame: str) -> int | None:
        """Time of a frame, milliseconds; None when it is missing or no integer."""
        value = as_mapping(self.frames[frame].get("frame_properties")).get("timestamp")
        try:
            return None if value is None or isinstance(value, bool) or float(value) % 1 else int(value)
        except (TypeError, ValueError):
            return None

    def objects_in(self, frame: str) -> Mapping[str, Mapping[str, Any]]:
        """Object data of a frame by object."""
        return {
            str(key): as_mapping(as_mapping(value).get("object_data"))
            for key, value in as_mapping(self.frames[frame].get("objects")).items()
        }

    def geometries(self) -> Iterator[Geometry]:
        """Every geometry of a kind that the platform reads, frame by frame."""
        for frame in self.frame_keys:
            for object_id, data in self.objects_in(frame).items():
                for kind in GEOMETRY:
                    for index, entry in enumerate(mappings(data.get(kind))):
                        yield Geometry(
                            frame=frame,
                            object_id=object_id,
                            kind=kind,
                            name=str(entry.get("name", "")),
                            val=entry.get("val"),
                            raw=entry,
                            place=f"frames.{frame}.objects.{object_id}.object_data.{kind}[{index}]",
                        )


def as_mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """The mappings of a list; an empty list for anything else."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [item for item in value if isinstance(item, Mapping)]
