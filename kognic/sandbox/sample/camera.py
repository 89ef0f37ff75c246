"""Draws the sample drive's street as its cameras see it, through the pinhole model with lens distortion.

Faces are clipped in space, projected corner by corner and painted from back to front. Coordinates of a
camera: x right, y down, z forward; of an image: pixels, origin in the centre of the top left one.
"""

from __future__ import annotations

import graphlib
import math
from collections.abc import Sequence
from typing import Any

import attrs
from PIL import Image, ImageDraw

from kognic.sandbox.sample.world import GROUND, Box, Colour, Pose, Street, Vector

# Pale blue, RGB: no object of the street has this colour.
SKY: Colour = (150, 190, 230)
# Dark, so that people and cars stand out.
ASPHALT: Colour = (84, 84, 88)
# Almost white; images with all 255 look overexposed.
MARKING: Colour = (236, 236, 236)
# By face, as in `_FACES`: the top is lit most, so that boxes look solid.
_SHADES = (0.72, 0.72, 0.86, 0.86, 1.0, 1.0)
# Corner numbers of each face (back, front, right, left, bottom, top), see Box.corners.
_FACES = ((0, 2, 6, 4), (1, 5, 7, 3), (0, 4, 5, 1), (2, 3, 7, 6), (0, 1, 3, 2), (4, 6, 7, 5))
# Metres before the camera: nearer corners would be projected from behind it.
_NEAR = 0.2
# A choice: distortion bends edges in the image; with fewer pieces the corners show, more take longer.
_EDGE_PIECES = 12
# Beyond this multiple of the visible angle's tangent the distortion polynomial is not to be trusted.
_CLIP_MARGIN = 1.25
# Metres: faces that share an edge must not hide one another through rounding.
_TOUCHING = 1e-6

Plane = tuple[float, float, float, float]  # a, b, c, d of ax + by + cz + d


@attrs.frozen
class Camera:
    """A pinhole camera: `mount` is its pose on the vehicle, `matrix` holds fx, fy, cx, cy in pixels."""

    name: str
    mount: Pose
    width: int
    height: int
    matrix: dict[str, float]
    lens: dict[str, float]

    def pixel(self, point: Vector) -> tuple[float, float] | None:
        """Project a point of the camera's system; None if it lies behind the camera."""
        x, y, z = point
        if z <= 0:
            return None
        xp, yp = x / z, y / z
        r2 = xp * xp + yp * yp
        k1, k2, p1, p2, k3 = (self.lens[key] for key in ("k1", "k2", "p1", "p2", "k3"))
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        u = xp * radial + 2 * p1 * xp * yp + p2 * (r2 + 2 * xp * xp)
        v = yp * radial + p1 * (r2 + 2 * yp * yp) + 2 * p2 * xp * yp
        return self.matrix["fx"] * u + self.matrix["cx"], self.matrix["fy"] * v + self.matrix["cy"]

    def to_camera(self, vehicle: Pose, point: Vector) -> Vector:
        """Turn world coordinates into the camera's, for a vehicle at a pose."""
        return self.mount.to_body(vehicle.to_body(point))


def render(street: Street, camera: Camera, vehicle: Pose) -> Image.Image:
    """Draw what a camera on a vehicle sees. Every face has one flat colour, see `shades`."""
    image = Image.new("RGB", (camera.width, camera.height), SKY)
    draw = ImageDraw.Draw(image)
    for corners, colour in _ground_areas():
        _paint(draw, camera, vehicle, corners, colour)
    eye = vehicle.to_outer(camera.mount.origin)
    for box in _back_to_front(street.boxes, eye):
        for face, colour in zip(_FACES, shades(box), strict=True):
            if _height(_face_plane(box, face), eye) > 0:
                _paint(draw, camera, vehicle, [box.corners[index] for index in face], colour)
    return image


def shades(box: Box) -> list[Colour]:
    """Return the colours of a box's faces: back, front, right, left, bottom, top."""
    red, green, blue = box.colour
    return [(round(red * shade), round(green * shade), round(blue * shade)) for shade in _SHADES]


def palette(street: Street) -> dict[Colour, str]:
    """Return which thing a colour of the image belongs to."""
    names = {colour: box.name for box in street.boxes for colour in shades(box)}
    return {**names, ASPHALT: GROUND, MARKING: GROUND}


def _ground_areas() -> list[tuple[list[Vector], Colour]]:
    dashes = [(_ground_rectangle(x, x + 3, 0.3, 0.5), MARKING) for x in range(-12, 60, 6)]
    return [(_ground_rectangle(-60, 140, -60, 60), ASPHALT), *dashes]


def _ground_rectangle(x1: float, x2: float, y1: float, y2: float) -> list[Vector]:
    return [(x1, y1, 0.0), (x2, y1, 0.0), (x2, y2, 0.0), (x1, y2, 0.0)]


def _paint(draw: Any, camera: Camera, vehicle: Pose, corners: Sequence[Vector], colour: Colour) -> None:
    polygon = [camera.to_camera(vehicle, corner) for corner in corners]
    centre_x, centre_y = camera.matrix["cx"], camera.matrix["cy"]
    across = _CLIP_MARGIN * max(centre_x, camera.width - centre_x) / camera.matrix["fx"]
    down = _CLIP_MARGIN * max(centre_y, camera.height - centre_y) / camera.matrix["fy"]
    planes = [(0.0, 0.0, 1.0, -_NEAR), (1.0, 0.0, across, 0.0), (-1.0, 0.0, across, 0.0)]
    for plane in [*planes, (0.0, 1.0, down, 0.0), (0.0, -1.0, down, 0.0)]:
        polygon = _clipped(polygon, plane)
    pixels = [camera.pixel(point) for point in _with_pieces(polygon)]
    outline = [pixel for pixel in pixels if pixel is not None]
    # Two points bound no area.
    if len(outline) >= 3:
        draw.polygon(outline, fill=colour)


def _clipped(polygon: list[Vector], plane: Plane) -> list[Vector]:
    """The part of a polygon where ax + by + cz + d >= 0 (Sutherland and Hodgman)."""
    heights = [_height(plane, point) for point in polygon]
    kept: list[Vector] = []
    for index, (point, height) in enumerate(zip(polygon, heights, strict=True)):
        before, height_before = polygon[index - 1], heights[index - 1]
        if (height >= 0) != (height_before >= 0):
            kept.append(_between(before, point, height_before / (height_before - height)))
        if height >= 0:
            kept.append(point)
    return kept


def _with_pieces(polygon: list[Vector]) -> list[Vector]:
    """Cut each edge into pieces, because the lens bends straight lines."""
    return [
        _between(polygon[index - 1], point, piece / _EDGE_PIECES)
        for index, point in enumerate(polygon)
        for piece in range(_EDGE_PIECES)
    ]


def _between(start: Vector, end: Vector, share: float) -> Vector:
    x, y, z = (first + (second - first) * share for first, second in zip(start, end, strict=True))
    return (x, y, z)


def _back_to_front(boxes: Sequence[Box], eye: Vector) -> list[Box]:
    """Order boxes so that none is painted over one that hides it."""
    planes = [[_face_plane(box, face) for face in _FACES] for box in boxes]
    behind = {
        index: [
            other
            for other in range(len(boxes))
            if other != index and not _cannot_hide(index, other, boxes, planes, eye)
        ]
        for index in range(len(boxes))
    }
    return [boxes[index] for index in graphlib.TopologicalSorter(behind).static_order()]


def _cannot_hide(
    box: int, other: int, boxes: Sequence[Box], planes: Sequence[Sequence[Plane]], eye: Vector
) -> bool:
    """Whether a plane has `box` on its far side, seen from the eye, and `other` on the near one.

    Upright boxes that do not touch are separated by the plane of some face of one of them.
    """
    own = (plane for plane in planes[box] if _height(plane, eye) >= 0)
    if any(all(_height(plane, corner) > -_TOUCHING for corner in boxes[other].corners) for plane in own):
        return True
    others = (plane for plane in planes[other] if _height(plane, eye) <= 0)
    return any(all(_height(plane, corner) > -_TOUCHING for corner in boxes[box].corners) for plane in others)


def _face_plane(box: Box, face: Sequence[int]) -> Plane:
    """The plane of a face; heights above it are positive outside the box."""
    a, b, c = (box.corners[index] for index in face[:3])
    u, v = [b[i] - a[i] for i in range(3)], [c[i] - b[i] for i in range(3)]
    x, y, z = (v[1] * u[2] - v[2] * u[1], v[2] * u[0] - v[0] * u[2], v[0] * u[1] - v[1] * u[0])
    length = math.sqrt(x * x + y * y + z * z)
    x, y, z = x / length, y / length, z / length
    return (x, y, z, -(x * a[0] + y * a[1] + z * a[2]))


def _height(plane: Plane, point: Vector) -> float:
    return plane[0] * point[0] + plane[1] * point[1] + plane[2] * point[2] + plane[3]
