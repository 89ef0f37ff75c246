"""Inputs."""

from __future__ import annotations

import attrs

from kognic.base_clients.serialization import BaseSerializer


@attrs.frozen(kw_only=True)
class Input(BaseSerializer):
    """A scene placed in a request, to be annotated.

    Attributes:
        uuid: The platform's name for it.
        scene_uuid: The scene.
        request_uid: The request.
        scene_external_id: Your name for the scene.
        view_link: Where to look at it in the web application.
    """

    uuid: str
    scene_uuid: str
    request_uid: str
    scene_external_id: str
    view_link: str
