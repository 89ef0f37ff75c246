"""Projects."""

from __future__ import annotations

from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer


@attrs.frozen(kw_only=True)
class Project(BaseSerializer):
    """A container of annotation work.

    Attributes:
        created: When it was created.
        title: For people.
        description: For people.
        status: Such as `active`.
        project: Its external ID; what calls take.
    """

    created: datetime
    title: str
    description: str
    status: str
    project: str
