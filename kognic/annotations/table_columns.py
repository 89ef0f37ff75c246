"""Columns of the annotation tables: the one source of the Arrow schemas and of their table in the docs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from kognic.annotations.arrow import pyarrow


@attrs.frozen
class Column:
    """A column of an annotation table.

    Attributes:
        name: Its name.
        type: Its Arrow type: `string`, `large_string`, `int64`, `double`, `bool`, `list<double>` or
            `list<string>`.
        text: The meaning of a value, with its unit and coordinate system.
        null: When a value is missing; "never" if it always exists.
    """

    name: str
    type: str
    text: str
    null: str = "never"


_DOCUMENT = (
    Column("document", "int64", "Number of the document, from 0; equal in all four tables."),
    Column(
        "document_name", "string", "UUID of the annotation; file name of a document without one.",
        "document in memory without a UUID",
    ),
    Column(
        "scene_uuid", "string", "UUID of the scene.", "neither the export nor the document's metadata name it"
    ),
    Column(
        "annotation_type", "string", "Annotation type.",
        "neither the export nor the document's metadata name it",
    ),
)  # fmt: skip
_STATIC = "static part of the object, outside frames"
_PLACE = (
    Column("frame", "string", "Key of the frame in the document.", _STATIC),
    Column(
        "frame_id", "string", "Frame ID of the scene (`external_id`): join scenes by it.",
        f"{_STATIC}, or the frame has no `external_id`",
    ),
    Column(
        "timestamp_ms", "int64", "Time of the frame since the start of the scene, milliseconds.",
        f"{_STATIC}, or the frame has no integer `timestamp`",
    ),
    Column("object_id", "string", "ID of the object: one track of the document."),
)  # fmt: skip
_NAME = Column("object_name", "string", "Name of the object.", "the object has no name")
_CLASS = Column("class", "string", "Class of the object; empty if it has none.")

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "documents": (
        *_DOCUMENT,
        Column("created", "string", "Time of the delivery, ISO 8601.", "not delivered by the platform"),
        Column("frames", "int64", "Number of frames."),
        Column("objects", "int64", "Number of objects."),
        Column("skeleton", "large_string", "The document without its geometry, JSON; for `from_tables`."),
    ),
    "objects": (
        *_DOCUMENT,
        _PLACE[-1],
        _NAME,
        _CLASS,
        Column("frames", "int64", "Number of frames that the object has data in."),
        Column("first_frame", "string", "Key of the first of these frames.", "no frame has data"),
        Column("last_frame", "string", "Key of the last of these frames.", "no frame has data"),
        Column("geometries", "int64", "Number of geometries, in frames and static ones."),
        Column("properties", "string", "Static properties of the object by name, JSON."),
    ),
    "geometries": (
        *_DOCUMENT,
        *_PLACE,
        _NAME,
        _CLASS,
        Column("kind", "string", "`cuboid`, `bbox`, `poly2d`, `point2d`, `poly3d`, `binary`, `image`, ..."),
        Column("index", "int64", "Position among geometries of the same kind, object and frame, from 0."),
        Column("name", "string", "Name of the geometry.", "it has no name"),
        Column("stream", "string", "Sensor that it belongs to.", "the geometry names no sensor"),
        Column(
            "coordinate_system", "string", "Coordinate system that the geometry names.",
            "it names none, as in exports of the platform",
        ),
        Column("confidence", "double", "Confidence of the producer, 0 to 1.", "no confidence is given"),
        Column(
            "interpolated", "bool", "True if interpolated, false for a key frame.", "it is not marked"
        ),
        Column("closed", "bool", "Whether a `poly2d` or `poly3d` is closed.", "other kinds"),
        Column("mode", "string", "Mode of a `poly2d`, such as `MODE_POLY2D_ABSOLUTE`.", "other kinds"),
        Column(
            "val", "list<double>",
            "The numbers. `cuboid`: x, y, z, qx, qy, qz, qw, sx, sy, sz; metres, heading along +y, in the "
            "coordinates of the scene's only lidar, else of the reference system. `bbox`: centre x, "
            "centre y, width, height, pixels. `poly2d`, `point2d`: x, y, ... pixels, also of chain codes, "
            "whose code is in `extra`. `poly3d`: x, y, z, ... metres.",
            "values are text",
        ),
        Column(
            "text", "large_string", "The value of `binary` (run-length text) and `image` (PNG in Base64).",
            "values are numbers",
        ),
        Column("properties", "string", "Properties of the object in this frame, and static ones, JSON."),
        Column("attributes", "string", "Attributes of the geometry, JSON.", "it has none"),
        Column("extra", "string", "Other keys of the geometry, JSON.", "it has none"),
    ),
    "properties": (
        *_DOCUMENT,
        *_PLACE,
        Column(
            "geometry_kind", "string", "Kind of the geometry that has the attribute.",
            "property of the object",
        ),
        Column("geometry_index", "int64", "`index` of that geometry.", "property of the object"),
        Column("kind", "string", "`text`, `num`, `boolean` or `vec`."),
        Column("name", "string", "Name of the property or attribute; empty if it has none."),
        Column("text", "string", "Value of a text.", "other kinds"),
        Column("num", "double", "Value of a number.", "other kinds"),
        Column("boolean", "bool", "Value of a boolean.", "other kinds"),
        Column("texts", "list<string>", "Value of a list of texts.", "other kinds"),
        Column("numbers", "list<double>", "Value of a list of numbers.", "other kinds"),
    ),
}  # fmt: skip
"""Columns of each table, by its name."""


def schemas() -> dict[str, Any]:
    """Arrow schemas of the four tables, by name.

    Raises:
        ModuleNotFoundError: The extra `parquet` is not installed.
    """
    pa = pyarrow()
    lists = {"list<double>": pa.list_(pa.float64()), "list<string>": pa.list_(pa.string())}
    return {
        table: pa.schema(
            [(column.name, lists.get(column.type) or pa.type_for_alias(column.type)) for column in columns]
        )
        for table, columns in COLUMNS.items()
    }
