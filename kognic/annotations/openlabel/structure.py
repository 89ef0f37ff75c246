"""The document itself: schema, frames, times, streams, objects."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from kognic._core.findings import Finding, Severity
from kognic._core.wording import counted
from kognic.annotations.document import GEOMETRY, Document, as_mapping, mappings
from kognic.annotations.openlabel.context import UNSUPPORTED, SceneContext
from kognic.annotations.rules import broken

_UUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
# A choice: a wrong program repeats one mistake in every object, and each error takes a line of the report.
_MOST_SCHEMA_ERRORS = 20
# Characters of a wrong value.
_SHOWN_VALUE = 60
# Beginnings of pydantic's kinds of errors, and what the value must be.
_WANTED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "bool": "true or false",
    "list": "a list",
    "dict": "an object",
    "model": "an object",
}
_KINDS = ("camera", "lidar")
_RESERVED = ("kognic_locked_geometries", "kognic_stationary_object")


def check_schema(plain: Mapping[str, Any]) -> Iterator[Finding]:
    """Check the document against the platform's OpenLABEL models."""
    import pydantic

    from kognic.openlabel.models import OpenLabelAnnotation

    try:
        OpenLabelAnnotation.model_validate(plain)
    except pydantic.ValidationError as exc:
        for error in exc.errors(include_url=False):
            yield broken(
                "ol-schema",
                _in_our_words(error),
                "follow OpenLABEL 1.0.0; the models of kognic-openlabel build such documents",
                field=".".join(str(part) for part in error["loc"]) or "document",
                value=str(error.get("input"))[:100],
            )


def not_said_twice(schema: Sequence[Finding], others: Sequence[Finding]) -> list[Finding]:
    """Return the errors of the schema that no other rule explains better, the first ones of many."""
    explained = {_parts(finding.field) for finding in others if finding.severity is Severity.ERROR}
    explained |= {place[2:] for place in explained if _is_object_of_a_frame(place)}
    left = [finding for finding in schema if not _is_explained(_parts(finding.field), explained)]
    count = len(left) - _MOST_SCHEMA_ERRORS
    if count > 0:
        left[_MOST_SCHEMA_ERRORS:] = [broken("ol-schema", f"and {counted(count, 'more such error')}")]
    return left


def _is_explained(place: tuple[str, ...], explained: Collection[tuple[str, ...]]) -> bool:
    """Whether a place, or what it is in, has an error already; an object is one in all frames."""
    here = {place[:length] for length in range(1, len(place) + 1)}
    if _is_object_of_a_frame(place):
        here.add(place[2:])
    return not here.isdisjoint(explained) or any(other[: len(place)] == place for other in explained)


def _is_object_of_a_frame(place: tuple[str, ...]) -> bool:
    return len(place) == 4 and place[0] == "frames" and place[2] == "objects"


def _parts(field: str | None) -> tuple[str, ...]:
    """The parts of a place, as the rules and as pydantic write it: `a.b[0]` and `openlabel.a.b.0`."""
    parts = (field or "").replace(".[key]", "").replace("[", ".").replace("]", "").split(".")
    return tuple(parts[1:] if parts[0] == "openlabel" else parts)


def _in_our_words(error: Mapping[str, Any]) -> str:
    """What pydantic says (https://docs.pydantic.dev/latest/errors/validation_errors/), without its terms."""
    kind, given = str(error["type"]), repr(error.get("input"))[:_SHOWN_VALUE]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is not part of OpenLABEL"
    if kind == "string_pattern_mismatch":
        return f"{given} does not have the form that OpenLABEL requires"
    if kind in ("literal_error", "enum"):
        return f"is {given}, must be {error.get('ctx', {}).get('expected', 'another value')}"
    wanted = next((words for start, words in _WANTED.items() if kind.startswith(start)), None)
    if wanted is not None:
        return f"is {given}, must be {wanted}"
    said = str(error["msg"])
    return f"{said[:1].lower()}{said[1:]}"


def check_document(document: Document, scene: SceneContext | None) -> Iterator[Finding]:
    """Everything but the geometry."""
    version = as_mapping(document.root.get("metadata")).get("schema_version")
    if version != "1.0.0":
        yield broken(
            "ol-version",
            f"schema_version is {version!r}, must be '1.0.0'",
            "write the document in OpenLABEL 1.0.0",
            field="metadata.schema_version",
            value=version,
        )
    if not document.frames:
        yield broken("ol-no-frames", "the document has no frames", "add frames", field="frames")
    yield from _frames(document, scene)
    yield from _streams(document, scene)
    yield from _objects(document)
    yield from _contexts(document)


def _frames(document: Document, scene: SceneContext | None) -> Iterator[Finding]:
    seen: dict[int, str] = {}
    for key in document.frame_keys:
        place = f"frames.{key}.frame_properties.timestamp"
        if not key.isdecimal():
            yield broken(
                "ol-frame-key",
                f"the frame key {key!r} is not a decimal integer",
                "number the frames",
                field=f"frames.{key}",
                value=key,
            )
        time = document.timestamp(key)
        if time is None:
            yield broken(
                "ol-frame-time",
                f"frame {key} has no timestamp in whole milliseconds",
                "give the relative_timestamp of the scene's frame; 0 for scenes of one frame",
                frame=key,
                field=place,
            )
        elif time in seen:
            yield broken(
                "ol-frame-time-duplicate",
                f"frames {seen[time]} and {key} both have the timestamp {time}",
                "give every frame a time of its own",
                frame=key,
                field=place,
                value=time,
            )
        else:
            seen[time] = key
            if scene is not None and time not in scene.times:
                yield broken(
                    "ol-frame-time-unknown",
                    f"the scene has no frame at {time} ms; it has {_some(sorted(scene.times))}",
                    "give the relative_timestamp of the scene's frame, in milliseconds",
                    frame=key,
                    field=place,
                    value=time,
                )
    if scene is not None and scene.is_aggregated and len(document.frames) > 1:
        yield broken(
            "ol-aggregated",
            f"the scene is an aggregated sequence, the document has {len(document.frames)} frames",
            "reduce it to the first frame",
            field="frames",
            value=len(document.frames),
        )


def _streams(document: Document, scene: SceneContext | None) -> Iterator[Finding]:
    for name, stream in document.streams.items():
        given = stream.get("type")
        kind = None if scene is None else scene.kind_of(name)
        if scene is not None and kind is None:
            yield broken(
                "ol-stream-unknown",
                f"the scene has no sensor {name!r}",
                f"name one of {_some([*scene.cameras, *sorted(scene.lidars)])}",
                sensor=name,
                field=f"streams.{name}",
                value=name,
            )
        elif given not in _KINDS or given != (kind or given):
            yield broken(
                "ol-stream-kind",
                f"the stream is of type {given!r}" + (f", the sensor is a {kind}" if kind else ""),
                f"make the type {kind or ' or '.join(_KINDS)}",
                sensor=name,
                field=f"streams.{name}.type",
                value=given,
            )


def _objects(document: Document) -> Iterator[Finding]:
    used: dict[str, str] = {}
    for frame in document.frame_keys:
        for object_id, data in document.objects_in(frame).items():
            used.setdefault(object_id, frame)
            yield from _reserved(data, f"frames.{frame}.objects.{object_id}")
            for kind in UNSUPPORTED:
                if data.get(kind):
                    yield broken(
                        "ol-unsupported",
                        f"the object has {kind}, which pre-annotations do not take",
                        f"use {', '.join(GEOMETRY)}",
                        frame=frame,
                        field=f"frames.{frame}.objects.{object_id}.object_data.{kind}",
                        value=kind,
                    )
    for object_id, frame in used.items():
        if object_id not in document.objects:
            yield broken(
                "ol-object-missing",
                f"the object {object_id!r} of frame {frame} is not in objects",
                "declare it with its name and type, under the same key",
                frame=frame,
                field=f"frames.{frame}.objects.{object_id}",
                value=object_id,
            )
    for object_id, entry in document.objects.items():
        yield from _declared(object_id, entry, object_id in used)


def _declared(object_id: str, entry: Mapping[str, Any], is_used: bool) -> Iterator[Finding]:
    place = f"objects.{object_id}"
    if not _UUID.match(object_id):
        yield broken(
            "ol-object-id",
            f"the object ID {object_id!r} is not a UUID",
            "use str(uuid.uuid4())",
            field=place,
            value=object_id,
        )
    if not entry.get("type"):
        yield broken(
            "ol-object-type",
            "the object has no type",
            "give a class of the annotation instruction",
            field=f"{place}.type",
        )
    if not is_used:
        yield broken(
            "ol-object-unused", "the object appears in no frame", "omit it", field=place, value=object_id
        )
    data = as_mapping(entry.get("object_data"))
    yield from _reserved(data, place)
    for kind in (*GEOMETRY, *UNSUPPORTED):
        if data.get(kind) and kind != "vec":
            yield broken(
                "ol-static-geometry",
                f"the object has {kind} outside frames",
                "move it into the frames; objects hold names, types and static attributes",
                field=f"{place}.object_data.{kind}",
                value=kind,
            )


def _reserved(data: Mapping[str, Any], place: str) -> Iterator[Finding]:
    for kind in ("text", "num", "vec"):
        for item in mappings(data.get(kind)):
            if item.get("name") in _RESERVED:
                yield broken(
                    "ol-reserved-property",
                    f"the property {item.get('name')} is given as {kind}",
                    "give it as boolean, or choose another name",
                    field=f"{place}.object_data.{kind}",
                    value=item.get("name"),
                )


def _contexts(document: Document) -> Iterator[Finding]:
    parts = ("contexts", "relations", "actions", "events")
    places = [(name, document.root.get(name)) for name in parts]
    for key, frame in document.frames.items():
        places += [(f"frames.{key}.{name}", frame.get(name)) for name in parts]
    for place, value in places:
        if value:
            yield broken(
                "ol-contexts",
                f"the document has {place}, which pre-annotations do not take",
                "omit it",
                field=place,
                value=len(value),
            )


def _some(values: list[Any], limit: int = 8) -> str:
    words = [str(value) for value in values]
    return ", ".join(words[:limit]) + (f" and {len(words) - limit} more" if len(words) > limit else "")
