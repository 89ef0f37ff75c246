"""Inputs: scenes placed in a request, to be annotated."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from typing import Literal, overload
from uuid import UUID

from kognic.base_clients.http.client import HttpClient
from kognic.io.model.input.input import Input
from kognic.io.model.input.input_entry import Input as InputEntry
from kognic.io.model.input.request_input import RequestInput
from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason
from kognic.io.resources import operations
from kognic.io.resources.input.lookup import InputLookup
from kognic.io.resources.shapes import delete, items, listed, member_of, text_id
from kognic.io.util import deprecated_parameter

# The platform's maximum of `limit`; its default is 1000.
MAX_PAGE_SIZE = 5000


class InputResource:
    """Inputs: scenes placed in a request, to be annotated."""

    def __init__(self, client: HttpClient, execution_client: HttpClient) -> None:
        self._client = client
        self._execution_client = execution_client

    @overload
    def create_from_scene(
        self,
        scene_uuid: str | UUID,
        pre_annotation_uuid: str | UUID | None = None,
        project: str | None = None,
        batch: str | None = None,
        request_uuid: str | UUID | None = None,
        dryrun: Literal[False] = False,
    ) -> Input: ...

    @overload
    def create_from_scene(
        self,
        scene_uuid: str | UUID,
        pre_annotation_uuid: str | UUID | None = None,
        project: str | None = None,
        batch: str | None = None,
        request_uuid: str | UUID | None = None,
        dryrun: bool = False,
    ) -> Input | None: ...

    def create_from_scene(
        self,
        scene_uuid: str | UUID,
        pre_annotation_uuid: str | UUID | None = None,
        project: str | None = None,
        batch: str | None = None,
        request_uuid: str | UUID | None = None,
        dryrun: bool = False,
    ) -> Input | None:
        """Place a scene in a request.

        The scene need not be ready; an indexed one is imported.

        Args:
            scene_uuid: UUID of the scene.
            pre_annotation_uuid: UUID of the pre-annotation to start from; None starts without one, even if
                the scene has pre-annotations.
            project: External ID of a project; pass this or `request_uuid`.
            batch: External ID of a batch of `project`; None selects the latest open one.
            request_uuid: UUID of a request; pass this or `project`. A `batch` beside it is ignored, with a
                warning: a request belongs to a batch.
            dryrun: Dry run: validate on the server without creating anything; returns None.

        Raises:
            ValueError: Not exactly one of `project` and `request_uuid` is given, or an id is empty; nothing
                was sent.
            BadRequestError: The batch takes no more inputs, or already has inputs of the scene, or the
                platform rejected the request for another reason. An input that this request created,
                because a proxy delivered it twice, is returned.
            NotFoundError: The scene, pre-annotation, project, batch or request does not exist.
            AmbiguousWriteError: The response was lost, and it is unknown whether the input exists.
        """
        if scene_uuid is None:
            raise ValueError("scene_uuid is None: name the scene to place")
        return self._create(scene_uuid, pre_annotation_uuid, project, batch, request_uuid, dryrun)

    @overload
    def create_from_pre_annotation(
        self,
        pre_annotation_uuid: str | UUID,
        project: str | None = None,
        batch: str | None = None,
        request_uuid: str | UUID | None = None,
        dryrun: Literal[False] = False,
    ) -> Input: ...

    @overload
    def create_from_pre_annotation(
        self,
        pre_annotation_uuid: str | UUID,
        project: str | None = None,
        batch: str | None = None,
        request_uuid: str | UUID | None = None,
        dryrun: bool = False,
    ) -> Input | None: ...

    def create_from_pre_annotation(
        self,
        pre_annotation_uuid: str | UUID,
        project: str | None = None,
        batch: str | None = None,
        request_uuid: str | UUID | None = None,
        dryrun: bool = False,
    ) -> Input | None:
        """Place the scene of a pre-annotation in a request, starting from that pre-annotation.

        Args:
            pre_annotation_uuid: UUID of the pre-annotation; an indexed one is imported.
            project: External ID of a project; pass this or `request_uuid`.
            batch: External ID of a batch of `project`; None selects the latest open one.
            request_uuid: UUID of a request; pass this or `project`. A `batch` beside it is ignored, with a
                warning: a request belongs to a batch.
            dryrun: Dry run: validate on the server without creating anything; returns None.

        Raises:
            ValueError: Not exactly one of `project` and `request_uuid` is given, or an id is empty; nothing
                was sent.
            BadRequestError: The batch takes no more inputs, or already has inputs of the scene, or the
                platform rejected the request for another reason. An input that this request created,
                because a proxy delivered it twice, is returned.
            NotFoundError: The pre-annotation, project, batch or request does not exist.
            AmbiguousWriteError: The response was lost, and it is unknown whether the input exists.
        """
        if pre_annotation_uuid is None:
            raise ValueError("pre_annotation_uuid is None: name the pre-annotation to start from")
        return self._create(None, pre_annotation_uuid, project, batch, request_uuid, dryrun)

    def query_inputs(
        self,
        *,
        project: str | None = None,
        batch: str | None = None,
        scene_uuids: list[str] | None = None,
        external_ids: list[str] | None = None,
    ) -> list[Input]:
        """List inputs; all given filters must match.

        Deleted inputs, inputs of invalidated scenes and inputs whose scene is not ready are not listed.

        Args:
            project: External ID of a project.
            batch: External ID of a batch.
            scene_uuids: UUIDs of scenes.
            external_ids: External IDs of scenes.

        Returns:
            The inputs of all pages; empty if there are none.

        Raises:
            ApiError: The request failed.
        """
        filters = {
            "project": project,
            "batch": batch,
            "sceneUuids": listed("scene_uuids", scene_uuids),
            "externalIds": listed("external_ids", external_ids),
        }
        return [Input.from_json(item) for item in self._client.pages(operations.QUERY_INPUTS, json=filters)]

    def delete_input(self, input_uuid: str) -> None:
        """Delete an input and its annotations; the scene stays.

        Args:
            input_uuid: UUID of the input.

        Raises:
            NotFoundError: The input does not exist.
        """
        delete(self._client, operations.DELETE_INPUT, {"input_uuid": input_uuid})

    def update_pre_annotation(self, request_input_uuid: str, pre_annotation_uuid: str) -> None:
        """Replace the pre-annotation of an input by another one of its scene.

        Args:
            request_input_uuid: UUID of an input whose annotation has not started.
            pre_annotation_uuid: UUID of the pre-annotation.

        Raises:
            BadRequestError: Annotation has started, or the pre-annotation belongs to another scene.
            NotFoundError: The input or pre-annotation does not exist.
        """
        self._client.call(
            operations.UPDATE_INPUT_PRE_ANNOTATION,
            {"input_uuid": request_input_uuid},
            json={"uuid": pre_annotation_uuid},
            discard_response=True,
        )

    def get_request_inputs(
        self, *, request_id: str, scene_id: str | None = None, page_size: int | None = None
    ) -> Generator[RequestInput, None, None]:
        """Iterate over the inputs of a request, with their progress.

        Pages are fetched as they are consumed, so an error may surface mid-iteration.

        Args:
            request_id: UUID of the request, not of its project or batch.
            scene_id: List only the input of this scene.
            page_size: Inputs per request, 1 to 5000; None uses the platform's default (1000).

        Raises:
            ValueError: `page_size` is out of range; raised by the call itself.
            BadRequestError: The request has no flexible workflow.
            NotFoundError: The request does not exist.
        """
        if page_size is not None and not 1 <= page_size <= MAX_PAGE_SIZE:
            raise ValueError(f"page_size is {page_size}, must be 1 to {MAX_PAGE_SIZE}")
        params = {"requestId": request_id, "sceneId": scene_id, "limit": page_size}
        pages = self._execution_client.pages(operations.LIST_REQUEST_INPUTS, params=params)
        return (RequestInput.from_json(item) for item in pages)

    def get_request_input(self, request_input_id: str) -> RequestInput:
        """Get an input with its progress.

        Args:
            request_input_id: UUID of the input; a new input is unknown for a short time.

        Raises:
            BadRequestError: Its request has no flexible workflow.
            NotFoundError: The input does not exist, or cannot be queried yet.
        """
        found = self._execution_client.call(
            operations.GET_REQUEST_INPUT, {"request_input_id": request_input_id}
        )
        return RequestInput.from_json(found)

    @deprecated_parameter("input_uuids", "scene_uuids", "3.0.0")
    def invalidate_inputs(self, scene_uuids: list[str], invalidated_reason: SceneInvalidatedReason) -> None:
        """Invalidate scenes; deprecated for `client.scene.invalidate_scenes`.

        Args:
            scene_uuids: UUIDs of scenes; `input_uuids` is its deprecated name.
            invalidated_reason: Reason of the invalidation.

        Raises:
            ValueError: `invalidated_reason` is not a known reason.
            NotFoundError: One of the scenes does not exist.
        """
        _deprecated("invalidate_inputs is deprecated, use client.scene.invalidate_scenes", stacklevel=4)
        body = {
            "inputIds": listed("scene_uuids", scene_uuids),
            "invalidatedReason": member_of("invalidated_reason", invalidated_reason, SceneInvalidatedReason),
        }
        self._client.call(operations.INVALIDATE_INPUTS, json=body, discard_response=True)

    def get_inputs(
        self,
        project: str,
        batch: str | None = None,
        include_invalidated: bool = False,
        external_ids: list[str] | None = None,
    ) -> list[InputEntry]:
        """List the scenes that are or will be inputs of a project; deprecated for `query_inputs`.

        Args:
            project: External ID of the project.
            batch: External ID of a batch; None for all.
            include_invalidated: List the invalidated entries instead of the valid ones.
            external_ids: Only scenes with these external IDs.

        Raises:
            NotFoundError: The project or batch does not exist.
        """
        _deprecated("get_inputs is deprecated, use query_inputs", stacklevel=3)
        body = {
            "project": project,
            "batch": batch,
            "includeInvalidated": include_invalidated,
            "externalIds": listed("external_ids", external_ids),
        }
        return [InputEntry.from_json(item) for item in self._client.pages(operations.FETCH_INPUTS, json=body)]

    @deprecated_parameter("input_uuids", "scene_uuids", "3.0.0")
    def get_inputs_by_uuids(self, scene_uuids: list[str]) -> list[InputEntry]:
        """Get the entries of scenes; deprecated for `client.scene.get_scenes_by_uuids`.

        Args:
            scene_uuids: UUIDs of scenes; `input_uuids` is its deprecated name.

        Raises:
            ValueError: `scene_uuids` is a single string.
        """
        _deprecated("get_inputs_by_uuids is deprecated, use client.scene.get_scenes_by_uuids", stacklevel=4)
        found = self._client.call(
            operations.QUERY_INPUTS_BY_UUIDS, json={"uuids": listed("scene_uuids", scene_uuids)}
        )
        return [InputEntry.from_json(item) for item in items(found, operations.QUERY_INPUTS_BY_UUIDS)]

    @deprecated_parameter("input_uuid", "scene_uuid", "3.0.0")
    def add_annotation_type(self, scene_uuid: str, annotation_type: str) -> None:  # noqa: ARG002
        """Do nothing but warn: annotation types belong to requests now."""
        _no_longer_done("add_annotation_type")

    @deprecated_parameter("input_uuid", "scene_uuid", "3.0.0")
    def remove_annotation_types(self, scene_uuid: str, annotation_types: list[str]) -> None:  # noqa: ARG002
        """Do nothing but warn: annotation types belong to requests now."""
        _no_longer_done("remove_annotation_types")

    def _create(
        self,
        scene_uuid: str | UUID | None,
        pre_annotation_uuid: str | UUID | None,
        project: str | None,
        batch: str | None,
        request_uuid: str | UUID | None,
        dryrun: bool,
    ) -> Input | None:
        batch = _check_target(project, batch, request_uuid)
        scene_uuid = None if scene_uuid is None else text_id("scene_uuid", scene_uuid)
        if pre_annotation_uuid is not None:
            pre_annotation_uuid = text_id("pre_annotation_uuid", pre_annotation_uuid)
        request_uuid = str(request_uuid) if request_uuid else None
        body = {
            "sceneUuid": scene_uuid,
            "preAnnotationUuid": pre_annotation_uuid,
            "requestUuid": request_uuid,
            "projectExtId": project or None,
            "batchExtId": batch or None,
        }
        lookup = InputLookup(
            client=self._client,
            execution_client=self._execution_client,
            operation=operations.CREATE_INPUT,
            start=self._client.call_start(),
            scene_uuid=scene_uuid,
            pre_annotation_uuid=pre_annotation_uuid,
            project=project,
            batch=batch,
            request_uuid=request_uuid,
        )
        created = self._client.call(
            operations.CREATE_INPUT, json=body, dryrun=dryrun, discard_response=dryrun, lookup=lookup.of_one()
        )
        return None if dryrun else Input.from_json(created)


def _check_target(project: str | None, batch: str | None, request_uuid: str | UUID | None) -> str | None:
    """Check that exactly one target is passed, and return the batch to send."""
    if bool(project) == bool(request_uuid):
        given = "both are" if project else "neither is"
        raise ValueError(f"Either request_uuid or project must be specified: {given} given")
    if batch and request_uuid:
        # user -> create_from_scene -> _create -> here
        warnings.warn(
            f"batch {batch!r} is ignored: request_uuid names a request, which belongs to a batch already",
            UserWarning,
            stacklevel=4,
        )
        return None
    return batch or None


def _deprecated(message: str, stacklevel: int) -> None:
    warnings.warn(message, DeprecationWarning, stacklevel=stacklevel)


def _no_longer_done(method: str) -> None:
    # Both categories, as the official client: a DeprecationWarning alone is not shown by default.
    message = f"{method} does nothing any more: annotation types belong to requests"
    for category in (DeprecationWarning, FutureWarning):
        warnings.warn(message, category, stacklevel=4)
