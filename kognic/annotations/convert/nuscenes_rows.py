"""The rows of nuScenes and T4, TIER IV's format of the same tables, and what they say together.

Formats: `docs/schema_nuscenes.md` of nutonomy/nuscenes-devkit and `docs/schema/table.md` of tier4/t4-devkit.
Poses lead from the sensor to the vehicle and from the vehicle to the world; rotations are `w, x, y, z`,
lengths metres, times microseconds. Boxes of samples are in the world: centre, size as width, length, height,
rotation 0 along +x.

Importers and converters of annotations share this module; where the tables come from is theirs.
"""

from __future__ import annotations

import abc
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from functools import cached_property
from typing import Any, TypeVar

import attrs
import msgspec

from kognic._core.errors import KognicError

Row = TypeVar("Row", bound="Entry")
ImageRow = TypeVar("ImageRow", bound="InImage")
UNKNOWN = "unknown"
"""Class of an object whose category no table has."""


class Entry(msgspec.Struct):
    """A row of any table; columns that are not named here are ignored."""

    token: str


class Sensor(Entry):
    """A channel of the rig."""

    channel: str
    modality: str


class Calibrated(Entry):
    """A sensor at its place on a vehicle, from the sensor to the vehicle."""

    sensor_token: str
    translation: list[float]
    rotation: list[float]
    camera_intrinsic: list[list[float]] | None = None
    camera_distortion: list[float] | None = None


class EgoPose(Entry):
    """From the vehicle to the world."""

    timestamp: int
    translation: list[float]
    rotation: list[float]


class Scene(Entry):
    """One drive."""

    name: str


class Sample(Entry):
    """An annotated moment."""

    timestamp: int
    scene_token: str


class Data(Entry):
    """A capture: an image or a sweep."""

    sample_token: str
    ego_pose_token: str
    calibrated_sensor_token: str
    filename: str
    timestamp: int
    is_key_frame: bool
    width: int | None = None
    height: int | None = None
    is_valid: bool | None = None
    info_filename: str | None = None


class Annotation(Entry):
    """A box in the world."""

    sample_token: str
    instance_token: str
    translation: list[float]
    size: list[float]
    rotation: list[float]
    attribute_tokens: list[str] | None = None
    visibility_token: str | None = None
    num_lidar_pts: int | None = None
    num_radar_pts: int | None = None


class InImage(Entry, kw_only=True):
    """A row about an image."""

    sample_data_token: str
    category_token: str
    mask: Any = None


class ObjectAnnotation(InImage, kw_only=True):
    """A box in an image, and perhaps a mask; of T4 and nuImages, of which the latter has no instances."""

    bbox: list[float] | None = None
    instance_token: str | None = None
    token: str = ""

    @property
    def track(self) -> str:
        """The object; that of nuImages is in one image only."""
        return self.instance_token or self.token

    @property
    def corners(self) -> tuple[float, float, float, float] | None:
        """Left, top, right, bottom, pixels; None where the row has a mask only."""
        box = self.bbox
        return (box[0], box[1], box[2], box[3]) if box is not None and len(box) == 4 else None


class SurfaceAnnotation(InImage):
    """A mask of something without edges, such as the road."""


class Instance(Entry):
    """An object in all samples."""

    category_token: str


class Named(Entry):
    """A category, an attribute, or a level of visibility."""

    name: str = ""
    level: str = ""


@attrs.frozen(kw_only=True, eq=False)
class Object:
    """An object in a sample.

    Attributes:
        track: Token of its instance.
        category: Name of its category.
        box: The box in the world; None if images alone show it.
        in_images: Its boxes and masks, each after the channel of the image.
        properties: Attributes, visibility and numbers of points: `vehicle.moving` is `vehicle: moving`, an
            attribute without a group is `attribute: ...`; numbers below 0 (unknown) are left out.
    """

    track: str
    category: str
    box: Annotation | None
    in_images: list[tuple[str, ObjectAnnotation]]
    properties: dict[str, str | int]


class Rows(abc.ABC):
    """The tables of one version; each is read when it is first needed.

    Attributes:
        error: Class of the errors.
        where: What errors call the tables.
    """

    error: type[KognicError]
    where: str

    @abc.abstractmethod
    def rows(self, name: str, kind: type[Row]) -> list[Row]:
        """Return a table.

        Raises:
            KognicError: Of class `error`: it is missing, or lacks a column.
        """

    @abc.abstractmethod
    def optional(self, name: str, kind: type[Row]) -> list[Row]:
        """Return a table that may be missing.

        Raises:
            KognicError: Of class `error`: it lacks a column.
        """

    @cached_property
    def scenes(self) -> list[Scene]:
        """All scenes."""
        return self.rows("scene", Scene)

    @cached_property
    def samples(self) -> dict[str, list[Sample]]:
        """Samples by scene, in the order of time."""
        found = _grouped(self.rows("sample", Sample), "scene_token")
        return {
            scene: sorted(samples, key=lambda sample: sample.timestamp) for scene, samples in found.items()
        }

    @cached_property
    def sensors(self) -> dict[str, Sensor]:
        """Sensors by token."""
        return _by_token(self.rows("sensor", Sensor))

    @cached_property
    def calibrated(self) -> dict[str, Calibrated]:
        """Calibrated sensors by token."""
        return _by_token(self.rows("calibrated_sensor", Calibrated))

    @cached_property
    def data(self) -> dict[str, list[Data]]:
        """Captures by sample."""
        return _grouped(self.rows("sample_data", Data), "sample_token")

    @cached_property
    def poses(self) -> dict[str, EgoPose]:
        """Ego poses by token."""
        return _by_token(self.rows("ego_pose", EgoPose))

    @cached_property
    def categories(self) -> dict[str, str]:
        """Names of categories by token."""
        return {entry.token: entry.name for entry in self.optional("category", Named)}

    @cached_property
    def surfaces(self) -> dict[str, list[tuple[str, SurfaceAnnotation]]]:
        """Masks of surfaces by sample, each after the channel of the image."""
        return self._of_images("surface_ann", SurfaceAnnotation)

    def channel(self, entry: Data) -> Sensor:
        """Return the sensor that a capture is of.

        Raises:
            KognicError: Of class `error`: no table has it.
        """
        try:
            return self.sensors[self.calibrated[entry.calibrated_sensor_token].sensor_token]
        except KeyError as exc:
            raise self.error(
                f"{self.where}: sample_data {entry.token} ({entry.filename}) refers to {exc}, which no "
                "table has"
            ) from exc

    def pose(self, entry: Data) -> EgoPose:
        """Return where the vehicle was at a capture.

        Raises:
            KognicError: Of class `error`: no table has it.
        """
        try:
            return self.poses[entry.ego_pose_token]
        except KeyError:
            raise self.error(
                f"{self.where}: ego_pose {entry.ego_pose_token} of {entry.filename} is missing"
            ) from None

    def category(self, token: str) -> str:
        """Return the name of a category; `UNKNOWN` if no table has it."""
        return self.categories.get(token) or UNKNOWN

    def objects(self, sample_token: str, images: Container[str] | None = None) -> Iterator[Object]:
        """Yield the objects of a sample: those with boxes in the world, then those in images alone.

        Args:
            sample_token: The sample.
            images: Tokens of the captures whose boxes in images count; None counts all.
        """
        in_images: dict[str, list[tuple[str, ObjectAnnotation]]] = defaultdict(list)
        for channel, row in self._in_images.get(sample_token, ()):
            if images is None or row.sample_data_token in images:
                in_images[row.track].append((channel, row))
        for box in self._annotations.get(sample_token, ()):
            instance = self._instances.get(box.instance_token)
            yield Object(
                track=box.instance_token,
                category=UNKNOWN if instance is None else self.category(instance.category_token),
                box=box,
                in_images=in_images.pop(box.instance_token, []),
                properties=self._properties(box),
            )
        for track, seen in in_images.items():
            category = self.category(seen[0][1].category_token)
            yield Object(track=track, category=category, box=None, in_images=seen, properties={})

    @cached_property
    def _instances(self) -> dict[str, Instance]:
        return _by_token(self.optional("instance", Instance))

    @cached_property
    def _attributes(self) -> dict[str, str]:
        return {entry.token: entry.name for entry in self.optional("attribute", Named)}

    @cached_property
    def _levels(self) -> dict[str, str]:
        return {entry.token: entry.level for entry in self.optional("visibility", Named)}

    @cached_property
    def _annotations(self) -> dict[str, list[Annotation]]:
        return _grouped(self.optional("sample_annotation", Annotation), "sample_token")

    @cached_property
    def _places(self) -> dict[str, Data]:
        return {entry.token: entry for entries in self.data.values() for entry in entries}

    @cached_property
    def _in_images(self) -> dict[str, list[tuple[str, ObjectAnnotation]]]:
        return self._of_images("object_ann", ObjectAnnotation)

    def _of_images(self, name: str, kind: type[ImageRow]) -> dict[str, list[tuple[str, ImageRow]]]:
        """A table about images by sample, each row after the channel of the image."""
        found: dict[str, list[tuple[str, ImageRow]]] = defaultdict(list)
        for row in self.optional(name, kind):
            if (place := self._places.get(row.sample_data_token)) is not None:
                found[place.sample_token].append((self.channel(place).channel, row))
        return found

    def _properties(self, box: Annotation) -> dict[str, str | int]:
        names = (self._attributes.get(token) for token in box.attribute_tokens or ())
        found: dict[str, str | int] = dict(attribute_property(name) for name in names if name)
        if level := self._levels.get(box.visibility_token or ""):
            found["visibility"] = level
        counts = {"num_lidar_pts": box.num_lidar_pts, "num_radar_pts": box.num_radar_pts}
        return found | {name: count for name, count in counts.items() if count is not None and count >= 0}


def attribute_property(attribute: str) -> tuple[str, str]:
    """Name and text of the property that an attribute becomes: `vehicle.moving` is `vehicle: moving`.

    One without a group is `attribute: ...`, so that `to_nuscenes` writes it back as it was.
    """
    group, dot, value = attribute.partition(".")
    return (group, value) if dot else ("attribute", attribute)


def _by_token(rows: Iterable[Row]) -> dict[str, Row]:
    return {row.token: row for row in rows}


def _grouped(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row)
    return found
