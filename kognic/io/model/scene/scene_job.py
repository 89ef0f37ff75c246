"""Results of the steps of creating a scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from kognic.base_clients.serialization import BaseSerializer, wire

if TYPE_CHECKING:
    from typing import Self


@attrs.frozen(kw_only=True)
class InitializedSceneJob(BaseSerializer):
    """A reserved scene."""

    scene_uuid: str


@attrs.frozen(kw_only=True)
class SceneJobCreated(BaseSerializer):
    """A scene whose files are now to be uploaded.

    Attributes:
        scene_uuid: UUID assigned by the platform.
        files: Signed URLs by resource ID; hidden in the repr because they are secrets.
        request_input_uuid: UUID of the input that will be created; None without a project.
    """

    scene_uuid: str = attrs.field(metadata=wire("internalId"))
    files: dict[str, str] = attrs.field(repr=False)
    request_input_uuid: str | None = None


@attrs.frozen(kw_only=True)
class CreateSceneResponse(BaseSerializer):
    """A created scene.

    Attributes:
        scene_uuid: UUID assigned by the platform.
        request_input_uuid: UUID of the input that will be created; None without a project.
    """

    scene_uuid: str
    request_input_uuid: str | None = None

    @classmethod
    def from_scene_job_created(cls, scene_job: SceneJobCreated) -> Self:
        """Return what remains of a job when its files are uploaded."""
        return cls(scene_uuid=scene_job.scene_uuid, request_input_uuid=scene_job.request_input_uuid)
