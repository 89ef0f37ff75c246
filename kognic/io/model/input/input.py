"""Inputs."""

from __future__ import annotations

import attrs

from kognic.base_clients.serialization import BaseSerializer


@attrs.frozen(kw_only=True)
class Input(BaseSerializer):
    """A scene placed in a request, to be annotated.

    Attributes:
        uuid: UUID assigned by the platform.
        scene_uuid: The scene.
        request_uid: The request.
        scene_external_id: External ID of the scene.
        view_link: Link to the web application.
    """

    uuid: str
    scene_uuid: str
    request_uid: str
    scene_external_id: str
    view_link: str
