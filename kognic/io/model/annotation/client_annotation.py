"""Annotations of scenes by annotation type."""

from __future__ import annotations

import warnings
from datetime import datetime
from typing import Any

import attrs

from kognic._core.redaction import redact_url
from kognic.base_clients.serialization import BaseSerializer, RawJson, decoded_when_read, wire


@decoded_when_read("content")
@attrs.define(kw_only=True)
class Annotation(BaseSerializer):
    """An annotation of a scene.

    Attributes:
        scene_uuid: The scene.
        annotation_type: Annotation type.
        created: Creation time.
        content: The OpenLABEL document, decoded at first access; None if it was not downloaded.
        is_preliminary: Whether it is not delivered yet.
    """

    scene_uuid: str = attrs.field(metadata=wire("inputUuid"))
    annotation_type: str
    created: datetime
    content: dict[str, Any] | None = attrs.field(default=None, repr=False)
    is_preliminary: bool = False

    @property
    def input_uuid(self) -> str:
        """Deprecated: `scene_uuid`."""
        warnings.warn("Annotation.input_uuid is deprecated, use scene_uuid", DeprecationWarning, stacklevel=2)
        return self.scene_uuid


@attrs.frozen(kw_only=True)
class PartialAnnotation(BaseSerializer):
    """An annotation of a scene without its content.

    Attributes:
        scene_uuid: The scene.
        annotation_type: Annotation type.
        created: Creation time.
        uri: The signed URL of the content; a secret.
    """

    scene_uuid: str = attrs.field(metadata=wire("inputUuid"))
    annotation_type: str
    created: datetime
    uri: str = attrs.field(repr=lambda url: repr(redact_url(url)))

    def to_annotation(self, content: dict[str, Any] | RawJson | None) -> Annotation:
        """Return the annotation with its content."""
        annotation = Annotation(
            scene_uuid=self.scene_uuid,
            annotation_type=self.annotation_type,
            created=self.created,
        )
        annotation.content = content  # type: ignore[assignment]
        return annotation
