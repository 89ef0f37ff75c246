"""What the platform asks of a pre-annotation beyond being OpenLABEL.

The shape is checked by the models of kognic-openlabel; the rules here look at the scene as well. The first
rule that is broken refuses the document, with the place in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kognic.sandbox.platform.errors import ValidationFailedError, shape_error
from kognic.sandbox.platform.scenes import specification
from kognic.sandbox.platform.scenes.rules import AGGREGATED
from kognic.sandbox.platform.tables import Scene
from kognic.sandbox.platform.values import is_uuid

FLAT = frozenset({"bbox", "poly2d", "point2d"})
SOLID = frozenset({"cuboid", "poly3d"})
VALUES = frozenset({"text", "num", "boolean"})
POLY2D_MODE = "MODE_POLY2D_ABSOLUTE"
INTERPOLATION_METHODS = ("natural-cubic-spline", "catmull-rom-0.5", "polyline")
RESERVED_POINT_CLASS = "line_reference_point"
# The one attribute that 3D geometry may have, and the one that marks a sparse geometry.
SOLID_ATTRIBUTES = frozenset({"stream", "interpolated"})
CUBOID_LENGTH = 10


@dataclass(frozen=True)
class Geometry:
    """One geometry of one object in one frame."""

    frame: str
    object_id: str
    kind: str
    item: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.item.get("name"))

    @property
    def place(self) -> str:
        return f"{self.kind} {self.name} of object {self.object_id} in frame {self.frame}"

    @property
    def stream(self) -> str | None:
        value = self.attribute("text", "stream")
        return None if value is None else str(value)

    def attribute(self, kind: str, name: str) -> Any:
        for attribute in (self.item.get("attributes") or {}).get(kind) or ():
            if attribute.get("name") == name:
                return attribute.get("val")
        return None


def check(document: Any, scene: Scene) -> dict[str, Any]:
    """Check a document against its scene; returns it without its empty parts.

    Raises:
        ValidationFailedError: The document is not OpenLABEL, or breaks a rule.
    """
    clean = parse(document)
    openlabel: dict[str, Any] = clean["openlabel"]
    _check_unsupported(openlabel)
    _check_frames(openlabel, scene)
    sensors = sensor_kinds(scene)
    _check_streams(openlabel, sensors)
    _check_objects(openlabel)
    geometries = list(geometries_of(openlabel))
    for geometry in geometries:
        _check_stream(geometry, sensors)
        _check_geometry(geometry)
    _check_groups(openlabel, geometries)
    _check_sparse(openlabel, geometries)
    return clean


def parse(document: Any) -> dict[str, Any]:
    """Parse the document with kognic-openlabel; raises `ValidationFailedError` naming each wrong place."""
    from pydantic import ValidationError

    from kognic.openlabel.models import OpenLabelAnnotation

    try:
        model = OpenLabelAnnotation.model_validate(document)
    except ValidationError as exc:
        raise shape_error(exc.errors(include_url=False, include_context=False)) from None
    clean: dict[str, Any] = model.model_dump(mode="json", exclude_none=True)
    return clean


def sensor_kinds(scene: Scene) -> dict[str, str]:
    """Sensor name to `camera` or `lidar`."""
    spec: specification.SceneSpec = scene.specification  # type: ignore[assignment]
    kinds = dict.fromkeys(specification.lidars(spec), "lidar")
    kinds.update(dict.fromkeys(specification.cameras(spec), "camera"))
    return kinds


def geometries_of(openlabel: dict[str, Any]) -> Iterator[Geometry]:
    """Yield the geometries of all objects, frame by frame."""
    for frame_key, frame in (openlabel.get("frames") or {}).items():
        for object_id, content in (frame.get("objects") or {}).items():
            for kind, items in (content.get("object_data") or {}).items():
                if kind not in VALUES:
                    yield from (Geometry(frame_key, object_id, kind, item) for item in items)


def _check_unsupported(openlabel: dict[str, Any]) -> None:
    for part in ("contexts", "relations"):
        if openlabel.get(part):
            raise ValidationFailedError(f"{part} are not supported in pre-annotations")
        for key, frame in (openlabel.get("frames") or {}).items():
            if frame.get(part):
                raise ValidationFailedError(f"{part} are not supported in pre-annotations (frame {key})")


def _check_frames(openlabel: dict[str, Any], scene: Scene) -> None:
    frames = openlabel.get("frames") or {}
    if not frames:
        raise ValidationFailedError("a pre-annotation needs frames")
    if scene.scene_type == AGGREGATED and len(frames) != 1:
        raise ValidationFailedError(
            f"a pre-annotation of an aggregated sequence must be reduced to one frame, this has {len(frames)}"
        )
    known = {frame["relative_ms"] for frame in scene.specification["frames"]}
    seen: dict[int, str] = {}
    for key, frame in frames.items():
        time = _timestamp(key, frame)
        if time in seen:
            raise ValidationFailedError(f"frames {seen[time]} and {key} have the same timestamp {time}")
        seen[time] = key
        if time not in known:
            raise ValidationFailedError(
                f"timestamp {time} of frame {key} is not the relative timestamp of a frame of the scene"
            )


def _timestamp(key: str, frame: dict[str, Any]) -> int:
    value = (frame.get("frame_properties") or {}).get("timestamp")
    if value is None:
        raise ValidationFailedError(f"frame {key} has no frame_properties.timestamp")
    try:
        return int(value)
    except ValueError:
        raise ValidationFailedError(
            f"the timestamp of frame {key} is {value}, must be milliseconds"
        ) from None


def _check_streams(openlabel: dict[str, Any], sensors: dict[str, str]) -> None:
    for name, stream in (openlabel.get("streams") or {}).items():
        if name not in sensors:
            raise ValidationFailedError(
                f"stream {name} is not a sensor of the scene, which has {', '.join(sensors)}"
            )
        if stream.get("type") not in (None, sensors[name]):
            raise ValidationFailedError(f"stream {name} is a {sensors[name]}, not a {stream['type']}")
    for key, frame in (openlabel.get("frames") or {}).items():
        for name in (frame.get("frame_properties") or {}).get("streams") or {}:
            if name not in sensors:
                raise ValidationFailedError(f"stream {name} of frame {key} is not a sensor of the scene")


def _check_objects(openlabel: dict[str, Any]) -> None:
    objects = openlabel.get("objects") or {}
    for object_id, content in objects.items():
        if not is_uuid(object_id):
            raise ValidationFailedError(f"object id {object_id} is not a UUID")
        for kind in content.get("object_data") or {}:
            if kind not in VALUES:
                raise ValidationFailedError(f"object {object_id} has a {kind} outside frames")
    for key, frame in (openlabel.get("frames") or {}).items():
        for object_id in frame.get("objects") or {}:
            if object_id not in objects:
                raise ValidationFailedError(f"object {object_id} of frame {key} is missing in objects")


def _check_stream(geometry: Geometry, sensors: dict[str, str]) -> None:
    if geometry.kind not in FLAT | SOLID:
        raise ValidationFailedError(f"{geometry.place}: {geometry.kind} is not supported in pre-annotations")
    stream = geometry.stream
    if stream is None:
        raise ValidationFailedError(f"{geometry.place} lacks the text attribute stream")
    wanted = "camera" if geometry.kind in FLAT else "lidar"
    if sensors.get(stream) != wanted:
        found = f"a {sensors[stream]}" if stream in sensors else "no sensor of the scene"
        raise ValidationFailedError(f"{geometry.place}: stream {stream} is {found}, must be a {wanted}")


def _check_geometry(geometry: Geometry) -> None:
    values = geometry.item.get("val")
    interpolated = geometry.attribute("boolean", "interpolated") is True
    if values is None and not interpolated:
        raise ValidationFailedError(f"{geometry.place} has no values")
    if any(isinstance(value, float) and not math.isfinite(value) for value in values or ()):
        raise ValidationFailedError(f"{geometry.place} has values that are not finite")
    if geometry.kind == "poly2d":
        _check_poly2d(geometry)
    if geometry.kind in SOLID:
        _check_solid(geometry, values)


def _check_poly2d(geometry: Geometry) -> None:
    item = geometry.item
    if item["mode"] != POLY2D_MODE:
        raise ValidationFailedError(f"{geometry.place}: mode is {item['mode']}, must be {POLY2D_MODE}")
    values = item["val"]
    if not values or len(values) % 2 or any(isinstance(value, str) for value in values):
        raise ValidationFailedError(f"{geometry.place}: values must be pairs of numbers")
    method = geometry.attribute("text", "interpolation_method")
    if method is None:
        method = geometry.attribute("text", "interpolation-method")  # The spelling of old documents.
    if method is None and not item["closed"]:
        raise ValidationFailedError(f"{geometry.place} lacks the text attribute interpolation_method")
    if method is not None and method not in INTERPOLATION_METHODS:
        raise ValidationFailedError(
            f"{geometry.place}: interpolation_method is {method}, must be {', '.join(INTERPOLATION_METHODS)}"
        )


def _check_solid(geometry: Geometry, values: list[float] | None) -> None:
    if geometry.kind == "cuboid" and values is not None and len(values) != CUBOID_LENGTH:
        raise ValidationFailedError(f"{geometry.place} has {len(values)} values, must have {CUBOID_LENGTH}")
    if geometry.kind == "poly3d" and (not values or len(values) % 3):
        raise ValidationFailedError(f"{geometry.place} has {len(values or ())} values, must be triples")
    for attributes in (geometry.item.get("attributes") or {}).values():
        for attribute in attributes:
            if attribute.get("name") not in SOLID_ATTRIBUTES:
                raise ValidationFailedError(
                    f"3D geometry may not use source specific properties: {attribute.get('name')} of "
                    f"{geometry.place}"
                )


def _check_groups(openlabel: dict[str, Any], geometries: list[Geometry]) -> None:
    """At most one 3D geometry per object and frame; points that come in groups say what they are."""
    solid: set[tuple[str, str]] = set()
    points: dict[tuple[str, str, str | None], list[Geometry]] = {}
    for geometry in geometries:
        at = (geometry.frame, geometry.object_id)
        if geometry.kind in SOLID:
            if at in solid:
                raise ValidationFailedError(
                    f"{geometry.place}: an object has at most one 3D geometry per frame"
                )
            solid.add(at)
        elif geometry.kind == "point2d":
            points.setdefault((*at, geometry.stream), []).append(geometry)
    for group in points.values():
        object_type = openlabel["objects"][group[0].object_id]["type"]
        for point in group:
            _check_point_class(point, object_type, in_group=len(group) > 1)


def _check_point_class(point: Geometry, object_type: str, *, in_group: bool) -> None:
    name = point.attribute("text", "point_class")
    if name == RESERVED_POINT_CLASS:
        raise ValidationFailedError(f"{point.place}: point_class {name} is reserved")
    if in_group and (not name or name == object_type):
        raise ValidationFailedError(
            f"{point.place}: a point of a group needs a point_class that differs from {object_type}"
        )


def _check_sparse(openlabel: dict[str, Any], geometries: list[Geometry]) -> None:
    present: dict[tuple[str, str], dict[int, Geometry]] = {}
    for geometry in geometries:
        present.setdefault((geometry.object_id, geometry.name), {})[int(geometry.frame)] = geometry
    for object_id, content in (openlabel.get("objects") or {}).items():
        for name, pointer in (content.get("object_data_pointers") or {}).items():
            if pointer.get("type") not in VALUES:
                _check_pointer(object_id, name, pointer, present.get((object_id, name), {}))
    numbers = sorted(int(key) for key in openlabel["frames"])
    for (object_id, name), by_frame in present.items():
        if any(one.attribute("boolean", "interpolated") is True for one in by_frame.values()):
            for number in (numbers[0], numbers[-1]):
                if number not in by_frame:
                    raise ValidationFailedError(
                        f"{name} of object {object_id} is interpolated and must be given in frame {number}"
                    )


def _check_pointer(object_id: str, name: str, pointer: dict[str, Any], by_frame: dict[int, Geometry]) -> None:
    place = f"object_data_pointers {name} of object {object_id}"
    for interval in pointer["frame_intervals"]:
        start, end = interval.get("frame_start"), interval.get("frame_end")
        if start is None or end is None or end < start:
            raise ValidationFailedError(
                f"{place}: an interval needs frame_start and a frame_end not before it"
            )
        for number in (start, end):
            if number not in by_frame:
                raise ValidationFailedError(f"{place}: the geometry must be given in frame {number}")
    if len({geometry.kind for geometry in by_frame.values()} | {pointer.get("type")} - {None}) > 1:
        raise ValidationFailedError(f"{place}: the geometry is not of type {pointer.get('type')} everywhere")
    if len({geometry.stream for geometry in by_frame.values()}) > 1:
        raise ValidationFailedError(f"{place}: the geometry must be in the same stream in all frames")
