"""The little street of the sample drive: boxes on a road, a vehicle driving through, a lidar on its roof.

Everything is in metres, seconds and radians; coordinates are right-handed with x forward, y left, z up.
A few thousand rays need no array library. Drawing the street is `sample_camera`, files are
`sample_drive`.
"""

from __future__ import annotations

import colorsys
import functools
import math
import random
from collections.abc import Iterator, Sequence

import attrs

Vector = tuple[float, float, float]
Colour = tuple[int, int, int]

# Metres: on the roof of a car.
LIDAR_HEIGHT = 1.9
# Metres, as a lidar with 32 beams.
MAX_RANGE = 80.0
# Metres, one standard deviation; data sheets say 1 to 3 cm.
RANGE_NOISE = 0.01
# 10 Hz.
SWEEP_SECONDS = 0.1
# 0.8 degrees apart: a quarter of a real lidar's, so that sample files stay small.
COLUMNS = 450
# From -22 to 5.9 degrees: ground from 5 m on, and roofs.
BEAM_ELEVATIONS_DEG = tuple(-22.0 + 0.9 * beam for beam in range(32))
GROUND = "ground"
# Of 255: asphalt is dark in infrared as well.
_GROUND_INTENSITY = 25
# Saturation and brightness by kind: walls pale, people bright.
_PAINT = {
    "Building": (0.22, 0.8),
    "Car": (0.75, 0.8),
    "Cabin": (0.4, 0.5),
    "Pole": (0.12, 0.6),
    "Pedestrian": (0.85, 0.95),
}


@attrs.frozen
class Pose:
    """Where a body is in another coordinate system: its x, y and z axis there, and its origin."""

    axes: tuple[Vector, Vector, Vector]
    origin: Vector

    def to_outer(self, point: Vector) -> Vector:
        """Turn body coordinates into the outer system's."""
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = self.axes
        x, y, z = point
        ox, oy, oz = self.origin
        return (ax * x + bx * y + cx * z + ox, ay * x + by * y + cy * z + oy, az * x + bz * y + cz * z + oz)

    def to_body(self, point: Vector) -> Vector:
        """Turn coordinates of the outer system into the body's."""
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = self.axes
        ox, oy, oz = self.origin
        x, y, z = point[0] - ox, point[1] - oy, point[2] - oz
        return (ax * x + ay * y + az * z, bx * x + by * y + bz * z, cx * x + cy * y + cz * z)


def level_pose(x: float, y: float, z: float, yaw: float) -> Pose:
    """Return a pose turned by `yaw` about the vertical."""
    cos, sin = math.cos(yaw), math.sin(yaw)
    return Pose(axes=((cos, sin, 0.0), (-sin, cos, 0.0), (0.0, 0.0, 1.0)), origin=(x, y, z))


@attrs.frozen(eq=False)
class Box:
    """An upright box in the world; `pose` is that of its centre, `size` its length, width and height."""

    name: str
    kind: str
    pose: Pose
    yaw: float
    size: Vector
    colour: Colour
    intensity: int

    @functools.cached_property
    def radius(self) -> float:
        """Of the upright cylinder around it."""
        return math.hypot(self.size[0], self.size[1]) / 2

    @functools.cached_property
    def corners(self) -> tuple[Vector, ...]:
        """Eight corners in world coordinates; bit 0, 1, 2 of the index say front, left, top."""
        half = [extent / 2 for extent in self.size]
        return tuple(
            self.pose.to_outer(
                (
                    half[0] if index & 1 else -half[0],
                    half[1] if index & 2 else -half[1],
                    half[2] if index & 4 else -half[2],
                )
            )
            for index in range(8)
        )

    def hit(self, origin: Vector, direction: Vector) -> float | None:
        """Return the distance along a ray, in the box's own coordinates, to the box; None if it misses."""
        near, far = 0.0, math.inf
        for start, step, extent in zip(origin, direction, self.size, strict=True):
            half = extent / 2
            # A ray along a face: dividing by its zero would give 0/0.
            if abs(step) < 1e-12:
                if abs(start) > half:
                    return None
                continue
            first, second = (-half - start) / step, (half - start) / step
            if first > second:
                first, second = second, first
            # Comparisons take half the time of `min` and `max`.
            near = first if first > near else near
            far = second if second < far else far
            if near > far:
                return None
        return near if near > 0 else None


@attrs.frozen
class LidarPoint:
    """One return, in the lidar's system at the time it was measured; `target` names what it hit."""

    position: Vector
    intensity: int
    seconds: float
    target: str


@attrs.frozen
class Trajectory:
    """The vehicle's way: constant speed on a circle. Poses are those of the lidar in the world."""

    # m/s, 18 km/h.
    speed: float = 5.0
    # rad/s: a bend with 83 m of radius, so that lidar poses can be estimated from it.
    yaw_rate: float = 0.06
    # Right lane of the street, before the first parked car.
    start: Vector = (-2.0, -1.6, LIDAR_HEIGHT)
    # rad: not parallel to the street, so that an exchange of axes shows.
    start_yaw: float = 0.02

    def yaw(self, seconds: float) -> float:
        """Heading at a time since the first frame."""
        return self.start_yaw + self.yaw_rate * seconds

    def pose(self, seconds: float) -> Pose:
        """Lidar pose in the world at a time since the first frame."""
        radius, yaw = self.speed / self.yaw_rate, self.yaw(seconds)
        x = self.start[0] + radius * (math.sin(yaw) - math.sin(self.start_yaw))
        y = self.start[1] - radius * (math.cos(yaw) - math.cos(self.start_yaw))
        return level_pose(x, y, self.start[2], yaw)


@attrs.frozen
class Street:
    """Boxes standing on the ground plane z = 0."""

    boxes: tuple[Box, ...]

    def cast(self, pose: Pose, directions: Sequence[Vector]) -> Iterator[tuple[float, str, int] | None]:
        """Follow rays that start at a pose and lie in one vertical half-plane, like one column of a lidar.

        Args:
            pose: Where the rays start.
            directions: Unit vectors in the pose's system; the first one tells the bearing of all.

        Yields:
            Per ray the distance, name and intensity of what it hits first, None if it hits nothing near.
        """
        bearing = math.atan2(directions[0][1], directions[0][0])
        candidates = [box for box in self.boxes if _crosses(box, pose, bearing)]
        locals_ = [(box, box.pose.to_body(pose.origin)) for box in candidates]
        for direction in directions:
            outer = pose.to_outer(direction)
            world = (outer[0] - pose.origin[0], outer[1] - pose.origin[1], outer[2] - pose.origin[2])
            # Rays that point up, or along the ground, never meet it.
            best = (-pose.origin[2] / world[2], GROUND, _GROUND_INTENSITY) if world[2] < -1e-9 else None
            for box, start in locals_:
                distance = box.hit(start, _turned(world, box.yaw))
                if distance is not None and (best is None or distance < best[0]):
                    best = (distance, box.name, box.intensity)
            yield best if best is not None and best[0] <= MAX_RANGE else None


def _turned(direction: Vector, yaw: float) -> Vector:
    cos, sin = math.cos(yaw), math.sin(yaw)
    x, y, z = direction
    return (cos * x + sin * y, cos * y - sin * x, z)


def _crosses(box: Box, pose: Pose, bearing: float) -> bool:
    """Whether a ray at this bearing can pass through the cylinder around the box."""
    x, y, _ = pose.to_body(box.pose.origin)
    distance = math.hypot(x, y)
    if distance <= box.radius:
        return True
    off = (math.atan2(y, x) - bearing + math.pi) % (2 * math.pi) - math.pi
    return abs(off) <= math.asin(box.radius / distance)


def sweep(street: Street, trajectory: Trajectory, middle: float, rng: random.Random) -> Iterator[LidarPoint]:
    """Spin the lidar once, clockwise from the back; it looks straight ahead at the time `middle`.

    Points carry their own time and are in the lidar's system at that time: a moving vehicle smears them,
    which is what motion compensation undoes.
    """
    elevations = [math.radians(degrees) for degrees in BEAM_ELEVATIONS_DEG]
    beams = [(math.cos(elevation), math.sin(elevation)) for elevation in elevations]
    for column in range(COLUMNS):
        turn = (column + 0.5) / COLUMNS
        seconds = middle + (turn - 0.5) * SWEEP_SECONDS
        azimuth = math.pi - 2 * math.pi * turn
        cos, sin = math.cos(azimuth), math.sin(azimuth)
        directions = [(flat * cos, flat * sin, up) for flat, up in beams]
        hits = street.cast(trajectory.pose(seconds), directions)
        for direction, found in zip(directions, hits, strict=True):
            if found is None:
                continue
            distance, target, intensity = found
            distance += rng.gauss(0.0, RANGE_NOISE)
            x, y, z = (distance * part for part in direction)
            yield LidarPoint((x, y, z), min(255, max(0, intensity + rng.randint(-6, 6))), seconds, target)


def build_street(rng: random.Random) -> Street:
    """Place buildings, parked cars, poles and pedestrians along a straight road."""
    specs: list[tuple[str, str, Vector, float, Vector, int]] = []  # name, kind, foot, yaw, size, intensity
    for number, start in enumerate(range(-16, 64, 8)):
        for side, y in (("left", 9.5), ("right", -10.5)):
            height = rng.uniform(3.0, 7.0)
            specs.append(
                (f"building-{side}-{number}", "Building", (start, y, 0), 0.0, (7.6, 0.6, height), 60)
            )
    specs.append(("building-end", "Building", (64.0, 0.0, 0.0), math.pi / 2, (30.0, 0.6, 8.0), 60))
    for number, (x, y) in enumerate([(8.0, 4.4), (15.5, 4.6), (13.0, -5.6), (24.0, -5.4), (33.0, 4.5)]):
        foot = (x + rng.uniform(-0.6, 0.6), y + rng.uniform(-0.2, 0.2), 0.25)
        specs.extend(_car(f"car-{number}", foot, rng.uniform(-0.06, 0.06) + (math.pi if y > 0 else 0.0)))
    for number, (x, y) in enumerate([(5.0, 6.9), (11.5, 7.0), (20.0, -7.6), (21.0, 6.8), (30.0, -7.5)]):
        specs.append(
            (f"pole-{number}", "Pole", (x, y + rng.uniform(-0.2, 0.2), 0), 0.0, (0.24, 0.24, 4.5), 200)
        )
    for number, (x, y) in enumerate([(10.5, 1.4), (18.0, -2.8), (12.0, 6.2)]):
        foot = (x + rng.uniform(-0.5, 0.5), y + rng.uniform(-0.4, 0.4), 0.0)
        specs.append((f"pedestrian-{number}", "Pedestrian", foot, rng.uniform(0, 3), (0.4, 0.6, 1.75), 90))
    colours = _colours([spec[1] for spec in specs])
    return Street(
        tuple(_box(*spec[:5], colour, spec[5]) for spec, colour in zip(specs, colours, strict=True))
    )


def _car(name: str, foot: Vector, yaw: float) -> list[tuple[str, str, Vector, float, Vector, int]]:
    roof = (foot[0] - 0.3 * math.cos(yaw), foot[1] - 0.3 * math.sin(yaw), foot[2] + 0.75)
    return [
        (name, "Car", foot, yaw, (4.4, 1.8, 0.75), 120),
        (f"{name}-cabin", "Cabin", roof, yaw, (2.2, 1.6, 0.6), 40),
    ]


def _box(name: str, kind: str, foot: Vector, yaw: float, size: Vector, colour: Colour, intensity: int) -> Box:
    pose = level_pose(foot[0], foot[1], foot[2] + size[2] / 2, yaw)
    return Box(name, kind, pose, yaw, size, colour, intensity)


def _colours(kinds: Sequence[str]) -> list[Colour]:
    """One colour per box, so far apart that every shade of one differs from every shade of another."""
    colours: list[Colour] = []
    for index, kind in enumerate(kinds):
        # The golden ratio spreads neighbours in the list over the colour circle.
        saturation, value = _PAINT[kind]
        red, green, blue = colorsys.hsv_to_rgb(index * 0.618034 % 1.0, saturation, value)
        colours.append((round(red * 255), round(green * 255), round(blue * 255)))
    return colours
