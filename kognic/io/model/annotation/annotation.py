"""Annotations of inputs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from kognic._core.redaction import redact_url
from kognic.base_clients.serialization import BaseSerializer, RawJson, decoded_when_read


@decoded_when_read("content")
@attrs.define(kw_only=True)
class Annotation(BaseSerializer):
    """An annotation of an input.

    Attributes:
        input_uuid: The input.
        scene_uuid: The scene.
        request_uid: The request.
        created: Creation time.
        is_preliminary: Whether it is not delivered yet.
        content: The OpenLABEL document, decoded at first access; None if it was not downloaded.
    """

    input_uuid: str
    scene_uuid: str
    request_uid: str
    created: datetime
    is_preliminary: bool
    content: dict[str, Any] | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class PartialAnnotation(BaseSerializer):
    """An annotation without its content.

    Attributes:
        input_uuid: The input.
        scene_uuid: The scene.
        request_uid: The request.
        created: Creation time.
        uri: The signed URL of the content; a secret.
    """

    input_uuid: str
    scene_uuid: str
    request_uid: str
    created: datetime
    uri: str = attrs.field(repr=lambda url: repr(redact_url(url)))

    def to_annotation(self, content: dict[str, Any] | RawJson | None) -> Annotation:
        """Return the annotation with its content."""
        annotation = Annotation(
            input_uuid=self.input_uuid,
            scene_uuid=self.scene_uuid,
            request_uid=self.request_uid,
            created=self.created,
            is_preliminary=False,
        )
        annotation.content = content  # type: ignore[assignment]
        return annotation


@attrs.frozen(kw_only=True)
class SignedAnnotation(BaseSerializer):
    """An annotation, delivered or preliminary, without its content.

    Attributes:
        id: UUID assigned by the platform.
        scene_id: The scene.
        request_id: The uuid of the request.
        request_input_id: The input.
        request_uid: The request.
        is_preliminary: Whether it is not delivered yet.
        signed_url: The signed URL of the content; a secret.
        expires_at: Expiry time of the URL.
        created: Creation time.
    """

    id: str
    scene_id: str
    request_id: str
    request_input_id: str
    request_uid: str
    is_preliminary: bool
    signed_url: str = attrs.field(repr=lambda url: repr(redact_url(url)))
    expires_at: datetime
    created: datetime

    def to_annotation(self, content: dict[str, Any] | RawJson | None) -> Annotation:
        """Return the annotation with its content."""
        annotation = Annotation(
            input_uuid=self.request_input_id,
            scene_uuid=self.scene_id,
            request_uid=self.request_uid,
            created=self.created,
            is_preliminary=self.is_preliminary,
        )
        annotation.content = content  # type: ignore[assignment]
        return annotation
