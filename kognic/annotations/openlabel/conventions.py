"""Cuboids in another tool's convention: each is valid alone, together they give the mistake away.

On the platform the quaternion is x, y, z, w, a heading of 0 points along +y, and the sizes are width, length,
height. Many tools write w, x, y, z (scipy's `scalar_first`), or head along +x with length first (ISO 8855 and
ASAM OpenLABEL). Nothing is said of a single object that lies on its side, or of kinds that may be wider than
long.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from kognic._core.findings import Finding
from kognic.annotations.document import Document, Geometry
from kognic.annotations.rules import broken

# Slopes and ramps tilt a road user by 15 degrees at most.
_TILTED_DEG, _UPRIGHT_DEG = 30.0, 15.0
# A choice: real tilted objects (a fallen bicycle, a ramp) are few. Nearer to 1, one upright object hides a
# whole wrong document.
_SHARE = 0.8
# A car is 1.6 to 2.1 m wide and a bus 2.6 m; none is 3 m wide and shorter than that.
_WIDER, _TOO_WIDE_M = 1.3, 3.0
_LONG_VEHICLES = re.compile(r"(?i)(^|[^a-z])(car|truck|lorry|bus|van|pickup|vehicle|taxi)(s|es)?([^a-z]|$)")
_NOT_LONG = re.compile(r"(?i)trailer|cart|part")


def check_conventions(document: Document) -> Iterator[Finding]:
    """Conventions of cuboids, evaluated with all cuboids of an object type together."""
    by_type: dict[str, list[Geometry]] = defaultdict(list)
    for geometry in document.geometries(("cuboid",)):
        numbers = geometry.numbers()
        if numbers is not None and len(numbers) == 10 and all(map(math.isfinite, numbers)):
            by_type[document.class_of(geometry.object_id)].append(geometry)
    for name, cuboids in by_type.items():
        yield from _scalar_first(name, cuboids)
        yield from _heading_along_x(name, cuboids)


def _scalar_first(name: str, cuboids: Sequence[Geometry]) -> Iterator[Finding]:
    tilted, sound = list[Geometry](), 0
    for one in cuboids:
        if _tilt_deg(_quaternion(one)) > _TILTED_DEG:
            tilted.append(one)
        # Upright as it is, and not in the other reading. (0, 0, 0, 1) is upright in both and proves nothing.
        elif _tilt_deg(_other_reading(one)) > _UPRIGHT_DEG:
            sound += 1
    objects = {one.object_id for one in tilted}
    if len(objects) < 2 or len(tilted) < _SHARE * (len(tilted) + sound):
        return
    if all(_tilt_deg(_other_reading(one)) < _UPRIGHT_DEG for one in tilted):
        yield broken(
            "ol-cuboid-scalar-first",
            f"{len(tilted)} of {len(cuboids)} cuboids of type {name} lie on their side or upside down; with "
            "the quaternion read as w, x, y, z all of them are upright",
            "write quaternions as x, y, z, w",
            frame=tilted[0].frame,
            sensor=tilted[0].stream,
            field=f"{tilted[0].place}.val",
            value=len(tilted),
        )


def _heading_along_x(name: str, cuboids: Sequence[Geometry]) -> Iterator[Finding]:
    if not _LONG_VEHICLES.search(name) or _NOT_LONG.search(name):
        return
    sizes = [_sizes(one) for one in cuboids]
    wide = [width for width, length in sizes if width > _WIDER * length]
    if len(wide) == len(sizes) and median(wide) >= _TOO_WIDE_M:
        width, length = sizes[0]
        yield broken(
            "ol-cuboid-heading",
            f"all {len(sizes)} cuboids of type {name} are wider than long (the first is {width:.3g} m wide "
            f"and {length:.3g} m long), so they drive sideways",
            "heading 0 points along +y and the sizes are width, length, height: swap the first two sizes and "
            "turn each cuboid by -90 degrees about its z axis",
            frame=cuboids[0].frame,
            sensor=cuboids[0].stream,
            field=f"{cuboids[0].place}.val",
            value=len(sizes),
        )


def _numbers(cuboid: Geometry) -> list[float]:
    numbers = cuboid.numbers()
    assert numbers is not None
    return numbers


def _quaternion(cuboid: Geometry) -> tuple[float, float, float, float]:
    x, y, z, w = _numbers(cuboid)[3:7]
    return x, y, z, w


def _other_reading(cuboid: Geometry) -> tuple[float, float, float, float]:
    """The quaternion x, y, z, w if the numbers are w, x, y, z."""
    w, x, y, z = _quaternion(cuboid)
    return x, y, z, w


def _sizes(cuboid: Geometry) -> tuple[float, float]:
    """Width and length, metres."""
    width, length = _numbers(cuboid)[7:9]
    return width, length


def _tilt_deg(quaternion: tuple[float, float, float, float]) -> float:
    """Angle between the z axis of a rotation `x, y, z, w` and the vertical; of any length but zero."""
    x, y, z, w = quaternion
    squared = x * x + y * y + z * z + w * w
    if squared == 0:
        return 0.0
    # The last element of the rotation matrix is 1 - 2 (x^2 + y^2) for a unit quaternion.
    return math.degrees(math.acos(max(-1.0, min(1.0, 1 - 2 * (x * x + y * y) / squared))))
