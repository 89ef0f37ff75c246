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
        uuid: The platform's name for it.
        scene_uuid: The scene.
        external_id: Your name for it; None when it has none.
        created: When it was created.
        content: The OpenLABEL document.
    """

    uuid: str
    scene_uuid: str
    external_id: str | None
    created: datetime
    content: OpenLabelAnnotation = attrs.field(converter=_content, repr=False)
