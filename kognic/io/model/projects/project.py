"""Projects."""

from __future__ import annotations

from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer


@attrs.frozen(kw_only=True)
class Project(BaseSerializer):
    """A container of annotation work.

    Attributes:
        created: Creation time.
        title: Title.
        description: Description.
        status: Such as `active`.
        project: External ID, the argument of other calls.
    """

    created: datetime
    title: str
    description: str
    status: str
    project: str
