"""Pre-annotations with their content."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from kognic.base_clients.serialization import BaseSerializer
from kognic.io.model.pre_annotation.openlabel import to_openlabel

if TYPE_CHECKING:
    from kognic.openlabel.models import OpenLabelAnnotation
else:
    OpenLabelAnnotation = Any  # Its models are imported when a content is read.


def _content(value: OpenLabelAnnotation | Mapping[str, Any]) -> OpenLabelAnnotation:
    return to_openlabel(value)


@attrs.frozen(kw_only=True)
class ResolvedPreAnnotation(BaseSerializer):
    """A pre-annotation with its content.

    Attributes:
        uuid: UUID assigned by the platform.
        scene_uuid: The scene.
        external_id: External ID; None without one.
        created: Creation time.
        content: The OpenLABEL document.
    """

    uuid: str
    scene_uuid: str
    external_id: str | None
    created: datetime
    content: OpenLabelAnnotation = attrs.field(converter=_content, repr=False)
