"""Sparse annotations made dense: geometry between key frames, as the platform interpolates it.

A geometry is sparse where a pointer of its object (`object_data_pointers`) says that it exists in frames
that do not hold it, or where it is marked `interpolated`: its values then count for nothing. Interpolation
is linear in time, in pixels for 2D geometry; for cuboids, positions and sizes are linear and rotations take
the shorter arc, in the frames' own coordinates or, with ego poses, in the world: an annotation instruction
chooses one of the two, so must the caller.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.chain_codes import CHAIN_CODES
from kognic.annotations.cuboids import as_pose, interpolate, transform
from kognic.annotations.document import POLY_MODE, Document, Geometry, as_mapping, mappings

KINDS = ("cuboid", "bbox", "poly2d", "poly3d", "point2d")


def densified(document: Document, *, world: Mapping[str, npt.ArrayLike] | None) -> Document:
    """Fill in geometry between key frames.

    Args:
        document: A pre-annotation or an export.
        world: None interpolates cuboids in the frames' own coordinates. Poses that take these to the world,
            shape (4, 4), by key of the document's frames, interpolate them in the world.

    Returns:
        A new document; geometry that was filled in is marked `interpolated`, pointers are gone.

    Raises:
        AnnotationError: A geometry has no key frame before or after a frame that it must be filled into, its
            number of points changes between key frames, or a pose is missing.
    """
    filled = Document.of(
        copy.deepcopy(dict(document.plain)),
        name=document.name,
        scene_uuid=document.scene_uuid,
        annotation_type=document.annotation_type,
        created=document.created,
    )
    by_name: dict[tuple[str, str, str], dict[str, Geometry]] = {}
    for geometry in filled.geometries(KINDS):
        by_name.setdefault((geometry.object_id, geometry.kind, geometry.name), {})[geometry.frame] = geometry
    wanted = _wanted(filled, by_name)
    times = _times(filled)
    for key, frames in wanted.items():
        given = by_name.get(key, {})
        keys = [
            frame
            for frame in filled.frame_keys
            if frame in given and given[frame].is_interpolated is not True
        ]
        for frame in frames:
            entry = _between(frame, keys, given, times, world, key)
            _put(filled, frame, given.get(frame), key, entry)
    for entry in filled.mapping("objects").values():
        if isinstance(entry, dict):
            entry.pop("object_data_pointers", None)
    return Document.of(
        filled.plain,
        name=document.name,
        scene_uuid=document.scene_uuid,
        annotation_type=document.annotation_type,
        created=document.created,
    )


def _wanted(
    document: Document, by_name: Mapping[tuple[str, str, str], Mapping[str, Geometry]]
) -> dict[tuple[str, str, str], list[str]]:
    """Frames that a geometry is to be computed in."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for key, given in by_name.items():
        flagged = {frame for frame, geometry in given.items() if geometry.is_interpolated is True}
        if flagged:
            found[key] = flagged
    for key, frames in _pointed(document):
        found.setdefault(key, set()).update(frames - set(by_name.get(key, ())))
    rank = {frame: index for index, frame in enumerate(document.frame_keys)}
    return {key: sorted(frames, key=rank.__getitem__) for key, frames in found.items() if frames}


def _pointed(document: Document) -> Iterator[tuple[tuple[str, str, str], set[str]]]:
    """Frames of the intervals of every pointer to a geometry."""
    for object_id, entry in document.objects.items():
        for name, pointer in as_mapping(entry.get("object_data_pointers")).items():
            kind = as_mapping(pointer).get("type")
            if kind not in KINDS:
                continue
            for interval in mappings(as_mapping(pointer).get("frame_intervals")):
                start, end = interval.get("frame_start"), interval.get("frame_end")
                if not isinstance(start, int) or not isinstance(end, int):
                    raise AnnotationError(
                        f"objects.{object_id}.object_data_pointers.{name}: no frame interval"
                    )
                inside = {f for f in document.frame_keys if f.isdecimal() and start <= int(f) <= end}
                yield (object_id, str(kind), str(name)), inside


def _times(document: Document) -> dict[str, float]:
    """Times of frames, or their numbers where a time is missing."""
    stamps = {frame: document.timestamp(frame) for frame in document.frame_keys}
    if any(stamp is None for stamp in stamps.values()) or len(set(stamps.values())) != len(stamps):
        return {frame: float(frame) for frame in document.frame_keys if frame.isdecimal()}
    return {frame: float(stamp) for frame, stamp in stamps.items() if stamp is not None}


def _between(
    frame: str,
    keys: Sequence[str],
    given: Mapping[str, Geometry],
    times: Mapping[str, float],
    world: Mapping[str, npt.ArrayLike] | None,
    key: tuple[str, str, str],
) -> dict[str, Any]:
    where = f"frame {frame}, object {key[0]}, {key[1]} {key[2]!r}"
    before = [other for other in keys if times[other] < times[frame]]
    after = [other for other in keys if times[other] > times[frame]]
    if not before or not after:
        raise AnnotationError(
            f"{where}: no key frame {'before' if not before else 'after'} it; a sparse "
            "geometry is given in its first and last frame"
        )
    first, last = max(before, key=times.__getitem__), min(after, key=times.__getitem__)
    share = (times[frame] - times[first]) / (times[last] - times[first])
    entry = _copied(given[first])
    a, b = given[first].shape(), given[last].shape()
    if a is None or b is None or len(a) != len(b):
        raise AnnotationError(f"{where}: key frames {first} and {last} do not have the same number of values")
    if key[1] == "cuboid":
        entry["val"] = _cuboid(a, b, share, (first, last, frame), world, where)
    else:
        entry["val"] = (np.array(a) + (np.array(b) - np.array(a)) * share).tolist()
    flags = [item for item in given[first].attributes("boolean") if item.get("name") != "interpolated"]
    attributes = dict(as_mapping(entry.get("attributes")))
    attributes["boolean"] = [*flags, {"name": "interpolated", "val": True}]
    return {**entry, "attributes": attributes}


def _copied(geometry: Geometry) -> dict[str, Any]:
    """A copy of a geometry whose values become coordinates."""
    entry: dict[str, Any] = copy.deepcopy(dict(geometry.raw))
    if geometry.kind == "poly2d" and geometry.mode in CHAIN_CODES:
        entry["mode"] = POLY_MODE
    return entry


def _cuboid(
    a: Sequence[float],
    b: Sequence[float],
    share: float,
    frames: tuple[str, str, str],
    world: Mapping[str, npt.ArrayLike] | None,
    where: str,
) -> list[float]:
    try:
        if world is None:
            return _row(interpolate(a, b, [share]))
        missing = [frame for frame in frames if frame not in world]
        if missing:
            raise AnnotationError(f"{where}: frame {missing[0]} has no pose")
        first, last, own = (as_pose(world[frame]) for frame in frames)
        middle = interpolate(transform(a, first), transform(b, last), [share])
        return _row(transform(middle, np.linalg.inv(own)))
    except AnnotationError:
        raise
    except ValueError as error:
        raise AnnotationError(f"{where}: {error}") from error


def _row(values: npt.NDArray[np.float64]) -> list[float]:
    numbers: list[float] = values[0].tolist()
    return numbers


def _put(
    document: Document, frame: str, old: Geometry | None, key: tuple[str, str, str], entry: dict[str, Any]
) -> None:
    holder: Any = document.frames[frame]
    objects = holder.setdefault("objects", {})
    data = objects.setdefault(key[0], {}).setdefault("object_data", {})
    entries = data.setdefault(key[1], [])
    if old is None:
        entries.append(entry)
    else:
        entries[old.index] = entry
