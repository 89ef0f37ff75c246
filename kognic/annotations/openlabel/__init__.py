"""Rules on OpenLABEL pre-annotations: the document, its geometry, sparse geometry, the scene beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kognic._core.findings import Finding
from kognic.annotations.document import Document
from kognic.annotations.openlabel.context import SceneContext
from kognic.annotations.openlabel.conventions import check_conventions
from kognic.annotations.openlabel.geometry import check_geometry
from kognic.annotations.openlabel.sparse import check_sparse
from kognic.annotations.openlabel.structure import check_document, check_schema, not_said_twice

__all__ = ["Document", "SceneContext", "check_pre_annotation", "plain_document"]


def check_pre_annotation(content: Any, scene: SceneContext | None) -> Iterator[Finding]:
    """Find what is wrong with a pre-annotation.

    Args:
        content: The decoded document, or an `OpenLabelAnnotation`.
        scene: What the rules need of the scene; None checks the document alone.
    """
    plain = plain_document(content)
    schema = list(check_schema(plain))
    if schema and not isinstance(plain.get("openlabel"), Mapping):
        yield from not_said_twice(schema, ())
        return
    document = Document.of(plain)
    others = [
        *check_document(document, scene),
        *check_geometry(document, scene),
        *check_conventions(document, scene),
        *check_sparse(document),
    ]
    yield from not_said_twice(schema, others)
    yield from others


def plain_document(content: Any) -> dict[str, Any]:
    """Return a document as plain JSON values.

    Raises:
        TypeError: It is neither a mapping nor a model.
    """
    if isinstance(content, Mapping):
        return dict(content)
    dump = getattr(content, "model_dump", None)
    if dump is None:
        raise TypeError(f"{type(content).__name__} is not an OpenLABEL document")
    return dict(dump(mode="json", exclude_none=True))
