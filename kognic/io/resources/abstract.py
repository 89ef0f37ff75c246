"""Base classes of all resources, and of all scene creators.

A resource turns arguments into one request and a response into models. Connections, retries and error
decoding are in `kognic.base_clients`. The steps of creating a scene are in
`kognic.io.resources.scene.creation`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Literal, overload
from urllib.parse import quote
from uuid import UUID

from kognic.base_clients.cloud_storage import FileResourceClient, UploadSpec
from kognic.base_clients.http.client import HttpClient
from kognic.base_clients.models import CursorIdType, PaginatedResponse
from kognic.io.model.input.input import Input
from kognic.io.model.scene.abstract import BaseScene
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.resources.resource import Resource
from kognic.io.model.scene.scene_job import CreateSceneResponse
from kognic.io.resources import operations
from kognic.io.resources.input.lookup import InputLookup
from kognic.io.resources.scene.creation import SceneCreation, upload_spec
from kognic.io.resources.shapes import text_id
from kognic.io.scene_kinds import SceneKind, find_kind


class IOResource:
    """One group of API calls on one host.

    Args:
        client: Calls the host of this resource.
        file_client: Transfers files over signed URLs.
        workspace_id: The workspace that writes go to, or a function that finds it out when needed.
    """

    def __init__(
        self, client: HttpClient, file_client: FileResourceClient, workspace_id: str | Callable[[], str]
    ) -> None:
        self._client = client
        self._file_client = file_client
        self._workspace = workspace_id

    @property
    def _workspace_id(self) -> str:
        return self._workspace() if callable(self._workspace) else self._workspace

    def _paginate(
        self,
        api_method: Callable[..., PaginatedResponse],
        endpoint: str,
        next_cursor_id: CursorIdType | None = None,
        **kwargs: Any,
    ) -> Iterator[Any]:
        """Iterate over the items of a cursor-paginated endpoint, a page at a time.

        Kept for callers that pass their own methods; resources use `HttpClient.pages`.

        Args:
            api_method: Called as `api_method(endpoint, **kwargs)` for each page, e.g. `HttpClient.get`.
            endpoint: Path relative to the host; later pages get `?cursorId=` appended.
            next_cursor_id: Where to start; None starts with the first page.
            **kwargs: Passed to every call unchanged.
        """
        while True:
            at = (
                endpoint
                if next_cursor_id is None
                else f"{endpoint}?cursorId={quote(str(next_cursor_id), safe='')}"
            )
            page = api_method(at, **kwargs)
            yield from page.data
            next_cursor_id = page.metadata.next_cursor_id
            if next_cursor_id is None:
                return


class CreateableIOResource(IOResource):
    """Creates scenes of one kind, and inputs from scenes.

    Args:
        client: Calls the input service.
        file_client: Transfers files over signed URLs.
        workspace_id: The workspace to write to, or a function that returns it when needed.
        execution_client: Calls the order-execution service; without it, inputs created twice by a proxy
            are not detected.
    """

    _kind: ClassVar[SceneKind]

    def __init__(
        self,
        client: HttpClient,
        file_client: FileResourceClient,
        workspace_id: str | Callable[[], str],
        execution_client: HttpClient | None = None,
    ) -> None:
        super().__init__(client, file_client, workspace_id)
        self._execution_client = execution_client
        self._creation = SceneCreation(client, file_client, lambda: self._workspace_id)

    @staticmethod
    def create_upload_spec(destination: str, resource: Resource) -> UploadSpec:
        """Create the upload specification of a resource.

        Args:
            destination: Signed URL to upload to.
            resource: An image or a point cloud.
        """
        return upload_spec(destination, resource)

    @overload
    def create_from_scene(
        self,
        scene_uuid: str | UUID,
        project: str,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: Literal[False] = False,
    ) -> list[Input]: ...

    @overload
    def create_from_scene(
        self,
        scene_uuid: str | UUID,
        project: str,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
    ) -> list[Input] | None: ...

    def create_from_scene(
        self,
        scene_uuid: str | UUID,
        project: str,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
    ) -> list[Input] | None:
        """Place a scene in every request of a batch, starting from its latest pre-annotation if it has one.

        Args:
            scene_uuid: UUID of a scene of any kind.
            project: External ID of the project.
            batch: External ID of a batch of it; None selects the latest open one.
            annotation_types: Deprecated; has no effect.
            dryrun: Dry run: validate on the server without creating anything; returns None.

        Returns:
            One input per request of the batch.

        Raises:
            ValueError: `scene_uuid` or `project` is empty; nothing was sent.
            BadRequestError: The batch takes no more inputs, or already has inputs of the scene, or the
                platform rejected the request for another reason. Inputs that this request created, because
                a proxy delivered it twice, are returned.
            NotFoundError: The scene, project or batch does not exist.
            AmbiguousWriteError: The response was lost, and it is unknown whether the inputs exist.
        """
        scene_uuid, project = text_id("scene_uuid", scene_uuid), text_id("project", project)
        batch = batch or None
        warn_annotation_types(annotation_types, stacklevel=3)
        created = self._client.call(
            operations.CREATE_INPUTS_FROM_SCENE,
            json={"sceneUuid": scene_uuid, "project": project, "batch": batch},
            dryrun=dryrun,
            discard_response=dryrun,
            lookup=InputLookup(
                client=self._client,
                execution_client=self._execution_client,
                operation=operations.CREATE_INPUTS_FROM_SCENE,
                start=self._client.call_start(),
                scene_uuid=scene_uuid,
                project=project,
                batch=batch,
            ).of_all(),
        )
        return None if dryrun else [Input.from_json(item) for item in created]

    def _create(
        self,
        scene: BaseScene,
        project: str | None,
        batch: str | None,
        annotation_types: list[str] | None,
        dryrun: bool,
        feature_flags: FeatureFlags | None,
    ) -> CreateSceneResponse | None:
        self._check_kind(scene)
        # user -> create -> _create -> warn_annotation_types
        warn_annotation_types(annotation_types, stacklevel=4)
        posted = self._creation.create(
            self._kind, scene, project=project, batch=batch, feature_flags=feature_flags, dryrun=dryrun
        )
        if posted is None:
            return None
        return CreateSceneResponse(scene_uuid=posted.scene_uuid, request_input_uuid=posted.request_input_uuid)

    def _check_kind(self, scene: object) -> None:
        if not isinstance(scene, self._kind.model):
            right = find_kind(scene)
            hint = f"use client.{right.attribute}.create" if right else f"it takes {self._kind.model_name}"
            raise ValueError(f"Cannot create a {type(scene)} via this endpoint: {hint}")


def warn_annotation_types(annotation_types: list[str] | None, *, stacklevel: int) -> None:
    """Warn that annotation types given with a scene have no effect."""
    if annotation_types:
        warnings.warn(
            "annotation_types has no effect: annotation types belong to requests",
            FutureWarning,
            stacklevel=stacklevel,
        )
