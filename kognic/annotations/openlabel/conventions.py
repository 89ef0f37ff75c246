"""Cuboids in another tool's convention: each is valid alone, together they give the mistake away.

On the platform the quaternion is x, y, z, w, a heading of 0 points along +y, and the sizes are width, length,
height. Many tools write w, x, y, z (scipy's `scalar_first`), head along +x with length first (ISO 8855 and
ASAM OpenLABEL) or with width first (nuScenes), or swap the sizes alone. A document may mix them, where it
joins the output of more than one tool. Nothing is said of a single object that lies on its side, or of kinds
that may be wider than long.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

import attrs

from kognic._core.findings import Finding
from kognic.annotations.document import Document, Geometry
from kognic.annotations.openlabel.context import SceneContext
from kognic.annotations.rules import broken

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

# Slopes and ramps tilt a road user by 15 degrees at most.
_TILTED_DEG, _UPRIGHT_DEG = 30.0, 15.0
# A choice: real tilted objects (a fallen bicycle, a ramp) are few. Nearer to 1, one upright object hides a
# whole wrong document.
_SHARE = 0.8
# Rotations about the vertical with the scalar first read as rotations about the object's own x axis. Of
# objects that really lie on their side, no two do so by angles this different.
_PURE, _SPREAD_DEG = 0.02, 10.0
# One frame may show somebody who fell; a person who lies for so long is rare.
_FEW_FRAMES = 3
# A car is 1.6 to 2.1 m wide and a bus 2.6 m; none is 3 m wide and shorter than that.
_WIDER, _TOO_WIDE_M = 1.3, 3.0
# A choice: one or two objects can be odd in a right document.
_FEW_OBJECTS = 3
# What an object must move, in the world, before its direction says where its front is.
_MOVES_M, _STEP_M = 5.0, 0.3
_LONG_VEHICLES = re.compile(
    r"(?i)(^|[^a-z])(car|truck|lorry|bus|van|pickup|vehicle|taxi|tram|suv|coach|ambulance)(s|es)?([^a-z]|$)"
)
_NOT_LONG = re.compile(r"(?i)trailer|cart|part|group")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


@attrs.frozen(eq=False)
class _Cuboid:
    """A cuboid, and where its frame's time and its numbers put it."""

    geometry: Geometry
    position: Vector
    quaternion: Quaternion
    width: float
    length: float

    @property
    def object_id(self) -> str:
        return self.geometry.object_id

    @property
    def other_reading(self) -> Quaternion:
        """The quaternion x, y, z, w if the numbers are w, x, y, z."""
        w, x, y, z = self.quaternion
        return x, y, z, w

    @property
    def is_tilted(self) -> bool:
        return _tilt_deg(self.quaternion) > _TILTED_DEG

    @property
    def explains(self) -> bool:
        """The cuboid lies on its side, and stands upright with the scalar first."""
        return self.is_tilted and _tilt_deg(self.other_reading) < _UPRIGHT_DEG

    @property
    def is_wide(self) -> bool:
        return self.width > _WIDER * self.length


def check_conventions(document: Document, scene: SceneContext | None = None) -> Iterator[Finding]:
    """Conventions of cuboids, evaluated with all cuboids of an object type together.

    Args:
        document: The pre-annotation.
        scene: With the ego poses of its frames, the motion of objects counts as well.
    """
    by_type: dict[str, list[_Cuboid]] = defaultdict(list)
    for geometry in document.geometries(("cuboid",)):
        numbers = geometry.numbers()
        if numbers is not None and len(numbers) == 10 and all(map(math.isfinite, numbers)):
            by_type[document.class_of(geometry.object_id)].append(_cuboid(geometry, numbers))
    found = list(_scalar_first("", [one for cuboids in by_type.values() for one in cuboids]))
    yield from found
    for name, cuboids in by_type.items():
        if not found:
            yield from _scalar_first(name, cuboids)
        words = _HUMP.sub(" ", name)
        if _LONG_VEHICLES.search(words) and not _NOT_LONG.search(words):
            yield from _heading(name, cuboids, _Motion(document, scene))


def _cuboid(geometry: Geometry, numbers: Sequence[float]) -> _Cuboid:
    x, y, z, qx, qy, qz, qw, width, length, _ = numbers
    return _Cuboid(geometry, (x, y, z), (qx, qy, qz, qw), width, length)


def _scalar_first(name: str, cuboids: Sequence[_Cuboid]) -> Iterator[Finding]:
    """Quaternions written as w, x, y, z, in cuboids of one type, or with an empty name of any."""
    # Upright as it is, and not in the other reading. (0, 0, 0, 1) is upright in both and proves nothing.
    sound = sum(not one.is_tilted and _tilt_deg(one.other_reading) > _UPRIGHT_DEG for one in cuboids)
    tilted = [one for one in cuboids if one.is_tilted]
    explained = [one for one in tilted if one.explains]
    if not explained or not (_all_agree(tilted, explained, sound) or _cannot_be_real(explained)):
        return
    of_type = f" of type {name}" if name else ""
    yield broken(
        "ol-cuboid-scalar-first",
        f"{len(explained)} of {len(cuboids)} cuboids{of_type} lie on their side or upside down; with "
        "the quaternion read as w, x, y, z all of them are upright",
        "write quaternions as x, y, z, w",
        frame=explained[0].geometry.frame,
        sensor=explained[0].geometry.stream,
        field=f"{explained[0].geometry.place}.val",
        value=len(explained),
    )


def _all_agree(tilted: Sequence[_Cuboid], explained: Sequence[_Cuboid], sound: int) -> bool:
    """Nearly everything lies on its side, more than one object, and the other order explains all of it."""
    objects = {one.object_id for one in tilted}
    return (
        len(explained) == len(tilted) and len(objects) > 1 and len(tilted) >= _SHARE * (len(tilted) + sound)
    )


def _cannot_be_real(explained: Sequence[_Cuboid]) -> bool:
    """Rolls about the objects' own x axis only, by angles that no objects on their side have.

    That tells it of few cuboids, too, and among cuboids that are right: of one object that rolls as it goes,
    or of (1, 0, 0, 0), which is no rotation at all with the scalar first and otherwise a car on its roof.
    """
    pure = [one for one in explained if max(map(abs, one.quaternion[1:3])) <= _PURE * _norm(one.quaternion)]
    if any(abs(one.quaternion[0]) > (1 - 1e-6) * _norm(one.quaternion) for one in pure):
        return True
    angles = [_tilt_deg(one.quaternion) for one in pure]
    enough = len({one.object_id for one in pure}) > 1 or len(pure) >= _FEW_FRAMES
    return enough and max(angles) - min(angles) > _SPREAD_DEG


def _heading(name: str, cuboids: Sequence[_Cuboid], motion: _Motion) -> Iterator[Finding]:
    """Vehicles that are wider than long, or that move along their side."""
    wide = [one for one in cuboids if one.is_wide]
    if not wide or not _too_wide(wide, cuboids):
        yield from _sideways(name, cuboids, motion)
        return
    along, across = motion.along_and_across(wide)
    some = "all" if len(wide) == len(cuboids) else f"{len(wide)} of"
    first = wide[0]
    problem = (
        f"{some} {len(cuboids)} cuboids of type {name} are wider than long (the first is {first.width:.3g} m "
        f"wide and {first.length:.3g} m long)"
    )
    turn = "swap the first two sizes and turn each cuboid by -90 degrees about its z axis"
    if along > across:
        code, problem = "ol-cuboid-sizes", f"{problem}, and move along their length axis, +y"
        hint = "the sizes are width, length, height: swap the first two"
    elif across > along:
        code, problem = "ol-cuboid-heading", f"{problem}, so they drive sideways"
        hint = f"heading 0 points along +y and the sizes are width, length, height: {turn}"
    else:
        code, problem = "ol-cuboid-heading", f"{problem}, so they drive sideways"
        hint = (
            "heading 0 points along +y and the sizes are width, length, height: if the boxes hold their "
            f"points, {turn}; if they do not, only swap the sizes"
        )
    yield _finding(code, problem, hint, wide)


def _too_wide(wide: Sequence[_Cuboid], cuboids: Sequence[_Cuboid]) -> bool:
    """All of a type, or so many that none of them can be a mistake of its own."""
    if median(one.width for one in wide) < _TOO_WIDE_M:
        return False
    objects = {one.object_id for one in wide if one.width >= _TOO_WIDE_M}
    return len(wide) == len(cuboids) or len(objects) >= _FEW_OBJECTS


def _sideways(name: str, cuboids: Sequence[_Cuboid], motion: _Motion) -> Iterator[Finding]:
    """Sizes as they should be, but the objects that move do so along their x axis, as those of nuScenes."""
    along, across = motion.along_and_across(cuboids)
    if across and across >= _SHARE * (along + across):
        yield _finding(
            "ol-cuboid-heading",
            f"{across} of the {along + across} objects of type {name} that move do so along their side",
            "heading 0 points along +y: turn each cuboid by -90 degrees about its z axis",
            cuboids,
        )


def _finding(code: str, problem: str, hint: str, cuboids: Sequence[_Cuboid]) -> Finding:
    first = cuboids[0].geometry
    return broken(
        code,
        problem,
        hint,
        frame=first.frame,
        sensor=first.stream,
        field=f"{first.place}.val",
        value=len(cuboids),
    )


class _Motion:
    """How objects move in the world; unknown without ego poses."""

    def __init__(self, document: Document, scene: SceneContext | None) -> None:
        self._document = document
        self._poses = scene.poses if scene is not None else {}

    def along_and_across(self, cuboids: Sequence[_Cuboid]) -> tuple[int, int]:
        """The number of objects that move along their y axis, and along their x axis."""
        tracks: dict[str, list[tuple[int, Vector, _Cuboid]]] = defaultdict(list)
        for one in cuboids if self._poses else ():
            time = self._document.timestamp(one.geometry.frame)
            if time is not None and time in self._poses:
                position, rotation = self._poses[time]
                moved = _turned(rotation, one.position)
                place = (position[0] + moved[0], position[1] + moved[1], position[2] + moved[2])
                tracks[one.object_id].append((time, place, one))
        along = across = 0
        for track in tracks.values():
            shares = self._shares(sorted(track, key=lambda step: step[0]))
            along += shares[0] > 2 * shares[1]
            across += shares[1] > 2 * shares[0]
        return along, across

    def _shares(self, track: Sequence[tuple[int, Vector, _Cuboid]]) -> tuple[float, float]:
        """Metres along the object's y and x axes; none of an object that hardly moves."""
        if len(track) < 2 or math.dist(track[0][1], track[-1][1]) < _MOVES_M:
            return 0.0, 0.0
        along = across = 0.0
        for (time, before, one), (_, after, _) in pairwise(track):
            step = (after[0] - before[0], after[1] - before[1], after[2] - before[2])
            if _norm(step) < _STEP_M:
                continue
            rotation = self._poses[time][1]
            x, y, z, w = one.quaternion
            for axis, is_front in (((1.0, 0.0, 0.0), False), ((0.0, 1.0, 0.0), True)):
                world = _turned(rotation, _turned((w, x, y, z), axis))
                length = abs(sum(a * b for a, b in zip(step, world, strict=True)))
                along, across = along + length * is_front, across + length * (not is_front)
        return along, across


def _turned(quaternion: Quaternion, vector: Vector) -> Vector:
    """A vector rotated by a quaternion `w, x, y, z` of any length but zero."""
    length = _norm(quaternion) or 1.0
    w, x, y, z = (value / length for value in quaternion)
    a, b, c = vector
    # v + 2 q x (q x v + w v), with q the vector part.
    u, v, t = y * c - z * b + w * a, z * a - x * c + w * b, x * b - y * a + w * c
    return a + 2 * (y * t - z * v), b + 2 * (z * u - x * t), c + 2 * (x * v - y * u)


def _norm(values: Sequence[float]) -> float:
    return math.sqrt(sum(value * value for value in values))


def _tilt_deg(quaternion: Quaternion) -> float:
    """Angle between the z axis of a rotation `x, y, z, w` and the vertical; of any length but zero."""
    x, y, z, w = quaternion
    squared = x * x + y * y + z * z + w * w
    if squared == 0:
        return 0.0
    # The last element of the rotation matrix is 1 - 2 (x^2 + y^2) for a unit quaternion.
    return math.degrees(math.acos(max(-1.0, min(1.0, 1 - 2 * (x * x + y * y) / squared))))
