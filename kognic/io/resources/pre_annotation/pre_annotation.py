"""Pre-annotations: OpenLABEL documents that annotators start from."""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import attrs

from kognic._core.errors import KognicError
from kognic.base_clients.cloud_storage import FileResourceClient
from kognic.base_clients.errors import AmbiguousWriteError, ApiError, NotFoundError
from kognic.base_clients.http.client import HttpClient
from kognic.base_clients.http.lookups import UNDECIDED, CallStart, Lookup, Undecided, ids_of
from kognic.base_clients.http.operations import Operation
from kognic.base_clients.http.retry import says_already_exists
from kognic.base_clients.serialization import BaseSerializer
from kognic.io.model.pre_annotation.pre_annotation import CreatedPreAnnotation
from kognic.io.model.pre_annotation.resolved_pre_annotation import ResolvedPreAnnotation
from kognic.io.resources import operations
from kognic.io.resources.polling import PROCESSING_TIMEOUT, Asker
from kognic.io.resources.pre_annotation.content import OpenLabelContent, check_schema, openlabel_to_json
from kognic.io.resources.pre_annotation.status import (
    is_failed,
    is_usable,
    raise_for_failed,
    wait_until_available,
)
from kognic.io.resources.shapes import delete, listed, member, text_id

# The official client always sends this limit.
PAGE_SIZE = 1000


@attrs.frozen(kw_only=True)
class CreatePreannotationRequest(BaseSerializer):
    """The body of a creation.

    Attributes:
        scene_uuid: UUID of the scene.
        external_id: External ID of the pre-annotation, or None.
        pre_annotation: The OpenLABEL document as JSON; can be passed in any form that `create` accepts.
    """

    scene_uuid: str
    external_id: str | None
    pre_annotation: dict[str, Any] = attrs.field(converter=openlabel_to_json)


class PreAnnotationResource:
    """Pre-annotations of scenes."""

    # The other arguments are those of the official class, for callers that construct it; they are unused.
    def __init__(
        self,
        client: HttpClient,
        file_client: FileResourceClient | None = None,
        workspace_id: str | Callable[[], str] | None = None,
    ) -> None:
        self._client = client
        self._file_client = file_client
        self._workspace = workspace_id

    def create(
        self,
        scene_uuid: str | UUID,
        pre_annotation: OpenLabelContent,
        dryrun: bool,
        external_id: str | None = None,
    ) -> CreatedPreAnnotation:
        """Create a pre-annotation of a scene. The scene need not be ready.

        Args:
            scene_uuid: UUID of the scene.
            pre_annotation: A kognic-openlabel model, decoded JSON, or the path of a JSON file. None values
                are left out.
            dryrun: Validate on the server without creating anything; the `id` of the result is then
                meaningless.
            external_id: Your name for it, unique in the scene.

        Raises:
            ModelValidationError: `pre_annotation` is not an OpenLABEL document, or breaks the schema; nothing
                was sent.
            TypeError: `dryrun` is not a bool; nothing was sent.
            ValueError: `scene_uuid` or `external_id` is empty; nothing was sent.
            BadRequestError: The platform rejected the content (the message has its reason), or the external
                ID is taken. If this request created the pre-annotation, because a proxy delivered it twice,
                it is returned.
            NotFoundError: The scene does not exist.
            PreAnnotationFailedError: The response was lost, and the pre-annotation with that external ID has
                failed; the external ID cannot be used again.
            AmbiguousWriteError: The response was lost, and without external ID the pre-annotation cannot be
                distinguished from others of the scene.
        """
        scene_uuid = text_id("scene_uuid", scene_uuid)
        if not isinstance(dryrun, bool):
            # An external ID passed as `dryrun` would silently turn the call into a dry run.
            raise TypeError(
                f"dryrun is {dryrun!r}, must be True or False; external_id is the argument after it"
            )
        if external_id == "":
            raise ValueError("external_id is empty: name the pre-annotation, or leave external_id out")
        body = CreatePreannotationRequest(
            scene_uuid=scene_uuid, external_id=external_id, pre_annotation=pre_annotation
        )
        operation, sent, start = operations.CREATE_PRE_ANNOTATION, body.to_dict(), self._client.call_start()
        if isinstance(pre_annotation, (str, os.PathLike, Mapping)):
            check_schema(sent["preAnnotation"])

        def duplicate() -> dict[str, Any] | Undecided | None:
            return self._find_duplicate(scene_uuid, external_id, sent["preAnnotation"], start)

        lookup = Lookup(
            lambda: self._find_created(operation, scene_uuid, external_id, start),
            unique=True,
            duplicate=duplicate,
            names=ids_of,
        )
        try:
            created = self._client.call(operation, json=sent, dryrun=dryrun, lookup=lookup)
        except ApiError as error:
            self._explain_used_up(error, scene_uuid, external_id)
            raise
        raise_for_failed([created])
        return CreatedPreAnnotation.from_json(created)

    def list(
        self,
        ids: builtins.list[str] | None = None,
        external_ids: builtins.list[str] | None = None,
        scene_uuids: builtins.list[str] | None = None,
        scene_external_ids: builtins.list[str] | None = None,
        statuses: builtins.list[str] | None = None,
    ) -> builtins.list[dict[str, Any]]:
        """List pre-annotations without their content; all given filters must match.

        Args:
            ids: UUIDs of pre-annotations.
            external_ids: External IDs of pre-annotations.
            scene_uuids: UUIDs of scenes.
            scene_external_ids: External IDs of scenes.
            statuses: Any of `created`, `pending-for-scene`, `processing`, `available`, `indexed`, `failed`.

        Returns:
            The platform's JSON of each, at least `id` and `status`. Filters that are None or empty are
            ignored.

        Raises:
            ApiError: The request failed.
        """
        params = {
            "uuids": listed("ids", ids),
            "externalIds": listed("external_ids", external_ids),
            "sceneUuids": listed("scene_uuids", scene_uuids),
            "sceneExternalIds": listed("scene_external_ids", scene_external_ids),
            "statuses": listed("statuses", statuses),
        }
        pages = self._client.offset_pages(operations.LIST_PRE_ANNOTATIONS, params=params, limit=PAGE_SIZE)
        return [*pages]

    def wait_until_available(
        self,
        ids: str | UUID | Sequence[str | UUID],
        *,
        timeout: float | None = PROCESSING_TIMEOUT,
        poll_interval: float = 1,
    ) -> builtins.list[dict[str, Any]]:
        """Wait until the platform has processed pre-annotations.

        Do this before you create inputs: an input is removed if its pre-annotation fails later. An outage of
        the platform counts as waiting; it does not raise.

        Args:
            ids: UUIDs of pre-annotations, or a single UUID.
            timeout: Seconds to wait in total; None waits without limit.
            poll_interval: Seconds between two requests.

        Returns:
            The platform's JSON of each, in the order of `ids`: `status` is `available` or `indexed`.

        Raises:
            PreAnnotationFailedError: One has failed. Its external ID cannot be used again.
            PreAnnotationTimeoutError: One was not available in time, or is unknown.
        """
        wanted = [str(ids)] if isinstance(ids, (str, UUID)) else [str(each) for each in ids]
        return wait_until_available(
            lambda some: self.list(ids=some),
            wanted,
            timeout=timeout,
            poll_interval=poll_interval,
            client=Asker(self._client.limits.breaker, lambda: self.list(ids=wanted[:1])),
        )

    def create_from_cloud_resource(
        self,
        scene_uuid: str,
        external_id: str,
        cloud_resource_uri: str,
        postpone_import: bool | None = True,
    ) -> str:
        """Create a pre-annotation of a scene from a document in the customer's cloud.

        Args:
            scene_uuid: UUID of the scene.
            external_id: Your name for it, unique in the scene.
            cloud_resource_uri: URI of the OpenLABEL document, such as `s3://bucket/key`.
            postpone_import: Import it at first use, or with `make_indexed_pre_annotation_available`,
                instead of immediately; None uses the platform's default.

        Returns:
            UUID of the pre-annotation.

        Raises:
            BadRequestError: The platform rejected it, or the external ID is taken. If this request created
                the pre-annotation, because a proxy delivered it twice, its UUID is returned.
            NotFoundError: The scene does not exist.
            PreAnnotationFailedError: The response was lost, and the pre-annotation with that external ID has
                failed; the external ID cannot be used again.
        """
        body = {
            "sceneUuid": scene_uuid,
            "externalId": external_id,
            "externalResourceId": cloud_resource_uri,
            "postponeExternalResourceImport": postpone_import,
        }
        operation, start = operations.CREATE_PRE_ANNOTATION_FROM_CLOUD, self._client.call_start()
        lookup = Lookup(
            lambda: self._find_created(operation, scene_uuid, external_id, start),
            unique=True,
            duplicate=lambda: self._find_new(scene_uuid, external_id, start),
            names=ids_of,
        )
        try:
            created = self._client.call(operation, json=body, lookup=lookup)
        except ApiError as error:
            self._explain_used_up(error, scene_uuid, external_id)
            raise
        raise_for_failed([created])
        return str(member(created, "id", operation))

    def make_indexed_pre_annotation_available(self, id: str) -> None:
        """Import the content of an indexed pre-annotation.

        Args:
            id: UUID of the pre-annotation.

        Raises:
            NotFoundError: The pre-annotation does not exist.
        """
        self._client.call(
            operations.UPDATE_PRE_ANNOTATION,
            {"pre_annotation_uuid": id},
            json={"status": "processing"},
            discard_response=True,
        )

    def delete(self, id: str) -> None:
        """Delete an indexed pre-annotation.

        Args:
            id: UUID of the pre-annotation.

        Raises:
            BadRequestError: It is not indexed: only indexed pre-annotations can be deleted.
            NotFoundError: The pre-annotation does not exist.
        """
        delete(self._client, operations.DELETE_PRE_ANNOTATION, {"pre_annotation_uuid": id})

    def get_with_content(
        self, uuid: str | None = None, scene_uuid: str | None = None, external_id: str | None = None
    ) -> ResolvedPreAnnotation:
        """Get a pre-annotation with its content, by its UUID or by its external ID in a scene.

        Args:
            uuid: UUID of the pre-annotation; or pass both others instead.
            scene_uuid: UUID of its scene.
            external_id: External ID of the pre-annotation.

        Raises:
            ValueError: Another combination of arguments, raised before anything is sent; or the scene has no
                pre-annotation with that external ID, or more than one.
            NotFoundError: The pre-annotation does not exist.
            ApiError: Its content has not been imported yet.
        """
        if uuid is None:
            uuid = self._uuid_of(scene_uuid, external_id)
        elif scene_uuid is not None or external_id is not None:
            raise ValueError("Cannot specify uuid together with other parameters")
        found = self._client.call(operations.RESOLVE_PRE_ANNOTATION, {"pre_annotation_uuid": uuid})
        return ResolvedPreAnnotation.from_json(found)

    def _uuid_of(self, scene_uuid: str | None, external_id: str | None) -> str:
        if external_id is None:
            raise ValueError("Must specify either uuid or (external_id and scene_uuid)")
        if scene_uuid is None:
            raise ValueError("scene_uuid is required when using external_id")
        found = self.list(external_ids=[external_id], scene_uuids=[scene_uuid])
        if len(found) != 1:
            raise ValueError(
                f"Scene {scene_uuid} has {len(found)} pre-annotations with external id {external_id!r}, "
                "must be one"
            )
        return str(member(found[0], "id", operations.LIST_PRE_ANNOTATIONS))

    def _find_created(
        self, operation: Operation, scene_uuid: str, external_id: str | None, start: CallStart
    ) -> dict[str, Any] | None:
        """Find the pre-annotation of a creation whose response was lost; None if it did not happen.

        A pre-annotation with that name that is older than the call was created by someone else, and may have
        different content; the retry then fails with the platform's error that the name is taken.
        """
        names = None if external_id is None else [external_id]
        found = self.list(scene_uuids=[scene_uuid], external_ids=names)
        found = [item for item in found if not start.is_after(item.get("created"))]
        if not found:
            return None
        if external_id is None or len(found) > 1:
            raise AmbiguousWriteError(
                f"A pre-annotation of scene {scene_uuid} may have been created, one of "
                f"{', '.join(str(item.get('id')) for item in found)}. Give pre-annotations an "
                "external_id, by which they can be found again",
                operation=str(operation),
            )
        return found[0]

    def _explain_used_up(self, error: ApiError, scene_uuid: str, external_id: str | None) -> None:
        """Add to the refusal of an external ID that the pre-annotation which has it failed, if it did."""
        if external_id is None or not says_already_exists(error):
            return
        try:
            failed = [*filter(is_failed, self.list(scene_uuids=[scene_uuid], external_ids=[external_id]))]
        except KognicError:
            return  # The refusal is what the caller has to know.
        if failed:
            why = (
                f"That pre-annotation ({failed[0].get('id')}) has failed and cannot be replaced, so the "
                f"external ID {external_id!r} is used up: use a new one"
            )
            error.args = (f"{error.args[0]}\n{why}",)

    def _find_duplicate(
        self, scene_uuid: str, external_id: str | None, sent: Mapping[str, Any], start: CallStart
    ) -> dict[str, Any] | Undecided | None:
        """Find a pre-annotation that this call has created, by name, time and content.

        The platform returns the content only after it has processed the pre-annotation.
        """
        found = None if external_id is None else self._find_new(scene_uuid, external_id, start)
        if found is None:
            return None
        if not is_usable(found):
            return UNDECIDED
        path = {"pre_annotation_uuid": member(found, "id", operations.LIST_PRE_ANNOTATIONS)}
        try:
            stored = self._client.call(operations.RESOLVE_PRE_ANNOTATION, path)
        except NotFoundError:
            return UNDECIDED
        return found if member(stored, "content", operations.RESOLVE_PRE_ANNOTATION) == sent else None

    def _find_new(self, scene_uuid: str, external_id: str, start: CallStart) -> dict[str, Any] | None:
        """Find a pre-annotation by name that was created after a call began and has not failed.

        Of one whose document is in the customer's cloud the platform shows no more than that.
        """
        found = self.list(scene_uuids=[scene_uuid], external_ids=[external_id])
        if len(found) != 1 or not start.is_before(found[0].get("created")) or is_failed(found[0]):
            return None
        return found[0]
