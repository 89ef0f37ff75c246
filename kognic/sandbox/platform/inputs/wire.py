"""Bodies of the calls on inputs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from kognic.sandbox.platform.scenes.wire import Reason
from kognic.sandbox.platform.wire import Text, Wire


class CreateInputs(Wire):
    """`POST /v1/inputs`"""

    scene_uuid: Text
    project: Text
    batch: str | None = None


class CreateInput(Wire):
    """`POST /v2/inputs`"""

    scene_uuid: str | None = None
    pre_annotation_uuid: str | None = None
    request_uuid: str | None = None
    project_ext_id: str | None = None
    batch_ext_id: str | None = None

    @model_validator(mode="after")
    def _names_scene_and_target(self) -> CreateInput:
        if self.scene_uuid is None and self.pre_annotation_uuid is None:
            raise ValueError("sceneUuid or preAnnotationUuid must be given")
        if (self.request_uuid is None) == (self.project_ext_id is None):
            raise ValueError("exactly one of requestUuid and projectExtId must be given")
        if self.batch_ext_id is not None and self.project_ext_id is None:
            raise ValueError("batchExtId needs projectExtId")
        return self


class QueryInputs(Wire):
    """`POST /v2/inputs/query`"""

    project: str | None = None
    batch: str | None = None
    scene_uuids: list[str] | None = None
    external_ids: list[str] | None = None


class UpdatePreAnnotation(Wire):
    """`PATCH /v2/inputs/{uuid}/pre-annotation`"""

    uuid: Text


class InvalidateInputs(Wire):
    """`POST /v1/inputs/actions/invalidate`, which takes scene UUIDs."""

    input_ids: Annotated[list[str], Field(min_length=1)]
    invalidated_reason: Reason


class FetchInputs(Wire):
    """`POST /v1/inputs/fetch`"""

    project: Text
    batch: str | None = None
    include_invalidated: bool = False
    external_ids: list[str] | None = None


class QueryEntries(Wire):
    """`POST /v1/inputs/query`"""

    uuids: list[str]
