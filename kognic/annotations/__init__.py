"""Annotations, offline: OpenLABEL documents, the rules on them, tables, segmentation, cuboids.

`kognic.annotations.openlabel` and `kognic.annotations.document` do not depend on the client, because the
sandbox uses them as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic._core.annotation_errors import AnnotationError
    from kognic.annotations.document import Document, Geometry, Property
    from kognic.annotations.frames import FrameMatch, SceneFrame, match_frames
    from kognic.annotations.reading import read_document, read_documents
    from kognic.annotations.segmentation import decode_rle, encode_rle, read_segmentations
    from kognic.annotations.tables import (
        Tables,
        from_tables,
        read_tables,
        table_reader,
        to_tables,
        write_tables,
    )
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "AnnotationError": "kognic._core.annotation_errors",
            "Document": "kognic.annotations.document",
            "FrameMatch": "kognic.annotations.frames",
            "Geometry": "kognic.annotations.document",
            "Property": "kognic.annotations.document",
            "SceneFrame": "kognic.annotations.frames",
            "Tables": "kognic.annotations.tables",
            "decode_rle": "kognic.annotations.segmentation",
            "encode_rle": "kognic.annotations.segmentation",
            "from_tables": "kognic.annotations.tables",
            "match_frames": "kognic.annotations.frames",
            "read_document": "kognic.annotations.reading",
            "read_documents": "kognic.annotations.reading",
            "read_segmentations": "kognic.annotations.segmentation",
            "read_tables": "kognic.annotations.tables",
            "table_reader": "kognic.annotations.tables",
            "to_tables": "kognic.annotations.tables",
            "write_tables": "kognic.annotations.tables",
        },
    )

__all__ = [
    "AnnotationError",
    "Document",
    "FrameMatch",
    "Geometry",
    "Property",
    "SceneFrame",
    "Tables",
    "decode_rle",
    "encode_rle",
    "from_tables",
    "match_frames",
    "read_document",
    "read_documents",
    "read_segmentations",
    "read_tables",
    "table_reader",
    "to_tables",
    "write_tables",
]
