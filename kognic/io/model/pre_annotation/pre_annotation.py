"""Pre-annotations as they are created."""

from __future__ import annotations

import attrs

from kognic.base_clients.serialization import BaseSerializer


@attrs.frozen(kw_only=True)
class CreatedPreAnnotation(BaseSerializer):
    """A created pre-annotation; `id` is its UUID."""

    id: str
