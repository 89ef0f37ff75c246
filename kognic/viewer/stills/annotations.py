"""What a pre-annotation has to be drawn in a frame: cuboids and lines in space, shapes in images."""

from __future__ import annotations

import attrs
import numpy as np

from kognic.annotations.document import Geometry
from kognic.annotations.openlabel import Document
from kognic.scenes.geometry.poses import FloatArray
from kognic.viewer.stills.colours import kind_colours
from kognic.viewer.stills.shapes import box
from kognic.viewer.stills.wireframe import Cuboid, subdivided

# Numbers of two points: a line.
_FEWEST = {"poly2d": 4, "poly3d": 6}


@attrs.frozen(kw_only=True, eq=False)
class Drawn:
    """A geometry of an object.

    Attributes:
        object_id: The object.
        kind: `cuboid`, `poly3d`, `bbox`, `poly2d` or `point2d`.
        label: Short name.
        title: All there is to say in a line.
        colour: Of the object's kind, `#rrggbb`.
        stream: The sensor it belongs to.
        cuboid: For a cuboid; in the system of annotations.
        points: For the others: metres, shape (N, 3), or pixels, shape (N, 2).
        closed: The last point is joined to the first.
    """

    object_id: str
    kind: str
    label: str
    title: str
    colour: str
    stream: str | None
    cuboid: Cuboid | None = None
    points: FloatArray | None = None
    closed: bool = False

    def outline(self) -> FloatArray:
        """Return its points, the first again at the end if it is closed; shape (N, 2) or (N, 3)."""
        if self.points is None:
            return np.empty((0, 3))
        return np.vstack([self.points, self.points[:1]]) if self.closed else self.points

    def edges(self) -> list[FloatArray]:
        """3D geometry as lines cut into short pieces, metres, each of shape (K, 3)."""
        if self.cuboid is not None:
            return self.cuboid.edges()
        return [subdivided(self.outline())] if self.kind == "poly3d" else []


class Annotations:
    """A pre-annotation by the times of frames.

    Args:
        document: The document.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        kinds = [str(entry.get("type", "")) for entry in document.objects.values()]
        self.colours = kind_colours(kinds)
        self._by_time: dict[int, list[Geometry]] = {}
        frames = {time: key for key in document.frame_keys if (time := document.timestamp(key)) is not None}
        keys = {key: time for time, key in frames.items()}
        for geometry in document.geometries():
            if geometry.frame in keys:
                self._by_time.setdefault(keys[geometry.frame], []).append(geometry)

    def at(self, relative_ms: int) -> tuple[list[Drawn], int]:
        """Return what is in the frame of a time, and how many geometries there cannot be drawn.

        Args:
            relative_ms: Milliseconds since the start of the scene.
        """
        geometries = self._by_time.get(relative_ms, [])
        drawn = [found for geometry in geometries if (found := self._drawn(geometry)) is not None]
        return drawn, len(geometries) - len(drawn)

    def _drawn(self, geometry: Geometry) -> Drawn | None:
        entry = self._document.objects.get(geometry.object_id, {})
        kind, name = str(entry.get("type", "")), str(entry.get("name", "")) or geometry.object_id
        shape = _shape(geometry)
        if shape is None:
            return None
        label = kind or name
        size = ""
        if isinstance(shape, Cuboid):
            size = ", {:.1f} x {:.1f} x {:.1f} m".format(*shape.size)
        return Drawn(
            object_id=geometry.object_id,
            kind=geometry.kind,
            label=label,
            title=f"{label} ({name}), {geometry.kind} {geometry.name}{size}",
            colour=self.colours.get(kind, "#ffffff"),
            stream=geometry.stream,
            cuboid=shape if isinstance(shape, Cuboid) else None,
            points=None if isinstance(shape, Cuboid) else shape,
            closed=geometry.kind == "bbox" or geometry.raw.get("closed") is True,
        )


def _shape(geometry: Geometry) -> Cuboid | FloatArray | None:
    """The numbers of a geometry; None when they are not what its kind needs."""
    numbers = geometry.numbers()
    if numbers is None or not np.isfinite(numbers).all():
        return None
    if geometry.kind == "cuboid":
        try:
            return Cuboid.of_openlabel(numbers)
        except ValueError:
            return None
    if geometry.kind == "bbox":
        return box((numbers[0], numbers[1]), (numbers[2], numbers[3])) if len(numbers) == 4 else None
    if geometry.kind == "point2d":
        return np.array([numbers]) if len(numbers) == 2 else None
    per_point = 2 if geometry.kind == "poly2d" else 3
    if len(numbers) % per_point or len(numbers) < _FEWEST[geometry.kind]:
        return None
    if not geometry.has_coordinates:
        return None
    return np.array(numbers).reshape(-1, per_point)
