"""The request that creates an input."""

from __future__ import annotations

import attrs

from kognic.base_clients.serialization import BaseSerializer


@attrs.define(kw_only=True)
class InputFromSceneRequest(BaseSerializer):
    """Request to place a scene in a project.

    Attributes:
        scene_uuid: The scene.
        project: External ID of the project.
        batch: External ID of the batch; None for the latest open one.
    """

    scene_uuid: str
    project: str
    batch: str | None = None
