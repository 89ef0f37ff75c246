"""Sparse geometry: given in some frames, interpolated by the platform in the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping
from typing import Any

from kognic._core.findings import Finding
from kognic.annotations.document import Document, Geometry, as_mapping, mappings
from kognic.annotations.openlabel.context import ATTRIBUTES
from kognic.annotations.rules import broken


def check_sparse(document: Document) -> Iterator[Finding]:
    """Pointers to geometry, and geometry that is marked as interpolated."""
    by_object: dict[str, dict[str, list[Geometry]]] = defaultdict(lambda: defaultdict(list))
    for geometry in document.geometries():
        by_object[geometry.object_id][geometry.name].append(geometry)
    for object_id, entry in document.objects.items():
        for name, pointer in as_mapping(entry.get("object_data_pointers")).items():
            if as_mapping(pointer).get("type") not in ATTRIBUTES:
                given = by_object[object_id].get(name, [])
                yield from _check_pointer(document, object_id, name, as_mapping(pointer), given)
    for object_id, names in by_object.items():
        yield from _check_interpolated(document, object_id, names)


def _check_pointer(
    document: Document, object_id: str, name: str, pointer: Mapping[str, Any], given: list[Geometry]
) -> Iterator[Finding]:
    place = f"objects.{object_id}.object_data_pointers.{name}"
    kind = pointer.get("type")
    if not given or (kind is not None and any(geometry.kind != kind for geometry in given)):
        found = sorted({geometry.kind for geometry in given}) or "none"
        yield broken(
            "ol-sparse-name",
            f"the pointer names {kind} {name!r}, the object's frames have {found}",
            "the key is the name of the geometry, type its kind",
            field=place,
            value=name,
        )
        return
    frames = Counter(geometry.frame for geometry in given)
    doubled = next((frame for frame, count in frames.items() if count > 1), None)
    if doubled is not None:
        yield broken(
            "ol-geometry-name",
            f"frame {doubled} has several geometries {name!r}",
            "rename one of them",
            frame=doubled,
            field=place,
            value=name,
        )
    streams = {geometry.stream for geometry in given}
    if len(streams) > 1:
        yield broken(
            "ol-sparse-stream",
            f"{name!r} is in {', '.join(sorted(map(str, streams)))}",
            "use one geometry name per sensor",
            field=place,
            value=len(streams),
        )
    for index, interval in enumerate(mappings(pointer.get("frame_intervals"))):
        yield from _check_interval(document, f"{place}.frame_intervals[{index}]", interval, frames)


def _check_interval(
    document: Document, place: str, interval: Mapping[str, Any], given: Container[str]
) -> Iterator[Finding]:
    start, end = interval.get("frame_start"), interval.get("frame_end")
    known = document.frames
    if not isinstance(start, int) or not isinstance(end, int) or start > end:
        problem = f"the interval is {start} to {end}"
    elif str(start) not in known or str(end) not in known:
        keys = document.frame_keys
        problem = f"the interval is {start} to {end}, the document has frames {keys[0]} to {keys[-1]}"
    else:
        for key in dict.fromkeys((str(start), str(end))):
            if key not in given:
                yield broken(
                    "ol-sparse-ends",
                    f"the interval is {start} to {end}, but the geometry is not given in frame {key}",
                    "give it in the first and in the last frame of the interval",
                    frame=key,
                    field=place,
                    value=key,
                )
        return
    yield broken(
        "ol-sparse-interval",
        problem,
        "frame numbers are the keys of frames, the first not after the last",
        field=place,
        value=start,
    )


def _check_interpolated(
    document: Document, object_id: str, names: Mapping[str, list[Geometry]]
) -> Iterator[Finding]:
    ends = {document.frame_keys[0], document.frame_keys[-1]} if document.frames else set()
    for name, given in names.items():
        if not any(geometry.attribute("boolean", "interpolated") is True for geometry in given):
            continue
        missing = sorted(ends - {geometry.frame for geometry in given})
        for key in missing:
            yield broken(
                "ol-interpolated-ends",
                f"{name!r} is interpolated, but is not in frame {key}",
                "give it in the first and in the last frame of the document",
                frame=key,
                field=f"frames.{key}.objects.{object_id}",
                value=name,
            )
