"""The geometry in a document: numbers, sensors, attributes, images."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

from kognic._core.findings import Finding
from kognic._core.wording import counted
from kognic.annotations.document import Document, Geometry
from kognic.annotations.openlabel.context import ATTRIBUTES, SceneContext
from kognic.annotations.rules import broken

# The lengths of `val` in the OpenLABEL 1.0 schema; cuboids with a quaternion, as the platform wants them.
_LENGTHS = {"cuboid": 10, "bbox": 4, "point2d": 2}
# The platform refuses others: "3D geometry may not use source specific properties".
_ALLOWED_ON_3D = {"stream", "interpolated"}
_INTERPOLATIONS = ("natural-cubic-spline", "catmull-rom-0.5", "polyline")
_RESERVED_POINT_CLASS = "line_reference_point"
# Metres: road trains are 25 m, trams and buildings more; a cone is 0.3 m. Millimetres and pixels are beyond
# both.
_LARGEST_CUBOID_M, _SMALLEST_CUBOID_M = 40.0, 0.02


def check_geometry(document: Document, scene: SceneContext | None) -> Iterator[Finding]:
    """Check every geometry alone, then those of an object in a frame together."""
    groups: dict[tuple[str, str], list[Geometry]] = defaultdict(list)
    for geometry in document.geometries():
        groups[geometry.frame, geometry.object_id].append(geometry)
        yield from _check_stream(document, scene, geometry)
        yield from _check_values(geometry, scene)
        yield from _check_attributes(geometry)
    for (_, object_id), geometries in groups.items():
        type_of = document.objects.get(object_id, {}).get("type")
        yield from _check_group(geometries, str(type_of))


def _at(geometry: Geometry) -> partial[Finding]:
    return partial(broken, frame=geometry.frame, sensor=geometry.stream)


def _check_stream(document: Document, scene: SceneContext | None, geometry: Geometry) -> Iterator[Finding]:
    here = _at(geometry)
    stream = geometry.stream
    if stream is None:
        yield here(
            "ol-geometry-stream",
            f"the {geometry.kind} has no text attribute stream",
            "name the sensor that it belongs to in attributes.text",
            field=f"{geometry.place}.attributes.text",
        )
        return
    if stream not in document.streams:
        yield here(
            "ol-stream-missing",
            f"the stream {stream!r} is not declared in streams",
            "declare it with its type, camera or lidar",
            field=f"{geometry.place}.attributes.text",
            value=stream,
        )
    wanted = "lidar" if geometry.is_3d else "camera"
    kind = scene.kind_of(stream) if scene is not None else document.streams.get(stream, {}).get("type")
    if kind is not None and kind != wanted:
        yield here(
            "ol-geometry-sensor",
            f"the {geometry.kind} is in the {kind} {stream!r}",
            f"put it into a {wanted}",
            field=f"{geometry.place}.attributes.text",
            value=stream,
        )


def _check_values(geometry: Geometry, scene: SceneContext | None) -> Iterator[Finding]:
    here = _at(geometry)
    numbers = geometry.numbers()
    length = _LENGTHS.get(geometry.kind)
    if numbers is None or not all(map(math.isfinite, numbers)) or (length and len(numbers) != length):
        wanted = f"{length} finite numbers" if length else "finite numbers"
        yield here(
            "ol-number",
            f"the {geometry.kind} holds {str(geometry.val)[:80]}",
            f"give {wanted}",
            field=f"{geometry.place}.val",
            value=str(geometry.val)[:80],
        )
        return
    if geometry.kind == "cuboid":
        yield from _check_cuboid(geometry, numbers)
    elif geometry.kind == "bbox" and min(numbers[2:]) <= 0:
        yield here(
            "ol-bbox-size",
            f"the box is {numbers[2]:g} x {numbers[3]:g} pixels",
            "val is centre x, centre y, width, height",
            field=f"{geometry.place}.val",
            value=min(numbers[2:]),
        )
    elif geometry.kind in ("poly2d", "poly3d"):
        yield from _check_poly(geometry, numbers)
    if not geometry.is_3d and scene is not None:
        yield from _check_inside(geometry, numbers, scene)


def _check_attributes(geometry: Geometry) -> Iterator[Finding]:
    here = _at(geometry)
    if geometry.is_3d:
        yield from _check_attributes_3d(geometry)
    elif geometry.attributes("vec"):
        yield here(
            "ol-unsupported",
            "the geometry has an attribute of kind vec, which pre-annotations do not take",
            f"use {', '.join(ATTRIBUTES)}",
            field=f"{geometry.place}.attributes.vec",
            value="vec",
        )
    confidence = geometry.attribute("num", "confidence")
    if confidence is not None and not (isinstance(confidence, int | float) and 0 <= confidence <= 1):
        yield here(
            "ol-confidence",
            f"the confidence is {confidence}",
            "give a number from 0 to 1",
            field=f"{geometry.place}.attributes.num",
            value=confidence,
        )


def _check_cuboid(geometry: Geometry, numbers: Sequence[float]) -> Iterator[Finding]:
    here = partial(_at(geometry), field=f"{geometry.place}.val")
    length = math.sqrt(sum(value * value for value in numbers[3:7]))
    sizes = numbers[7:]
    # Zero but for rounding.
    if length < 1e-6:
        yield here(
            "ol-cuboid-rotation",
            "the quaternion is zero",
            "val is x, y, z, qx, qy, qz, qw, sx, sy, sz",
            value=length,
        )
    # Two digits are rounding; Euler angles or another order of numbers differ by far more.
    elif abs(length - 1) > 1e-2:
        yield here(
            "ol-cuboid-unit",
            f"the quaternion {tuple(numbers[3:7])} (x, y, z, w) has length {length:.4g}",
            "normalise it; val is x, y, z, qx, qy, qz, qw, sx, sy, sz",
            value=length,
        )
    if min(sizes) <= 0:
        yield here(
            "ol-cuboid-size",
            f"the sizes are {tuple(sizes)}",
            "use positive width, length and height in metres, as the last three numbers",
            value=min(sizes),
        )
    elif max(sizes) > _LARGEST_CUBOID_M or min(sizes) < _SMALLEST_CUBOID_M:
        yield here(
            "ol-cuboid-huge",
            f"the sizes are {tuple(sizes)} m",
            "use metres: width, length, height, as the last three numbers",
            value=max(sizes),
        )


def _check_poly(geometry: Geometry, numbers: Sequence[float]) -> Iterator[Finding]:
    here = _at(geometry)
    is_2d = geometry.kind == "poly2d"
    per_point = 2 if is_2d else 3
    closed = geometry.raw.get("closed") is True
    fewest = 3 if closed and is_2d else 2
    if len(numbers) % per_point or len(numbers) // per_point < fewest:
        yield here(
            "ol-polygon-points",
            f"the {geometry.kind} has {counted(len(numbers), 'number')}",
            f"pass {per_point} numbers per point, and at least {fewest} points",
            field=f"{geometry.place}.val",
            value=len(numbers),
        )
    if not is_2d:
        return
    mode = geometry.raw.get("mode")
    if mode != "MODE_POLY2D_ABSOLUTE":
        yield here(
            "ol-polygon-mode",
            f"the mode is {mode!r}",
            "use MODE_POLY2D_ABSOLUTE with pixel coordinates",
            field=f"{geometry.place}.mode",
            value=mode,
        )
    hyphened = geometry.attribute("text", "interpolation-method")
    method = geometry.attribute("text", "interpolation_method")
    if hyphened is not None:
        yield here(
            "ol-interpolation-name",
            "the attribute is spelt interpolation-method",
            "spell it interpolation_method",
            field=f"{geometry.place}.attributes.text",
            value=hyphened,
        )
    if not closed and (method or hyphened) not in _INTERPOLATIONS:
        yield here(
            "ol-polygon-attribute",
            f"the interpolation_method of the line is {method!r}",
            f"give one of {', '.join(_INTERPOLATIONS)} as a text attribute",
            field=f"{geometry.place}.attributes.text",
            value=method,
        )


def _check_inside(geometry: Geometry, numbers: Sequence[float], scene: SceneContext) -> Iterator[Finding]:
    size = scene.cameras.get(geometry.stream or "")
    if size is None:
        return
    if geometry.kind == "bbox":
        x, y, width, height = numbers
        xs, ys = [x - width / 2, x + width / 2], [y - height / 2, y + height / 2]
    else:
        xs, ys = list(numbers[0::2]), list(numbers[1::2])
    if not xs or not ys:
        return
    if max(xs) < 0 or min(xs) > size[0] or max(ys) < 0 or min(ys) > size[1]:
        yield _at(geometry)(
            "ol-bbox-outside" if geometry.kind == "bbox" else "ol-2d-outside",
            f"the {geometry.kind} from ({min(xs):.0f}, {min(ys):.0f}) to ({max(xs):.0f}, {max(ys):.0f}) is "
            f"outside the {size[0]} x {size[1]} pixels of the image",
            "give pixels of the original image; a bbox is centre x, centre y, width, height",
            field=f"{geometry.place}.val",
            value=min(xs),
        )


def _check_attributes_3d(geometry: Geometry) -> Iterator[Finding]:
    for kind in ("text", "num", "boolean", "vec"):
        for item in geometry.attributes(kind):
            if item.get("name") not in _ALLOWED_ON_3D:
                yield _at(geometry)(
                    "ol-3d-attribute",
                    f"the {geometry.kind} has the attribute {item.get('name')!r}",
                    "move it to the object data of the frame or of the object",
                    field=f"{geometry.place}.attributes.{kind}",
                    value=item.get("name"),
                )


def _check_group(geometries: Sequence[Geometry], object_type: str) -> Iterator[Finding]:
    solid = [geometry for geometry in geometries if geometry.is_3d]
    if len(solid) > 1:
        yield _at(solid[1])(
            "ol-3d-count",
            f"the object has {len(solid)} 3D geometries in the frame",
            "give it one",
            field=solid[1].place,
            value=len(solid),
        )
    yield from _check_points(geometries, object_type)
    yield from _check_outlines(geometries)


def _check_points(geometries: Sequence[Geometry], object_type: str) -> Iterator[Finding]:
    """Points that come in groups say what they are."""
    by_stream: dict[str | None, list[Geometry]] = defaultdict(list)
    for geometry in geometries:
        if geometry.kind == "point2d":
            by_stream[geometry.stream].append(geometry)
    for points in by_stream.values():
        for point in points:
            name = point.attribute("text", "point_class")
            if name == _RESERVED_POINT_CLASS:
                yield _at(point)(
                    "ol-point-class",
                    f"the point_class is {name!r}, which is reserved",
                    "use a class of the project",
                    field=f"{point.place}.attributes.text",
                    value=name,
                )
            elif len(points) > 1 and (not name or name == object_type):
                yield _at(point)(
                    "ol-point-class",
                    f"the point_class of a point in a group is {name!r}",
                    f"name each point; not {object_type!r}, which is the object's type",
                    field=f"{point.place}.attributes.text",
                    value=name,
                )


def _check_outlines(geometries: Sequence[Geometry]) -> Iterator[Finding]:
    """Of more than one outline, each says whether it is a hole."""
    outlines: dict[str | None, list[Geometry]] = defaultdict(list)
    for geometry in geometries:
        if geometry.kind == "poly2d" and geometry.raw.get("closed") is True:
            outlines[geometry.stream].append(geometry)
    for polygons in outlines.values():
        for polygon in polygons if len(polygons) > 1 else ():
            if not isinstance(polygon.attribute("boolean", "is_hole"), bool):
                yield _at(polygon)(
                    "ol-polygon-attribute",
                    f"one of {len(polygons)} outlines does not say whether it is a hole",
                    "give the boolean attribute is_hole, and polygon_id where there are several polygons",
                    field=f"{polygon.place}.attributes.boolean",
                )
