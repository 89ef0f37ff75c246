"""Rules on delivered annotations: what is probably a mistake of an annotator, a model or a conversion.

    for finding in check_annotation(document, points=points, project=project, world=poses):
        print(finding.frame, finding.message)

Rules that need more than the document (points, projection, poses) are applied where it is given. They take
arrays: who reads scenes is `kognic.scenes`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.annotation_errors import AnnotationError
from kognic._core.findings import Finding, finding_maker
from kognic._core.wording import counted
from kognic.annotations.cuboids import as_cuboids, as_pose, corners, count_points, fronts, overlap, transform
from kognic.annotations.diff import box_overlap
from kognic.annotations.document import Document, Geometry
from kognic.annotations.frames import FrameMatch
from kognic.annotations.rotations import FloatArray
from kognic.annotations.rules import ANNOTATION_RULES

broken = finding_maker(ANNOTATION_RULES)

Points = Callable[[str], npt.ArrayLike | None]
"""Points of a frame by external ID (or key), metres, (N, 3), in the cuboids' system; None if not known."""
Project = Callable[[str, str, FloatArray], FloatArray]
"""Camera, frame and points (N, 3) in the cuboids' system to pixels (N, 2); NaN where a point is not seen."""


@attrs.frozen(kw_only=True)
class Limits:
    """Where a value becomes suspicious.

    Attributes:
        min_points: A cuboid holds at least so many points.
        grow_m: Added on every side of a cuboid before points are counted.
        max_distance_m: Cuboids further away may be empty.
        max_speed: Metres per second, in the world; without poses relative to the vehicle, and then twice as
            much.
        size_change: Share by which a size may differ from the object's median, if it is more than
            `size_change_m`.
        size_change_m: Metres.
        max_turn_rad: Between two frames of a track.
        stationary_m: How far a stationary object may be from its median position in the world.
        duplicate_overlap: Intersection over union from which two objects are the same.
        box_overlap: Intersection over union that a projected cuboid and its bounding box have at least.
    """

    min_points: int = 1
    # Metres: lidars measure to some centimetres, and annotators draw to about ten.
    grow_m: float = 0.1
    # Beyond it, rows of common lidars (0.2 to 0.4 degrees) are half a metre apart and can miss a person.
    max_distance_m: float = 80.0
    # 250 km/h: only cars on a motorway come near, so that an error of the track is behind a higher speed.
    max_speed: float = 70.0
    # A choice: rigid objects keep their size; annotators draw one to a few percent.
    size_change: float = 0.1
    # Metres, so that small objects, of which ten percent are centimetres, pass.
    size_change_m: float = 0.2
    max_turn_rad: float = math.pi / 2
    # A choice: poses drift by decimetres in a scene. Larger values miss a parked car that was moved by half
    # its width.
    stationary_m: float = 0.5
    # A choice: cuboids of different objects hardly overlap in space. A smaller value reports a person on a
    # bicycle.
    duplicate_overlap: float = 0.7
    # A choice: the projection of a cuboid is larger than the visible part of its object. A larger value
    # reports half-hidden ones.
    box_overlap: float = 0.3


def check_annotation(
    document: Document,
    *,
    points: Points | None = None,
    project: Project | None = None,
    world: Mapping[str, npt.ArrayLike] | None = None,
    match: FrameMatch | None = None,
    sensors: Sequence[str] | None = None,
    limits: Limits | None = None,
) -> Iterator[Finding]:
    """Find what is probably wrong with an annotation.

    Args:
        document: The annotation.
        points: Gives the points of a frame; None leaves the rules on points out.
        project: Projects into cameras; None leaves the comparison of 2D and 3D out.
        world: Takes cuboids to the world, shape (4, 4), by external ID (or key) of the frame; None judges
            speeds relative to the vehicle.
        match: How the frames lie on those of the scene.
        sensors: Names of the scene's sensors.
        limits: Where values become suspicious.

    Raises:
        AnnotationError: A pose is missing or none.
    """
    checks = _Checks(document, limits or Limits(), world)
    yield from checks.values(sensors)
    for key in match.unmatched if match is not None else ():
        yield broken(
            "an-frame-unknown",
            f"frame {key} (external ID {document.external_id(key)!r}) matches no frame of the scene",
            "use the annotation of this scene",
            frame=document.external_id(key) or key,
        )
    yield from checks.duplicates()
    yield from checks.tracks()
    if points is not None:
        yield from checks.empty(points)
    if project is not None:
        yield from checks.projections(project)


@attrs.frozen(kw_only=True, eq=False)
class _Cuboid:
    geometry: Geometry
    frame_id: str
    value: FloatArray


class _Checks:
    """The rules on one document; cuboids that are none are reported once and then left out."""

    def __init__(self, document: Document, limits: Limits, world: Mapping[str, npt.ArrayLike] | None) -> None:
        self.document = document
        self.limits = limits
        self.world = world
        self.cuboids: dict[str, list[_Cuboid]] = defaultdict(list)
        self.boxes: dict[str, list[Geometry]] = defaultdict(list)

    def frame_id(self, key: str) -> str:
        return self.document.external_id(key) or key

    def values(self, sensors: Sequence[str] | None) -> Iterator[Finding]:
        """Numbers, classes, sensors; sorts geometries by frame on the way."""
        for object_id in self.document.objects:
            if not self.document.class_of(object_id):
                yield broken(
                    "an-class-empty", f"object {object_id} has no type", field=f"objects.{object_id}.type"
                )
        yield from self._undeclared()
        for geometry in self.document.geometries():
            frame_id = self.frame_id(geometry.frame)
            if sensors is not None and geometry.sensor not in sensors:
                yield broken(
                    "an-stream-unknown",
                    f"the {geometry.kind} is in {geometry.sensor!r}, "
                    f"the scene has {', '.join(sorted(sensors))}",
                    "name a sensor of the scene in the text attribute stream",
                    frame=frame_id,
                    sensor=geometry.sensor,
                    field=geometry.place,
                )
            try:
                if geometry.kind == "cuboid":
                    value = as_cuboids(geometry.cuboid())[0]
                    self.cuboids[geometry.frame].append(
                        _Cuboid(geometry=geometry, frame_id=frame_id, value=value)
                    )
                elif geometry.kind == "bbox":
                    if min(geometry.bbox()[2:]) <= 0:
                        raise ValueError(f"the box is {geometry.bbox()[2:]} pixels wide and high")
                    self.boxes[geometry.frame].append(geometry)
                elif (numbers := geometry.numbers()) is None or not all(map(math.isfinite, numbers)):
                    raise ValueError(f"val is {geometry.val!r}")
            except ValueError as error:
                yield broken("an-value", str(error), frame=frame_id, field=f"{geometry.place}.val")

    def _undeclared(self) -> Iterator[Finding]:
        """Objects that only frames know: they have neither name nor class."""
        for key in self.document.frame_keys:
            for object_id in self.document.objects_in(key):
                if object_id not in self.document.objects:
                    yield broken(
                        "an-object-missing",
                        f"object {object_id} is not declared in objects",
                        "declare it with name and type",
                        frame=self.frame_id(key),
                        field=f"frames.{key}.objects.{object_id}",
                    )

    def duplicates(self) -> Iterator[Finding]:
        """Objects of one class in the same place."""
        for cuboids in self.cuboids.values():
            for first, second in _near(cuboids):
                if not self._same_class(first.geometry, second.geometry):
                    continue
                shared = overlap(first.value, second.value)
                if shared >= self.limits.duplicate_overlap:
                    yield self._duplicate(first.geometry, second.geometry, first.frame_id, shared)
        for boxes in self.boxes.values():
            for one, other in combinations(boxes, 2):
                if one.sensor != other.sensor or not self._same_class(one, other):
                    continue
                shared = box_overlap(one.bbox(), other.bbox())
                if shared >= self.limits.duplicate_overlap:
                    yield self._duplicate(one, other, self.frame_id(one.frame), shared)

    def _same_class(self, first: Geometry, second: Geometry) -> bool:
        if first.object_id == second.object_id:
            return False
        return self.document.class_of(first.object_id) == self.document.class_of(second.object_id)

    def _duplicate(self, first: Geometry, second: Geometry, frame_id: str, shared: float) -> Finding:
        return broken(
            "an-duplicate",
            f"{self.document.class_of(first.object_id)} {first.object_id} and {second.object_id} overlap by "
            f"{shared:.0%}",
            "remove one of them, or join their tracks",
            frame=frame_id,
            sensor=second.sensor,
            field=second.place,
            value=round(shared, 3),
        )

    def tracks(self) -> Iterator[Finding]:
        """Speed, size, turns, gaps, stationary objects."""
        by_object: dict[str, list[_Cuboid]] = defaultdict(list)
        for frame in self.document.frame_keys:
            for cuboid in self.cuboids.get(frame, ()):
                by_object[cuboid.geometry.object_id].append(cuboid)
        for object_id, track in by_object.items():
            yield from self._gaps(object_id, track)
            if len(track) < 2:
                continue
            values = np.stack([cuboid.value for cuboid in track])
            if self.world is not None:
                values = np.concatenate(
                    [transform(cuboid.value, self._pose(cuboid.frame_id)) for cuboid in track]
                )
            yield from self._sizes(object_id, track, values)
            yield from self._motion(object_id, track, values)

    def _pose(self, frame_id: str) -> FloatArray:
        poses = self.world or {}
        if frame_id not in poses:
            raise AnnotationError(f"frame {frame_id!r} has no pose")
        return as_pose(poses[frame_id])

    def _gaps(self, object_id: str, track: Sequence[_Cuboid]) -> Iterator[Finding]:
        rank = {key: index for index, key in enumerate(self.document.frame_keys)}
        for before, after in pairwise(track):
            missing = rank[after.geometry.frame] - rank[before.geometry.frame] - 1
            if missing > 0:
                yield broken(
                    "an-track-gap",
                    f"object {object_id} has no cuboid in {counted(missing, 'frame')} after frame "
                    f"{before.frame_id}",
                    "annotate it there, or split the track if it was not seen",
                    frame=before.frame_id,
                    field=before.geometry.place,
                    value=missing,
                )

    def _sizes(self, object_id: str, track: Sequence[_Cuboid], values: FloatArray) -> Iterator[Finding]:
        usual = np.median(values[:, 7:], axis=0)
        difference = np.abs(values[:, 7:] - usual)
        least = np.maximum(self.limits.size_change * usual, self.limits.size_change_m)
        for cuboid, row, sizes in zip(track, difference, values[:, 7:], strict=True):
            if (row > least).any():
                yield broken(
                    "an-track-size",
                    f"object {object_id} is {_sizes_text(sizes)} m here and {_sizes_text(usual)} m usually",
                    "an object keeps its size: annotate what it has, not what is seen of it",
                    frame=cuboid.frame_id,
                    field=cuboid.geometry.place,
                    value=round(float(row.max()), 3),
                )

    def _motion(self, object_id: str, track: Sequence[_Cuboid], values: FloatArray) -> Iterator[Finding]:
        limit = self.limits.max_speed * (1 if self.world is not None else 2)
        front = fronts(values)
        for index, (before, after) in enumerate(pairwise(track)):
            step = float(np.linalg.norm(values[index + 1, :3] - values[index, :3]))
            seconds = self._seconds(before.geometry.frame, after.geometry.frame)
            if seconds is not None and seconds > 0 and step / seconds > limit:
                yield broken(
                    "an-track-jump",
                    f"object {object_id} moves {step:.1f} m in {seconds:.2f} s, {step / seconds:.0f} m/s",
                    "two objects may share one track",
                    frame=after.frame_id,
                    field=after.geometry.place,
                    value=round(step, 3),
                )
            turned = math.acos(float(np.clip(front[index] @ front[index + 1], -1, 1)))
            if turned > self.limits.max_turn_rad:
                yield broken(
                    "an-track-turn",
                    f"object {object_id} turns by {math.degrees(turned):.0f} degrees between two frames",
                    "its heading is probably reversed in one of them",
                    frame=after.frame_id,
                    field=after.geometry.place,
                    value=round(math.degrees(turned), 1),
                )
        if self.world is not None and self._is_stationary(object_id):
            away = np.linalg.norm(values[:, :3] - np.median(values[:, :3], axis=0), axis=1)
            worst = int(np.argmax(away))
            if away[worst] > self.limits.stationary_m:
                yield broken(
                    "an-stationary",
                    f"object {object_id} is stationary and {away[worst]:.2f} m from where it usually is",
                    "the pose or the property is wrong",
                    frame=track[worst].frame_id,
                    field=track[worst].geometry.place,
                    value=round(float(away[worst]), 3),
                )

    def _is_stationary(self, object_id: str) -> bool:
        properties = self.document.properties(object_id)
        return any(
            properties.get(name) is True for name in ("kognic stationary object", "kognic_stationary_object")
        )

    def _seconds(self, before: str, after: str) -> float | None:
        first, last = self.document.timestamp(before), self.document.timestamp(after)
        return None if first is None or last is None else (last - first) / 1000

    def empty(self, points: Points) -> Iterator[Finding]:
        """Cuboids without points."""
        for frame, cuboids in self.cuboids.items():
            given = points(self.frame_id(frame))
            if given is None:
                continue
            values = np.stack([cuboid.value for cuboid in cuboids])
            counts = count_points(given, values, grow=self.limits.grow_m)
            for cuboid, count in zip(cuboids, counts.tolist(), strict=True):
                distance = float(np.linalg.norm(cuboid.value[:2]))
                if count < self.limits.min_points and distance <= self.limits.max_distance_m:
                    yield broken(
                        "an-cuboid-empty",
                        f"{self.document.class_of(cuboid.geometry.object_id)} {cuboid.geometry.object_id}, "
                        f"{distance:.0f} m away, holds {counted(count, 'point')}",
                        "the object is hidden in this frame, or the cuboid is not where it is",
                        frame=cuboid.frame_id,
                        sensor=cuboid.geometry.sensor,
                        field=cuboid.geometry.place,
                        value=count,
                    )

    def projections(self, project: Project) -> Iterator[Finding]:
        """Bounding boxes against the projected cuboids of their objects."""
        for frame, cuboids in self.cuboids.items():
            by_object = {cuboid.geometry.object_id: cuboid for cuboid in cuboids}
            for box in self.boxes.get(frame, ()):
                cuboid = by_object.get(box.object_id)
                if cuboid is None or box.sensor is None:
                    continue
                pixels = project(box.sensor, cuboid.frame_id, corners(cuboid.value)[0])
                if np.isnan(pixels).any():
                    continue  # partly behind or beside the camera: no box to compare with
                low, high = pixels.min(axis=0), pixels.max(axis=0)
                around = [*((low + high) / 2).tolist(), *(high - low).tolist()]
                shared = box_overlap(box.bbox(), around)
                if shared < self.limits.box_overlap:
                    yield broken(
                        "an-2d-3d",
                        f"the bounding box of {box.object_id} in {box.sensor} and its projected cuboid "
                        f"overlap by {shared:.0%}",
                        "one of the two belongs to another object, or the calibration is wrong",
                        frame=cuboid.frame_id,
                        sensor=box.sensor,
                        field=box.place,
                        value=round(shared, 3),
                    )


def _near(cuboids: Sequence[_Cuboid]) -> Iterator[tuple[_Cuboid, _Cuboid]]:
    """Pairs that may overlap: a sweep along x keeps a frame of thousands from millions of comparisons."""
    reach = {id(c): float(np.linalg.norm(c.value[7:])) / 2 for c in cuboids}
    ordered = sorted(cuboids, key=lambda c: c.value[0] - reach[id(c)])
    active: list[_Cuboid] = []
    for cuboid in ordered:
        start = cuboid.value[0] - reach[id(cuboid)]
        active = [other for other in active if other.value[0] + reach[id(other)] >= start]
        for other in active:
            if math.dist(cuboid.value[:3], other.value[:3]) < reach[id(cuboid)] + reach[id(other)]:
                yield other, cuboid
        active.append(cuboid)


def _sizes_text(sizes: FloatArray) -> str:
    width, length, height = sizes
    return f"{length:.2f} x {width:.2f} x {height:.2f}"
